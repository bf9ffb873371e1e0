// When something that fills up will be full: a straight line through what was seen, with how far it can be trusted.
// Pure. Says `unknown` rather than guess: without enough history there is no date.
import { z } from 'zod'

export const forecast = z.discriminatedUnion('kind', [
  /** `latestMs` is null when the slowest believable growth never fills it. */
  z.object({ kind: z.literal('full'), atMs: z.number(), earliestMs: z.number(), latestMs: z.number().nullable() }),
  /** It does not grow by more than its own ups and downs. */
  z.object({ kind: z.literal('steady') }),
  z.object({ kind: z.literal('unknown'), reason: z.string() }),
])
export type Forecast = z.infer<typeof forecast>

const hourMs = 3_600_000
/** Less history than this says nothing about days to come. */
export const shortestHistoryMs = 12 * hourMs
const fewestPoints = 8
/** A date further away than this is no date. */
const longestMs = 5 * 365 * 24 * hourMs

export interface FillPoint {
  atMs: number
  usedBytes: number
}

/** `points` in order of time. The range holds in about 19 of 20 cases, if it goes on as it has. */
export function forecastFull(points: readonly FillPoint[], totalBytes: number, nowMs: number): Forecast {
  const first = points[0]
  const last = points.at(-1)
  if (!first || !last || points.length < fewestPoints || last.atMs - first.atMs < shortestHistoryMs)
    return { kind: 'unknown', reason: `Only ${historyText(first, last)} of figures, and a trend needs ${shortestHistoryMs / hourMs} h.` }
  if (!(totalBytes > 0)) return { kind: 'unknown', reason: 'Its size is not known.' }
  if (last.usedBytes >= totalBytes) return { kind: 'full', atMs: nowMs, earliestMs: nowMs, latestMs: nowMs }
  const { slope, error } = fitLine(points)
  if (slope <= 0 || slope < 2 * error) return { kind: 'steady' }
  const left = totalBytes - last.usedBytes
  const atMs = last.atMs + left / slope
  if (atMs - nowMs > longestMs) return { kind: 'steady' }
  const slowest = slope - 2 * error
  const latestMs = slowest > 0 ? last.atMs + left / slowest : null
  return {
    kind: 'full',
    atMs: Math.max(nowMs, atMs),
    earliestMs: Math.max(nowMs, last.atMs + left / (slope + 2 * error)),
    latestMs: latestMs !== null && latestMs - nowMs <= longestMs ? latestMs : null,
  }
}

function historyText(first: FillPoint | undefined, last: FillPoint | undefined): string {
  const spanMs = first && last ? last.atMs - first.atMs : 0
  return spanMs < hourMs ? `${Math.round(spanMs / 60_000)} min` : `${Math.floor(spanMs / hourMs)} h`
}

/** Least squares. The error of the slope is widened for neighbours that resemble each other, as fill levels do. */
function fitLine(points: readonly FillPoint[]): { slope: number; error: number } {
  const count = points.length
  const meanX = points.reduce((sum, point) => sum + point.atMs, 0) / count
  const meanY = points.reduce((sum, point) => sum + point.usedBytes, 0) / count
  let xx = 0
  let xy = 0
  for (const { atMs, usedBytes } of points) {
    xx += (atMs - meanX) ** 2
    xy += (atMs - meanX) * (usedBytes - meanY)
  }
  const slope = xx > 0 ? xy / xx : 0
  const residuals = points.map(({ atMs, usedBytes }) => usedBytes - meanY - slope * (atMs - meanX))
  const square = residuals.reduce((sum, value) => sum + value * value, 0)
  let neighbours = 0
  for (let at = 1; at < count; at += 1) neighbours += residuals[at]! * residuals[at - 1]!
  const likeness = square > 0 ? Math.min(0.95, Math.max(0, neighbours / square)) : 0
  const error = Math.sqrt(square / Math.max(1, count - 2) / Math.max(xx, 1)) * Math.sqrt((1 + likeness) / (1 - likeness))
  return { slope, error }
}

const dateText = (atMs: number): string => new Date(atMs).toLocaleDateString(undefined, { day: 'numeric', month: 'short', year: 'numeric' })

/** A forecast as a sentence with its doubt. `basis` says whose it is. */
export function forecastText(told: Forecast, basis: 'history' | 'server'): string {
  if (told.kind === 'steady') return 'Does not fill up.'
  if (told.kind === 'unknown') return `No trend yet: ${told.reason.charAt(0).toLowerCase()}${told.reason.slice(1)}`
  if (basis === 'server') return `Full about ${dateText(told.atMs)}, says the server.`
  return `Full about ${dateText(told.atMs)} (${dateText(told.earliestMs)} ${told.latestMs === null ? 'or never' : `to ${dateText(told.latestMs)}`}).`
}
