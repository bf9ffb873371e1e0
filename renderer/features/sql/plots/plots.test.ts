import { tableFromArrays, type RecordBatch as Batch } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { ResultTable } from '../result-table.ts'
import { extent, readColumns } from './column-data.ts'
import { radiusFor, toPixels } from './density.ts'
import { binValues, roundStep } from './histogram.ts'
import { findSkyColumns, projectInto, skyScale } from './sky-projection.ts'

function tableOf(columns: Record<string, Float64Array | BigInt64Array>, pieces = 1): ResultTable {
  const whole = tableFromArrays(columns)
  const table = new ResultTable()
  table.setSchema(whole.schema)
  const size = Math.ceil(whole.numRows / pieces)
  for (let start = 0; start < whole.numRows; start += size) for (const batch of whole.slice(start, start + size).batches as Batch[]) table.append(batch)
  return table
}

describe('columns for plots', () => {
  it('reads across batches and leaves out NaN and the missing sentinel, counted', async () => {
    const table = tableOf({ z: Float64Array.of(0.1, NaN, 0.3, -9999, 0.5) }, 2)
    const read = await readColumns(table, [0], new AbortController().signal)
    expect([...read.values[0]!]).toEqual([0.1, 0.3, 0.5])
    expect(read).toMatchObject({ ignored: 2, rowsSeen: 5 })
  })
  it('keeps rows whole over two columns', async () => {
    const table = tableOf({ x: Float64Array.of(1, 2, NaN), y: Float64Array.of(10, -9999, 30) })
    const read = await readColumns(table, [0, 1], new AbortController().signal)
    expect([...read.values[0]!]).toEqual([1])
    expect([...read.values[1]!]).toEqual([10])
  })
  it('finds a cell in the right batch', () => {
    const table = tableOf({ id: BigInt64Array.of(1n, 2n, 39627652591521181n, 4n, 5n) }, 3)
    expect([0, 1, 2, 3, 4].map((row) => table.value(row, 0))).toEqual([1n, 2n, 39627652591521181n, 4n, 5n])
  })
})

describe('histogram', () => {
  it('has round edges and loses nothing', () => {
    const values = Float64Array.from({ length: 1000 }, (_unused, index) => index / 1000)
    const { edges, counts } = binValues(values, 30, extent(values)!)
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1000)
    expect(edges[1]! - edges[0]!).toBeCloseTo(0.05)
  })
  it('survives a single value', () => expect(binValues(Float64Array.of(7, 7), 30, [7, 7]).counts.reduce((sum, count) => sum + count, 0)).toBe(2))
  it('steps by 1, 2, 2.5 or 5', () => expect([0.011, 0.3, 2.1, 7, 1].map(roundStep)).toEqual([0.02, 0.5, 2.5, 10, 1]))
})

describe('density picture', () => {
  it('shows a single point', () => {
    const counts = new Uint32Array(9)
    counts[4] = 1
    const { pixels, most } = toPixels(counts, 3, 3, 0, 'dark')
    expect(most).toBe(1)
    expect(pixels[4 * 4 + 3]).toBe(255)
    expect(pixels[3]).toBe(0)
  })
  it('widens sparse points only', () => expect([radiusFor(10), radiusFor(10_000), radiusFor(1e6)]).toEqual([2, 1, 0]))
})

describe('the sky', () => {
  const frame = { widthPx: 1000, heightPx: 500, centreRa: 180 }
  const place = (ra: number, dec: number): { x: number; y: number } => {
    const at = { x: 0, y: 0 }
    projectInto(ra, dec, frame, skyScale(frame), at)
    return at
  }
  it('has its centre in the middle, north up, and right ascension growing to the left', () => {
    expect(place(180, 0)).toEqual({ x: 500, y: 250 })
    expect(place(180, 60).y).toBeLessThan(250)
    expect(place(200, 0).x).toBeLessThan(500)
    expect(place(160, 0).x).toBeGreaterThan(500)
  })
  it('meets at the poles and stays inside the oval everywhere', () => {
    expect(place(10, 90).x).toBeCloseTo(place(350, 90).x, 1)
    for (let ra = 0; ra < 360; ra += 7) {
      for (let dec = -90; dec <= 90; dec += 7) {
        const { x, y } = place(ra, dec)
        const scale = skyScale(frame)
        expect(((x - 500) / (2 * Math.SQRT2 * scale)) ** 2 + ((y - 250) / (Math.SQRT2 * scale)) ** 2).toBeLessThanOrEqual(1 + 1e-6)
      }
    }
  })
  it('keeps area: a cap of 30 degrees covers its share of the oval', () => {
    // sin(lat) = 1/2 bounds a quarter of the sphere's area above it.
    const halfHeight = (250 - place(180, 30).y) / (Math.SQRT2 * skyScale(frame))
    const share = (Math.acos(halfHeight) - halfHeight * Math.sqrt(1 - halfHeight ** 2)) / Math.PI
    expect(share).toBeCloseTo(0.25, 3)
  })
  it('knows the columns by the names catalogues use', () => {
    expect(findSkyColumns(['targetid', 'mean_fiber_ra', 'mean_fiber_dec'])).toEqual({ ra: 1, dec: 2 })
    expect(findSkyColumns(['mean_fiber_ra', 'mean_fiber_dec', 'RA', 'DEC'])).toEqual({ ra: 2, dec: 3 })
    expect(findSkyColumns(['z', 'zerr'])).toBeNull()
  })
})
