// What schedules can promise: the longest time between two runs of everything that backs a thing up, and a schedule in
// words. A run a day cannot keep a recovery point of four hours, whatever else is promised. Pure.
import { clockIn, dayIn, parseCalendarEvent, runsOf } from '#shared/model/calendar-event.ts'
import { formatDuration } from '#shared/model/quantities.ts'

export interface ScheduledJob {
  id: string
  schedule: string
  timeZone: string
  /** What it backs up begins by this clock. */
  nowMs: number
}

const dayMs = 86_400_000
const hourMs = 3_600_000
const usualWindowMs = 15 * dayMs
const longestWindowMs = 400 * dayMs
const runLimit = 3_000

/** Runs from now on, long enough to see the rhythm; null = the schedule cannot be read. */
export const comingRuns = (job: ScheduledJob): number[] | null =>
  remembered(`coming|${job.schedule}|${job.timeZone}|${job.nowMs}`, () => layOut(job))

function layOut(job: ScheduledJob): number[] | null {
  const event = parseCalendarEvent(job.schedule)
  if (!event) return null
  const window = { afterMs: job.nowMs, timeZone: job.timeZone, limit: runLimit }
  const near = runsOf(event, { ...window, untilMs: job.nowMs + usualWindowMs })
  return near.length > 2 ? near : runsOf(event, { ...window, untilMs: job.nowMs + longestWindowMs, limit: 4 })
}

/** The longest time between two runs of all these jobs together; null = unreadable, Infinity = fewer than two runs. */
export function longestGapMs(jobs: readonly ScheduledJob[]): number | null {
  const lists = jobs.map(comingRuns)
  if (lists.some((runs) => runs === null)) return null
  // Only as far as the shortest list tells: beyond it, gaps would be of what was not laid out.
  const ends = lists.map((runs) => (runs!.length >= 2 ? runs!.at(-1)! : Infinity))
  const end = Math.min(...ends)
  const runs = [...new Set(lists.flatMap((list) => list!))]
    .filter((atMs) => atMs <= end)
    .sort((a, b) => a - b)
  if (runs.length < 2) return Infinity
  let longest = 0
  for (let index = 1; index < runs.length; index += 1)
    longest = Math.max(longest, runs[index]! - runs[index - 1]!)
  return longest
}

export interface Promised {
  state: 'kept' | 'broken' | 'unknown'
  text: string
}

/** Whether what is scheduled can keep the recovery point objective. A clock change of an hour is no broken promise. */
export function judgeSchedule(jobs: readonly ScheduledJob[], rpoHours: number): Promised {
  if (jobs.length === 0) return { state: 'broken', text: 'Nothing backs it up by schedule.' }
  const gapMs = longestGapMs(jobs)
  if (gapMs === null) {
    const odd = jobs.find((job) => parseCalendarEvent(job.schedule) === null)
    return {
      state: 'unknown',
      text: `The schedule “${odd?.schedule ?? ''}” of ${odd?.id ?? 'a job'} cannot be read.`,
    }
  }
  const words = [...new Set(jobs.map((job) => scheduleText(job.schedule)))].join(' and ')
  if (gapMs === Infinity) return { state: 'broken', text: `Backed up ${words}: there is no second run.` }
  const rpoMs = rpoHours * hourMs
  const gap = formatDuration(gapMs)
  if (gapMs <= rpoMs || (gapMs - hourMs <= rpoMs && gapMs >= dayMs))
    return { state: 'kept', text: `Backed up ${words}: at most ${gap} between two backups.` }
  return {
    state: 'broken',
    text: `Backed up ${words}: up to ${gap} lie between two backups, so an RPO of ${formatHours(rpoHours)} cannot be kept.`,
  }
}

export const formatHours = (hours: number): string =>
  hours >= 48 && hours % 24 === 0
    ? `${hours / 24} d`
    : `${Number.isInteger(hours) ? hours : hours.toFixed(2).replace(/0+$/, '')} h`

const everyDay = /^(?:([01]?\d|2[0-3]):([0-5]\d))(?::00)?$/

/** A schedule in words where they are shorter than the thing itself; the thing itself otherwise. */
export function scheduleText(schedule: string): string {
  const text = schedule.trim()
  if (text === '') return 'without a schedule'
  const [, hour, minute] = everyDay.exec(text) ?? []
  if (hour !== undefined) return `daily at ${hour.padStart(2, '0')}:${minute}`
  const plain: Record<string, string> = {
    daily: 'daily at 00:00',
    hourly: 'every hour',
    weekly: 'on Mondays at 00:00',
    monthly: 'on the first of each month',
  }
  return plain[text.toLowerCase()] ?? `by “${text}”`
}

/** Past runs by day of the server's calendar, within a window. */
export const runsByDay = (job: ScheduledJob, fromMs: number, untilMs: number): Map<string, number[]> | null =>
  remembered(`past|${job.schedule}|${job.timeZone}|${fromMs}|${untilMs}`, () => {
    const event = parseCalendarEvent(job.schedule)
    if (!event) return null
    const runs = runsOf(event, { afterMs: fromMs - 1, untilMs, timeZone: job.timeZone, limit: runLimit })
    return Map.groupBy(runs, (atMs) => dayIn(atMs, job.timeZone))
  })

const memory = new Map<string, unknown>()
const memorySize = 200

/** A thousand guests share a handful of jobs, and laying a schedule out on a wall clock is slow. */
function remembered<T>(key: string, make: () => T): T {
  if (memory.has(key)) return memory.get(key) as T
  if (memory.size >= memorySize) memory.clear()
  const made = make()
  memory.set(key, made)
  return made
}

/** Whether the job runs every day at this time of day (within half an hour). */
export function runsDailyAt(job: ScheduledJob, clockTime: string): boolean {
  const runs = comingRuns(job)
  if (
    !runs ||
    runs.length < 3 ||
    runs.some((atMs, index) => index > 0 && atMs - runs[index - 1]! > dayMs + hourMs)
  )
    return false
  return runs
    .slice(0, 24)
    .some((atMs) => Math.abs(minutesOf(clockIn(atMs, job.timeZone)) - minutesOf(clockTime)) <= 30)
}

const minutesOf = (clockTime: string): number => {
  const [hour = 0, minute = 0] = clockTime.split(':').map(Number)
  return hour * 60 + minute
}
