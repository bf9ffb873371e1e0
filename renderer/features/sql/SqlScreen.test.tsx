import { act, screen, waitFor } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useCommands } from '#client/commands.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { useSession } from '#client/session.store.ts'
import type { Catalog, Run } from '#shared/contracts/sql.ts'
import { AppError, toWireError } from '#shared/errors.ts'
import { arrowBody } from '../../testing/arrow-stream.ts'
import type { Procedures } from '../../testing/fake-client.ts'
import { connectionId, sampleRun, sampleSiteRecord, sampleSource, siteId } from '../../testing/sample-session.ts'
import { freshPage, show } from '../../testing/show.tsx'
import SqlScreen from './SqlScreen.tsx'
import { useSql } from './sql.store.ts'

const column = (name: string, type: string) => ({ name, type, isNullable: false, isPrimaryKey: name === 'targetid', comment: null })
const table = (schema: string, name: string) => ({
  schema, name, kind: 'table' as const, estimatedRows: 1_000_000, sizeBytes: 5e8, comment: 'Redshifts', indexes: [], foreignKeys: [],
  columns: [column('targetid', 'bigint'), column('z', 'double precision'), column('order', 'real[]')],
})
const catalog = (extra: Partial<Catalog> = {}): Catalog => ({
  connectionId, serverVersion: '16.4', database: 'desi', databases: ['desi'], user: 'reader', readAtMs: Date.now(), isLive: true,
  tables: [table('public', 'zpix'), table('voids', 'catalogue')], ...extra,
})

const open = (sql: Procedures['sql'] = {}, fetchStream?: Procedures['fetchStream']) =>
  show(<SqlScreen />, { sql: { getCatalog: () => Promise.resolve(catalog()), history: () => Promise.resolve([]), ...sql }, ...(fetchStream ? { fetchStream } : {}) })
const editorText = (): string => screen.getByRole('textbox', { name: 'SQL editor' }).textContent

beforeEach(() => {
  localStorage.clear()
  freshPage({ sites: [sampleSiteRecord()], siteId })
  useSql.setState({ ...useSql.getInitialState(), text: '' }, true)
})

describe('the workbench', () => {
  it('runs the statement at the cursor by Ctrl Enter, and marks the place of an error in it', async () => {
    const error = toWireError(new AppError('upstream', 'column "zz" does not exist', { detail: { kind: 'sql', sqlState: '42703', position: 8 } }), 'r')
    const start = vi.fn(() => Promise.resolve({ run: sampleRun(), stream: { streamId: 's', url: '/s' } }))
    const body = arrowBody({})
    body.finish()
    useSql.setState({ text: 'SELECT 1;\nSELECT zz FROM zpix;' })
    const { user } = open({ start, outcome: () => Promise.resolve(sampleRun({ state: 'failed', error }) as Run) }, () => Promise.resolve(body.response))
    await user.click(screen.getByRole('textbox', { name: 'SQL editor' }))
    await user.keyboard('{Control>}{End}{Enter}{/Control}')
    await waitFor(() => expect(start).toHaveBeenCalledWith({ connectionId, sql: 'SELECT zz FROM zpix', allowWrite: false }))
    expect(await screen.findByRole('alert')).toHaveTextContent('column "zz" does not exist')
    await waitFor(() => expect(document.querySelector('.sql-error-mark')?.textContent).toBe('zz'))
  })

  it('says why nothing can be run while the server is lost, to the pointer, the keyboard and the palette', async () => {
    useSql.setState({ text: 'SELECT 1' })
    useInventory.setState({ sources: [sampleSource({ state: 'lost', problem: 'The host does not answer.', remedy: 'Check the VPN.' })] })
    const { user } = open()
    expect(screen.getByRole('button', { name: 'Run' })).toHaveAttribute('aria-disabled', 'true')
    expect(useCommands.getState().commands.get('sql-run')?.disabledReason).toBe('proj-pg01 is not reachable. The host does not answer.')
    await user.click(screen.getByRole('textbox', { name: 'SQL editor' }))
    await user.keyboard('{Control>}{Enter}{/Control}')
    expect(await screen.findByText(/The host does not answer\. Check the VPN\./)).toBeInTheDocument()
  })

  it('says why a statement could not be cancelled', async () => {
    const body = arrowBody({ z: [1] })
    const { user } = open(
      { start: () => Promise.resolve({ run: sampleRun(), stream: { streamId: 's', url: '/s' } }), cancel: () => Promise.reject(new AppError('timeout', 'The server did not answer the cancel.')) },
      () => Promise.resolve(body.response),
    )
    act(() => useSql.setState({ text: 'SELECT 1' }))
    await user.click(screen.getByRole('button', { name: 'Run' }))
    await user.click(await screen.findByRole('button', { name: 'Cancel' }))
    expect(await screen.findByText('The statement could not be cancelled')).toBeInTheDocument()
    expect(screen.getByRole('button', { name: 'Cancel' })).toBeInTheDocument()
  })

  it('keeps writing shut on a read-only site', () => {
    useSession.setState({ sites: [sampleSiteRecord({ isReadOnly: true })] })
    open()
    expect(screen.getByRole('switch', { name: 'Allow writing for one run' })).toBeDisabled()
  })

  it('says what to do on a site without a database', () => {
    useSession.setState({ sites: [sampleSiteRecord({ connections: [] })] })
    open()
    expect(screen.getByRole('button', { name: 'Connect a PostgreSQL server' })).toBeInTheDocument()
  })

  it('offers to read a catalogue again that could not be read', async () => {
    const getCatalog = vi.fn().mockRejectedValueOnce(new AppError('unreachable', 'proj-pg01 does not answer.')).mockResolvedValue(catalog())
    const { user } = open({ getCatalog })
    expect(await screen.findByRole('alert')).toHaveTextContent('proj-pg01 does not answer.')
    await user.click(screen.getByRole('button', { name: 'Try again' }))
    expect(await screen.findByRole('treeitem', { name: /^zpix/ })).toBeInTheDocument()
    expect(getCatalog).toHaveBeenLastCalledWith({ connectionId, refresh: true })
  })

  it('gives the age of a catalogue that comes from the store', async () => {
    open({ getCatalog: () => Promise.resolve(catalog({ isLive: false, readAtMs: Date.now() - 90 * 60_000 })) })
    expect(await screen.findByText(/Last known/)).toHaveTextContent('Last known, 1 h ago')
  })
})

describe('the tree of tables', () => {
  it('is one tab stop; arrows open and move, Enter inserts the name, quoted where SQL needs it', async () => {
    const { user } = open()
    const zpix = await screen.findByRole('treeitem', { name: /^zpix/ })
    expect(zpix).toHaveAttribute('aria-expanded', 'false')
    expect(screen.getAllByRole('treeitem').filter((item) => item.tabIndex === 0)).toHaveLength(1)
    act(() => screen.getByRole('treeitem', { name: 'public' }).focus())
    await user.keyboard('{ArrowDown}{ArrowRight}{ArrowRight}')
    expect(screen.getByRole('treeitem', { name: /^targetid/ })).toHaveFocus()
    await user.keyboard('{ArrowDown}{ArrowDown}{Enter}')
    await waitFor(() => expect(editorText()).toContain('"order"'))
    act(() => screen.getByRole('treeitem', { name: /^order/ }).focus())
    await user.keyboard('{ArrowLeft}')
    expect(screen.getByRole('treeitem', { name: /^zpix/ })).toHaveFocus()
    await user.keyboard('{ArrowLeft}')
    expect(screen.getByRole('treeitem', { name: /^zpix/ })).toHaveAttribute('aria-expanded', 'false')
  })

  it('writes the usual statements, with the schema where it is needed', async () => {
    const { user } = open()
    await user.click(await screen.findByRole('button', { name: 'Statements for catalogue' }))
    await user.click(await screen.findByRole('menuitem', { name: 'Count the rows' }))
    await waitFor(() => expect(editorText()).toBe('SELECT count(*)FROM voids.catalogue;'))
  })

  it('finds tables by the names of their columns', async () => {
    const { user } = open({ getCatalog: () => Promise.resolve(catalog({ tables: [table('public', 'zpix'), { ...table('public', 'photometry'), columns: [column('flux_r', 'real')] }] })) })
    await screen.findByRole('treeitem', { name: /^zpix/ })
    await user.type(screen.getByRole('textbox', { name: 'Find a table or column' }), 'flux')
    expect(screen.queryByRole('treeitem', { name: /^zpix/ })).not.toBeInTheDocument()
    expect(screen.getByRole('treeitem', { name: /^photometry/ })).toBeInTheDocument()
  })
})
