import { screen } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Client } from '#client/client.ts'
import { useHostKey, withHostKey } from '#client/host-key.store.ts'
import { AppError, type ErrorDetail } from '#shared/errors.ts'
import { sampleSiteRecord } from '../testing/sample-session.ts'
import { freshPage, show } from '../testing/show.tsx'
import { HostKeyDialog } from './HostKeyDialog.tsx'

const failure = (detail: ErrorDetail): AppError =>
  new AppError('conflict', 'The host key.', { target: { system: 'SSH', endpoint: 'gpu:22', connectionId: 'c1' }, detail })
const unknown = failure({ kind: 'ssh', stage: 'host-key', fingerprint256: 'SHA256:new', keyType: 'ssh-ed25519' })
const changed = failure({ kind: 'ssh', stage: 'host-key-changed', fingerprint256: 'SHA256:new', expected256: 'SHA256:old' })

beforeEach(() => {
  useHostKey.setState({ question: null })
  freshPage({ sites: [sampleSiteRecord()] })
})

describe('a host key', () => {
  it('is shown at first use and stored only when confirmed; then the work goes on', async () => {
    const confirmHostKey = vi.fn(() => Promise.resolve({}))
    const work = vi.fn().mockRejectedValueOnce(unknown).mockResolvedValue('connected')
    const { user, client } = show(<HostKeyDialog />, { sites: { confirmHostKey: confirmHostKey as never } })
    const result = withHostKey(client satisfies Client, work)
    expect(await screen.findByRole('dialog')).toHaveTextContent('SHA256:new')
    expect(screen.getByRole('dialog')).toHaveTextContent('ssh-ed25519')
    expect(confirmHostKey).not.toHaveBeenCalled()
    await user.click(screen.getByRole('button', { name: 'The key is right: connect' }))
    expect(await result).toBe('connected')
    expect(confirmHostKey).toHaveBeenCalledExactlyOnceWith({ connectionId: 'c1', fingerprint256: 'SHA256:new' })
  })

  it('is not stored when refused', async () => {
    const work = vi.fn().mockRejectedValue(unknown)
    const { user, client } = show(<HostKeyDialog />)
    const result = withHostKey(client satisfies Client, work).catch((error: unknown) => error)
    await user.click(await screen.findByRole('button', { name: 'Do not connect' }))
    expect(await result).toMatchObject({ code: 'cancelled' })
    expect(work).toHaveBeenCalledTimes(1)
  })

  it('that has changed is shown beside the old one, with no way past it', async () => {
    const work = vi.fn().mockRejectedValue(changed)
    const { client } = show(<HostKeyDialog />)
    await expect(withHostKey(client satisfies Client, work)).rejects.toBe(changed)
    const dialog = await screen.findByRole('dialog')
    expect(dialog).toHaveTextContent('SHA256:old')
    expect(dialog).toHaveTextContent('SHA256:new')
    expect(screen.getAllByRole('button').map((button) => button.textContent || button.getAttribute('aria-label'))).toEqual(['Close', 'Go to Connections', 'Close'])
  })
})
