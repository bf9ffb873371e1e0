// Cron schedules of five fields in UTC: the times between which a CronJob fires. Pure.

interface Schedule {
  minutes: Set<number>
  hours: Set<number>
  days: Set<number>
  months: Set<number>
  weekdays: Set<number>
  /** With both given, either may match, as cron has it. */
  isDayRestricted: boolean
  isWeekdayRestricted: boolean
}

const named: Record<string, string> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
}

/** Undefined when the text is no schedule. */
export function parseSchedule(text: string): Schedule | undefined {
  const fields = (named[text] ?? text).trim().split(/\s+/)
  if (fields.length !== 5) return undefined
  const [minute = '', hour = '', day = '', month = '', weekday = ''] = fields
  const minutes = parseField(minute, 0, 59)
  const hours = parseField(hour, 0, 23)
  const days = parseField(day, 1, 31)
  const months = parseField(month, 1, 12)
  const weekdays = parseField(weekday, 0, 7)
  if (!minutes || !hours || !days || !months || !weekdays) return undefined
  if (weekdays.has(7)) weekdays.add(0)
  return {
    minutes,
    hours,
    days,
    months,
    weekdays,
    isDayRestricted: day !== '*',
    isWeekdayRestricted: weekday !== '*',
  }
}

function parseField(text: string, from: number, to: number): Set<number> | undefined {
  const values = new Set<number>()
  for (const part of text.split(',')) {
    const match = /^(\*|\d+)(?:-(\d+))?(?:\/(\d+))?$/.exec(part)
    if (match === null) return undefined
    const first = match[1] === '*' ? from : Number(match[1])
    const last =
      match[2] !== undefined ? Number(match[2]) : match[1] === '*' || match[3] !== undefined ? to : first
    const step = Number(match[3] ?? '1')
    if (first < from || last > to || first > last || step < 1) return undefined
    for (let value = first; value <= last; value += step) values.add(value)
  }
  return values
}

const minuteMs = 60_000
const horizonMs = 400 * 86_400_000

/** The first firing after `afterMs`; undefined when there is none within a year. */
export function nextRun(schedule: Schedule, afterMs: number): number | undefined {
  let atMs = Math.floor(afterMs / minuteMs) * minuteMs + minuteMs
  const end = afterMs + horizonMs
  while (atMs < end) {
    const at = new Date(atMs)
    if (!schedule.months.has(at.getUTCMonth() + 1) || !isDay(schedule, at))
      atMs = Math.floor(atMs / 86_400_000) * 86_400_000 + 86_400_000
    else if (!schedule.hours.has(at.getUTCHours()))
      atMs = Math.floor(atMs / 3_600_000) * 3_600_000 + 3_600_000
    else if (!schedule.minutes.has(at.getUTCMinutes())) atMs += minuteMs
    else return atMs
  }
  return undefined
}

function isDay(schedule: Schedule, at: Date): boolean {
  const isDate = schedule.days.has(at.getUTCDate())
  const isWeekday = schedule.weekdays.has(at.getUTCDay())
  if (schedule.isDayRestricted && schedule.isWeekdayRestricted) return isDate || isWeekday
  return isDate && isWeekday
}
