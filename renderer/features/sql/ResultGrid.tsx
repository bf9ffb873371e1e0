// The result as a grid of any height: draws the visible rectangle only, moves by wheel, keys and scrollbar, copies
// what is selected. It reads cells from the ResultTable and owns no data.
import './result-grid.css'
import { memo, useEffect, useId, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react'
import type { Field } from 'apache-arrow'
import { attempt } from '#client/attempt.ts'
import { AppError } from '#shared/errors.ts'
import { formatCount } from '#shared/model/quantities.ts'
import { descriptionOf, formatterFor, isNumeric, pgTypeOf, unitOf, type CellFormatter } from './cell-format.ts'
import { contentPx, trackPx, visibleColumns, visibleRows, type GridSize } from './grid-geometry.ts'
import { cellsIn, copyText, isInRange, mostCopiedCells, rangeOf, type Cell, type CellRange, type Selection } from './grid-selection.ts'
import type { ResultTable } from './result-table.ts'
import { useGridScroll } from './use-grid-scroll.ts'

const rowHeightPx = 26
const headHeightPx = 42
const gutterPx = 72

interface GridColumn {
  field: Field
  format: CellFormatter
  isNumeric: boolean
  leftPx: number
  widthPx: number
}

export function ResultGrid({ table, label }: { table: ResultTable; label: string }) {
  useSyncExternalStore(table.subscribe, table.getRevision)
  const id = useId()
  const scroller = useRef<HTMLDivElement>(null)
  const view = useViewSize(scroller)
  const [selection, setSelection] = useState<Selection>({ anchor: { row: 0, column: 0 }, cursor: { row: 0, column: 0 } })
  const { fields, rowCount } = table
  const hasRows = rowCount > 0
  // eslint-disable-next-line react-hooks/exhaustive-deps -- measured once the first rows are there, not at each batch
  const columns = useMemo(() => layOutColumns(table, fields), [table, fields, hasRows])
  const lefts = useMemo(() => [...columns.map((column) => column.leftPx), totalWidth(columns)], [columns])
  const size: GridSize = { rowCount, rowHeightPx, viewportPx: Math.max(rowHeightPx, view.heightPx - headHeightPx) }
  const { topPx, leftPx, goTo, onScroll } = useGridScroll(scroller, size)
  const rows = visibleRows(topPx, size)
  const shown = visibleColumns(leftPx, view.widthPx - gutterPx, lefts)
  const { cursor } = selection
  const range = rangeOf(selection)

  const moveTo = (wanted: Cell, isExtending: boolean): void => {
    const row = Math.max(0, Math.min(rowCount - 1, wanted.row))
    const column = Math.max(0, Math.min(columns.length - 1, wanted.column))
    setSelection(({ anchor }) => ({ anchor: isExtending ? anchor : { row, column }, cursor: { row, column } }))
    const top = row * rowHeightPx
    if (top < topPx) goTo(top)
    else if (top + rowHeightPx > topPx + size.viewportPx) goTo(top + rowHeightPx - size.viewportPx)
    const element = scroller.current!
    const right = lefts[column + 1]! + gutterPx - view.widthPx
    if (lefts[column]! < element.scrollLeft) element.scrollLeft = lefts[column]!
    else if (right > element.scrollLeft) element.scrollLeft = right
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const isJump = event.ctrlKey || event.metaKey
    if (isJump && event.key.toLowerCase() === 'c') {
      void attempt('Nothing was copied', () => copy(table, range))
      return event.preventDefault()
    }
    const page = Math.max(1, Math.floor(size.viewportPx / rowHeightPx) - 1)
    const next = stepOf(event.key, isJump, page, cursor, { row: rowCount - 1, column: columns.length - 1 })
    if (!next) return
    moveTo(next, event.shiftKey)
    event.preventDefault()
  }

  const totalWidthPx = gutterPx + lefts.at(-1)!
  const visible = columns.slice(shown.first, shown.end)
  const slots = Math.ceil(size.viewportPx / rowHeightPx) + 2
  const isCursorShown = cursor.row >= rows.first && cursor.row < rows.end && cursor.column >= shown.first && cursor.column < shown.end
  return (
    <div
      className="result-grid"
      ref={scroller}
      tabIndex={0}
      role="grid"
      aria-label={label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columns.length + 1}
      aria-multiselectable
      aria-activedescendant={isCursorShown ? `${id}-cursor` : undefined}
      onKeyDown={onKeyDown}
      onScroll={onScroll}
    >
      <div style={{ height: trackPx(size) + headHeightPx, width: totalWidthPx }} role="presentation">
        <div
          className="result-grid-window"
          style={{ height: Math.min(view.heightPx, contentPx(size) + headHeightPx), width: totalWidthPx }}
          role="presentation"
        >
          <Head columns={visible} firstColumn={shown.first} />
          <div className="result-grid-body" role="rowgroup" style={{ height: size.viewportPx }}>
            {Array.from({ length: Math.max(0, rows.end - rows.first) }, (_unused, index) => {
              const row = rows.first + index
              return (
                <div
                  // Rows that leave make room for those that come: the same elements, with other words.
                  key={row % slots}
                  role="row"
                  aria-rowindex={row + 2}
                  className="result-grid-row"
                  data-odd={row % 2 === 1 || undefined}
                  style={{ top: row * rowHeightPx - topPx, height: rowHeightPx, width: totalWidthPx }}
                >
                  <div className="result-grid-gutter" role="rowheader" aria-colindex={1} style={{ width: gutterPx }}>
                    {row + 1}
                  </div>
                  {visible.map((column, at) => (
                    <GridCell
                      key={shown.first + at}
                      id={cursor.row === row && cursor.column === shown.first + at ? `${id}-cursor` : undefined}
                      row={row}
                      index={shown.first + at}
                      column={column}
                      text={textOf(table, column, row, shown.first + at)}
                      isCursor={cursor.row === row && cursor.column === shown.first + at}
                      isSelected={isInRange(range, row, shown.first + at)}
                      select={setSelection}
                    />
                  ))}
                </div>
              )
            })}
          </div>
        </div>
      </div>
    </div>
  )
}

const mostShownLetters = 300
const mostTitleLetters = 2000

interface GridCellProps {
  id: string | undefined
  row: number
  index: number
  column: GridColumn
  /** Null = NULL. */
  text: string | null
  isCursor: boolean
  isSelected: boolean
  select(change: (current: Selection) => Selection): void
}

const GridCell = memo(function GridCell({ id, row, index, column, text, isCursor, isSelected, select }: GridCellProps) {
  const cell = { row, column: index }
  return (
    <div
      id={id}
      role="gridcell"
      aria-colindex={index + 2}
      aria-selected={isSelected}
      className="result-grid-cell"
      data-cursor={isCursor || undefined}
      data-null={text === null || undefined}
      style={{ left: gutterPx + column.leftPx, width: column.widthPx, textAlign: column.isNumeric ? 'right' : 'left' }}
      title={text !== null && text.length > 16 ? text.slice(0, mostTitleLetters) : undefined}
      onMouseDown={(event) => {
        if (event.button !== 0) return
        const { shiftKey } = event
        select(({ anchor }) => ({ anchor: shiftKey ? anchor : cell, cursor: cell }))
      }}
      onMouseEnter={(event) => {
        if (event.buttons === 1) select(({ anchor }) => ({ anchor, cursor: cell }))
      }}
    >
      {text === null ? 'NULL' : text.length > mostShownLetters ? `${text.slice(0, mostShownLetters)}…` : text}
    </div>
  )
})

const Head = memo(function Head({ columns, firstColumn }: { columns: readonly GridColumn[]; firstColumn: number }) {
  return (
    <div className="result-grid-head" role="row" aria-rowindex={1} style={{ height: headHeightPx }}>
      <div className="result-grid-gutter" role="columnheader" aria-colindex={1} style={{ width: gutterPx }}>
        Row
      </div>
      {columns.map(({ field, leftPx, widthPx, isNumeric: isRight }, index) => (
        <div
          key={firstColumn + index}
          role="columnheader"
          aria-colindex={firstColumn + index + 2}
          className="result-grid-title"
          style={{ left: gutterPx + leftPx, width: widthPx, textAlign: isRight ? 'right' : 'left' }}
          title={[field.name, pgTypeOf(field), unitOf(field), descriptionOf(field)].filter(Boolean).join('\n')}
        >
          <b>{field.name}</b>
          <small>
            {pgTypeOf(field) ?? field.type.toString()}
            {unitOf(field) ? ` · ${unitOf(field)}` : ''}
          </small>
        </div>
      ))}
    </div>
  )
})

/** Size of the grid's own box, kept current. */
function useViewSize(scroller: { current: HTMLDivElement | null }): { widthPx: number; heightPx: number } {
  const [view, setView] = useState({ widthPx: 800, heightPx: 400 })
  useEffect(() => {
    const element = scroller.current!
    const observer = new ResizeObserver(() => setView({ widthPx: element.clientWidth, heightPx: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [scroller])
  return view
}

/** Rows that are looked at to find out how wide a column must be. */
const sampledRows = 24
const digitPx = 8.2
const columnPaddingPx = 24

/** Wide enough for the name and type, and for the first rows as far as that is reasonable. */
function layOutColumns(table: ResultTable, fields: readonly Field[]): GridColumn[] {
  let leftPx = 0
  return fields.map((field, index) => {
    const format = formatterFor(field)
    let letters = Math.max(field.name.length * 1.1, `${pgTypeOf(field) ?? field.type.toString()} · ${unitOf(field) ?? ''}`.length * 0.85, 7)
    for (let row = 0; row < Math.min(sampledRows, table.rowCount); row += 1) {
      const value = table.value(row, index)
      if (value !== null) letters = Math.max(letters, format(value).length)
    }
    const widthPx = Math.round(Math.min(isNumeric(field) ? 340 : 280, letters * digitPx + columnPaddingPx))
    const column = { field, format, isNumeric: isNumeric(field), leftPx, widthPx }
    leftPx += widthPx
    return column
  })
}

const totalWidth = (columns: readonly GridColumn[]): number => {
  const last = columns.at(-1)
  return last ? last.leftPx + last.widthPx : 0
}

function textOf(table: ResultTable, column: GridColumn, row: number, index: number): string | null {
  const value = table.value(row, index)
  return value === null ? null : column.format(value)
}

/** Where a key leads; null for keys that are none of the grid's. */
function stepOf(key: string, isJump: boolean, page: number, { row, column }: Cell, last: Cell): Cell | null {
  switch (key) {
    case 'ArrowDown':
      return { row: isJump ? last.row : row + 1, column }
    case 'ArrowUp':
      return { row: isJump ? 0 : row - 1, column }
    case 'ArrowRight':
      return { row, column: isJump ? last.column : column + 1 }
    case 'ArrowLeft':
      return { row, column: isJump ? 0 : column - 1 }
    case 'PageDown':
      return { row: row + page, column }
    case 'PageUp':
      return { row: row - page, column }
    case 'Home':
      return { row: isJump ? 0 : row, column: 0 }
    case 'End':
      return { row: isJump ? last.row : row, column: last.column }
    default:
      return null
  }
}

/** Puts the whole values on the clipboard, however much of them the screen shows. */
async function copy(table: ResultTable, range: CellRange): Promise<void> {
  if (cellsIn(range) > mostCopiedCells)
    throw new AppError('invalid-input', `${formatCount(cellsIn(range))} cells are too many for the clipboard.`, {
      remedy: 'Export the result as CSV, Parquet or Arrow.',
    })
  const formats = table.fields.map((field) => formatterFor(field, true))
  const text = copyText(range, (row, column) => {
    const value = table.value(row, column)
    return value === null ? null : formats[column]!(value)
  })
  await navigator.clipboard.writeText(text).catch((thrown: unknown) => {
    throw new AppError('forbidden', 'This window may not write to the clipboard.', { remedy: 'Allow it, or export the result.', cause: thrown })
  })
}
