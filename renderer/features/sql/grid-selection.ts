// The chosen rectangle of cells, and its text for the clipboard. Pure.

export interface Cell {
  row: number
  column: number
}

/** From where it was begun to where it is now; the second corner is the cursor. */
export interface Selection {
  anchor: Cell
  cursor: Cell
}

/** Half-open ranges. */
export interface CellRange {
  firstRow: number
  endRow: number
  firstColumn: number
  endColumn: number
}

export const rangeOf = ({ anchor, cursor }: Selection): CellRange => ({
  firstRow: Math.min(anchor.row, cursor.row),
  endRow: Math.max(anchor.row, cursor.row) + 1,
  firstColumn: Math.min(anchor.column, cursor.column),
  endColumn: Math.max(anchor.column, cursor.column) + 1,
})

export const isInRange = (range: CellRange, row: number, column: number): boolean =>
  row >= range.firstRow && row < range.endRow && column >= range.firstColumn && column < range.endColumn

/** More cells than this belong into an export. */
export const mostCopiedCells = 200_000

export const cellsIn = (range: CellRange): number =>
  (range.endRow - range.firstRow) * (range.endColumn - range.firstColumn)

/** Tab-separated lines, as spreadsheets take them; NULL (null) becomes an empty cell, a single cell stays as it is. */
export function copyText(range: CellRange, textOf: (row: number, column: number) => string | null): string {
  if (cellsIn(range) === 1) return textOf(range.firstRow, range.firstColumn) ?? ''
  const lines: string[] = []
  for (let row = range.firstRow; row < range.endRow; row += 1) {
    const cells: string[] = []
    for (let column = range.firstColumn; column < range.endColumn; column += 1)
      cells.push((textOf(row, column) ?? '').replace(/[\t\r\n]+/g, ' '))
    lines.push(cells.join('\t'))
  }
  return lines.join('\n')
}
