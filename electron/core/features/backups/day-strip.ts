// The last fourteen days of one thing, a mark a day: backed up, failed, missing, or not known. A pruned backup is still
// told by the task list; where that does not reach, the day is unknown and not missing. Pure.
import type { CoverageDay } from '#shared/contracts/backups.ts'
import { clockIn, dateIn, instantOf } from '#shared/model/calendar-event.ts'
import type { KeptAttempt, KeptSnapshot } from './readings.ts'
import { runsByDay, type ScheduledJob } from './schedule.ts'

export const stripDays = 14
const hourMs = 3_600_000
/** A run takes its time before its absence is a fault. */
const graceMs = hourMs

export interface StripInput {
  nowMs: number
  /** Nothing is known after it. */
  knownUntilMs: number
  timeZone: string
  createdAtMs: number | undefined
  snapshots: readonly KeptSnapshot[]
  attempts: readonly KeptAttempt[]
  attemptsFromMs: number | null
  failures: ReadonlyArray<{ atMs: number; reason: string }>
  /** Enabled jobs; null = they are not known. */
  jobs: readonly ScheduledJob[] | null
}

interface Day {
  name: string
  startMs: number
  endMs: number
}

/** Oldest first, today last. */
export function dayStrip(input: StripInput): CoverageDay[] {
  const days = lastDays(input.nowMs, input.timeZone)
  const from = days[0]!.startMs
  const due = (input.jobs ?? []).map((job) => runsByDay(job, from, days.at(-1)!.endMs))
  const isReadable = input.jobs !== null && due.every((runs) => runs !== null)
  return days.map((day) => {
    const runs = isReadable ? due.flatMap((byDay) => byDay?.get(day.name) ?? []).sort((a, b) => a - b) : null
    return judgeDay(input, day, runs)
  })
}

let lastLaidOut: { key: string; days: Day[] } | undefined

/** Every row of one judging has the same days. */
function lastDays(nowMs: number, timeZone: string): Day[] {
  const key = `${nowMs}|${timeZone}`
  if (lastLaidOut?.key !== key) lastLaidOut = { key, days: layOutDays(nowMs, timeZone) }
  return lastLaidOut.days
}

function layOutDays(nowMs: number, timeZone: string): Day[] {
  const { year, month, day } = dateIn(nowMs, timeZone)
  return Array.from({ length: stripDays }, (_, index) => {
    const wall = Date.UTC(year, month - 1, day - (stripDays - 1 - index))
    return {
      name: new Date(wall).toISOString().slice(0, 10),
      startMs: instantOf(wall, timeZone),
      endMs: instantOf(Date.UTC(year, month - 1, day - (stripDays - 1 - index) + 1), timeZone),
    }
  })
}

function judgeDay(input: StripInput, day: Day, runs: readonly number[] | null): CoverageDay {
  const { timeZone } = input
  const isIn = (atMs: number): boolean => atMs >= day.startMs && atMs < day.endMs
  const at = (atMs: number): string => clockIn(atMs, timeZone)
  const snapshots = input.snapshots.filter((it) => isIn(it.backupTime * 1000))
  const finished = snapshots.filter((it) => !it.isRunning)
  const verification = finished.some((it) => it.verification === 'failed')
    ? 'failed'
    : finished.length > 0 && finished.every((it) => it.verification === 'ok')
      ? 'ok'
      : 'none'
  const mark = (state: CoverageDay['state'], text: string): CoverageDay => ({
    day: day.name,
    state,
    verification,
    text,
  })
  if (finished.length > 0) {
    const words = { ok: 'verified', failed: 'its verification FAILED', none: 'not verified yet' }[
      verification
    ]
    return mark('ok', `Backed up at ${finished.map((it) => at(it.backupTime * 1000)).join(', ')}; ${words}`)
  }
  const attempts = input.attempts.filter((it) => isIn(it.atMs))
  const good = attempts.find((it) => it.error === null && !it.isRunning)
  if (good) return mark('ok', `Backed up at ${at(good.atMs)}; pruned since`)
  if (snapshots.length > 0 || attempts.some((it) => it.isRunning))
    return mark('pending', 'A backup is running')
  const broken = [
    ...input.failures,
    ...attempts.flatMap((it) => (it.error ? [{ atMs: it.atMs, reason: it.error }] : [])),
  ].find((it) => isIn(it.atMs))
  if (broken) return mark('failed', `Failed at ${at(broken.atMs)}: ${broken.reason}`)
  return mark(...withoutTrace(input, day, runs))
}

/** No backup, no failure: what does it mean on this day? */
function withoutTrace(
  input: StripInput,
  day: Day,
  runs: readonly number[] | null,
): [CoverageDay['state'], string] {
  if (input.createdAtMs !== undefined && input.createdAtMs >= day.endMs)
    return ['before', 'It did not exist yet']
  if (day.startMs > input.knownUntilMs) return ['unknown', 'Nothing is known of this day']
  if (runs === null) return ['unknown', 'No backup is known; what was due is not known either']
  const due = runs.filter((atMs) => input.createdAtMs === undefined || atMs >= input.createdAtMs)
  const past = due.filter((atMs) => atMs + graceMs <= input.knownUntilMs)
  if (past.length === 0) {
    const next = due.find((atMs) => atMs + graceMs > input.knownUntilMs)
    if (next === undefined)
      return ['idle', input.jobs?.length === 0 ? 'No job backs it up by schedule' : 'No backup was due']
    if (input.knownUntilMs < input.nowMs && next + graceMs <= input.nowMs)
      return [
        'unknown',
        `Due at ${clockIn(next, input.timeZone)}; nothing is known since ${clockIn(input.knownUntilMs, input.timeZone)}`,
      ]
    return ['pending', `Due at ${clockIn(next, input.timeZone)}`]
  }
  if (reaches(input, past[0]!))
    return ['missing', `Due at ${clockIn(past[0]!, input.timeZone)}, and none was made`]
  return ['unknown', 'Too long ago: the server’s task list does not reach back']
}

/** Whether an absence at this time says anything: a task list or an older snapshot reaches back to it. */
const reaches = (input: StripInput, atMs: number): boolean =>
  (input.attemptsFromMs !== null && input.attemptsFromMs <= atMs) ||
  input.snapshots.some((it) => it.backupTime * 1000 < atMs)
