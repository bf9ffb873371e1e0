// The page's mirror of one kind's rows, kept in the order in which they are shown. A change costs what changed, not
// what there is: a row is found and put back by halving. Only a new order or filter looks at all rows.
import type { RowsEvent } from '#shared/contracts/kubernetes.ts'
import type { KubeRow, RowColumn } from '#shared/model/kubernetes.ts'
import { compareCells, type CellValue } from '#ui/compare-cells.ts'

export interface RowView {
  sortBy(row: KubeRow): CellValue
  isDescending: boolean
  isShown(row: KubeRow): boolean
}

/** More changes at once than this share of the rows are cheaper to sort anew. */
const bulkShare = 0.1

export class RowTable {
  private readonly rows = new Map<string, KubeRow>()
  private shown: KubeRow[] = []
  private view: RowView = { sortBy: (row) => row.key, isDescending: false, isShown: () => true }
  columns: RowColumn[] = []

  get size(): number {
    return this.rows.size
  }
  /** A new array after each change. */
  get visible(): readonly KubeRow[] {
    return this.shown
  }
  find(key: string): KubeRow | undefined {
    return this.rows.get(key)
  }
  all(): Iterable<KubeRow> {
    return this.rows.values()
  }

  setView(view: RowView): void {
    this.view = view
    this.sortAll()
  }

  apply(event: Pick<RowsEvent, 'isReset' | 'put' | 'remove' | 'columns'>): void {
    if (event.columns) this.columns = event.columns
    if (event.isReset) this.rows.clear()
    const isBulk = event.isReset || event.put.length + event.remove.length > Math.max(50, this.rows.size * bulkShare)
    if (isBulk) {
      for (const key of event.remove) this.rows.delete(key)
      for (const row of event.put) this.rows.set(row.key, row)
      return this.sortAll()
    }
    const shown = [...this.shown]
    for (const key of event.remove) {
      this.takeOut(shown, key)
      this.rows.delete(key)
    }
    for (const row of event.put) {
      this.takeOut(shown, row.key)
      this.rows.set(row.key, row)
      if (this.view.isShown(row)) shown.splice(this.placeOf(shown, row), 0, row)
    }
    this.shown = shown
  }

  private sortAll(): void {
    const { view } = this
    const keyed = [...this.rows.values()].filter((row) => view.isShown(row)).map((row) => [view.sortBy(row), row] as const)
    keyed.sort(([a, left], [b, right]) => compareCells(a, b, view.isDescending) || (left.key < right.key ? -1 : 1))
    this.shown = keyed.map(([, row]) => row)
  }

  private takeOut(shown: KubeRow[], key: string): void {
    const old = this.rows.get(key)
    if (!old || !this.view.isShown(old)) return
    const place = this.placeOf(shown, old)
    if (shown[place]?.key === key) shown.splice(place, 1)
  }

  /** Where it stands, or would stand. */
  private placeOf(shown: readonly KubeRow[], row: KubeRow): number {
    const wanted = this.view.sortBy(row)
    let low = 0
    let high = shown.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const other = shown[middle]!
      const order = compareCells(this.view.sortBy(other), wanted, this.view.isDescending) || (other.key < row.key ? -1 : other.key > row.key ? 1 : 0)
      if (order < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
