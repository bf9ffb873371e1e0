// When a job of Proxmox VE or PBS runs: their calendar events, which are a part of systemd's, read and laid out on a
// server's own wall clock. Pure; time zones come from Intl. What cannot be read gives null, never a guess.

/** Values of one field, ascending. */
type Field = readonly number[]

export interface CalendarEvent {
  /** 0 = Sunday … 6 = Saturday. */
  weekdays: Field
  /** Empty = every year. */
  years: Field
  months: Field
  days: Field
  hours: Field
  minutes: Field
  seconds: Field
  /** The text ended in `UTC`: the server's time zone does not matter. */
  isUtc: boolean
}

const shortcuts: Record<string, string> = {
  minutely: '*:*',
  hourly: '*:00',
  daily: '00:00',
  weekly: 'mon 00:00',
  monthly: '*-01 00:00',
  quarterly: '01,04,07,10-01 00:00',
  semiannually: '01,07-01 00:00',
  'semi-annually': '01,07-01 00:00',
  yearly: '01-01 00:00',
  annually: '01-01 00:00',
}
const weekdayNames = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']
const weekdayPattern = /^[a-z]+(?:(?:\.\.|,|-)[a-z]+)*$/

/** Null for a text that is no calendar event. */
export function parseCalendarEvent(text: string): CalendarEvent | null {
  const words = text.trim().toLowerCase().split(/\s+/)
  const isUtc = words.at(-1) === 'utc' && words.length > 1
  const [only] = words
  const rest = (isUtc ? words.slice(0, -1) : words).flatMap((word, at) =>
    at === 0 && only !== undefined && shortcuts[only] ? shortcuts[only].split(' ') : [word],
  )
  const weekdays = rest[0] && weekdayPattern.test(rest[0]) ? readWeekdays(rest.shift()!) : range(0, 6)
  const date =
    rest[0] && isDate(rest[0])
      ? readDate(rest.shift()!)
      : { years: [], months: range(1, 12), days: range(1, 31) }
  const time = rest[0] === undefined ? { hours: [0], minutes: [0], seconds: [0] } : readTime(rest.shift()!)
  if (text.trim() === '' || rest.length > 0 || !weekdays || !date || !time) return null
  return { weekdays, ...date, ...time, isUtc }
}

/** A date has a hyphen; the only other use of one is in a range of weekdays. */
const isDate = (word: string): boolean => word.includes('-')

function readWeekdays(word: string): Field | null {
  const found = new Set<number>()
  for (const part of word.split(',')) {
    const [from, to = from] = part.split(/\.\.|-/).map(weekdayOf)
    if (from === undefined || from < 0 || to === undefined || to < 0) return null
    for (let day = from; ; day = (day + 1) % 7) {
      found.add(day)
      if (day === to) break
    }
  }
  return ascending(found)
}

const weekdayOf = (name: string): number =>
  name.length < 2 ? -1 : weekdayNames.findIndex((full) => full === name || full.slice(0, 3) === name)

function readDate(word: string): Pick<CalendarEvent, 'years' | 'months' | 'days'> | null {
  const parts = word.split('-')
  if (parts.length > 3) return null
  // A single star before the day, as in `*-1..7`, is the month.
  const [day, month, year = '*'] = parts.reverse()
  const years = year === '*' ? [] : readField(year, 1970, 2199)
  const months = readField(month ?? '', 1, 12)
  const days = readField(day ?? '', 1, 31)
  return years && months && days ? { years, months, days } : null
}

function readTime(word: string): Pick<CalendarEvent, 'hours' | 'minutes' | 'seconds'> | null {
  const parts = word.split(':')
  if (parts.length > 3) return null
  // A number alone is the minute of every hour.
  const [hour, minute, second = '0'] =
    parts.length === 1 ? ['*', parts[0]!] : [parts[0]!, parts[1]!, parts[2]]
  const hours = readField(hour, 0, 23)
  const minutes = readField(minute, 0, 59)
  const seconds = readField(second, 0, 59)
  return hours && minutes && seconds ? { hours, minutes, seconds } : null
}

/** `*`, `5`, `5,10`, `8..17`, `0/15`, `8..17/2`, `*`/5. */
function readField(text: string, smallest: number, largest: number): Field | null {
  const found = new Set<number>()
  for (const part of text.split(',')) {
    const match = /^(\*|\d+)(?:\.\.(\d+))?(?:\/(\d+))?$/.exec(part)
    if (!match) return null
    const [, first = '', last, step] = match
    if (first === '*' && last !== undefined) return null
    const from = first === '*' ? smallest : Number(first)
    const to = last !== undefined ? Number(last) : step !== undefined || first === '*' ? largest : from
    const by = step === undefined ? 1 : Number(step)
    if (from < smallest || to > largest || from > to || by < 1) return null
    for (let value = from; value <= to; value += by) found.add(value)
  }
  return ascending(found)
}

const range = (from: number, to: number): Field =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index)
const ascending = (values: Iterable<number>): Field => [...values].sort((a, b) => a - b)

const dayMs = 86_400_000
const maxDays = 366 * 5

export interface RunWindow {
  /** Runs after this moment (not at it). */
  afterMs: number
  untilMs: number
  timeZone: string
  limit: number
}

/** The runs in a window, ascending. A wall-clock time that a clock change skips runs as much later; a doubled one runs once. */
export function runsOf(event: CalendarEvent, { afterMs, untilMs, timeZone, limit }: RunWindow): number[] {
  const zone = event.isUtc ? 'UTC' : timeZone
  const found: number[] = []
  // Days are counted on the wall calendar, so that each is looked at once whatever its length.
  const first = dateIn(afterMs, zone)
  for (let index = 0; index < maxDays; index += 1) {
    const day = new Date(Date.UTC(first.year, first.month - 1, first.day + index))
    const startMs = instantOf(day.getTime(), zone)
    if (startMs > untilMs) break
    if (!fits(event, day)) continue
    for (const hour of event.hours)
      for (const minute of event.minutes)
        for (const second of event.seconds) {
          const atMs = instantOf(day.getTime() + ((hour * 60 + minute) * 60 + second) * 1000, zone)
          if (atMs <= afterMs) continue
          if (atMs > untilMs || found.length >= limit) return found
          found.push(atMs)
        }
  }
  return found
}

/** The next run, or null when there is none within five years. */
export const nextRunOf = (event: CalendarEvent, afterMs: number, timeZone: string): number | null =>
  runsOf(event, { afterMs, untilMs: afterMs + maxDays * dayMs, timeZone, limit: 1 })[0] ?? null

const fits = (event: CalendarEvent, day: Date): boolean =>
  event.weekdays.includes(day.getUTCDay()) &&
  event.days.includes(day.getUTCDate()) &&
  event.months.includes(day.getUTCMonth() + 1) &&
  (event.years.length === 0 || event.years.includes(day.getUTCFullYear()))

const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone)
  if (known) return known
  const made = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  })
  formats.set(timeZone, made)
  return made
}

/** True for a zone that this runtime knows; a server may name one that it does not. */
export function isTimeZone(timeZone: string): boolean {
  try {
    formatOf(timeZone)
    return true
  } catch {
    return false
  }
}

/** The wall-clock reading of an instant, as the UTC instant that would be written alike. */
function wallOf(atMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return atMs
  const parts: Record<string, number> = {}
  for (const { type, value } of formatOf(timeZone).formatToParts(atMs)) parts[type] = Number(value)
  return Date.UTC(
    parts['year']!,
    parts['month']! - 1,
    parts['day']!,
    parts['hour']!,
    parts['minute']!,
    parts['second']!,
  )
}

/** The calendar date of an instant on a server's wall clock. */
export function dateIn(atMs: number, timeZone: string): { year: number; month: number; day: number } {
  const wall = new Date(wallOf(atMs, timeZone))
  return { year: wall.getUTCFullYear(), month: wall.getUTCMonth() + 1, day: wall.getUTCDate() }
}

/** The same as text, `2026-11-24`. */
export function dayIn(atMs: number, timeZone: string): string {
  return new Date(wallOf(atMs, timeZone)).toISOString().slice(0, 10)
}

/** `09:00` on a server's wall clock. */
export const clockIn = (atMs: number, timeZone: string): string =>
  new Date(wallOf(atMs, timeZone)).toISOString().slice(11, 16)

/** The first instant at which the wall clock shows this reading, or the moment it was skipped to. */
export function instantOf(wallMs: number, timeZone: string): number {
  if (timeZone === 'UTC') return wallMs
  // The offset before and after any change of the day: one of them is right, in a gap the earlier one's reading is.
  const before = wallMs - (wallOf(wallMs - dayMs, timeZone) - (wallMs - dayMs))
  const after = wallMs - (wallOf(wallMs + dayMs, timeZone) - (wallMs + dayMs))
  const right = [before, after].filter((atMs) => wallOf(atMs, timeZone) === wallMs)
  return right.length > 0 ? Math.min(...right) : before
}
