// The result as a grid of any height: draws the visible rectangle only, moves by wheel, keys and scrollbar, copies
// what is selected. It reads cells from the ResultTable and owns no data.
import './result-grid.css'
import { useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore, type KeyboardEvent } from 'react'
import { descriptionOf, formatterFor, isNumeric, pgTypeOf, unitOf } from './cell-format.ts'
import { clampOffset, contentPx, toOffset, toScrollTop, trackPx, visibleColumns, visibleRows, type GridSize } from './grid-geometry.ts'
import type { ResultTable } from './result-table.ts'

const rowHeightPx = 26
const headHeightPx = 42
const gutterPx = 72

interface Cursor {
  row: number
  column: number
}

export function ResultGrid({ table, label }: { table: ResultTable; label: string }) {
  useSyncExternalStore(table.subscribe, table.getRevision)
  const scroller = useRef<HTMLDivElement>(null)
  const [view, setView] = useState({ widthPx: 800, heightPx: 400 })
  const [offsetPx, setOffsetPx] = useState(0)
  const [leftPx, setLeftPx] = useState(0)
  const [cursor, setCursor] = useState<Cursor>({ row: 0, column: 0 })
  const { fields, rowCount } = table
  const columns = useMemo(() => fields.map((field) => ({ field, format: formatterFor(field), isNumeric: isNumeric(field), widthPx: widthOf(field.name, field.type.toString()) })), [fields])
  const lefts = useMemo(() => columns.reduce<number[]>((sums, column) => [...sums, sums.at(-1)! + column.widthPx], [0]), [columns])
  const size: GridSize = { rowCount, rowHeightPx, viewportPx: Math.max(rowHeightPx, view.heightPx - headHeightPx) }
  const isScaled = contentPx(size) > trackPx(size)
  const rows = visibleRows(offsetPx, size)
  const shown = visibleColumns(leftPx, view.widthPx - gutterPx, lefts)

  useEffect(() => {
    const element = scroller.current!
    const observer = new ResizeObserver(() => setView({ widthPx: element.clientWidth, heightPx: element.clientHeight }))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  /** The scrollbar follows the true offset; its own event is then recognised and ignored. */
  const own = useRef(-1)
  const goTo = useCallback(
    (nextPx: number) => {
      const clamped = clampOffset(nextPx, size)
      setOffsetPx(clamped)
      const element = scroller.current
      if (!element) return
      element.scrollTop = toScrollTop(clamped, size)
      own.current = element.scrollTop
    },
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the three numbers that make up `size`
    [size.rowCount, size.viewportPx],
  )
  useEffect(() => {
    const element = scroller.current!
    const onWheel = (event: WheelEvent): void => {
      if (!isScaled || event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return
      event.preventDefault()
      goTo(offsetPx + event.deltaY * (event.deltaMode === 1 ? rowHeightPx : 1))
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [goTo, isScaled, offsetPx])

  const moveTo = (next: Cursor): void => {
    const row = Math.max(0, Math.min(rowCount - 1, next.row))
    const column = Math.max(0, Math.min(columns.length - 1, next.column))
    setCursor({ row, column })
    const topPx = row * rowHeightPx
    if (topPx < offsetPx) goTo(topPx)
    else if (topPx + rowHeightPx > offsetPx + size.viewportPx) goTo(topPx + rowHeightPx - size.viewportPx)
    const element = scroller.current!
    if (lefts[column]! < element.scrollLeft) element.scrollLeft = lefts[column]!
    else if (lefts[column + 1]! > element.scrollLeft + view.widthPx - gutterPx) element.scrollLeft = lefts[column + 1]! - view.widthPx + gutterPx
  }
  const cellText = (row: number, column: number): string | null => {
    const value = table.value(row, column)
    return value === null ? null : columns[column]!.format(value)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const page = Math.max(1, Math.floor(size.viewportPx / rowHeightPx) - 1)
    const isJump = event.ctrlKey || event.metaKey
    if (isJump && event.key.toLowerCase() === 'c') {
      void navigator.clipboard.writeText(cellText(cursor.row, cursor.column) ?? '')
      return event.preventDefault()
    }
    const steps: Record<string, [number, number]> = {
      ArrowDown: [isJump ? rowCount : 1, 0],
      ArrowUp: [isJump ? -rowCount : -1, 0],
      ArrowRight: [0, 1],
      ArrowLeft: [0, -1],
      PageDown: [page, 0],
      PageUp: [-page, 0],
      Home: [isJump ? -rowCount : 0, -columns.length],
      End: [isJump ? rowCount : 0, columns.length],
    }
    const step = steps[event.key]
    if (!step) return
    moveTo({ row: cursor.row + step[0], column: cursor.column + step[1] })
    event.preventDefault()
  }

  const totalWidthPx = gutterPx + lefts.at(-1)!
  const visible = columns.slice(shown.first, shown.end)
  return (
    <div
      className="result-grid"
      ref={scroller}
      tabIndex={0}
      role="grid"
      aria-label={label}
      aria-rowcount={rowCount + 1}
      aria-colcount={columns.length}
      onKeyDown={onKeyDown}
      onScroll={(event) => {
        const { scrollTop, scrollLeft } = event.currentTarget
        setLeftPx(scrollLeft)
        if (Math.abs(scrollTop - own.current) < 1) return
        own.current = scrollTop
        setOffsetPx(isScaled ? toOffset(scrollTop, size) : scrollTop)
      }}
    >
      <div style={{ height: trackPx(size) + headHeightPx, width: totalWidthPx }} role="presentation">
        <div className="result-grid-window" style={{ height: Math.min(view.heightPx, contentPx(size) + headHeightPx), width: totalWidthPx }} role="presentation">
          <div className="result-grid-head" role="row" aria-rowindex={1} style={{ height: headHeightPx }}>
            <div className="result-grid-gutter" role="columnheader" aria-label="Row" style={{ width: gutterPx }} />
            {visible.map((column, index) => (
              <div
                key={shown.first + index}
                role="columnheader"
                aria-colindex={shown.first + index + 1}
                className="result-grid-title"
                style={{ left: gutterPx + lefts[shown.first + index]!, width: column.widthPx, textAlign: column.isNumeric ? 'right' : 'left' }}
                title={[column.field.name, pgTypeOf(column.field), unitOf(column.field), descriptionOf(column.field)].filter(Boolean).join('\n')}
              >
                <b>{column.field.name}</b>
                <small>
                  {pgTypeOf(column.field) ?? column.field.type.toString()}
                  {unitOf(column.field) ? ` · ${unitOf(column.field)}` : ''}
                </small>
              </div>
            ))}
          </div>
          <div className="result-grid-body" role="rowgroup" style={{ height: size.viewportPx }}>
            {Array.from({ length: Math.max(0, rows.end - rows.first) }, (_unused, index) => {
              const row = rows.first + index
              return (
                <div key={row} role="row" aria-rowindex={row + 2} className="result-grid-row" data-odd={row % 2 === 1 || undefined} style={{ top: row * rowHeightPx - offsetPx, height: rowHeightPx, width: totalWidthPx }}>
                  <div className="result-grid-gutter" role="rowheader" style={{ width: gutterPx }}>
                    {row + 1}
                  </div>
                  {visible.map((column, at) => {
                    const index = shown.first + at
                    const text = cellText(row, index)
                    return (
                      <div
                        key={index}
                        role="gridcell"
                        aria-colindex={index + 1}
                        className="result-grid-cell"
                        data-cursor={(cursor.row === row && cursor.column === index) || undefined}
                        data-null={text === null || undefined}
                        style={{ left: gutterPx + lefts[index]!, width: column.widthPx, textAlign: column.isNumeric ? 'right' : 'left' }}
                        title={text !== null && text.length > 16 ? text.slice(0, 2000) : undefined}
                        onMouseDown={() => setCursor({ row, column: index })}
                      >
                        {text === null ? 'NULL' : text.length > 300 ? `${text.slice(0, 300)}…` : text}
                      </div>
                    )
                  })}
                </div>
              )
            })}
          </div>
        </div>
      </div>
    </div>
  )
}

/** Wide enough for the name and for what such values usually need. */
function widthOf(name: string, type: string): number {
  const byType = /Utf8|List|Binary/.test(type) ? 170 : /Timestamp/.test(type) ? 190 : /64/.test(type) ? 165 : 110
  return Math.max(byType, Math.min(260, name.length * 8 + 28))
}
