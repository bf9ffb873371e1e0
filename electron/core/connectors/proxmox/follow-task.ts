// Follows one task of Proxmox VE (or, by the same API, of PBS) to its end: status and log, again and again, through
// expired tickets, a locked vault and a lost node. What cannot be learnt in the end is said to be unknown. Read-only.
import { z } from 'zod'
import { AppError, isAppError } from '#shared/errors.ts'
import { pause } from '../abortable-pause.ts'
import { wireNumber } from './api2-values.ts'
import type { ProxmoxConnector } from './proxmox-connector.ts'

export interface Api2TaskEnding {
  state: 'done' | 'warning' | 'failed' | 'cancelled' | 'unknown'
  message: string
  remedy?: string
}

export interface FollowTaskOptions {
  signal: AbortSignal
  /** Lines of the log that are known already. */
  linesKept: number
  /** True when somebody asked to stop it: an interrupted end is then a stop, not a failure. */
  wasStopped(): boolean
  append(lines: readonly string[]): void
  report(progress: { fraction?: number | null; message?: string }): void
  /** Between two questions while it runs; tests shorten both. */
  pauseMs?: number
  /** How long the system may be silent before the outcome is unknown. */
  patienceMs?: number
}

/** The slice of a connector that is used; both Proxmox products have it. */
type Asker = Pick<ProxmoxConnector, 'call' | 'rows'>

const logPage = 500
const defaultPauseMs = 1000
const longestPauseMs = 15_000
const defaultPatienceMs = 15 * 60_000
/** A VM of the other end may take long to shut down; a status is answered at once. */
const askTimeoutMs = 15_000

const taskStatus = z.object({ status: z.enum(['running', 'stopped']), exitstatus: z.string().optional() })
const logLine = z.object({ n: wireNumber, t: z.string() })

/** The node that runs it: the part after `UPID:`. */
export const nodeOfUpid = (upid: string): string => upid.split(':')[1] ?? ''

/** The start of a UPID; its fields differ between the products. */
export const upidPattern = /^UPID:[A-Za-z0-9][A-Za-z0-9-]*:[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[^\s]*:$/

export const pveTaskPath = (upid: string): string =>
  `/nodes/${encodeURIComponent(nodeOfUpid(upid))}/tasks/${encodeURIComponent(upid)}`

/** `connector` is asked for anew each time: connections change while tasks run. Rejects only when `signal` fires. */
export function followProxmoxTask(connector: () => Asker, upid: string, options: FollowTaskOptions): Promise<Api2TaskEnding> {
  // Proxmox VE skips `start` lines.
  return followApi2Task(connector, { path: pveTaskPath(upid), where: nodeOfUpid(upid), startAfter: (count) => count }, options)
}

/** Shared with PBS, which counts the log's lines differently. */
export async function followApi2Task(
  connector: () => Asker,
  task: { path: string; where: string; startAfter(linesKept: number): number },
  options: FollowTaskOptions,
): Promise<Api2TaskEnding> {
  const { signal, pauseMs = defaultPauseMs, patienceMs = defaultPatienceMs } = options
  let kept = options.linesKept
  let silentSinceMs: number | null = null
  let waitMs = pauseMs
  for (;;) {
    try {
      const asker = connector()
      const status = await asker.call(taskStatus, { path: `${task.path}/status`, signal, timeoutMs: askTimeoutMs })
      kept = await readLog(asker, task, kept, options)
      silentSinceMs = null
      waitMs = pauseMs
      if (status.status === 'stopped') return endingOf(status.exitstatus, options.wasStopped())
    } catch (thrown) {
      signal.throwIfAborted()
      const lost = lostFor(thrown)
      if (lost === 'for good') return gone(thrown)
      // A locked vault says nothing about the task: it may stay locked as long as it likes.
      if (lost === 'locked') silentSinceMs = null
      else silentSinceMs ??= performance.now()
      if (silentSinceMs !== null && performance.now() - silentSinceMs > patienceMs) return silent(task.where, thrown)
      options.report({ message: lost === 'locked' ? 'Waiting for the vault to be unlocked' : `${task.where} does not answer; asking again` })
      waitMs = Math.min(longestPauseMs, waitMs * 1.6)
    }
    await pause(waitMs, signal)
  }
}

async function readLog(
  asker: Asker,
  task: { path: string; startAfter(linesKept: number): number },
  from: number,
  { signal, append, report }: FollowTaskOptions,
): Promise<number> {
  let kept = from
  for (;;) {
    const query = { start: task.startAfter(kept), limit: logPage }
    const rows = await asker.rows(logLine, `${task.path}/log`, signal, query)
    // An empty log is told as one line that says so; PBS repeats the last line that is known.
    const fresh = rows.filter((row) => row.n > kept && !(row.n === 1 && row.t === 'no content'))
    append(fresh.map((row) => row.t))
    kept = fresh.at(-1)?.n ?? kept
    const newest = fresh.findLast((row) => row.t.trim() !== '')
    if (newest) report({ message: newest.t.trim(), ...progressOf(fresh.map((row) => row.t)) })
    if (rows.length < logPage || fresh.length === 0) return kept
  }
}

/** The newest percentage that the log speaks of. */
function progressOf(lines: readonly string[]): { fraction?: number } {
  for (const line of lines.toReversed()) {
    const percent = /(?:^|[\s(])(\d{1,3}(?:\.\d+)?)\s?%/.exec(line)?.[1]
    if (percent !== undefined && Number(percent) <= 100) return { fraction: Number(percent) / 100 }
  }
  return {}
}

function endingOf(exitStatus: string | undefined, wasStopped: boolean): Api2TaskEnding {
  const text = exitStatus?.trim() ?? ''
  if (text === 'OK') return { state: 'done', message: 'Done' }
  const warnings = /^WARNINGS: (\d+)/.exec(text)?.[1]
  if (warnings) return { state: 'warning', message: `Done with ${warnings} warning${warnings === '1' ? '' : 's'}`, remedy: 'Read the log.' }
  if (text === '' || text === 'unexpected status' || text === 'unknown')
    return {
      state: 'unknown',
      message: 'The task ended without saying how: its worker was lost.',
      remedy: 'Look at the current state of the target and at the log before you do it again.',
    }
  if (wasStopped && /interrupt|abort|signal|stopped/i.test(text)) return { state: 'cancelled', message: `Stopped: ${text}` }
  return { state: 'failed', message: text }
}

/** Whether asking again can help. */
function lostFor(thrown: unknown): 'a while' | 'locked' | 'for good' {
  if (!isAppError(thrown)) return 'a while'
  if (thrown.code === 'locked') return 'locked'
  if (thrown.code === 'not-found' || thrown.code === 'forbidden' || thrown.code === 'invalid-input') return 'for good'
  return /no such task/i.test(thrown.message) ? 'for good' : 'a while'
}

const gone = (thrown: unknown): Api2TaskEnding => ({
  state: 'unknown',
  message: thrown instanceof AppError ? thrown.message : 'The task is no longer known.',
  remedy: 'Look at the current state of the target before you do it again.',
})

const silent = (where: string, thrown: unknown): Api2TaskEnding => ({
  state: 'unknown',
  message: `${where} has not answered for a long time. ${isAppError(thrown) ? thrown.message : ''}`.trim(),
  remedy: 'When it is back, look at the state of the target before you do it again.',
})

