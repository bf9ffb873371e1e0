// One cell as text: exact for integers of any size, shortest for floats, PostgreSQL's own look for the rest. NULL
// is told from an empty text by the caller: this file formats values, never their absence.
import { DataType, TimeUnit, type Field } from 'apache-arrow'

/** A formatter for one column, chosen once by its type. */
export type CellFormatter = (value: unknown) => string

/** `isWhole` leaves nothing out of long values: for copying, where the screen's shortened text would be a lie. */
export function formatterFor(field: Field, isWhole = false): CellFormatter {
  const { type } = field
  if (DataType.isFloat(type)) return type.precision === 1 ? formatFloat4 : formatFloat8
  if (DataType.isTimestamp(type)) return timestampFormatter(type.unit, type.timezone)
  if (DataType.isDate(type)) return formatDate
  if (DataType.isTime(type)) return formatTime
  if (DataType.isBinary(type) || DataType.isLargeBinary(type) || DataType.isFixedSizeBinary(type)) return byteaFormatter(isWhole ? Infinity : mostBytesShown)
  if (DataType.isBool(type)) return (value) => (value ? 'true' : 'false')
  if (DataType.isList(type)) return listFormatter(type.children[0]!, isWhole)
  return String
}

/** True for columns whose values line up on the right. */
export const isNumeric = (field: Field): boolean =>
  DataType.isInt(field.type) || DataType.isFloat(field.type) || DataType.isDecimal(field.type) || /^numeric/.test(pgTypeOf(field) ?? '')

export const pgTypeOf = (field: Field): string | undefined => field.metadata.get('meridian.pgType')
export const unitOf = (field: Field): string | undefined => field.metadata.get('meridian.unit') || undefined
export const descriptionOf = (field: Field): string | undefined => field.metadata.get('meridian.description') || undefined

const special = (value: number): string | undefined => (Number.isNaN(value) ? 'NaN' : value === Infinity ? 'Infinity' : value === -Infinity ? '-Infinity' : undefined)

const formatFloat8: CellFormatter = (value) => special(value as number) ?? String(value)

/** The shortest text that reads back as the same 4-byte float (at most 9 digits). */
const formatFloat4: CellFormatter = (value) => {
  const number = value as number
  const named = special(number)
  if (named) return named
  for (let digits = 6; digits <= 9; digits += 1) {
    const text = number.toPrecision(digits)
    if (Math.fround(Number(text)) === number) return String(Number(text))
  }
  return String(number)
}

function timestampFormatter(unit: TimeUnit, timezone: string | null | undefined): CellFormatter {
  const suffix = timezone ? '+00' : ''
  return (value) => {
    // apache-arrow's getters give milliseconds with a fraction for finer units.
    const milliseconds = Number(value)
    if (!Number.isFinite(milliseconds) || Math.abs(milliseconds) > 8.64e15) return milliseconds > 0 ? 'infinity' : '-infinity'
    const whole = Math.floor(milliseconds)
    const micro = unit >= TimeUnit.MICROSECOND ? Math.round((milliseconds - whole) * 1000) : 0
    const text = new Date(whole).toISOString().replace('T', ' ').replace('Z', '')
    const trimmed = micro ? `${text}${String(micro).padStart(3, '0')}`.replace(/0+$/, '') : text.replace(/\.?0+$/, (zeros) => (zeros.includes('.') ? '' : zeros))
    return trimmed.replace(/\.000$/, '') + suffix
  }
}

const formatDate: CellFormatter = (value) => {
  const milliseconds = value instanceof Date ? value.getTime() : Number(value)
  return Number.isFinite(milliseconds) && Math.abs(milliseconds) <= 8.64e15 ? new Date(milliseconds).toISOString().slice(0, 10) : milliseconds > 0 ? 'infinity' : '-infinity'
}

/** Microseconds of the day. */
const formatTime: CellFormatter = (value) => {
  const micros = Number(value)
  const seconds = Math.floor(micros / 1e6)
  const part = (size: number, modulo: number): string => String(Math.floor(seconds / size) % modulo).padStart(2, '0')
  const rest = micros % 1e6
  return `${String(Math.floor(seconds / 3600)).padStart(2, '0')}:${part(60, 60)}:${part(1, 60)}${rest ? `.${String(rest).padStart(6, '0').replace(/0+$/, '')}` : ''}`
}

const mostBytesShown = 64
const byteaFormatter = (most: number): CellFormatter => (value) => {
  const bytes = value as Uint8Array
  const shown = Array.from(bytes.subarray(0, Math.min(bytes.length, most)), (byte) => byte.toString(16).padStart(2, '0')).join('')
  return `\\x${shown}${bytes.length > most ? `… (${bytes.length} bytes)` : ''}`
}

const mostItemsShown = 40
function listFormatter(item: Field, isWhole: boolean): CellFormatter {
  const formatItem = formatterFor(item, isWhole)
  const most = isWhole ? Infinity : mostItemsShown
  return (value) => {
    const list = value as { length: number; get(index: number): unknown }
    const shown: string[] = []
    for (let index = 0; index < Math.min(list.length, most); index += 1) {
      const element = list.get(index)
      shown.push(element === null || element === undefined ? 'NULL' : formatItem(element))
    }
    return `{${shown.join(',')}${list.length > most ? `,… ${list.length} items` : ''}}`
  }
}
