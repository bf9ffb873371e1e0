// Draws icon.png from the same figures as icon.svg, with nothing installed: run it by hand after changing either
// (`node resources/icons/render-icon.mjs`). It is no part of the build; it only knows this one drawing.
import { writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { deflateSync } from 'node:zlib'

const size = 512
const samples = 4

/** Red, green, blue from 0 to 255 and opacity from 0 to 1. */
const night = { top: [0x1d, 0x27, 0x49], bottom: [0x0e, 0x13, 0x28] }
const blue = [0x7c, 0x8c, 0xff]
const gold = [0xff, 0xd4, 0x79]
const star = [0xff, 0xf3, 0xcf]

const inRoundedSquare = (x, y) => {
  const far = 240 - 108
  const dx = Math.max(Math.abs(x - 256) - far, 0)
  const dy = Math.max(Math.abs(y - 256) - far, 0)
  return Math.hypot(dx, dy) <= 108
}

/** Distance of a point to an ellipse about the centre, good to a fraction of a pixel this near to it. */
const toEllipse = (x, y, rx, ry) => {
  let best = Infinity
  for (let step = 0; step < ellipseSteps; step += 1) {
    const angle = (step / ellipseSteps) * 2 * Math.PI
    best = Math.min(best, Math.hypot(x - 256 - rx * Math.cos(angle), y - 256 - ry * Math.sin(angle)))
  }
  return best
}
const ellipseSteps = 720

/** Where an ellipse's stroke can be at all, so that the slow distance is asked for few points. */
const nearEllipse = (x, y, rx, ry, half) => {
  const at = (grow) => ((x - 256) / (rx + grow)) ** 2 + ((y - 256) / (ry + grow)) ** 2
  return at(half + 2) <= 1 && at(-half - 2) >= 1
}
const onEllipse = (x, y, rx, ry, width) =>
  nearEllipse(x, y, rx, ry, width / 2) && toEllipse(x, y, rx, ry) <= width / 2

const over = (under, colour, alpha) =>
  under.map((value, index) => value * (1 - alpha) + colour[index] * alpha)

function colourAt(x, y) {
  if (!inRoundedSquare(x, y)) return undefined
  const down = (y - 16) / 480
  let colour = night.top.map((value, index) => value * (1 - down) + night.bottom[index] * down)
  if (Math.abs(Math.hypot(x - 256, y - 256) - 160) <= 11) colour = over(colour, blue, 1)
  if (onEllipse(x, y, 160, 52, 14)) colour = over(colour, blue, 0.55)
  if (onEllipse(x, y, 72, 160, 22)) colour = over(colour, gold, 1)
  if (Math.hypot(x - 307, y - 143) <= 27) colour = over(colour, star, 1)
  return colour
}

function drawPixel(column, row) {
  const sum = [0, 0, 0]
  let covered = 0
  for (let index = 0; index < samples * samples; index += 1) {
    const x = column + ((index % samples) + 0.5) / samples
    const y = row + (Math.floor(index / samples) + 0.5) / samples
    const colour = colourAt(x, y)
    if (!colour) continue
    covered += 1
    colour.forEach((value, channel) => (sum[channel] += value))
  }
  const alpha = Math.round((covered / (samples * samples)) * 255)
  return covered === 0 ? [0, 0, 0, 0] : [...sum.map((value) => Math.round(value / covered)), alpha]
}

function chunk(name, content) {
  const body = Buffer.concat([Buffer.from(name, 'latin1'), content])
  const framed = Buffer.alloc(body.length + 8)
  framed.writeUInt32BE(content.length, 0)
  body.copy(framed, 4)
  framed.writeUInt32BE(crc32(body), body.length + 4)
  return framed
}

function crc32(bytes) {
  let crc = ~0
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}

/** Rows filtered by "up": the drawing's smooth parts then deflate well. */
function encodePng(rows) {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(size, 0)
  header.writeUInt32BE(size, 4)
  header.set([8, 6, 0, 0, 0], 8)
  const filtered = rows.map((row, index) => {
    const above = rows[index - 1]
    return Buffer.from([2, ...row.map((value, at) => (value - (above?.[at] ?? 0)) & 255)])
  })
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const data = deflateSync(Buffer.concat(filtered), { level: 9 })
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', data),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

const rows = Array.from({ length: size }, (_unused, row) =>
  Array.from({ length: size }, (_none, column) => drawPixel(column, row)).flat(),
)
writeFileSync(join(dirname(fileURLToPath(import.meta.url)), 'icon.png'), encodePng(rows))
