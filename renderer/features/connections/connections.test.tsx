import { screen, waitFor, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useSession } from '#client/session.store.ts'
import type { TestStep } from '#shared/contracts/sites.ts'
import { AppError, toWireError, type ErrorDetail } from '#shared/errors.ts'
import type { Connection, ConnectionDraft } from '#shared/model/connection.ts'
import { eventFeed } from '../../testing/event-feed.ts'
import { postgresConnection, sampleSiteRecord, sampleVault } from '../../testing/sample-session.ts'
import { freshPage, show } from '../../testing/show.tsx'
import { ConnectionEditor } from './ConnectionEditor.tsx'
import ConnectionsScreen from './ConnectionsScreen.tsx'
import { ConnectionTest } from './ConnectionTest.tsx'

const fingerprint = Array.from({ length: 32 }, (_unused, index) => index.toString(16).padStart(2, '0').toUpperCase()).join(':')
const passed = (step: TestStep['step'], finding: string): TestStep => ({ step, state: 'passed', finding, elapsedMs: 12 })
const failed = (step: TestStep['step'], detail?: ErrorDetail): TestStep => ({
  step,
  state: 'failed',
  finding: 'The certificate is not trusted.',
  elapsedMs: 30,
  error: toWireError(new AppError('unreachable', 'node01 shows a certificate nobody vouches for.', { remedy: 'Pin it.', ...(detail ? { detail } : {}) }), 'r1'),
})
const untrusted: ErrorDetail = { kind: 'tls', reason: 'untrusted', fingerprint256: fingerprint }
const draft: ConnectionDraft = { label: 'pve', settings: postgresConnection.settings, secrets: {} }

/** A test run that sends these steps and ends. */
const stepsOf = (...steps: TestStep[]) =>
  vi.fn(async () => {
    await Promise.resolve()
    return (async function* () {
      yield* steps
    })()
  }) as never

beforeEach(() => freshPage({ vault: sampleVault(), sites: [sampleSiteRecord()], siteId: sampleSiteRecord().id }))

describe('the connection test', () => {
  it('shows each step in order with what it found, and says that all works', async () => {
    show(<ConnectionTest draft={draft} />, { sites: { testConnection: stepsOf(passed('tcp', '10.25.60.8:5432'), passed('dns', '10.25.60.8')) } })
    expect(await screen.findByText('Everything works.')).toBeInTheDocument()
    expect(screen.getAllByTestId(/^step-/).map((row) => row.dataset['testid'])).toEqual(['step-dns', 'step-tcp'])
    expect(screen.getByTestId('step-tcp')).toHaveTextContent('10.25.60.8:5432')
  })

  it('says which step failed and what to do, and offers to trust exactly what was shown', async () => {
    const onTrust = vi.fn()
    const { user } = show(<ConnectionTest draft={draft} onTrust={onTrust} />, { sites: { testConnection: stepsOf(passed('tcp', 'open'), failed('tls', untrusted)) } })
    expect(await screen.findByRole('alert')).toHaveTextContent('node01 shows a certificate nobody vouches for.')
    expect(screen.getByRole('alert')).toHaveTextContent('Pin it.')
    expect(screen.getByTestId('step-tls')).toHaveAttribute('data-state', 'failed')
    expect(screen.queryByText('Everything works.')).not.toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: 'Trust exactly this certificate' }))
    expect(onTrust).toHaveBeenCalledWith({ trust: 'pinned', sha256: fingerprint })
  })

  it('never offers to trust a fingerprint that has changed', async () => {
    const changed: ErrorDetail = { kind: 'tls', reason: 'fingerprint-changed', fingerprint256: fingerprint, expected256: 'AA' }
    show(<ConnectionTest draft={draft} onTrust={vi.fn()} />, { sites: { testConnection: stepsOf(failed('tls', changed)) } })
    await screen.findByRole('alert')
    expect(screen.queryByRole('button', { name: /Trust/ })).not.toBeInTheDocument()
  })

  it('offers an SSH host key at first use', async () => {
    const onTrust = vi.fn()
    const detail: ErrorDetail = { kind: 'ssh', stage: 'host-key', fingerprint256: 'SHA256:abc' }
    const { user } = show(<ConnectionTest draft={draft} onTrust={onTrust} />, { sites: { testConnection: stepsOf(failed('authentication', detail)) } })
    await user.click(await screen.findByRole('button', { name: 'Trust exactly this host key' }))
    expect(onTrust).toHaveBeenCalledWith({ hostKeySha256: 'SHA256:abc' })
  })

  it('shows a failure of the test itself, and runs it again on demand', async () => {
    const testConnection = vi.fn(() => Promise.reject(new AppError('invalid-input', 'The address is no address.')))
    const { user } = show(<ConnectionTest draft={draft} />, { sites: { testConnection: testConnection as never } })
    expect(await screen.findByRole('alert')).toHaveTextContent('The address is no address.')
    await user.click(screen.getByRole('button', { name: 'Test again' }))
    await waitFor(() => expect(testConnection).toHaveBeenCalledTimes(2))
  })

  it('ends the test in the core when it is closed', async () => {
    const feed = eventFeed(passed('dns', 'found'))
    const { unmount } = show(<ConnectionTest draft={draft} />, { sites: { testConnection: feed.watch as never } })
    await screen.findByTestId('step-dns')
    unmount()
    await waitFor(() => expect(feed.open()).toBe(0))
  })
})

describe('the connection editor', () => {
  const edit = (connection: Connection | null, procedures: Parameters<typeof show>[1] = {}) => {
    const onClose = vi.fn()
    return { onClose, ...show(<ConnectionEditor site={sampleSiteRecord()} connection={connection} kind="proxmox" onClose={onClose} />, procedures) }
  }

  it('says what is missing before anything is sent', async () => {
    const { user, onClose } = edit(null)
    await user.click(screen.getByRole('button', { name: 'Save' }))
    expect(screen.getByText('A name by which you know it')).toBeInTheDocument()
    expect(screen.getByText('Like meridian@pve!desktop')).toBeInTheDocument()
    expect(screen.getByRole('alert')).toHaveTextContent('3 fields still need something')
    expect(onClose).not.toHaveBeenCalled()
  })

  it('sends a complete draft once, with the secret beside the settings', async () => {
    const addConnection = vi.fn(() => Promise.resolve(postgresConnection))
    const { user, onClose } = edit(null, { sites: { addConnection } })
    await user.type(screen.getByLabelText('Name'), 'pve')
    await user.clear(screen.getByLabelText('Address'))
    await user.type(screen.getByLabelText('Address'), 'https://node01.example.org:8006/')
    await user.type(screen.getByLabelText('Token id'), 'meridian@pve!desktop')
    await user.type(screen.getByLabelText('Secret'), 'top-secret')
    await user.click(screen.getByRole('button', { name: 'Save' }))
    expect(addConnection).toHaveBeenCalledTimes(1)
    expect(addConnection).toHaveBeenCalledWith({
      siteId: sampleSiteRecord().id,
      draft: {
        label: 'pve',
        settings: { kind: 'proxmox', url: 'https://node01.example.org:8006', tls: { mode: 'system' }, auth: { mode: 'token', tokenId: 'meridian@pve!desktop' } },
        secrets: { tokenSecret: 'top-secret' },
      },
    })
    await waitFor(() => expect(onClose).toHaveBeenCalledTimes(1))
  })

  it('never shows a stored secret, and keeps it when the field stays empty', async () => {
    const updateConnection = vi.fn(() => Promise.resolve(postgresConnection))
    const { user } = edit(postgresConnection, { sites: { updateConnection } })
    const field = screen.getByLabelText('Password')
    expect(field).toHaveValue('')
    expect(field).toHaveAttribute('placeholder', 'Stored; leave empty to keep it')
    await user.click(screen.getByRole('button', { name: 'Save' }))
    expect(updateConnection).toHaveBeenCalledWith({ connectionId: 'c1', draft: expect.objectContaining({ secrets: {} }) as unknown })
  })

  it('stays open with the reason when the core refuses', async () => {
    const updateConnection = () => Promise.reject(new AppError('conflict', 'Another connection is called so.', { remedy: 'Choose another name.' }))
    const { user, onClose } = edit(postgresConnection, { sites: { updateConnection } })
    await user.click(screen.getByRole('button', { name: 'Save' }))
    expect(await screen.findByRole('alert')).toHaveTextContent('Another connection is called so.')
    expect(onClose).not.toHaveBeenCalled()
    expect(screen.getByRole('button', { name: 'Save' })).toBeEnabled()
  })

  it('fills in the fingerprint that the user chose to trust after a test', async () => {
    const { user } = edit(postgresConnection, { sites: { testConnection: stepsOf(failed('tls', untrusted)) } })
    await user.click(screen.getByRole('button', { name: 'Test' }))
    await user.click(await screen.findByRole('button', { name: 'Trust exactly this certificate' }))
    expect(screen.getByLabelText('SHA-256 fingerprint')).toHaveValue(fingerprint)
    expect(screen.queryByRole('group', { name: 'Connection test' })).not.toBeInTheDocument()
  })

  it('drops the answer about a kubeconfig that was changed meanwhile', async () => {
    const answers: Array<(contexts: unknown[]) => void> = []
    const readKubeconfig = vi.fn(() => new Promise((resolve) => answers.push(resolve)))
    const { user } = show(<ConnectionEditor site={sampleSiteRecord()} connection={null} kind="kubernetes" onClose={vi.fn()} />, { sites: { readKubeconfig: readKubeconfig as never } })
    const context = (name: string) => ({ name, cluster: name, server: `https://${name}:6443`, user: 'me', namespace: null, authKind: 'token', execCommand: null, execFoundAt: null, isCurrent: true })
    const field = screen.getByLabelText('Kubeconfig')
    await user.click(field)
    await user.paste('old')
    await user.paste(' and new')
    answers[1]!([context('new')])
    await screen.findByText(/https:\/\/new:6443/)
    answers[0]!([context('old')])
    await Promise.resolve()
    expect(screen.getByText(/https:\/\/new:6443/)).toBeInTheDocument()
    expect(field).toHaveValue('old and new')
  })
})

describe('the connections screen', () => {
  it('makes a site once, however often Enter is pressed, and opens it', async () => {
    let settle: (site: unknown) => void = () => undefined
    const create = vi.fn(() => new Promise((resolve) => (settle = resolve)))
    window.location.hash = '/connections?new=site'
    const { user } = show(<ConnectionsScreen />, { sites: { create: create as never }, app: { updateSettings: () => Promise.resolve({}) } as never })
    await user.type(await screen.findByRole('textbox', { name: 'Name' }), 'My lab{Enter}{Enter}')
    expect(create).toHaveBeenCalledTimes(1)
    settle(sampleSiteRecord({ id: 'new' as never, name: 'My lab' }))
    await waitFor(() => expect(useSession.getState().siteId).toBe('new'))
    await waitFor(() => expect(screen.queryByRole('dialog')).not.toBeInTheDocument())
  })

  it('removes a site only when its name was typed', async () => {
    const remove = vi.fn(() => Promise.resolve())
    const { user } = show(<ConnectionsScreen />, { sites: { remove } })
    await user.click(screen.getByRole('button', { name: 'More for Radio lab' }))
    await user.click(await screen.findByRole('menuitem', { name: 'Remove…' }))
    const dialog = await screen.findByRole('dialog', { name: 'Remove Radio lab?' })
    const button = within(dialog).getByRole('button', { name: 'Remove the site' })
    const field = within(dialog).getByRole('textbox')
    await user.type(field, 'Radio')
    expect(button).toBeDisabled()
    await user.type(field, ' lab')
    await user.click(button)
    expect(remove).toHaveBeenCalledWith({ siteId: sampleSiteRecord().id, confirmation: 'Radio lab' })
  })

  it('leaves the demo lab’s connections alone, and says why', async () => {
    useSession.setState({ sites: [sampleSiteRecord({ isDemo: true })] })
    const { user } = show(<ConnectionsScreen />)
    const add = screen.getByRole('button', { name: 'Add a connection' })
    expect(add).toHaveAttribute('aria-disabled', 'true')
    await user.hover(add)
    expect(await screen.findByText(/brings its own connections/)).toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: 'More for proj-pg01' }))
    expect(await screen.findByRole('menuitem', { name: 'Remove' })).toBeDisabled()
  })

  it('shows why a change was refused', async () => {
    const update = () => Promise.reject(new AppError('forbidden', 'Another window is changing this site.'))
    const { user } = show(<ConnectionsScreen />, { sites: { update } })
    await user.click(screen.getByRole('switch', { name: 'Read-only' }))
    expect(await screen.findByRole('alert')).toHaveTextContent('Another window is changing this site.')
  })
})
