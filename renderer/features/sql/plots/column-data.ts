// Numeric columns of a result as typed arrays, read in slices so that the page stays responsive. Values that mean
// "missing" (NULL, NaN, and DESI's -9999) are left out, and counted, never silently.
import { DataType, type Field } from 'apache-arrow'
import { useEffect, useState, useSyncExternalStore } from 'react'
import type { ResultTable } from '../result-table.ts'

/** specprod-db stores NaN and infinity as this value, because its columns are NOT NULL. */
export const missingSentinel = -9999

export interface NumericColumns {
  /** One array per wanted column, all of the same length: only rows that have every value. */
  values: Float64Array[]
  /** Rows left out because a value was NULL, not finite, or the sentinel. */
  ignored: number
  rowsSeen: number
}

const sliceMs = 12

export const isPlottable = (field: Field): boolean =>
  DataType.isInt(field.type) || DataType.isFloat(field.type) || DataType.isDecimal(field.type) || /^numeric/.test(field.metadata.get('meridian.pgType') ?? '')

/** Pauses whenever a slice has taken longer than the page can spare. */
function breather(): () => Promise<void> | undefined {
  let startedAt = performance.now()
  return () => {
    if (performance.now() - startedAt < sliceMs) return undefined
    return new Promise((resolve) =>
      setTimeout(() => {
        startedAt = performance.now()
        resolve()
      }),
    )
  }
}

/** Reads the columns of all rows that have arrived. 64-bit integers become doubles: fine for a plot, not for an id. */
export async function readColumns(table: ResultTable, columns: readonly number[], signal: AbortSignal): Promise<NumericColumns> {
  const rows = table.rowCount
  const raw = columns.map(() => new Float64Array(rows))
  const pauseIfDue = breather()
  for (const [at, column] of columns.entries()) {
    const target = raw[at]!
    for (const { vector, startRow } of table.columnChunks(column)) {
      const isBig = DataType.isInt(vector.type) && vector.type.bitWidth === 64
      const end = Math.min(vector.length, rows - startRow)
      for (let row = 0; row < end; row += 1) {
        const value: unknown = vector.get(row)
        target[startRow + row] = value === null || value === undefined ? NaN : isBig ? Number(value as bigint) : Number(value)
        if ((row & 0x3fff) === 0x3fff) await pauseIfDue()
      }
      if (signal.aborted) break
    }
  }
  return compact(raw, rows)
}

/** Keeps the rows in which every column has a real value. */
function compact(raw: Float64Array[], rows: number): NumericColumns {
  let kept = 0
  for (let row = 0; row < rows; row += 1) {
    let isWhole = true
    for (const column of raw) {
      const value = column[row]!
      if (!Number.isFinite(value) || value === missingSentinel) isWhole = false
    }
    if (!isWhole) continue
    for (const column of raw) column[kept] = column[row]!
    kept += 1
  }
  return { values: raw.map((column) => column.subarray(0, kept)), ignored: rows - kept, rowsSeen: rows }
}

const refreshMs = 700

/** The columns' values, read again at most every 0.7 s while rows are still arriving; null until first read. */
export function useColumns(table: ResultTable, columns: readonly number[]): NumericColumns | null {
  const revision = useSyncExternalStore(table.subscribe, table.getRevision)
  const [data, setData] = useState<NumericColumns | null>(null)
  const key = columns.join()
  const [tick, setTick] = useState(0)
  useEffect(() => {
    const timer = setTimeout(() => setTick(revision), data === null ? 0 : refreshMs)
    return () => clearTimeout(timer)
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `data` only chooses the first delay
  }, [revision])
  useEffect(() => {
    if (columns.length === 0) return
    const controller = new AbortController()
    void readColumns(table, columns, controller.signal).then((read) => !controller.signal.aborted && setData(read))
    return () => controller.abort()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for `columns`
  }, [table, key, tick])
  return data
}

/** Smallest and largest of a column; null when it is empty. */
export function extent(values: Float64Array): [number, number] | null {
  if (values.length === 0) return null
  let low = Infinity
  let high = -Infinity
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}
