// How cells of a table are ordered, whatever they hold.

export type CellValue = string | number | boolean | null | undefined

/** Nulls last in either direction; numbers by size, texts by locale with digits as numbers. */
export function compareCells(left: CellValue, right: CellValue, isDescending: boolean): number {
  const leftEmpty = left === null || left === undefined || left === ''
  const rightEmpty = right === null || right === undefined || right === ''
  if (leftEmpty || rightEmpty) return leftEmpty === rightEmpty ? 0 : leftEmpty ? 1 : -1
  const order =
    typeof left === 'number' && typeof right === 'number'
      ? left - right
      : collator.compare(String(left), String(right))
  return isDescending ? -order : order
}
const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' })
