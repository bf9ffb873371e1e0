// How long figures are kept and how finely, and the arithmetic of making them coarser. Pure.

export interface Tier {
  stepMs: number
  /** Time covered by one stored chunk. */
  chunkMs: number
  keepMs: number
  /** 1 = the value itself; 3 = lowest, mean and highest. */
  columnCount: 1 | 3
}

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/** From fine to coarse; the position is the tier's number in the store. */
export const tiers: readonly [Tier, Tier, Tier] = [
  { stepMs: minuteMs / 2, chunkMs: hourMs, keepMs: dayMs, columnCount: 1 },
  { stepMs: 5 * minuteMs, chunkMs: dayMs, keepMs: 14 * dayMs, columnCount: 3 },
  { stepMs: hourMs, chunkMs: 8 * dayMs, keepMs: 731 * dayMs, columnCount: 3 },
]

/** Ticks stay as they came for the running hour; whole hours are turned into chunks. */
export const compactionMs = hourMs

export const floorTo = (atMs: number, stepMs: number): number => Math.floor(atMs / stepMs) * stepMs

/** Buckets of a fixed width that values fall into. A bucket that nothing fell into is not known. */
export class Buckets {
  readonly lows: Float64Array
  readonly means: Float64Array
  readonly highs: Float64Array
  private readonly counts: Uint32Array
  private readonly startMs: number
  private readonly stepMs: number

  constructor(startMs: number, stepMs: number, count: number) {
    this.startMs = startMs
    this.stepMs = stepMs
    this.lows = new Float64Array(count).fill(NaN)
    this.means = new Float64Array(count).fill(NaN)
    this.highs = new Float64Array(count).fill(NaN)
    this.counts = new Uint32Array(count)
  }

  /** NaN, and what lies outside, is left out. */
  add(atMs: number, low: number, mean: number, high: number): void {
    const index = Math.floor((atMs - this.startMs) / this.stepMs)
    if (index < 0 || index >= this.counts.length || Number.isNaN(mean)) return
    const count = this.counts[index]!
    this.counts[index] = count + 1
    if (count === 0) {
      this.lows[index] = low
      this.means[index] = mean
      this.highs[index] = high
      return
    }
    this.lows[index] = Math.min(this.lows[index]!, low)
    this.highs[index] = Math.max(this.highs[index]!, high)
    this.means[index] = this.means[index]! + (mean - this.means[index]!) / (count + 1)
  }
}

/** The finest tier that reaches back to `fromMs` and does not need more than `mostPoints`; else the coarsest that reaches. */
export function chooseTier(fromMs: number, toMs: number, nowMs: number, mostPoints: number): number {
  const reaching = tiers.flatMap((tier, index) => (fromMs >= nowMs - tier.keepMs ? [index] : []))
  const fitting = reaching.find((index) => (toMs - fromMs) / tiers[index]!.stepMs <= mostPoints)
  return fitting ?? reaching.at(-1) ?? tiers.length - 1
}
