// A kept result as Arrow record batches, read from its file one after another; and its columns as cells that can be
// asked for row by row without making objects. For the exports.
import type { DataType } from 'apache-arrow'
import { RecordBatchReader, Type, type Data, type Field, type RecordBatch, type Schema } from 'apache-arrow'

export type Bytes = AsyncIterable<Uint8Array>

/** Opens the stream: the schema first, then batches as they are read. */
export async function openBatches(
  bytes: Bytes,
): Promise<{ schema: Schema; batches: AsyncIterable<RecordBatch> }> {
  const reader = await RecordBatchReader.from(bytes)
  await reader.open()
  return { schema: reader.schema, batches: reader as unknown as AsyncIterable<RecordBatch> }
}

export const pgTypeOf = (field: Field): string => field.metadata.get('meridian.pgType') ?? ''

/** Which of Meridian's own column kinds an Arrow type is; a kept file has no others. */
export type CellKind =
  | 'bool'
  | 'int'
  | 'int64'
  | 'float32'
  | 'float64'
  | 'text'
  | 'bytes'
  | 'date'
  | 'time'
  | 'timestamp'
  | 'timestamptz'
  | 'list'

export function cellKindOf(type: DataType): CellKind {
  switch (type.typeId) {
    case Type.Bool:
      return 'bool'
    case Type.Int:
      return (type as { bitWidth?: number }).bitWidth === 64 ? 'int64' : 'int'
    case Type.Float:
      return (type as { precision?: number }).precision === 1 ? 'float32' : 'float64'
    case Type.Utf8:
      return 'text'
    case Type.Binary:
      return 'bytes'
    case Type.Date:
      return 'date'
    case Type.Time:
      return 'time'
    case Type.Timestamp:
      return (type as { timezone?: string | null }).timezone ? 'timestamptz' : 'timestamp'
    case Type.List:
      return 'list'
    default:
      throw new RangeError(`A kept result holds a column of an unknown type (${String(type)}).`)
  }
}

export const itemTypeOf = (type: DataType): DataType => (type.children?.[0] as Field).type

/** A cell in its rawest exact form: 64-bit values are bigints, text is text, lists are arrays; null is null. */
export type Cell = null | boolean | number | bigint | string | Uint8Array | Cell[]
export type CellReader = (row: number) => Cell

const utf8 = new TextDecoder()

/** Reads cells of one column of one batch. */
export function cellReader(data: Data): CellReader {
  const read = valueReader(data)
  if (data.nullCount === 0 || data.nullBitmap.byteLength === 0) return read
  const { nullBitmap, offset } = data
  return (row) => ((nullBitmap[(row + offset) >> 3]! >> ((row + offset) & 7)) & 1 ? read(row) : null)
}

function valueReader(data: Data): CellReader {
  const values = data.values as unknown as ArrayLike<number | bigint>
  const offsets = data.valueOffsets as Int32Array
  const bytes = data.values as unknown as Uint8Array
  switch (cellKindOf(data.type)) {
    case 'bool':
      return (row) => ((bytes[(row + data.offset) >> 3]! >> ((row + data.offset) & 7)) & 1) === 1
    case 'text':
      return (row) => utf8.decode(bytes.subarray(offsets[row], offsets[row + 1]))
    case 'bytes':
      return (row) => bytes.subarray(offsets[row], offsets[row + 1])
    case 'list': {
      const item = cellReader(data.children[0]!)
      return (row) =>
        Array.from({ length: offsets[row + 1]! - offsets[row]! }, (_, index) => item(offsets[row]! + index))
    }
    case 'int64':
    case 'time':
    case 'timestamp':
    case 'timestamptz': {
      const longs = asLongs(data.values as ArrayBufferView)
      return (row) => longs[row]!
    }
    default:
      return (row) => values[row] as number
  }
}

const asLongs = (view: ArrayBufferView): BigInt64Array =>
  view instanceof BigInt64Array ? view : new BigInt64Array(view.buffer, view.byteOffset, view.byteLength >> 3)
