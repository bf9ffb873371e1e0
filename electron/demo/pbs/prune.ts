// Which snapshots of a group a retention keeps: the last N, then one for each of so many hours, days, weeks, months
// and years, newest first, protected ones untouched. Pure.

export interface Retention {
  keepLast?: number | undefined
  keepHourly?: number | undefined
  keepDaily?: number | undefined
  keepWeekly?: number | undefined
  keepMonthly?: number | undefined
  keepYearly?: number | undefined
}

interface Prunable {
  timeSeconds: number
  isProtected: boolean
  endMs: number | undefined
}

const iso = (seconds: number): string => new Date(seconds * 1000).toISOString()

/** ISO year and week, for example `2026-W47`. */
function weekOf(seconds: number): string {
  const day = new Date(seconds * 1000)
  const thursday = new Date(
    Date.UTC(day.getUTCFullYear(), day.getUTCMonth(), day.getUTCDate() + 4 - (day.getUTCDay() || 7)),
  )
  const week = Math.ceil(
    ((thursday.getTime() - Date.UTC(thursday.getUTCFullYear(), 0, 1)) / 86_400_000 + 1) / 7,
  )
  return `${thursday.getUTCFullYear()}-W${week}`
}

const periods: readonly [keyof Retention, (seconds: number) => string][] = [
  ['keepLast', (seconds) => String(seconds)],
  ['keepHourly', (seconds) => iso(seconds).slice(0, 13)],
  ['keepDaily', (seconds) => iso(seconds).slice(0, 10)],
  ['keepWeekly', weekOf],
  ['keepMonthly', (seconds) => iso(seconds).slice(0, 7)],
  ['keepYearly', (seconds) => iso(seconds).slice(0, 4)],
]

/** The snapshots of one group that stay. Without any keep option, and while a backup runs, nothing goes. */
export function keptSnapshots<S extends Prunable>(snapshots: readonly S[], retention: Retention): Set<S> {
  if (!periods.some(([option]) => (retention[option] ?? 0) > 0)) return new Set(snapshots)
  const newestFirst = [...snapshots].sort((a, b) => b.timeSeconds - a.timeSeconds)
  const kept = new Set(newestFirst.filter((it) => it.isProtected || it.endMs === undefined))
  const judged = new Set(kept)
  for (const [option, periodOf] of periods) {
    const already = new Set([...kept].filter((it) => !it.isProtected).map((it) => periodOf(it.timeSeconds)))
    const chosen = new Set<string>()
    for (const snapshot of newestFirst) {
      const period = periodOf(snapshot.timeSeconds)
      if (judged.has(snapshot) || already.has(period)) continue
      if (!chosen.has(period)) {
        if (chosen.size >= (retention[option] ?? 0)) break
        chosen.add(period)
        kept.add(snapshot)
      }
      judged.add(snapshot)
    }
  }
  return kept
}
