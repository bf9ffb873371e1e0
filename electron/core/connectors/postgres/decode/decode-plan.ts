// What the decoder must know of each result column, and how PostgreSQL's types map onto Arrow's. Shared by the
// session (which asks for the formats) and the decode worker (which trusts nothing else). Type numbers are those of
// PostgreSQL's pg_type.dat, fixed for built-in types.
import type { ArrowType } from '#shared/wire/arrow-frames.ts'

export type ScalarKind =
  | 'bool'
  | 'int2'
  | 'int4'
  | 'int8'
  | 'oid'
  | 'float4'
  | 'float8'
  | 'numeric'
  | 'text'
  | 'bytea'
  | 'date'
  | 'timestamp'
  | 'timestamptz'
  | 'time'
  | 'uuid'
export type ItemKind = 'int2' | 'int4' | 'int8' | 'float4' | 'float8' | 'text' | 'bool'
/** `array-text` reads the binary form of an array and writes PostgreSQL's own literal. */
export type DecodeKind = ScalarKind | `list-${ItemKind}` | 'array-text'

export interface DecodeColumn {
  name: string
  typeOid: number
  kind: DecodeKind
  /** The result format asked for in Bind: 1 = binary. Everything unknown comes as text, and says so. */
  format: 0 | 1
  metadata: Record<string, string>
}

interface BuiltInType {
  name: string
  kind: DecodeKind
}
const builtIn = (name: string, kind: DecodeKind): BuiltInType => ({ name, kind })

/** The types with a decoder of their own; all others travel as text. */
const builtInTypes: Readonly<Record<number, BuiltInType>> = {
  16: builtIn('bool', 'bool'),
  17: builtIn('bytea', 'bytea'),
  19: builtIn('name', 'text'),
  20: builtIn('int8', 'int8'),
  21: builtIn('int2', 'int2'),
  23: builtIn('int4', 'int4'),
  25: builtIn('text', 'text'),
  26: builtIn('oid', 'oid'),
  700: builtIn('float4', 'float4'),
  701: builtIn('float8', 'float8'),
  705: builtIn('unknown', 'text'),
  1000: builtIn('_bool', 'list-bool'),
  1005: builtIn('_int2', 'list-int2'),
  1007: builtIn('_int4', 'list-int4'),
  1009: builtIn('_text', 'list-text'),
  1014: builtIn('_bpchar', 'list-text'),
  1015: builtIn('_varchar', 'list-text'),
  1016: builtIn('_int8', 'list-int8'),
  1021: builtIn('_float4', 'list-float4'),
  1022: builtIn('_float8', 'list-float8'),
  1042: builtIn('bpchar', 'text'),
  1043: builtIn('varchar', 'text'),
  1082: builtIn('date', 'date'),
  1083: builtIn('time', 'time'),
  1114: builtIn('timestamp', 'timestamp'),
  1184: builtIn('timestamptz', 'timestamptz'),
  1700: builtIn('numeric', 'numeric'),
  2950: builtIn('uuid', 'uuid'),
}

/** Text types whose binary form is the text itself: they count as known, whichever format is asked. */
const isPlainText = new Set([19, 25, 705, 1042, 1043])

/** How one column of a RowDescription is to be decoded. `typeName` is asked of the server for unknown numbers. */
export function planColumn(
  column: { name: string; typeOid: number; typeModifier: number },
  typeName?: string,
): DecodeColumn {
  const known = builtInTypes[column.typeOid]
  const pgType =
    (known?.name ?? typeName ?? `oid ${column.typeOid}`) + modifierOf(column.typeOid, column.typeModifier)
  const metadata: Record<string, string> = {
    'meridian.pgType': pgType,
    'meridian.pgOid': String(column.typeOid),
  }
  if (!known) metadata['meridian.note'] = 'Shown as PostgreSQL prints it.'
  const format = known && !isPlainText.has(column.typeOid) ? 1 : 0
  return { name: column.name, typeOid: column.typeOid, kind: known?.kind ?? 'text', format, metadata }
}

export const isKnownType = (typeOid: number): boolean => typeOid in builtInTypes

/** `(10,3)`, `(6)`: lengths and precisions as PostgreSQL encodes them in a type modifier. */
function modifierOf(typeOid: number, modifier: number): string {
  if (modifier < 4) return ''
  if (typeOid === 1042 || typeOid === 1043 || typeOid === 1014 || typeOid === 1015) return `(${modifier - 4})`
  if (typeOid !== 1700) return ''
  const precision = ((modifier - 4) >> 16) & 0xffff
  const scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024
  return `(${precision},${scale})`
}

/** The Arrow type in which a kind arrives. */
export function arrowTypeOf(kind: DecodeKind): ArrowType {
  switch (kind) {
    case 'bool':
      return { kind: 'bool' }
    case 'int2':
      return { kind: 'int', bits: 16, isSigned: true }
    case 'int4':
      return { kind: 'int', bits: 32, isSigned: true }
    case 'int8':
      return { kind: 'int', bits: 64, isSigned: true }
    case 'oid':
      return { kind: 'int', bits: 32, isSigned: false }
    case 'float4':
      return { kind: 'float', bits: 32 }
    case 'float8':
      return { kind: 'float', bits: 64 }
    case 'bytea':
      return { kind: 'binary' }
    case 'date':
      return { kind: 'date' }
    case 'time':
      return { kind: 'time' }
    case 'timestamp':
      return { kind: 'timestamp', timezone: null }
    case 'timestamptz':
      return { kind: 'timestamp', timezone: 'UTC' }
    case 'numeric':
    case 'text':
    case 'uuid':
    case 'array-text':
      return { kind: 'utf8' }
    default:
      return { kind: 'list', item: arrowTypeOf(kind.slice('list-'.length) as ItemKind) }
  }
}
