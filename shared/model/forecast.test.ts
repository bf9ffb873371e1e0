import { describe, expect, it } from 'vitest'
import { forecastFull, type FillPoint } from './forecast.ts'

const hourMs = 3_600_000
const dayMs = 24 * hourMs
const nowMs = Date.parse('2026-11-24T09:00:00Z')

const grown = (hours: number, perHour: number, noise = 0): FillPoint[] =>
  Array.from({ length: hours }, (_, at) => ({
    atMs: nowMs - (hours - 1 - at) * hourMs,
    usedBytes: 1000 + at * perHour + noise * Math.sin(at * 2.7),
  }))

describe('the date on which something is full', () => {
  it('is where the line meets the size', () => {
    const points = grown(48, 10)
    const result = forecastFull(points, 1470 + 10 * 24 * 5, nowMs)
    expect(result).toMatchObject({ kind: 'full' })
    if (result.kind !== 'full') return
    expect(Math.abs(result.atMs - (nowMs + 5 * dayMs))).toBeLessThan(hourMs)
    expect(result.earliestMs).toBeLessThanOrEqual(result.atMs)
  })

  it('is a wider range the less steadily it grows', () => {
    const width = (noise: number): number => {
      const result = forecastFull(grown(48, 10, noise), 5000, nowMs)
      return result.kind === 'full' && result.latestMs !== null ? result.latestMs - result.earliestMs : NaN
    }
    expect(width(20)).toBeGreaterThan(width(2) * 3)
  })

  it.each([
    ['there are a few hours of figures', grown(6, 10), 5000, 'unknown'],
    ['there are no figures', [], 5000, 'unknown'],
    ['its size is not known', grown(48, 10), 0, 'unknown'],
    ['it shrinks', grown(48, -5), 5000, 'steady'],
    ['it only goes up and down', grown(48, 0, 200), 5000, 'steady'],
    ['it would take a century', grown(48, 0.0001), 1e9, 'steady'],
  ])('is not told when %s', (_why, points, total, kind) => {
    expect(forecastFull(points, total, nowMs).kind).toBe(kind)
  })

  it('is now when nothing is left', () => {
    expect(forecastFull(grown(48, 10), 1400, nowMs)).toMatchObject({ kind: 'full', atMs: nowMs })
  })
})
