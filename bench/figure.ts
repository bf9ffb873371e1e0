// What a benchmark prints: one figure a line, each a ratio to a peer or floor of the same run where it can be.

export interface Figure {
  bench: string
  metric: string
  value: number
  unit: string
  /** What a ratio is against, in words; null for an absolute value that stands beside it. */
  against: string | null
}

export type Emit = (figure: Figure) => void
