// Values of a result as PostgreSQL prints them (ISO dates, hex bytes), from the form they have in Arrow. For exports
// and for the grid; pure. The extremes of a date or a timestamp stand for ±infinity.

const usPerDay = 86_400_000_000n
const int64Max = 0x7fff_ffff_ffff_ffffn
const int64Min = -0x8000_0000_0000_0000n

/** Days since 1970-01-01, as `date` prints: `2024-02-29`, `0044-03-15 BC`, `infinity`. */
export function dateText(days: number): string {
  if (days === 0x7fffffff) return 'infinity'
  if (days === -0x80000000) return '-infinity'
  const { year, month, day } = civilOf(days)
  return withEra(year, (shown) => `${pad(shown, 4)}-${pad(month, 2)}-${pad(day, 2)}`)
}

/** Microseconds since 1970, as `timestamp` prints; `zone` is appended (`+00`). */
export function timestampText(us: bigint, zone = ''): string {
  if (us === int64Max) return 'infinity'
  if (us === int64Min) return '-infinity'
  const days = us >= 0n ? us / usPerDay : -((-us + usPerDay - 1n) / usPerDay)
  const { year, month, day } = civilOf(Number(days))
  const time = timeText(us - days * usPerDay)
  return withEra(year, (shown) => `${pad(shown, 4)}-${pad(month, 2)}-${pad(day, 2)} ${time}${zone}`)
}

/** Microseconds since midnight, up to `24:00:00`. */
export function timeText(us: bigint): string {
  const seconds = Number(us / 1_000_000n)
  const fraction = Number(us % 1_000_000n)
  const clock = `${pad(Math.floor(seconds / 3600), 2)}:${pad(Math.floor(seconds / 60) % 60, 2)}:${pad(seconds % 60, 2)}`
  return fraction === 0 ? clock : `${clock}.${pad(fraction, 6).replace(/0+$/, '')}`
}

/** `\x` and hexadecimal, as bytea_output = hex prints. */
export function bytesText(bytes: Uint8Array): string {
  let text = '\\x'
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0')
  return text
}

const pad = (value: number, width: number): string => String(value).padStart(width, '0')
const withEra = (year: number, print: (shown: number) => string): string =>
  year > 0 ? print(year) : `${print(1 - year)} BC`

/** The proleptic Gregorian date of a day number, for any year (Hinnant, "chrono-compatible low-level date algorithms"). */
function civilOf(days: number): { year: number; month: number; day: number } {
  const shifted = days + 719_468
  const era = Math.floor(shifted / 146_097)
  const dayOfEra = shifted - era * 146_097
  const yearOfEra = Math.floor(
    (dayOfEra -
      Math.floor(dayOfEra / 1460) +
      Math.floor(dayOfEra / 36_524) -
      Math.floor(dayOfEra / 146_096)) /
      365,
  )
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const shiftedMonth = Math.floor((5 * dayOfYear + 2) / 153)
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
  const day = dayOfYear - Math.floor((153 * shiftedMonth + 2) / 5) + 1
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day }
}
