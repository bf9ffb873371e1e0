// What every kind of target can do with jobs. One driver a connection; made per piece of work and never kept.
import type { Job, JobEvent, JobProblem } from '#shared/contracts/jobs.ts'
import type { JobRecord } from '../../storage/job-store.ts'
import type { Observation } from './observation.ts'
import type { Plan } from './plan-order.ts'

export interface Submission {
  record: JobRecord
  plan: Plan
  /** A file of rows that goes with it. */
  rows: { name: string; bytes: Uint8Array } | null
}

export interface LogPiece {
  text: string
  /** The text is the whole log, not what follows. */
  isWhole: boolean
}

export interface JobDriver {
  /** What the target would say to it; changes nothing. */
  check(submission: Submission, signal: AbortSignal): Promise<JobProblem[]>
  /**
   * Sends it once. Meeting its own traces of an earlier attempt is success. Rejects with detail `outcome-unknown` where
   * the target may have taken it.
   */
  send(submission: Submission, signal: AbortSignal): Promise<void>
  /** Whether the target has it. */
  find(record: JobRecord, signal: AbortSignal): Promise<boolean>
  /** By job id; null = the target does not have it. `others` are jobs of somebody else: not those of `ours`. */
  observe(records: readonly JobRecord[], ours: ReadonlySet<string>, signal: AbortSignal): Promise<{ own: Map<string, Observation | null>; others: Job[] }>
  events(record: JobRecord, signal: AbortSignal): Promise<JobEvent[]>
  /** What is new in a part's log; ends when the part has ended, or when there is nothing more for now. */
  readLog(record: JobRecord, part: string, kept: { bytes: number; lastLine: string; isEnded: boolean }, signal: AbortSignal): AsyncGenerator<LogPiece, void, void>
  stop(record: JobRecord, signal: AbortSignal): Promise<void>
  /** Removes what is left of it there. */
  remove(record: JobRecord, signal: AbortSignal): Promise<void>
}
