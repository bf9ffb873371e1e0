// How long to wait before the next look at a system: the set pace while it answers, growing pauses while it does not.

const longestPauseMs = 5 * 60_000

/**
 * `failures` is how many looks failed in a row. Doubles per failure up to five minutes, spread by ±20 % so that
 * connections that failed together do not come back together; `random` is in [0, 1).
 */
export function nextPauseMs(refreshMs: number, failures: number, random: number): number {
  if (failures === 0) return refreshMs
  const grown = Math.min(refreshMs * 2 ** Math.min(failures - 1, 16), Math.max(longestPauseMs, refreshMs))
  return Math.round(grown * (0.8 + 0.4 * random))
}
