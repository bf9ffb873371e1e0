// Times as Kubernetes writes them, and ages as kubectl prints them. Used everywhere in the demo API server.

/** RFC 3339 to the second, as in `metadata.creationTimestamp`. */
export const timestamp = (ms: number): string => new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')

/** RFC 3339 with microseconds, as in `eventTime`. */
export const microTimestamp = (ms: number): string => new Date(ms).toISOString().replace(/Z$/, '000Z')

/** RFC 3339 with nanoseconds, the prefix of a log line; `nanosecond` fills the digits below the millisecond. */
export const nanoTimestamp = (ms: number, nanosecond = 0): string =>
  new Date(ms).toISOString().replace(/Z$/, `${String(nanosecond % 1_000_000).padStart(6, '0')}Z`)

export const parseTime = (text: string | undefined): number =>
  text === undefined ? Number.NaN : Date.parse(text)

/** A duration in the short form of kubectl's AGE column: 42s, 3m20s, 5h, 2d4h, 90d, 2y. */
export function printDuration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  const days = Math.floor(hours / 24)
  const years = Math.floor(days / 365)
  const pair = (big: number, unit: string, small: number, smallUnit: string): string =>
    small === 0 ? `${big}${unit}` : `${big}${unit}${small}${smallUnit}`
  if (seconds < 120) return `${seconds}s`
  if (minutes < 10) return pair(minutes, 'm', seconds % 60, 's')
  if (minutes < 180) return `${minutes}m`
  if (hours < 8) return pair(hours, 'h', minutes % 60, 'm')
  if (hours < 48) return `${hours}h`
  if (days < 8) return pair(days, 'd', hours % 24, 'h')
  if (days < 730) return `${days}d`
  return years < 8 ? pair(years, 'y', days % 365, 'd') : `${years}y`
}

/** The AGE cell of a table; `<unknown>` where there is no time. */
export function printAge(time: string | undefined, nowMs: number): string {
  const at = parseTime(time)
  return Number.isNaN(at) ? '<unknown>' : printDuration(nowMs - at)
}
