// The workbench's state: the chosen database, the text, the runs of this session and the one on screen. The rows
// themselves live in ResultTables outside of it. Leaving the screen does not end a run; cancel does.
import { create } from 'zustand'
import { pause, toAppError, type Client } from '#client/client.ts'
import type { Remote } from '#client/remote.ts'
import type { Catalog, Run } from '#shared/contracts/sql.ts'
import { AppError, fromWireError } from '#shared/errors.ts'
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
  /** A statement is on its way to the server, which has not answered yet. */
  isStarting: boolean
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
  isStarting: false,
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

/** Begins a new result on the screen: whoever was still reading the last one stops. */
function takeOver(): AbortSignal {
  reading.abort()
  reading = new AbortController()
  return reading.signal
}

/** Starts `sql` and follows its rows into a new table; the previous run, if still going, is cancelled. Never rejects. */
export async function runStatement(client: Client, sql: string): Promise<void> {
  const { connectionId, allowWrite, result } = getState()
  if (!connectionId) return
  const signal = takeOver()
  // The raise of the write gate holds for one run only.
  setState({ startError: null, allowWrite: false, isStarting: true })
  try {
    // Its stream was left just now, which ends it too: a cancel that fails keeps nobody from running the next.
    if (result?.run.state === 'running') await cancelRun(client).catch(() => undefined)
    const { run, stream } = await client.sql.start({ connectionId, sql, allowWrite })
    // Another statement was started meanwhile: this one must not go on unseen.
    if (signal.aborted) return void client.sql.cancel({ runId: run.runId }).catch(() => undefined)
    setState({ isStarting: false })
    await follow(client, run, client.fetchStream(stream, signal), signal)
  } catch (thrown) {
    if (!signal.aborted) setState({ startError: toAppError(thrown), isStarting: false })
  }
  void loadHistory(client)
}

/** Opens a kept result from disk: works with no server and no network. Never rejects. */
export async function openKeptResult(client: Client, runId: string): Promise<void> {
  const signal = takeOver()
  setState({ startError: null, isStarting: false })
  try {
    const { run, stream } = await client.sql.openResult({ runId })
    if (!signal.aborted) await follow(client, run, client.fetchStream(stream, signal), signal)
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
  if (broken) update({ error: broken })
  try {
    const ended = await outcomeOf(client, run.runId, signal)
    const error = ended.error ? fromWireError(ended.error) : (broken ?? missingRows(ended, table.rowCount))
    update({ run: ended, error, isReading: false })
  } catch (thrown) {
    update({ error: broken ?? toAppError(thrown), isReading: false, run: { ...run, state: 'interrupted' } })
  }
}

/** A result that looks complete and is not would be worse than none. */
function missingRows(run: Run, arrived: number): AppError | null {
  const isEnded = run.state === 'done' || run.state === 'cut'
  if (!isEnded || run.columns.length === 0 || arrived === run.rows) return null
  return new AppError('unreachable', `Only ${arrived} of ${run.rows} rows arrived here.`, {
    remedy: run.resultBytes > 0 ? 'The whole result is kept: open it from the history.' : 'Run the statement again.',
  })
}

const outcomePauseMs = 1000

/** How the run ended, asked again for as long as the core cannot be reached: it knows, also after a restart. */
async function outcomeOf(client: Client, runId: string, signal: AbortSignal): Promise<Run> {
  for (;;) {
    try {
      return await client.sql.outcome({ runId }, { signal })
    } catch (thrown) {
      if (signal.aborted || toAppError(thrown).code !== 'unreachable') throw thrown
      await pause(outcomePauseMs, signal)
    }
  }
}

/** Ends the running statement in the server; rejects when that could not be done. */
export async function cancelRun(client: Client): Promise<void> {
  const { result } = getState()
  if (!result || result.run.state !== 'running') return
  const run = await client.sql.cancel({ runId: result.run.runId })
  setState((state) => (state.result?.run.runId === run.runId ? { result: { ...state.result, run } } : {}))
}

/** Never rejects: a failure stands in the state. */
export async function loadHistory(client: Client): Promise<void> {
  try {
    setState({ history: { state: 'ready', value: await client.sql.history({ limit: 200 }) } })
  } catch (thrown) {
    setState({ history: { state: 'failed', error: toAppError(thrown) } })
  }
}

/** Keeps the history on screen current with a run's progress, in this window or another. */
export function noteRun(run: Run): void {
  setState(({ history }) => {
    if (history.state !== 'ready') return {}
    const isKnown = history.value.some((item) => item.runId === run.runId)
    const value = isKnown ? history.value.map((item) => (item.runId === run.runId ? run : item)) : [run, ...history.value]
    return { history: { state: 'ready', value } }
  })
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
