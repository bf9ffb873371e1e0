// The whole sky on a flat page: the Mollweide projection, equal in area, with right ascension growing to the left
// as it does when one looks up. Coordinates in degrees, equatorial (ICRS).
import { geoMollweideRaw } from 'd3-geo-projection'

export interface SkyFrame {
  widthPx: number
  heightPx: number
  /** Right ascension at the middle of the map, degrees. */
  centreRa: number
}

const radians = Math.PI / 180
/** Half the width of the raw projection: 2 √2, and half its height: √2. */
const halfWidth = 2 * Math.SQRT2
const tableSize = 1800

/**
 * y and the shrinking of x by declination, tabled at 0.1 degree: the projection solves an equation per point, and
 * a million points need not solve it a million times. The error stays below a hundredth of a pixel.
 */
let table: { y: Float64Array; shrink: Float64Array } | undefined
function lookUp(): { y: Float64Array; shrink: Float64Array } {
  if (table) return table
  const raw = geoMollweideRaw as (lambda: number, phi: number) => [number, number]
  const y = new Float64Array(tableSize + 1)
  const shrink = new Float64Array(tableSize + 1)
  for (let index = 0; index <= tableSize; index += 1) {
    const dec = (index / tableSize) * 180 - 90
    const [edge, height] = raw(Math.PI, dec * radians)
    y[index] = height
    shrink[index] = edge / Math.PI
  }
  table = { y, shrink }
  return table
}

/** How many pixels one unit of the raw projection takes, so that the oval fits with a margin. */
export const skyScale = ({ widthPx, heightPx }: SkyFrame): number => Math.min((widthPx - 40) / (2 * halfWidth), (heightPx - 40) / (2 * Math.SQRT2))

/** Pixel of a position; writes into `out` to spare a million arrays. Declinations beyond the poles are clamped. */
export function projectInto(raDeg: number, decDeg: number, frame: SkyFrame, scale: number, out: { x: number; y: number }): void {
  const { y, shrink } = lookUp()
  const place = ((Math.min(90, Math.max(-90, decDeg)) + 90) / 180) * tableSize
  const low = Math.min(tableSize - 1, Math.floor(place))
  const part = place - low
  let delta = (((raDeg - frame.centreRa) % 360) + 540) % 360 - 180
  if (delta === -180) delta = 180
  const width = shrink[low]! + (shrink[low + 1]! - shrink[low]!) * part
  out.x = frame.widthPx / 2 - delta * radians * width * scale
  out.y = frame.heightPx / 2 - (y[low]! + (y[low + 1]! - y[low]!) * part) * scale
}

/** Columns that hold a right ascension and a declination, by the names catalogues use; null when there are none. */
export function findSkyColumns(names: readonly string[]): { ra: number; dec: number } | null {
  const lower = names.map((name) => name.toLowerCase())
  const pairs = [['ra', 'dec'], ['mean_fiber_ra', 'mean_fiber_dec'], ['target_ra', 'target_dec'], ['ra_deg', 'dec_deg'], ['raj2000', 'dej2000']] as const
  for (const [ra, dec] of pairs) if (lower.includes(ra) && lower.includes(dec)) return { ra: lower.indexOf(ra), dec: lower.indexOf(dec) }
  const ra = lower.findIndex((name) => /(^|_)ra$/.test(name))
  const dec = lower.findIndex((name) => /(^|_)dec$/.test(name))
  return ra >= 0 && dec >= 0 ? { ra, dec } : null
}
