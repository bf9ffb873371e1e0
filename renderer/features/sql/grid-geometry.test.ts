import { describe, expect, it } from 'vitest'
import { clampOffset, contentPx, longestTrackPx, mostOffsetPx, toOffset, toScrollTop, trackPx, visibleColumns, visibleRows } from './grid-geometry.ts'

const size = (rowCount: number) => ({ rowCount, rowHeightPx: 26, viewportPx: 520 })

describe('a grid taller than an element may be', () => {
  it('keeps the track below the browser limit and reaches the very last row', () => {
    const huge = size(10_000_000)
    expect(contentPx(huge)).toBeGreaterThan(longestTrackPx)
    expect(trackPx(huge)).toBe(longestTrackPx)
    const bottom = toOffset(longestTrackPx - 520, huge)
    expect(visibleRows(bottom, huge).end).toBe(10_000_000)
    expect(visibleRows(0, huge)).toEqual({ first: 0, end: 21 })
  })

  it('goes to the scrollbar and back without losing a row', () => {
    const huge = size(10_000_000)
    for (const row of [0, 1, 12_345, 5_000_000, 9_999_000]) expect(Math.round(toOffset(toScrollTop(row * 26, huge), huge) / 26)).toBe(row)
  })

  it('is the identity for a short grid', () => {
    const short = size(1000)
    expect(toOffset(260, short)).toBeCloseTo(260)
    expect(clampOffset(1e9, short)).toBe(mostOffsetPx(short))
    expect(clampOffset(-5, short)).toBe(0)
  })

  it('has nothing to show of an empty result', () => expect(visibleRows(0, size(0))).toEqual({ first: 0, end: 0 }))
})

describe('columns in view', () => {
  const lefts = [0, 100, 250, 300, 500]
  it('takes those that touch the window', () => {
    expect(visibleColumns(0, 260, lefts)).toEqual({ first: 0, end: 3 })
    expect(visibleColumns(260, 100, lefts)).toEqual({ first: 2, end: 4 })
    expect(visibleColumns(499, 50, lefts)).toEqual({ first: 3, end: 4 })
  })
  it('is empty without columns', () => expect(visibleColumns(0, 100, [0])).toEqual({ first: 0, end: 0 }))
})
