// Points as a picture of their density: each pixel counts what falls on it, and the count becomes a colour on a
// logarithmic ramp. Works alike for a hundred points and for ten million, and never hides a single one.

/** Ramps from few to many, as RGB; dark surfaces begin dark, light ones begin light, so one point is always seen. */
const ramps = {
  dark: [[92, 108, 214], [124, 140, 255], [120, 200, 235], [180, 235, 190], [255, 235, 150], [255, 255, 240]],
  light: [[132, 146, 232], [86, 100, 223], [59, 74, 196], [92, 52, 150], [150, 40, 100], [120, 10, 40]],
} as const
export type RampName = keyof typeof ramps

/** Colour of a count between 1 and `most`. */
export function rampColor(count: number, most: number, ramp: RampName): [number, number, number] {
  const stops = ramps[ramp]
  const at = most <= 1 ? 0.35 : Math.log(count) / Math.log(most)
  const place = Math.min(0.9999, Math.max(0, at)) * (stops.length - 1)
  const low = stops[Math.floor(place)]!
  const high = stops[Math.floor(place) + 1]!
  const part = place - Math.floor(place)
  return [0, 1, 2].map((channel) => Math.round(low[channel]! + (high[channel]! - low[channel]!) * part)) as [number, number, number]
}

export interface DensityImage {
  pixels: Uint8ClampedArray<ArrayBuffer>
  most: number
}

/** Spots of `radiusPx` so that sparse points can be seen; 0 = single pixels. */
export const radiusFor = (points: number): number => (points <= 2000 ? 2 : points <= 60_000 ? 1 : 0)

/** Counts → RGBA pixels. Sparse pictures are widened to spots by `radiusPx`. */
export function toPixels(counts: Uint32Array, widthPx: number, heightPx: number, radiusPx: number, ramp: RampName): DensityImage {
  const spread = radiusPx > 0 ? widen(counts, widthPx, heightPx, radiusPx) : counts
  let most = 0
  for (const count of spread) if (count > most) most = count
  const pixels = new Uint8ClampedArray(widthPx * heightPx * 4)
  // One 32-bit store a pixel; the table is written through bytes, so that it holds on either byte order.
  const words = new Uint32Array(pixels.buffer)
  const table = colorWords(Math.max(most, 2), ramp)
  const scale = 255 / Math.log(Math.max(most, 2))
  for (let index = 0; index < spread.length; index += 1) {
    const count = spread[index]!
    if (count > 0) words[index] = table[Math.min(255, Math.round(Math.log(count) * scale))]!
  }
  return { pixels, most }
}

/** 256 opaque colours, evenly along the logarithm of the count. */
function colorWords(most: number, ramp: RampName): Uint32Array {
  const bytes = new Uint8Array(256 * 4)
  for (let index = 0; index < 256; index += 1) {
    const [red, green, blue] = rampColor(Math.exp((index / 255) * Math.log(most)), most, ramp)
    bytes.set([red, green, blue, 255], index * 4)
  }
  return new Uint32Array(bytes.buffer)
}

function widen(counts: Uint32Array, widthPx: number, heightPx: number, radiusPx: number): Uint32Array {
  const spread = new Uint32Array(counts.length)
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) {
      const count = counts[y * widthPx + x]!
      if (count === 0) continue
      for (let dy = -radiusPx; dy <= radiusPx; dy += 1) {
        for (let dx = -radiusPx; dx <= radiusPx; dx += 1) {
          const atX = x + dx
          const atY = y + dy
          if (dx * dx + dy * dy > radiusPx * radiusPx + 1 || atX < 0 || atY < 0 || atX >= widthPx || atY >= heightPx) continue
          spread[atY * widthPx + atX]! += count
        }
      }
    }
  }
  return spread
}
