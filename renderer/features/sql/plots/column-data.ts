// Numeric columns of a result as typed arrays, read in slices so that the page stays responsive. Values that mean
// "missing" (NULL, NaN, and DESI's -9999) are left out, and counted, never silently.
import { DataType, Precision, type Field, type Vector } from 'apache-arrow'
import { useEffect, useState } from 'react'
import { pause } from '#client/client.ts'
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

/**
 * Reads the columns of all rows that have arrived. 64-bit integers become doubles: fine for a plot, not for an id.
 * When `signal` fires it returns early with what it has, which nobody should use.
 */
export async function readColumns(table: ResultTable, columns: readonly number[], signal: AbortSignal): Promise<NumericColumns> {
  const rows = table.rowCount
  const raw = columns.map(() => new Float64Array(rows))
  const pauseIfDue = breather()
  for (const [at, column] of columns.entries()) {
    for (const { vector, startRow } of table.columnChunks(column)) {
      copyNumbers(vector, raw[at]!, startRow, Math.min(vector.length, rows - startRow))
      await pauseIfDue()
      if (signal.aborted) break
    }
  }
  return compact(raw, rows, pauseIfDue)
}

/** One batch's values; NULL becomes NaN. Plain numbers without nulls are copied as a block. */
function copyNumbers(vector: Vector, target: Float64Array, startRow: number, count: number): void {
  if (count <= 0) return
  if (vector.nullCount === 0 && isBlockOfNumbers(vector)) {
    target.set((vector.toArray() as Float64Array).subarray(0, count), startRow)
    return
  }
  for (let row = 0; row < count; row += 1) {
    const value: unknown = vector.get(row)
    target[startRow + row] = value === null || value === undefined ? NaN : Number(value)
  }
}

const isBlockOfNumbers = ({ type }: Vector): boolean =>
  (DataType.isFloat(type) && type.precision !== Precision.HALF) || (DataType.isInt(type) && type.bitWidth < 64)

const compactSlice = 65_536

/** Keeps the rows in which every column has a real value. */
async function compact(raw: Float64Array[], rows: number, pauseIfDue: () => Promise<void> | undefined): Promise<NumericColumns> {
  let kept = 0
  for (let row = 0; row < rows; row += 1) {
    if (row % compactSlice === compactSlice - 1) await pauseIfDue()
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
  const key = columns.join()
  const [read, setRead] = useState<{ table: ResultTable; key: string; data: NumericColumns } | null>(null)
  useEffect(() => {
    if (key === '') return
    const controller = new AbortController()
    const { signal } = controller
    const wanted = key.split(',').map(Number)
    const keepReading = async (): Promise<void> => {
      while (!signal.aborted) {
        const revision = table.getRevision()
        const data = await readColumns(table, wanted, signal)
        if (signal.aborted) return
        setRead({ table, key, data })
        await pause(refreshMs, signal)
        await nextRevision(table, revision, signal)
      }
    }
    keepReading().catch(reportError)
    return () => controller.abort()
  }, [table, key])
  return read?.table === table && read.key === key ? read.data : null
}

/** Resolves when the table is no longer at `revision`, or when `signal` fires. */
const nextRevision = (table: ResultTable, revision: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const check = (): void => {
      if (!signal.aborted && table.getRevision() === revision) return
      unsubscribe()
      signal.removeEventListener('abort', check)
      resolve()
    }
    const unsubscribe = table.subscribe(check)
    signal.addEventListener('abort', check)
    check()
  })

/** Smallest and largest of a column; null when it is empty. */
export function extent(values: Float64Array): [number, number] | null {
  if (values.length === 0) return null
  let low = Infinity
  let high = -Infinity
  // By index: several times faster than an iterator over millions.
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!
    if (value < low) low = value
    if (value > high) high = value
  }
  return [low, high]
}
