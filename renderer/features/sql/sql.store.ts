// The workbench's state: the chosen database, the text, the runs of this session and the one on screen. The rows
// themselves live in ResultTables outside of it. Leaving the screen does not end a run; cancel does.
import { create } from 'zustand'
import { toAppError, type Client } from '#client/client.ts'
import type { Remote } from '#client/remote.ts'
import type { Catalog, Run } from '#shared/contracts/sql.ts'
import { fromWireError, type AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { readArrowStream, ResultTable } from './result-table.ts'

export interface OpenResult {
  run: Run
  table: ResultTable
  /** Set when the run or its transport failed; what had arrived stays in `table`. */
  error: AppError | null
  isReading: boolean
}

export type ResultView = 'grid' | 'histogram' | 'scatter' | 'sky'

interface SqlState {
  connectionId: ConnectionId | null
  catalogs: ReadonlyMap<ConnectionId, Remote<Catalog>>
  text: string
  allowWrite: boolean
  result: OpenResult | null
  /** Set when a statement could not even be started. */
  startError: AppError | null
  view: ResultView
  history: Remote<Run[]>
}

const textKey = 'meridian.sql.text'
const readText = (): string => {
  try {
    return localStorage.getItem(textKey) ?? ''
  } catch {
    return ''
  }
}

export const useSql = create<SqlState>(() => ({
  connectionId: null,
  catalogs: new Map(),
  text: readText(),
  allowWrite: false,
  result: null,
  startError: null,
  view: 'grid',
  history: { state: 'idle' },
}))

const { getState, setState } = useSql
let reading = new AbortController()

export function setText(text: string): void {
  setState({ text })
  try {
    localStorage.setItem(textKey, text)
  } catch {
    // A full or forbidden localStorage costs the draft, nothing else.
  }
}

/** Chooses the database and reads its catalogue, from the server or, if that is lost, from the store. */
export async function chooseConnection(client: Client, connectionId: ConnectionId, refresh = false): Promise<void> {
  setState({ connectionId })
  const known = getState().catalogs.get(connectionId)
  if (known?.state === 'ready' && known.value.isLive && !refresh) return
  const put = (remote: Remote<Catalog>): void => setState((state) => ({ catalogs: new Map(state.catalogs).set(connectionId, remote) }))
  if (known?.state !== 'ready') put({ state: 'loading' })
  try {
    put({ state: 'ready', value: await client.sql.getCatalog({ connectionId, refresh }) })
  } catch (thrown) {
    put({ state: 'failed', error: toAppError(thrown) })
  }
}

/** Starts `sql` and follows its rows into a new table; the previous run, if still going, is cancelled. */
export async function runStatement(client: Client, sql: string): Promise<void> {
  const { connectionId, allowWrite, result } = getState()
  if (!connectionId) return
  if (result?.run.state === 'running') await cancelRun(client)
  reading.abort()
  reading = new AbortController()
  const { signal } = reading
  // The raise of the write gate holds for one run only.
  setState({ startError: null, allowWrite: false })
  try {
    const { run, stream } = await client.sql.start({ connectionId, sql, allowWrite })
    await follow(client, run, client.fetchStream(stream, signal), signal)
  } catch (thrown) {
    if (!signal.aborted) setState({ startError: toAppError(thrown) })
  }
  void loadHistory(client)
}

/** Opens a kept result from disk: works with no server and no network. */
export async function openKeptResult(client: Client, runId: string): Promise<void> {
  reading.abort()
  reading = new AbortController()
  const { signal } = reading
  setState({ startError: null })
  try {
    const { run, stream } = await client.sql.openResult({ runId })
    await follow(client, run, client.fetchStream(stream, signal), signal)
  } catch (thrown) {
    if (!signal.aborted) setState({ startError: toAppError(thrown) })
  }
}

async function follow(client: Client, run: Run, response: Promise<Response>, signal: AbortSignal): Promise<void> {
  const table = new ResultTable()
  const update = (changes: Partial<OpenResult>): void =>
    setState((state) => (state.result?.table === table ? { result: { ...state.result, ...changes } } : {}))
  setState({ result: { run, table, error: null, isReading: true } })
  let broken: AppError | null = null
  try {
    await readArrowStream(await response, table, signal)
  } catch (thrown) {
    broken = toAppError(thrown)
  }
  if (signal.aborted) return
  try {
    const ended = await client.sql.outcome({ runId: run.runId }, { signal })
    const error = ended.error ? fromWireError(ended.error) : ended.state === 'done' || ended.state === 'cut' ? broken : null
    update({ run: ended, error, isReading: false })
  } catch (thrown) {
    update({ error: broken ?? toAppError(thrown), isReading: false })
  }
}

export async function cancelRun(client: Client): Promise<void> {
  const { result } = getState()
  if (!result || result.run.state !== 'running') return
  const run = await client.sql.cancel({ runId: result.run.runId }).catch(() => null)
  if (run) setState((state) => (state.result?.run.runId === run.runId ? { result: { ...state.result, run } } : {}))
}

export async function loadHistory(client: Client): Promise<void> {
  try {
    setState({ history: { state: 'ready', value: await client.sql.history({ limit: 200 }) } })
  } catch (thrown) {
    setState({ history: { state: 'failed', error: toAppError(thrown) } })
  }
}

export async function saveResult(client: Client, runId: string, name: string): Promise<void> {
  const run = await client.sql.saveResult({ runId, name })
  setState((state) => (state.result?.run.runId === runId ? { result: { ...state.result, run } } : {}))
  await loadHistory(client)
}

export async function deleteRun(client: Client, runId: string): Promise<void> {
  await client.sql.deleteRun({ runId })
  await loadHistory(client)
}
