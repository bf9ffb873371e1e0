// A table for thousands of rows: only what is visible is in the document. Sorts by a click on a heading, moves by
// arrow keys, opens by Enter; where several rows may be chosen, by the boxes, Space, or Shift and Ctrl with a click. It
// knows no feature: columns say how to read, show and sort a row.
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { compareCells, type CellValue } from './compare-cells.ts'
import './data-table.css'

export { compareCells, type CellValue }

export interface Column<R> {
  key: string
  title: string
  widthPx: number
  align?: 'left' | 'right'
  /** What filtering and CSV see, and sorting where there is no `order`. */
  value(row: R): CellValue
  /** What it is sorted by, where that is not the value itself: a rank, a time. */
  order?(row: R): CellValue
  /** Its heading in a CSV file, where the title leaves out the unit. */
  csvTitle?: string
  /** What people see; the value's text when absent. */
  render?(row: R): ReactNode
}

export interface Sort {
  key: string
  isDescending: boolean
}

interface DataTableProps<R> {
  label: string
  columns: ReadonlyArray<Column<R>>
  rows: readonly R[]
  rowKey(row: R): string
  sort: Sort
  onSort(sort: Sort): void
  rowHeightPx?: number
  selectedKey?: string | null
  onOpen?(row: R): void
  onSelect?(row: R): void
  /** Several rows may be chosen: a column of boxes stands first. */
  checkedKeys?: ReadonlySet<string>
  onCheck?(keys: ReadonlySet<string>): void
  /** What a row is called in the name of its box. */
  rowLabel?(row: R): string
  /** The rows are in their order already: thousands that change need not be sorted anew each time. */
  isSorted?: boolean
  /** Keys of the screen, for the row under the cursor: true = it was one. */
  onRowKey?(key: string, row: R): boolean
}

const boxColumnPx = 38

const overscanRows = 8

/** Stable, so that sorting by two columns in turn does what people expect. */
export function sortRows<R>(rows: readonly R[], columns: ReadonlyArray<Column<R>>, sort: Sort): R[] {
  const column = columns.find((item) => item.key === sort.key)
  if (!column) return [...rows]
  const read = column.order ?? column.value
  const keyed = rows.map((row) => [read(row), row] as const)
  keyed.sort(([a], [b]) => compareCells(a, b, sort.isDescending))
  return keyed.map(([, row]) => row)
}

export function DataTable<R>(props: DataTableProps<R>) {
  const { columns, rows, rowKey, sort, onSort, rowHeightPx = 34, selectedKey } = props
  const id = useId()
  const body = useRef<HTMLDivElement>(null)
  const [scroll, setScroll] = useState({ top: 0, height: 600 })
  const [cursorKey, setCursorKey] = useState<string | null>(selectedKey ?? null)
  const { isSorted = false } = props
  const sorted = useMemo(() => (isSorted ? rows : sortRows(rows, columns, sort)), [isSorted, rows, columns, sort])
  /** The cursor stays on its row when the order changes; on none while nothing was chosen. */
  const wantedKey = selectedKey ?? cursorKey
  const cursor = useMemo(() => (wantedKey === null ? -1 : sorted.findIndex((row) => rowKey(row) === wantedKey)), [sorted, wantedKey, rowKey])
  const first = Math.max(0, Math.floor(scroll.top / rowHeightPx) - overscanRows)
  const last = Math.min(sorted.length, Math.ceil((scroll.top + scroll.height) / rowHeightPx) + overscanRows)
  const choice = useChoice(props, sorted, cursor)
  const boxTemplate = choice ? `${boxColumnPx}px ` : ''
  const template = boxTemplate + columns.map((column) => `minmax(${column.widthPx}px, ${column.widthPx}fr)`).join(' ')
  const minWidth = columns.reduce((sum, column) => sum + column.widthPx, choice ? boxColumnPx : 0)

  const reveal = (index: number): void => {
    const element = body.current
    if (!element) return
    // The heading covers the first row's height of the view.
    const top = index * rowHeightPx
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + 2 * rowHeightPx > element.scrollTop + element.clientHeight)
      element.scrollTop = top + 2 * rowHeightPx - element.clientHeight
  }
  useEffect(() => {
    const element = body.current
    if (!element) return
    const measure = (): void => setScroll({ top: element.scrollTop, height: element.clientHeight || 600 })
    const observer = new ResizeObserver(measure)
    observer.observe(element)
    measure()
    if (cursor >= 0) reveal(cursor)
    return () => observer.disconnect()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- what a link selects is brought into view once, at first
  }, [])
  const move = (to: number): void => {
    const next = Math.max(0, Math.min(sorted.length - 1, to))
    const row = sorted[next]
    if (!row) return
    setCursorKey(rowKey(row))
    props.onSelect?.(row)
    reveal(next)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    // The headings are buttons with keys of their own.
    if (event.target !== event.currentTarget) return
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey
    const page = Math.max(1, Math.floor(scroll.height / rowHeightPx) - 2)
    const targets: Record<string, number> = {
      ArrowDown: cursor + 1,
      ArrowUp: cursor - 1,
      ...(hasModifier ? {} : { j: cursor + 1, k: cursor - 1 }),
      PageDown: cursor + page,
      PageUp: cursor - page,
      Home: 0,
      End: sorted.length - 1,
    }
    const target = targets[event.key]
    const row = sorted[cursor]
    if (target !== undefined) {
      if (event.shiftKey && sorted[target]) choice?.extendTo(target)
      move(target)
    } else if (event.key === ' ' && row && choice) choice.toggle(cursor)
    else if (event.key === 'a' && (event.ctrlKey || event.metaKey) && choice) choice.toggleAll(true)
    else if (event.key === 'Escape' && choice && choice.checked.size > 0) choice.toggleAll(false)
    else if (event.key === 'Enter' && row) props.onOpen?.(row)
    else if (row && !hasModifier && props.onRowKey?.(event.key, row)) event.stopPropagation()
    else return
    event.preventDefault()
  }
  return (
    <div className="data-table">
      <div
        className="data-table-scroll"
        ref={body}
        tabIndex={0}
        role="grid"
        aria-label={props.label}
        aria-rowcount={sorted.length + 1}
        aria-colcount={columns.length + (choice ? 1 : 0)}
        aria-multiselectable={choice ? true : undefined}
        aria-activedescendant={cursor >= first && cursor < last ? `${id}-${cursor}` : undefined}
        onScroll={(event) => setScroll({ top: event.currentTarget.scrollTop, height: event.currentTarget.clientHeight })}
        onKeyDown={onKeyDown}
      >
        <div className="data-table-head" role="row" aria-rowindex={1} style={{ gridTemplateColumns: template, minWidth }}>
          {choice ? (
            <div role="columnheader" className="data-table-box">
              <Box label={`Choose all ${props.label.toLowerCase()}`} isChecked={choice.isAll} isPartly={choice.checked.size > 0 && !choice.isAll} onToggle={() => choice.toggleAll(!choice.isAll)} />
            </div>
          ) : null}
          {columns.map((column) => (
            <HeadCell key={column.key} column={column} sort={sort} onSort={onSort} />
          ))}
        </div>
        <div style={{ height: sorted.length * rowHeightPx, position: 'relative', minWidth }} role="rowgroup">
          {sorted.slice(first, last).map((row, offset) => {
            const index = first + offset
            const key = rowKey(row)
            return (
              <div
                key={key}
                id={`${id}-${index}`}
                className="data-table-row"
                role="row"
                aria-rowindex={index + 2}
                aria-selected={key === selectedKey || choice?.checked.has(key) === true}
                data-checked={choice?.checked.has(key) || undefined}
                data-cursor={index === cursor || undefined}
                style={{ top: index * rowHeightPx, height: rowHeightPx, gridTemplateColumns: template }}
                onClick={(event) => {
                  if (choice && event.shiftKey) choice.extendTo(index)
                  else if (choice && (event.ctrlKey || event.metaKey)) choice.toggle(index)
                  else move(index)
                }}
                onDoubleClick={() => props.onOpen?.(row)}
              >
                {choice ? (
                  <div
                    role="gridcell"
                    className="data-table-box"
                    onClick={(event) => {
                      event.stopPropagation()
                      // Beside the box is near enough.
                      if (event.target === event.currentTarget) choice.toggle(index)
                    }}
                  >
                    <Box
                      label={`Choose ${props.rowLabel?.(row) ?? key}`}
                      isChecked={choice.checked.has(key)}
                      isPartly={false}
                      onToggle={(isShift) => (isShift ? choice.extendTo(index) : choice.toggle(index))}
                    />
                  </div>
                ) : null}
                {columns.map((column) => (
                  <div key={column.key} role="gridcell" data-align={column.align} title={cellText(column.value(row))}>
                    {column.render ? column.render(row) : cellText(column.value(row))}
                  </div>
                ))}
              </div>
            )
          })}
        </div>
      </div>
    </div>
  )
}

interface Choice {
  checked: ReadonlySet<string>
  isAll: boolean
  toggle(index: number): void
  /** Everything from the row that was chosen last to this one. */
  extendTo(index: number): void
  toggleAll(isChecked: boolean): void
}

function useChoice<R>(props: DataTableProps<R>, sorted: readonly R[], cursor: number): Choice | null {
  const anchor = useRef<string | null>(null)
  const { checkedKeys, onCheck, rowKey } = props
  if (!checkedKeys || !onCheck) return null
  return {
    checked: checkedKeys,
    isAll: sorted.length > 0 && sorted.every((row) => checkedKeys.has(rowKey(row))),
    toggle(index) {
      const row = sorted[index]
      if (!row) return
      const key = rowKey(row)
      const next = new Set(checkedKeys)
      if (!next.delete(key)) next.add(key)
      anchor.current = key
      onCheck(next)
    },
    extendTo(index) {
      const from = anchor.current === null ? Math.max(0, cursor) : sorted.findIndex((row) => rowKey(row) === anchor.current)
      const [low, high] = [Math.min(from < 0 ? index : from, index), Math.max(from, index)]
      anchor.current ??= sorted[low] ? rowKey(sorted[low]) : null
      onCheck(new Set([...checkedKeys, ...sorted.slice(low, high + 1).map(rowKey)]))
    },
    toggleAll: (isChecked) => onCheck(isChecked ? new Set(sorted.map(rowKey)) : new Set()),
  }
}

/** Not a stop of the Tab key: Space on the row does the same. */
function Box(props: { label: string; isChecked: boolean; isPartly: boolean; onToggle: (isShift: boolean) => void }) {
  const { isPartly } = props
  return (
    <input
      type="checkbox"
      tabIndex={-1}
      aria-label={props.label}
      checked={props.isChecked}
      ref={(element) => {
        if (element) element.indeterminate = isPartly
      }}
      onChange={(event) => props.onToggle((event.nativeEvent as MouseEvent).shiftKey === true)}
    />
  )
}

function HeadCell<R>({ column, sort, onSort }: { column: Column<R>; sort: Sort; onSort: (sort: Sort) => void }) {
  const isSorted = sort.key === column.key
  return (
    <div role="columnheader" data-align={column.align} aria-sort={isSorted ? (sort.isDescending ? 'descending' : 'ascending') : 'none'}>
      <button onClick={() => onSort({ key: column.key, isDescending: isSorted && !sort.isDescending })}>
        {column.title}
        <span aria-hidden>{isSorted ? (sort.isDescending ? ' ↓' : ' ↑') : ''}</span>
      </button>
    </div>
  )
}

const cellText = (value: CellValue): string => (value === null || value === undefined ? '—' : String(value))

/** RFC 4180; a leading = + - @ is kept as is, because this is data and not a spreadsheet's formula bar. */
export function toCsv<R>(rows: readonly R[], columns: ReadonlyArray<Column<R>>): string {
  const quote = (value: CellValue): string => {
    const text = value === null || value === undefined ? '' : String(value)
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const lines = [columns.map((column) => quote(column.csvTitle ?? column.title)), ...rows.map((row) => columns.map((column) => quote(column.value(row))))]
  return `${lines.map((cells) => cells.join(',')).join('\r\n')}\r\n`
}
