// Figures that jitter with every poll (CPU, memory, the second of a start) would make every entity of a site change
// all the time. A figure is only taken over when it has moved by more than a person would care about; the last
// published one is the measure, so slow drift still shows.
import type { Entity, FactValue } from '#shared/model/inventory.ts'

type Facts = Entity['facts']

/** `next`, with figures that have hardly moved since `previous` left as they were. */
export function steadyFacts(previous: Facts | undefined, next: Facts): Facts {
  if (!previous) return next
  let steadied: Facts | undefined
  for (const key in next) {
    const before = previous[key]
    const now = next[key]
    if (typeof before !== 'number' || typeof now !== 'number' || before === now) continue
    if (Math.abs(now - before) > band(key, next)) continue
    steadied ??= { ...next }
    steadied[key] = before
  }
  return steadied ?? next
}

function band(key: string, facts: Facts): number {
  if (key === 'cpuFraction') return 0.02
  if (key === 'startedAtMs') return 60_000
  if (key.endsWith('Bytes') && !key.endsWith('TotalBytes'))
    return 0.005 * numberOr(facts[`${key.slice(0, -5)}TotalBytes`], 0)
  return 0
}

const numberOr = (value: FactValue | undefined, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise

/** Facts without those that are not known: an absent figure is a gap, never a zero. */
export function knownFacts(facts: Record<string, FactValue | undefined>): Facts {
  const known: Facts = {}
  for (const key in facts) {
    const value = facts[key]
    if (value !== undefined && value !== null && !(typeof value === 'number' && !Number.isFinite(value)))
      known[key] = value
  }
  return known
}

/** A share of one, rounded to a hundredth: more digits are noise. */
export const toFraction = (value: number | undefined): number | undefined =>
  value === undefined ? undefined : Math.round(Math.min(1, Math.max(0, value)) * 100) / 100
