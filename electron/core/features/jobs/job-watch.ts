// The jobs of one connection: looked at again and again while any of them is unfinished or somebody watches; what is
// seen is applied to the store, logs and events are archived, and a table that comes back becomes a saved result.
import type { Job, JobState } from '#shared/contracts/jobs.ts'
import { isAppError, toWireError } from '#shared/errors.ts'
import type { Connection } from '#shared/model/connection.ts'
import type { Platform } from '../../platform.ts'
import type { JobLogs, JobRecord, JobStore } from '../../storage/job-store.ts'
import type { JobDriver } from './job-driver.ts'
import { LogKeeper } from './log-keeper.ts'
import { isEnded, type Observation } from './observation.ts'
import { coreHours } from './other-jobs.ts'
import { progressIn } from './read-result.ts'

const activeMs = 2_000
const idleMs = 6_000
const lookTimeoutMs = 30_000
/** How long a request may still be on its way after its answer was lost. */
const doubtMs = 20_000
const captureMs = 10_000

export interface JobWatchOptions {
  connection: Connection
  store: JobStore
  logs: JobLogs
  platform: Pick<Platform, 'log' | 'now'>
  /** Made for each look: connectors are never kept. */
  driver(): JobDriver
  isWatched(): boolean
  /** Reads the result out of a job's archived logs and keeps it. Never rejects. */
  keepResult(record: JobRecord): Promise<Pick<Job, 'resultRunId' | 'resultNote'>>
  onChange(): void
  onLog(jobId: string): void
  onEnd(job: Job): void
}

export class JobWatch {
  others: Job[] = []
  private readonly options: JobWatchOptions
  private readonly closing = new AbortController()
  private readonly keeper: LogKeeper
  private readonly finishing = new Map<string, Promise<void>>()
  private timer: NodeJS.Timeout | undefined
  private isLooking = false
  private mustLookAgain = false

  constructor(options: JobWatchOptions) {
    this.options = options
    this.keeper = new LogKeeper({
      logs: options.logs,
      log: options.platform.log,
      signal: this.closing.signal,
      onPiece: (jobId, part, text) => this.notePiece(jobId, part, text),
      onCaptured: (jobId, part) => this.change(jobId, (record) => ({ ...record, captured: [...new Set([...record.captured, part])] })),
    })
  }

  /** Looks now. */
  wake(): void {
    if (this.isLooking) {
      this.mustLookAgain = true
      return
    }
    clearTimeout(this.timer)
    this.timer = setTimeout(() => void this.turn(), 0)
  }

  async dispose(): Promise<void> {
    this.closing.abort()
    clearTimeout(this.timer)
    await Promise.allSettled(this.finishing.values())
  }

  private mine(): JobRecord[] {
    const { store, connection } = this.options
    return store.list(connection.siteId, 500).filter(({ job }) => job.connectionId === connection.id)
  }

  private async turn(): Promise<void> {
    const { closing, options } = this
    if (closing.signal.aborted) return
    this.isLooking = true
    this.mustLookAgain = false
    const before = this.mine()
    const active = before.filter(({ job }) => !isEnded(job.state))
    if (active.length > 0 || (options.isWatched() && options.connection.settings.kind === 'kubernetes')) {
      try {
        await this.look(before, active)
      } catch (error) {
        if (!closing.signal.aborted) this.noteLoss(active, error)
      }
    }
    this.isLooking = false
    if (closing.signal.aborted) return
    const isBusy = active.length > 0
    if (!isBusy && !options.isWatched() && !this.mustLookAgain) return
    this.timer = setTimeout(() => void this.turn(), this.mustLookAgain ? 0 : isBusy ? activeMs : idleMs)
  }

  private async look(before: JobRecord[], active: JobRecord[]): Promise<void> {
    const { options, closing } = this
    const driver = options.driver()
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(lookTimeoutMs)])
    const isCluster = options.connection.settings.kind === 'kubernetes'
    const ours = new Set(before.map(({ job }) => job.jobId))
    const { own, others } = await driver.observe(isCluster ? before : active, ours, signal)
    this.others = others
    for (const [jobId, seen] of own) {
      const record = options.store.find(jobId)
      // Being sent by this very process: its own call says how that ended.
      if (!record || record.job.state === 'sending') continue
      if (isEnded(record.job.state) && record.job.state !== 'not-sent') this.noteArchived(record, seen === null)
      else if (seen !== null) await this.apply(record, seen, driver, signal)
      else await this.applyAbsence(record)
    }
    options.onChange()
  }

  private async apply(record: JobRecord, seen: Observation, driver: JobDriver, signal: AbortSignal): Promise<void> {
    const { options } = this
    const state = stateAfter(record.job.state, seen)
    const isOver = isEnded(state)
    const parts = mergeParts(record, seen, (part) => options.logs.sizeOf(record.job.jobId, part))
    const job: Job = {
      ...record.job,
      // The end is announced when everything of it is kept.
      state: isOver ? record.job.state === 'stopping' ? 'stopping' : 'running' : state,
      words: isOver ? 'ended; its log is being kept' : record.job.state === 'stopping' ? 'being stopped' : seen.words,
      progress: seen.progress ?? record.job.progress,
      startedAtMs: seen.startedAtMs ?? record.job.startedAtMs,
      endedAtMs: isOver ? (seen.endedAtMs ?? options.platform.now()) : null,
      cores: seen.cores ?? record.job.cores,
      seenAtMs: options.platform.now(),
      isArchived: false,
      error: null,
    }
    job.coreHours = coreHours(job.cores, parts, job.startedAtMs, job.endedAtMs, job.target, options.platform.now())
    const wasChanged = record.job.words !== job.words || record.parts.length !== parts.length
    let events = record.events
    if (wasChanged || isOver) events = await driver.events({ ...record, parts }, signal).catch(() => events)
    // The keeper may have captured a part meanwhile.
    const next = { ...(options.store.find(record.job.jobId) ?? record), job, parts, events: mergeEvents(record.events, events) }
    options.store.put(next)
    this.keeper.follow(next, driver)
    if (isOver && !this.finishing.has(job.jobId)) {
      const words = state === 'stopped' ? 'stopped' : seen.words
      const finishing = this.finish(job.jobId, { state, words }, driver).finally(() => this.finishing.delete(job.jobId))
      this.finishing.set(job.jobId, finishing)
    }
  }

  /** Logs to their end, the result, and only then the last state. */
  private async finish(jobId: string, end: { state: JobState; words: string }, driver: JobDriver): Promise<void> {
    const { options, keeper, closing } = this
    let until = performance.now() + captureMs
    let before = Number.POSITIVE_INFINITY
    for (;;) {
      const record = options.store.find(jobId)
      if (!record) return
      const missing = record.parts.filter((part) => (part.state === 'succeeded' || part.state === 'failed') && !record.captured.includes(part.name))
      // Hundreds of parts take their time; only standing still is given up.
      if (missing.length < before) until = performance.now() + captureMs
      before = missing.length
      await keeper.settle(jobId, missing.map(({ name }) => name), until - performance.now())
      if (missing.length === 0 || performance.now() > until || closing.signal.aborted) break
      keeper.follow(record, driver)
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    keeper.end(jobId)
    if (closing.signal.aborted) return
    const record = options.store.find(jobId)
    if (!record) return
    const result = end.state === 'succeeded' ? await options.keepResult(record) : { resultRunId: null, resultNote: null }
    const job = { ...record.job, ...end, ...result }
    options.store.put({ ...record, job, parts: record.parts.map((part) => ({ ...part, logBytes: options.logs.sizeOf(jobId, part.name) })) })
    options.onChange()
    options.onLog(jobId)
    options.onEnd(job)
    // A stopped Job stays suspended in the cluster for ever; everything of it is kept here.
    if (end.state === 'stopped' && job.target === 'kubernetes-job') await driver.remove(record, AbortSignal.timeout(lookTimeoutMs)).catch(() => undefined)
  }

  private async applyAbsence(record: JobRecord): Promise<void> {
    const { platform } = this.options
    const { state, submittedAtMs } = record.job
    if (state === 'not-sent') return
    if (state === 'unknown') {
      if (platform.now() - submittedAtMs < doubtMs) return
      return this.end(record, 'not-sent', 'not submitted: the target does not have it, and it was not sent again')
    }
    if (state === 'stopping') return this.end(record, 'stopped', 'stopped')
    return this.end(record, 'gone', 'gone: somebody removed it before its end was seen here')
  }

  private end(record: JobRecord, state: JobState, words: string): void {
    const { store, platform, onChange, onLog, onEnd } = this.options
    const job = { ...record.job, state, words, endedAtMs: state === 'not-sent' ? null : platform.now(), isArchived: true }
    store.put({ ...record, job })
    onChange()
    onLog(job.jobId)
    onEnd(job)
  }

  private noteArchived(record: JobRecord, isArchived: boolean): void {
    if (record.job.isArchived !== isArchived) this.options.store.put({ ...record, job: { ...record.job, isArchived } })
  }

  /** Nothing is known now: the list keeps what was seen, with its age and the reason. */
  private noteLoss(active: JobRecord[], thrown: unknown): void {
    const { store, platform, onChange } = this.options
    const error = toWireError(thrown)
    if (!isAppError(thrown)) platform.log.error('Looking at jobs failed', { fault: String(thrown) })
    for (const { job } of active) this.change(job.jobId, (record) => ({ ...record, job: { ...record.job, error } }), store)
    onChange()
  }

  private notePiece(jobId: string, _part: string, text: string): void {
    const progress = progressIn(text)
    const { onLog, onChange } = this.options
    if (progress)
      this.change(jobId, (record) =>
        // An indexed job counts its indexes; what one of them says of itself is not the whole.
        record.parts.filter(({ index }) => index !== null).length > 0 ? record : { ...record, job: { ...record.job, progress } },
      )
    onLog(jobId)
    if (progress) onChange()
  }

  private change(jobId: string, next: (record: JobRecord) => JobRecord, store = this.options.store): void {
    const record = store.find(jobId)
    if (record) store.put(next(record))
  }
}

/** What our own record becomes. A job that is being stopped has stopped when none of its parts runs any more. */
function stateAfter(known: JobState, seen: Observation): JobState {
  if (known !== 'stopping') return seen.state
  if (isEnded(seen.state)) return seen.state === 'failed' ? 'stopped' : seen.state
  const isQuiet = seen.parts.every(({ state }) => state === 'failed' || state === 'succeeded')
  return seen.state === 'queued' && isQuiet ? 'stopped' : 'stopping'
}

/** Parts that the target has forgotten (deleted pods) stay as they were last seen. */
function mergeParts(record: JobRecord, seen: Observation, sizeOf: (part: string) => number): JobRecord['parts'] {
  const names = new Set(seen.parts.map(({ name }) => name))
  const forgotten = record.parts
    .filter(({ name }) => !names.has(name))
    .map((part) => (part.state === 'running' || part.state === 'waiting' ? { ...part, state: 'failed' as const, words: 'gone: its pod was removed' } : part))
  return [...forgotten, ...seen.parts.map((part) => ({ ...part, logBytes: sizeOf(part.name) }))].slice(-2000)
}

/** Events go after an hour in the cluster; here they stay. */
function mergeEvents(known: JobRecord['events'], seen: JobRecord['events']): JobRecord['events'] {
  const keyOf = ({ reason, object, message }: JobRecord['events'][number]): string => `${reason}\n${object}\n${message}`
  const all = new Map([...known, ...seen].map((event) => [keyOf(event), event]))
  return [...all.values()].sort((left, right) => left.atMs - right.atMs).slice(-1000)
}
