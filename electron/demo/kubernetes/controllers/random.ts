// A seeded source of names and identifiers, so that the demo cluster looks the same at every start of a day. Not for
// secrets. One instance belongs to one cluster.

export interface SeededRandom {
  /** In [0, 1). */
  fraction(): number
  /** A whole number in [0, below). */
  below(limit: number): number
  /** The letters behind a generated name. */
  suffix(length?: number): string
  hex(length: number): string
  uuid(): string
}

const letters = 'bcdfghjklmnpqrstvwxz2456789'

/** Mulberry32: small, fast, and good enough for a demo. */
export function createRandom(seed: number): SeededRandom {
  let state = seed >>> 0
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number): number => Math.floor(fraction() * limit)
  const hex = (length: number): string => Array.from({ length }, () => below(16).toString(16)).join('')
  return {
    fraction,
    below,
    hex,
    suffix: (length = 5) => Array.from({ length }, () => letters[below(letters.length)]).join(''),
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'[below(4)] ?? '8'}${hex(3)}-${hex(12)}`,
  }
}

/** A stable text of safe letters for any value: what `pod-template-hash` and revision names are made of. */
export function stableHash(value: unknown, length = 10): string {
  const text = JSON.stringify(value)
  let result = ''
  for (let round = 0; result.length < length; round += 1) {
    let hash = 0x811c9dc5 ^ round
    for (let index = 0; index < text.length; index += 1)
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193)
    hash = (hash ^ (hash >>> 15)) >>> 0
    result += letters[hash % letters.length] ?? ''
  }
  return result
}
