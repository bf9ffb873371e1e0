// One run from start to end: opens a session, puts it into read-only mode unless writing was raised, streams the
// statement, keeps every batch on disk before the page may see it, and ends in exactly one state. Owned by the run
// desk; it decides nothing about what may run.
import type { Run } from '#shared/contracts/sql.ts'
import { AppError, cancelled, isAppError, toWireError } from '#shared/errors.ts'
import { maskSqlSecrets } from '#shared/model/sql-text.ts'
import { arrowEndOfStream, encodeSchema } from '#shared/wire/arrow-frames.ts'
import type { DecodeColumn } from '../../connectors/postgres/decode/decode-plan.ts'
import type { DecodePool } from '../../connectors/postgres/decode/decode-pool.ts'
import { executeStatement, type StatementPart } from '../../connectors/postgres/execute-statement.ts'
import { targetOf } from '../../connectors/postgres/postgres-errors.ts'
import {
  openPostgresSession,
  type PostgresSession,
  type PostgresTarget,
} from '../../connectors/postgres/postgres-session.ts'
import type { Log } from '../../platform.ts'
import type { RunStore } from '../../storage/run-store.ts'
import { createBatchQueue } from './batch-queue.ts'
import { createResultKeeper } from './result-keeper.ts'

export interface RunOrder {
  run: Run
  /** As typed; `run.sql` is what may be kept of it. */
  sql: string
  target: PostgresTarget
  allowWrite: boolean
  maxRows: number
  timeoutMs: number | undefined
}

export interface RunSurroundings {
  pool: DecodePool
  store: RunStore
  log: Log
  /** Called at every change worth showing. */
  onChange(run: Run): void
}

/** Bytes that wait for the page before the run is held up. */
const queuedBytes = 2 * 1024 * 1024
const maxNotices = 200
const progressMs = 200

export type ActiveRun = ReturnType<typeof startRun>

export function startRun(order: RunOrder, { pool, store, log, onChange }: RunSurroundings) {
  const controller = new AbortController()
  const queue = createBatchQueue(queuedBytes)
  const startedAt = performance.now()
  let run = order.run
  let hasSchema = false
  let shownAt = 0

  const change = (partial: Partial<Run>): void => void (run = { ...run, ...partial })
  const show = (): void => {
    shownAt = performance.now()
    onChange(run)
  }
  const keepNote = (text: string): void => {
    if (run.notices.length < maxNotices) change({ notices: [...run.notices, text.slice(0, 2000)] })
  }

  const keeper = createResultKeeper(run.runId, { store, log }, keepNote)
  /** The history is worth less than the run: a store that cannot be written does not end it. */
  const remember = (): void => {
    try {
      store.put(run)
    } catch (error) {
      log.error('A run could not be written to the history', { runId: run.runId, fault: String(error) })
    }
  }

  async function take(part: StatementPart): Promise<void> {
    switch (part.kind) {
      case 'columns':
        change({ columns: part.columns.map(toResultColumn) })
        remember()
        return show()
      case 'schema':
        hasSchema = true
        if (run.columns.length > 0) await keeper.keep(part.bytes)
        return queue.push(part.bytes)
      case 'batch':
        if (run.columns.length > 0) await keeper.keep(part.bytes)
        change({
          rows: run.rows + part.rows,
          resultBytes: keeper.byteLength,
          elapsedMs: performance.now() - startedAt,
        })
        if (performance.now() - shownAt > progressMs) show()
        return queue.push(part.bytes)
      case 'end':
        return change({ state: part.isCut ? 'cut' : 'done', commandTag: part.commandTag || null })
    }
  }

  async function execute(): Promise<void> {
    pool.warm()
    const session = await openPostgresSession(order.target, { signal: controller.signal })
    try {
      await prepareSession(session, order)
      const parts = executeStatement(session, {
        sql: order.sql,
        maxRows: order.maxRows,
        isWrite: order.allowWrite,
        timeoutMs: order.timeoutMs,
        acquireDecoder: () => pool.acquire(),
        signal: controller.signal,
        onNotice: (fields) => keepNote(`${fields['S'] ?? 'NOTICE'}: ${fields['M'] ?? ''}`),
      })
      for await (const part of parts) await take(part)
    } finally {
      await session.dispose()
    }
  }

  async function conclude(): Promise<void> {
    await keeper.finish()
    change({ resultBytes: keeper.byteLength, elapsedMs: performance.now() - startedAt })
    remember()
    // The page may be slow to take what is queued: the run has ended all the same.
    if (!hasSchema) void queue.push(encodeSchema([]))
    void queue.push(arrowEndOfStream)
    queue.end()
    show()
  }

  function fail(thrown: unknown): void {
    const isStopped =
      controller.signal.aborted &&
      (!isAppError(thrown) || thrown.code === 'cancelled' || thrown.code === 'unreachable')
    const error = isStopped ? cancelled('The statement was cancelled.') : withoutSecrets(thrown, order.sql)
    if (!isAppError(thrown) && !isStopped)
      log.error('A run failed unexpectedly', {
        runId: run.runId,
        fault: String((thrown as Error)?.stack ?? thrown),
      })
    change({
      state: error instanceof AppError && error.code === 'cancelled' ? 'cancelled' : 'failed',
      error: toWireError(error, run.runId),
    })
  }

  remember()
  const stop = (): void => {
    controller.abort()
    queue.release()
  }
  const ended = execute()
    .catch(fail)
    .then(conclude)
    .then(() => run)

  return {
    get run() {
      return run
    },
    /** Resolves when the run is in its last state; never rejects for a fault of the server. */
    ended,
    /** The page's side; leaving it cancels the run. */
    read(signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
      signal.addEventListener('abort', stop, { once: true })
      return queue.read(stop)
    },
    /** Cancels in the server. */
    stop,
    /** Takes over what only the desk changes: name and saved. */
    amend(partial: Pick<Run, 'isSaved' | 'name'>): Run {
      change(partial)
      remember()
      return run
    },
  }
}

/** Read-only twice over: the session's default, and a transaction whose first snapshot is taken, after which PostgreSQL itself refuses to make it writable. */
async function prepareSession(session: PostgresSession, order: RunOrder): Promise<void> {
  const limit = `SET statement_timeout = ${Math.round(order.timeoutMs ?? 0)}`
  if (order.allowWrite) {
    await session.query(limit)
    return
  }
  await session.query(`SET default_transaction_read_only = on; ${limit}`)
  const [state] = await session.query<{ read_only: string }>(
    "BEGIN READ ONLY; SELECT pg_catalog.current_setting('transaction_read_only') AS read_only",
  )
  if (state?.read_only !== 'on')
    throw new AppError(
      'upstream',
      `${session.party.label} did not make the session read-only; nothing was run.`,
      {
        remedy: 'A connection pooler in between may be changing what is sent. Connect to the server itself.',
        target: targetOf(session.party),
      },
    )
}

const toResultColumn = ({ name, metadata }: DecodeColumn) => ({
  name,
  pgType: metadata['meridian.pgType'] ?? '',
  unit: metadata['meridian.unit'] ?? null,
  description: metadata['meridian.description'] ?? null,
})

/** A server repeats parts of the statement in its errors: literals that are secrets are taken out of them. */
function withoutSecrets(thrown: unknown, sql: string): unknown {
  if (!isAppError(thrown) || maskSqlSecrets(sql) === sql) return thrown
  const { detail } = thrown
  return new AppError(
    thrown.code,
    'The statement failed. What the server says about it is not shown, because the statement holds a password.',
    {
      remedy:
        thrown.remedy && thrown.detail?.kind === 'read-only'
          ? thrown.remedy
          : 'Check the statement, without its password, and run it again.',
      target: thrown.target,
      detail:
        detail?.kind === 'sql'
          ? { kind: 'sql', sqlState: detail.sqlState, position: detail.position }
          : detail,
      retryable: thrown.retryable,
    },
  )
}
