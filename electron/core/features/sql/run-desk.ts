// Every run of this process: starts them through the write gate, finds them again, cancels them, and tells watchers.
// The history beyond this process is the run store's.
import { randomUUID } from 'node:crypto'
import type { Run } from '#shared/contracts/sql.ts'
import { AppError } from '#shared/errors.ts'
import type { Connection, ConnectionId } from '#shared/model/connection.ts'
import { maskSqlSecrets } from '#shared/model/sql-text.ts'
import type { DecodePool } from '../../connectors/postgres/decode/decode-pool.ts'
import type { PostgresTarget } from '../../connectors/postgres/postgres-session.ts'
import type { CoreServices } from '../../core-services.ts'
import { createFeed, type Feed } from '../../router/event-feed.ts'
import type { RunStore } from '../../storage/run-store.ts'
import { startRun, type ActiveRun } from './active-run.ts'
import { passGate } from './write-gate.ts'

export interface StartOrder {
  connectionId: ConnectionId
  sql: string
  allowWrite: boolean
  maxRows?: number | undefined
  timeoutMs?: number | undefined
}

type DeskCore = Pick<CoreServices, 'platform' | 'settings' | 'sites' | 'vault'>

/** Longer than a cancel may take (grace and cut), so that `cancel` answers with the end. */
const cancelWaitMs = 20_000

export class RunDesk {
  readonly changes: Feed<Run> = createFeed<Run>({
    // One pending event a run: the newest.
    merge: (pending, next) => [...pending.filter((run) => run.runId !== next.runId), next],
  })
  private readonly active = new Map<string, ActiveRun>()
  private readonly core: DeskCore
  private readonly store: RunStore
  private readonly pool: DecodePool

  constructor(core: DeskCore, store: RunStore, pool: DecodePool) {
    this.core = core
    this.store = store
    this.pool = pool
  }

  /** Throws what the gate refuses, `not-found`, or `invalid-input` for a connection that is no PostgreSQL. */
  start(order: StartOrder): ActiveRun {
    const { connection, target } = this.target(order.connectionId)
    const site = this.core.sites.get(connection.siteId)
    passGate({ ...order, label: connection.label, isSiteReadOnly: site.isReadOnly, siteName: site.name })
    const run = newRun(order, connection, target.settings.database, this.core.platform.now())
    const active = startRun(
      {
        run,
        sql: order.sql,
        target,
        allowWrite: order.allowWrite,
        maxRows: order.maxRows ?? this.core.settings.get().rowLimit,
        timeoutMs: order.timeoutMs,
      },
      {
        pool: this.pool,
        store: this.store,
        log: this.core.platform.log.child({ feature: 'sql' }),
        onChange: (changed) => this.changes.publish(changed),
      },
    )
    this.active.set(run.runId, active)
    void active.ended.finally(() => void this.afterEnd(run.runId))
    return active
  }

  /** What is needed to open a session on a connection. */
  target(connectionId: ConnectionId): { connection: Connection; target: PostgresTarget } {
    const connection = this.core.sites.getConnection(connectionId)
    if (connection.settings.kind !== 'postgres')
      throw new AppError('invalid-input', `${connection.label} is not a PostgreSQL connection.`, {
        remedy: 'Choose one that is.',
      })
    const target = {
      label: connection.label,
      connectionId,
      settings: connection.settings,
      secrets: this.core.vault.lease(connectionId),
    }
    return { connection, target }
  }

  get(runId: string): Run {
    return this.active.get(runId)?.run ?? this.store.get(runId)
  }

  isActive(runId: string): boolean {
    return this.active.has(runId)
  }

  async outcome(runId: string, signal: AbortSignal | undefined): Promise<Run> {
    const active = this.active.get(runId)
    if (!active) return this.store.get(runId)
    return raceSignal(active.ended, signal)
  }

  async cancel(runId: string): Promise<Run> {
    const active = this.active.get(runId)
    if (!active) return this.store.get(runId)
    active.stop()
    return raceSignal(active.ended, AbortSignal.timeout(cancelWaitMs))
  }

  save(runId: string, name: string): Run {
    const active = this.active.get(runId)
    const saved = active
      ? active.amend({ isSaved: true, name })
      : { ...this.store.get(runId), isSaved: true, name }
    if (!active) this.store.put(saved)
    this.changes.publish(saved)
    return saved
  }

  async delete(runId: string): Promise<void> {
    if (this.active.has(runId)) await this.cancel(runId)
    this.store.get(runId)
    await this.store.delete(runId)
  }

  async dispose(): Promise<void> {
    const runs = [...this.active.values()]
    for (const active of runs) active.stop()
    await Promise.race([Promise.allSettled(runs.map((active) => active.ended)), settleAfter(cancelWaitMs)])
    this.changes.dispose()
  }

  private async afterEnd(runId: string): Promise<void> {
    this.active.delete(runId)
    try {
      const dropped = await this.store.trim(this.core.settings.get().resultCacheBytes)
      for (const run of dropped) this.changes.publish(run)
    } catch (error) {
      this.core.platform.log.error('Old results could not be dropped', { fault: String(error) })
    }
  }
}

const settleAfter = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms).unref()
  })

function raceSignal<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void =>
      reject(new AppError('cancelled', 'The wait for the statement’s end was given up.'))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}

function newRun(order: StartOrder, connection: Connection, database: string, nowMs: number): Run {
  return {
    runId: randomUUID(),
    connectionId: order.connectionId,
    connectionLabel: connection.label,
    database,
    sql: maskSqlSecrets(order.sql),
    startedAtMs: nowMs,
    elapsedMs: null,
    state: 'running',
    rows: 0,
    resultBytes: 0,
    columns: [],
    commandTag: null,
    isWrite: order.allowWrite,
    isSaved: false,
    name: null,
    notices: [],
    error: null,
  }
}
