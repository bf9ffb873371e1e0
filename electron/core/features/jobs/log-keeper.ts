// Copies the logs of running jobs into the archive as they grow, a reader a part, and says when a part's log is whole.
// A reader that fails is begun again at the next look, after the last line that is kept.
import { isAppError } from '#shared/errors.ts'
import type { Log } from '../../platform.ts'
import type { JobLogs, JobRecord } from '../../storage/job-store.ts'
import type { JobDriver } from './job-driver.ts'

/** Readers of one connection at once: an indexed job may have hundreds of parts. */
const maxReaders = 8

export interface LogKeeperOptions {
  logs: JobLogs
  log: Log
  signal: AbortSignal
  /** Told after each piece, with its text. */
  onPiece(jobId: string, part: string, text: string): void
  /** The part has ended and its log is whole. */
  onCaptured(jobId: string, part: string): void
}

export class LogKeeper {
  private readonly options: LogKeeperOptions
  private readonly reading = new Map<string, { done: Promise<void>; stop: AbortController }>()

  constructor(options: LogKeeperOptions) {
    this.options = options
  }

  /** Begins what is missing. Called at each look at the target. */
  follow(record: JobRecord, driver: JobDriver): void {
    for (const part of record.parts) {
      if (part.state === 'waiting' || record.captured.includes(part.name)) continue
      const key = `${record.job.jobId}/${part.name}`
      if (this.reading.has(key) || this.reading.size >= maxReaders) continue
      const isEnded = part.state !== 'running'
      const stop = new AbortController()
      const signal = AbortSignal.any([this.options.signal, stop.signal])
      const done = this.read(record, part.name, { isEnded, driver, signal }).finally(() => this.reading.delete(key))
      this.reading.set(key, { done, stop })
    }
  }

  /** Ends the readers of a job whose parts live on (the pods of a Ray cluster outlive their job). */
  end(jobId: string): void {
    for (const [key, { stop }] of this.reading) if (key.startsWith(`${jobId}/`)) stop.abort()
  }

  /** Resolves when the readers of these parts have ended or the time is over. */
  async settle(jobId: string, parts: readonly string[], timeoutMs: number): Promise<void> {
    const mine = parts.flatMap((part) => this.reading.get(`${jobId}/${part}`)?.done ?? [])
    const limit = Promise.withResolvers<void>()
    const timer = setTimeout(limit.resolve, Math.max(0, timeoutMs))
    await Promise.race([Promise.allSettled(mine), limit.promise])
    clearTimeout(timer)
  }

  private async read(record: JobRecord, part: string, how: { isEnded: boolean; driver: JobDriver; signal: AbortSignal }): Promise<void> {
    const { logs, log, onPiece, onCaptured } = this.options
    const { isEnded, driver, signal } = how
    const { jobId } = record.job
    try {
      const kept = { bytes: logs.sizeOf(jobId, part), lastLine: await logs.lastLine(jobId, part), isEnded }
      for await (const piece of driver.readLog(record, part, kept, signal)) {
        if (piece.isWhole) await logs.replace(jobId, part, piece.text)
        else await logs.append(jobId, part, piece.text)
        onPiece(jobId, part, piece.text)
        if (logs.isFull(jobId, part)) break
      }
      if (isEnded) onCaptured(jobId, part)
    } catch (error) {
      // Its pod is gone, and its log with it: what is kept is all there will be.
      if (isEnded && isAppError(error) && error.code === 'not-found') return onCaptured(jobId, part)
      if (!signal.aborted) log.debug('A job’s log could not be read on', { jobId, part, fault: String(error) })
    }
  }
}
