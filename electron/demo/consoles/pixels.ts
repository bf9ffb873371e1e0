// A text grid as the pixels of an RFB client: in whatever true-colour format it has asked for.
import { letterHeight, letterWidth, rowsOf } from './font.ts'
import type { TextGrid } from './text-grid.ts'

/** As SetPixelFormat says it. */
export interface PixelFormat {
  bitsPerPixel: 8 | 16 | 32
  isBigEndian: boolean
  red: { max: number; shift: number }
  green: { max: number; shift: number }
  blue: { max: number; shift: number }
}

/** What the server offers before the client chooses. */
export const ownFormat: PixelFormat = {
  bitsPerPixel: 32,
  isBigEndian: false,
  red: { max: 255, shift: 16 },
  green: { max: 255, shift: 8 },
  blue: { max: 255, shift: 0 },
}

/** The sixteen colours of a text console. */
const palette = [
  0x101318, 0xb0303a, 0x2f9d62, 0xb07a20, 0x3a63c8, 0x9a4fb0, 0x2c9aa8, 0xc2c7d3, 0x5b6274, 0xff6b76, 0x3fcf8e, 0xffd479,
  0x7aa2ff, 0xd79bf0, 0x66dbe6, 0xffffff,
]

export const widthOf = (grid: TextGrid): number => grid.columns * letterWidth
export const heightOf = (grid: TextGrid): number => grid.rows * letterHeight

/** Where text is marked by the pointer: from one cell to another, in reading order. */
export interface Marked {
  from: { column: number; row: number }
  to: { column: number; row: number }
}

/** The pixels of the whole rows `first` to `last`, raw, in `format`. */
export function drawRows(
  grid: TextGrid,
  rows: { first: number; last: number },
  format: PixelFormat,
  marked: Marked | undefined,
): Buffer {
  const colours = palette.map((rgb) => pixelOf(rgb, format))
  const size = format.bitsPerPixel / 8
  const width = widthOf(grid)
  const picture = Buffer.alloc((rows.last - rows.first + 1) * letterHeight * width * size)
  for (let row = rows.first; row <= rows.last; row += 1) {
    for (let column = 0; column < grid.columns; column += 1) {
      const { letter, colour, ground } = grid.cell(column, row)
      const isInverse = isCursor(grid, column, row) !== isMarked(marked, column, row)
      const ink = colours[isInverse ? ground : colour]!
      const paper = colours[isInverse ? colour : ground]!
      const bits = rowsOf(letter)
      for (let y = 0; y < letterHeight; y += 1) {
        const line = bits[y]!
        let at = (((row - rows.first) * letterHeight + y) * width + column * letterWidth) * size
        for (let mask = 0x80; mask > 0; mask >>= 1, at += size) (line & mask ? ink : paper).copy(picture, at)
      }
    }
  }
  return picture
}

const isCursor = (grid: TextGrid, column: number, row: number): boolean =>
  grid.isCursorShown && grid.cursor.row === row && Math.min(grid.cursor.column, grid.columns - 1) === column

function isMarked(marked: Marked | undefined, column: number, row: number): boolean {
  if (!marked) return false
  const { from, to } = marked
  const isAfterStart = row > from.row || (row === from.row && column >= from.column)
  return isAfterStart && (row < to.row || (row === to.row && column <= to.column))
}

function pixelOf(rgb: number, format: PixelFormat): Buffer {
  const part = (channel: { max: number; shift: number }, byte: number): number =>
    (Math.round((byte / 255) * channel.max) << channel.shift) >>> 0
  const value =
    (part(format.red, (rgb >> 16) & 255) | part(format.green, (rgb >> 8) & 255) | part(format.blue, rgb & 255)) >>> 0
  const pixel = Buffer.alloc(format.bitsPerPixel / 8)
  if (format.bitsPerPixel === 8) pixel.writeUInt8(value & 255)
  else if (format.bitsPerPixel === 16)
    format.isBigEndian ? pixel.writeUInt16BE(value & 0xffff) : pixel.writeUInt16LE(value & 0xffff)
  else if (format.isBigEndian) pixel.writeUInt32BE(value)
  else pixel.writeUInt32LE(value)
  return pixel
}
