// DataRow messages → column builders, by code generated for the row's shape: one straight line of reads a column, no
// dispatch a cell. Columns are grouped so that no function grows past what V8 optimises. Generation happens in the
// core only, from type kinds alone: no name or text of the server ever enters the source.
import type { ArrowNode } from '#shared/wire/arrow-frames.ts'
import {
  appendArrayLiteral,
  appendList,
  appendNumeric,
  appendUuid,
  MultiDimensionalArray,
  ProtocolFault,
} from './binary-values.ts'
import {
  BytesBuilder,
  createBoolBuilder,
  createFixedBuilder,
  ListBuilder,
  type ColumnBuilder,
} from './column-builders.ts'
import type { DecodeKind, ItemKind } from './decode-plan.ts'
import { createItems } from './item-builders.ts'

export interface RowDecoder {
  /** Rows in the builders now. */
  rows: number
  /** True when the batch should be taken: enough rows, or enough bytes of variable size. */
  readonly isFull: boolean
  /**
   * Decodes whole DataRow messages from `from` on, until the bytes, the batch or the run of rows ends; answers where it
   * stopped. Throws ProtocolFault or MultiDimensionalArrayIn, after which only `reset` is allowed.
   */
  decode(bytes: Uint8Array, view: DataView, from: number, end: number, rowLimit: number): number
  collect(nodes: ArrowNode[], buffers: (Uint8Array | undefined)[]): void
  reset(): void
}

/** Which column an array of several dimensions was met in. */
export class MultiDimensionalArrayIn extends Error {
  override readonly name = 'MultiDimensionalArrayIn'
  readonly column: number

  constructor(column: number) {
    super('An array has several dimensions.')
    this.column = column
  }
}

const batchBytes = 1024 * 1024
const maxBatchRows = 65_536
const minBatchRows = 16
const columnsPerFunction = 32

type BuilderOf = (capacity: number) => ColumnBuilder

function builderFor(kind: DecodeKind): BuilderOf {
  switch (kind) {
    case 'bool':
      return createBoolBuilder
    case 'int2':
      return (capacity) => createFixedBuilder(new Int16Array(capacity), 1, capacity)
    case 'int4':
    case 'date':
      return (capacity) => createFixedBuilder(new Int32Array(capacity), 1, capacity)
    case 'oid':
      return (capacity) => createFixedBuilder(new Uint32Array(capacity), 1, capacity)
    case 'float4':
      return (capacity) => createFixedBuilder(new Float32Array(capacity), 1, capacity)
    case 'float8':
      return (capacity) => createFixedBuilder(new Float64Array(capacity), 1, capacity)
    case 'int8':
    case 'time':
    case 'timestamp':
    case 'timestamptz':
      return (capacity) => createFixedBuilder(new Int32Array(capacity * 2), 2, capacity)
    case 'text':
    case 'bytea':
    case 'numeric':
    case 'uuid':
    case 'array-text':
      return (capacity) => new BytesBuilder(capacity)
    default:
      return (capacity) => new ListBuilder(capacity, createItems(kind.slice('list-'.length) as ItemKind))
  }
}

/** The statements that read one value of `n` bytes at `p` into the builder `c` (`v` = its values), and its fixed size. */
function readerOf(kind: DecodeKind, c: string, v: string): { size: number | undefined; code: string } {
  const whole = `${c}.offsets[row + 1] = ${c}.length; state.variable += n`
  switch (kind) {
    case 'bool':
      return { size: 1, code: `if (bytes[p] !== 0) ${v}[row >> 3] |= 1 << (row & 7)` }
    case 'int2':
      return { size: 2, code: `${v}[row] = view.getInt16(p)` }
    case 'int4':
      return { size: 4, code: `${v}[row] = view.getInt32(p)` }
    case 'oid':
      return { size: 4, code: `${v}[row] = view.getUint32(p)` }
    case 'float4':
      return { size: 4, code: `${v}[row] = view.getFloat32(p)` }
    case 'float8':
      return { size: 8, code: `${v}[row] = view.getFloat64(p)` }
    case 'int8':
    case 'time':
      return { size: 8, code: `${v}[2 * row] = view.getInt32(p + 4); ${v}[2 * row + 1] = view.getInt32(p)` }
    case 'date':
      return { size: 4, code: `${v}[row] = toUnixDay(view.getInt32(p))` }
    case 'timestamp':
    case 'timestamptz':
      return { size: 8, code: `storeTimestamp(${v}, 2 * row, view.getInt32(p), view.getUint32(p + 4))` }
    case 'uuid':
      return { size: 16, code: `appendUuid(${c}, bytes, p); ${whole}` }
    case 'text':
    case 'bytea':
      return { size: undefined, code: `${c}.append(bytes, p, n); ${whole}` }
    case 'numeric':
      return { size: undefined, code: `appendNumeric(${c}, view, p, n); ${whole}` }
    case 'array-text':
      return { size: undefined, code: `appendArrayLiteral(${c}, view, bytes, p, n); ${whole}` }
    default:
      return {
        size: undefined,
        code: `appendList(${c}, view, bytes, p, n); ${c}.offsets[row + 1] = ${c}.items.length; state.variable += n`,
      }
  }
}

function columnSource(kind: DecodeKind, index: number): string {
  const { size, code } = readerOf(kind, `c${index}`, `v${index}`)
  const fits = size === undefined ? 'n >= 0 && p + n <= next' : `n === ${size}`
  return `state.column = ${index}; n = view.getInt32(p); p += 4;
    if (${fits}) { ${code}; p += n } else if (n === -1) c${index}.setNull(row); else badLength(n);`
}

/** Only list columns note their number before they read: they alone can fail in a way that names the column. */
function decoderSource(kinds: readonly DecodeKind[]): string {
  const lines: string[] = []
  kinds.forEach((kind, index) => {
    lines.push(`const c${index} = builders[${index}];`)
    if (kind === 'bool') lines.push(`const v${index} = c${index}.bits;`)
    else if (readerOf(kind, '', '').size !== undefined && kind !== 'uuid')
      lines.push(`const v${index} = c${index}.values;`)
  })
  const calls: string[] = []
  for (let first = 0; first < kinds.length; first += columnsPerFunction) {
    const columns = kinds.slice(first, first + columnsPerFunction).map((kind, index) => {
      const source = columnSource(kind, first + index)
      return kind.startsWith('list-') ? source : source.replace(/^state\.column = \d+; /, '')
    })
    lines.push(
      `function group${first}(bytes, view, p, next, row) { let n = 0;\n${columns.join('\n')}\nreturn p }`,
    )
    calls.push(`p = group${first}(bytes, view, p, next, row);`)
  }
  lines.push(`return function decode(bytes, view, position, end, row, rowLimit, variableLimit) {
    while (row < rowLimit && state.variable < variableLimit && position + 5 <= end && bytes[position] === 68) {
      const next = position + 1 + view.getInt32(position + 1);
      if (next < position + 7) badMessage();
      if (next > end) break;
      if (view.getInt16(position + 5) !== ${kinds.length}) badMessage();
      let p = position + 7;
      ${calls.join('\n      ')}
      if (p !== next) badMessage();
      position = next;
      row += 1;
    }
    state.rows = row;
    return position;
  }`)
  return lines.join('\n')
}

interface DecoderState {
  rows: number
  variable: number
  column: number
}
type Decode = (
  bytes: Uint8Array,
  view: DataView,
  position: number,
  end: number,
  row: number,
  rowLimit: number,
  variableLimit: number,
) => number

const daysTo2000 = 10_957
const epochHigh = Math.floor(946_684_800_000_000 / 4_294_967_296)
const epochLow = 946_684_800_000_000 % 4_294_967_296

/** ±infinity keeps its extreme value: Arrow has no infinite date, and the grid and the exports know these two. */
const toUnixDay = (day: number): number =>
  day === 0x7fffffff || day === -0x80000000 ? day : Math.min(day + daysTo2000, 0x7ffffffe)

/** Microseconds since 2000 → since 1970, in two halves; ±infinity keeps its extreme value. */
function storeTimestamp(values: Int32Array, at: number, high: number, low: number): void {
  const isInfinite = (high === 0x7fffffff && low === 0xffffffff) || (high === -0x80000000 && low === 0)
  const lowSum = low + (isInfinite ? 0 : epochLow)
  const highSum = high + (isInfinite ? 0 : epochHigh) + (lowSum > 0xffffffff ? 1 : 0)
  const isBeyond = highSum > 0x7fffffff
  values[at] = isBeyond ? -2 : lowSum
  values[at + 1] = isBeyond ? 0x7fffffff : highSum
}

/** Compiles a decoder for one row shape. `rowLimit` of each call counts rows of the batch. */
export function compileRowDecoder(kinds: readonly DecodeKind[]): RowDecoder {
  const probe = kinds.map((kind) => builderFor(kind)(8))
  const rowBytes = probe.reduce((sum, builder) => sum + builder.rowBytes, 0)
  const capacity = Math.max(
    minBatchRows,
    Math.min(maxBatchRows, Math.floor(batchBytes / Math.max(rowBytes, 1))),
  )
  const builders = kinds.map((kind) => builderFor(kind)(capacity))
  const state: DecoderState = { rows: 0, variable: 0, column: 0 }
  const runtime = {
    builders,
    state,
    toUnixDay,
    storeTimestamp,
    appendUuid,
    appendNumeric,
    appendList,
    appendArrayLiteral,
    badLength(size: number): never {
      throw new ProtocolFault(`A value says it has ${size} bytes, which its type cannot have.`)
    },
    badMessage(): never {
      throw new ProtocolFault('A row message does not match the promised columns.')
    },
  }
  const decode = new Function(...Object.keys(runtime), decoderSource(kinds))(
    ...Object.values(runtime),
  ) as Decode
  return {
    get rows() {
      return state.rows
    },
    get isFull() {
      return state.rows >= capacity || state.variable >= batchBytes
    },
    decode(bytes, view, from, end, rowLimit) {
      try {
        return decode(bytes, view, from, end, state.rows, Math.min(rowLimit, capacity), batchBytes)
      } catch (error) {
        if (error instanceof MultiDimensionalArray) throw new MultiDimensionalArrayIn(state.column)
        if (error instanceof RangeError)
          throw new ProtocolFault('A value reaches beyond its message.', { cause: error })
        throw error
      }
    },
    collect(nodes, buffers) {
      for (const builder of builders) builder.collect(state.rows, nodes, buffers)
    },
    reset() {
      for (const builder of builders) builder.reset()
      state.rows = 0
      state.variable = 0
    },
  }
}
