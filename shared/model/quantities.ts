// Quantities as people read them. Pure; used by screens, exports and messages alike.

/** Binary units with a space: `94.0 GiB`. Negative and non-finite values read as an em dash. */
export function formatBytes(bytes: number | null | undefined): string {
  if (bytes === null || bytes === undefined || !Number.isFinite(bytes) || bytes < 0) return '—'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`
}

/** `0.318` → `32 %`. */
export const formatPercent = (fraction: number | null | undefined): string =>
  fraction === null || fraction === undefined || !Number.isFinite(fraction) ? '—' : `${Math.round(fraction * 100)} %`

/** `93784000` → `1 d 2 h`; the two largest units only. */
export function formatDuration(ms: number | null | undefined): string {
  if (ms === null || ms === undefined || !Number.isFinite(ms)) return '—'
  if (ms < 1000) return `${Math.max(0, Math.round(ms))} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  const parts: Array<[number, string]> = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's']]
  const first = parts.findIndex(([size]) => ms >= size)
  const [size, unit] = parts[first]!
  const head = `${Math.floor(ms / size)} ${unit}`
  const next = parts[first + 1]
  const rest = next ? Math.floor((ms % size) / next[0]) : 0
  return next && rest > 0 ? `${head} ${rest} ${next[1]}` : head
}

/** How long ago, in one unit: `just now`, `12 s ago`, `3 h ago`, `2 d ago`. */
export function formatAge(ageMs: number): string {
  if (ageMs < 2000) return 'just now'
  const [size, unit] =
    ageMs < 60_000 ? [1000, 's'] : ageMs < 3_600_000 ? [60_000, 'min'] : ageMs < 172_800_000 ? [3_600_000, 'h'] : [86_400_000, 'd']
  return `${Math.floor(ageMs / (size as number))} ${unit} ago`
}

/** Digits in groups of three by thin spaces: `1 000 000`. */
export const formatCount = (count: number | bigint): string => count.toString().replace(/\B(?=(\d{3})+(?!\d))/g, '\u202f')
