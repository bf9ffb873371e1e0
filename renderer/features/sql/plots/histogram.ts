// Counting into bins. Pure; the edges are round numbers, so that a person can read them off the axis.

export interface Histogram {
  /** One more than there are counts. */
  edges: Float64Array
  counts: Float64Array
}

/** A step of 1, 2, 2.5 or 5 times a power of ten, at least as large as `rough`. */
export function roundStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough))
  const factor = [1, 2, 2.5, 5, 10].find((each) => each * power >= rough * (1 - 1e-9)) ?? 10
  return factor * power
}

/** About `bins` bins over the range of the values; a single value gets a bin of its own. */
export function binValues(values: Float64Array, bins: number, range: [number, number]): Histogram {
  const [low, high] = range
  const step = high > low ? roundStep((high - low) / bins) : Math.abs(low) > 0 ? Math.abs(low) / 10 : 1
  const first = Math.floor(low / step) * step
  const size = Math.max(1, Math.floor((high - first) / step) + 1)
  const counts = new Float64Array(size)
  for (let index = 0; index < values.length; index += 1) {
    const bin = Math.floor((values[index]! - first) / step)
    if (bin >= 0 && bin < size) counts[bin]! += 1
  }
  return { edges: Float64Array.from({ length: size + 1 }, (_unused, index) => first + index * step), counts }
}
