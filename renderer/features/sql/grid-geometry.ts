// The arithmetic of a grid that is taller than any element may be. Chromium limits an element to about 16.7
// million pixels, so the scrollbar works on a shorter track and offsets are kept here, in true pixels.

/** Below Chromium's limit with room to spare. */
export const longestTrackPx = 12_000_000

export interface GridSize {
  rowCount: number
  rowHeightPx: number
  viewportPx: number
}

export const contentPx = (size: GridSize): number => size.rowCount * size.rowHeightPx
export const trackPx = (size: GridSize): number => Math.min(longestTrackPx, contentPx(size))
export const mostOffsetPx = (size: GridSize): number => Math.max(0, contentPx(size) - size.viewportPx)

/** True offset → position of the scrollbar. */
export function toScrollTop(offsetPx: number, size: GridSize): number {
  const most = mostOffsetPx(size)
  return most === 0 ? 0 : (offsetPx / most) * Math.max(0, trackPx(size) - size.viewportPx)
}

/** Position of the scrollbar → true offset. */
export function toOffset(scrollTopPx: number, size: GridSize): number {
  const most = Math.max(0, trackPx(size) - size.viewportPx)
  return most === 0 ? 0 : Math.min(1, Math.max(0, scrollTopPx / most)) * mostOffsetPx(size)
}

export const clampOffset = (offsetPx: number, size: GridSize): number => Math.min(mostOffsetPx(size), Math.max(0, offsetPx))

/** Half-open range of the rows in view. */
export function visibleRows(offsetPx: number, size: GridSize): { first: number; end: number } {
  const first = Math.min(Math.max(0, size.rowCount - 1), Math.floor(offsetPx / size.rowHeightPx))
  return { first: Math.max(0, first), end: Math.min(size.rowCount, Math.ceil((offsetPx + size.viewportPx) / size.rowHeightPx) + 1) }
}

/** Half-open range of the columns in view; `lefts` are running sums with the total last. */
export function visibleColumns(scrollLeftPx: number, viewportPx: number, lefts: readonly number[]): { first: number; end: number } {
  let first = 0
  while (first < lefts.length - 2 && lefts[first + 1]! <= scrollLeftPx) first += 1
  let end = first
  while (end < lefts.length - 1 && lefts[end]! < scrollLeftPx + viewportPx) end += 1
  return { first, end }
}
