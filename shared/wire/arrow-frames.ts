// Arrow's IPC stream format, as far as Meridian writes it itself: schema and record batch messages, and the frames
// of a kept file. Written by hand so that a batch is laid out once, straight into the bytes that travel.
// Format: https://arrow.apache.org/docs/format/Columnar.html (encapsulated messages, metadata version 5).
import { createFlatBuilder, flat, readFlatRoot, type FlatBuilder } from './flat-builder.ts'

export type ArrowType =
  | { kind: 'bool' | 'utf8' | 'binary' | 'date' | 'time' }
  | { kind: 'int'; bits: 16 | 32 | 64; isSigned: boolean }
  | { kind: 'float'; bits: 32 | 64 }
  /** Microseconds since the Unix epoch. */
  | { kind: 'timestamp'; timezone: string | null }
  | { kind: 'list'; item: ArrowType }

export interface ArrowField {
  name: string
  type: ArrowType
  metadata: Readonly<Record<string, string>>
}

/** Length and nulls of one column (or of a list's items), in schema order, depth first. */
export interface ArrowNode {
  length: number
  nullCount: number
}

/** Ends a stream. */
export const arrowEndOfStream = new Uint8Array([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0])
export const arrowStreamContentType = 'application/vnd.apache.arrow.stream'

const metadataVersion5 = 4
const header = { schema: 1, dictionary: 2, recordBatch: 3 } as const
const microseconds = 2

/** The schema message that begins a stream. Every field is nullable. */
export function encodeSchema(fields: readonly ArrowField[]): Uint8Array {
  const builder = createFlatBuilder()
  const fieldOffsets = fields.map((field) => putField(builder, field))
  const schema = builder.table([flat.short(0), flat.offset(builder.offsets(fieldOffsets))])
  return seal(builder, header.schema, schema, 0).bytes
}

/**
 * A record batch message of one allocation. `buffers` are the columns' buffers in schema order (undefined = an
 * empty one, as for a validity bitmap without nulls); they are copied.
 */
export function encodeRecordBatch(
  rows: number,
  nodes: readonly ArrowNode[],
  buffers: readonly (Uint8Array | undefined)[],
): Uint8Array<ArrayBuffer> {
  const builder = createFlatBuilder(512 + buffers.length * 20 + nodes.length * 20)
  const places: number[] = []
  let bodyLength = 0
  for (const buffer of buffers) {
    const length = buffer?.byteLength ?? 0
    places.push(bodyLength, length)
    bodyLength += (length + 7) & ~7
  }
  const bufferVector = builder.longStructs(places, 2)
  const nodeVector = builder.longStructs(
    nodes.flatMap((node) => [node.length, node.nullCount]),
    2,
  )
  const batch = builder.table([flat.long(rows), flat.offset(nodeVector), flat.offset(bufferVector)])
  const { bytes, bodyStart } = seal(builder, header.recordBatch, batch, bodyLength)
  buffers.forEach((buffer, index) => buffer && bytes.set(buffer, bodyStart + places[index * 2]!))
  return bytes
}

/** Where a record batch message stands in a file. `metadataLength` counts the eight bytes before it too. */
export interface ArrowBlock {
  offset: number
  metadataLength: number
  bodyLength: number
}

/**
 * The end of an IPC file, without the closing magic word: footer and its length. The schema is that of the stream's
 * schema message, taken over as it is. Throws RangeError when the message is none.
 */
export function encodeFileFooter(schemaMessage: Uint8Array, blocks: readonly ArrowBlock[]): Uint8Array {
  const metadata = schemaMessage.subarray(8)
  const schema = readFlatRoot(metadata).table(2)
  if (!schema) throw new RangeError('The schema message is empty.')
  const builder = createFlatBuilder(metadata.byteLength + blocks.length * 24 + 512)
  const schemaOffset = builder.blob(metadata) - schema.position
  const batches = builder.longStructs(
    blocks.flatMap((block) => [block.offset, block.metadataLength, block.bodyLength]),
    3,
  )
  const dictionaries = builder.longStructs([], 3)
  const footer = builder.table([
    flat.short(metadataVersion5),
    flat.offset(schemaOffset),
    flat.offset(dictionaries),
    flat.offset(batches),
  ])
  const bytes = builder.finish(footer)
  const end = new Uint8Array(bytes.byteLength + 4)
  end.set(bytes)
  new DataView(end.buffer).setInt32(bytes.byteLength, bytes.byteLength, true)
  return end
}

/** Wraps metadata as an encapsulated message with room for its body. */
function seal(builder: FlatBuilder, type: number, headerOffset: number, bodyLength: number) {
  const message = builder.table([
    flat.short(metadataVersion5),
    flat.byte(type),
    flat.offset(headerOffset),
    flat.long(bodyLength),
  ])
  const metadata = builder.finish(message)
  const bodyStart = 8 + metadata.byteLength
  const bytes = new Uint8Array(bodyStart + bodyLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, 0xffffffff, true)
  view.setInt32(4, metadata.byteLength, true)
  bytes.set(metadata, 8)
  return { bytes, bodyStart }
}

function putField(builder: FlatBuilder, field: ArrowField): number {
  const children =
    field.type.kind === 'list'
      ? [putField(builder, { name: 'item', type: field.type.item, metadata: {} })]
      : []
  const childVector = builder.offsets(children)
  const pairs = Object.entries(field.metadata).map(([key, value]) => {
    const valueOffset = builder.string(value)
    return builder.table([flat.offset(builder.string(key)), flat.offset(valueOffset)])
  })
  const metadataVector = pairs.length > 0 ? builder.offsets(pairs) : undefined
  const { id, offset } = putType(builder, field.type)
  const name = builder.string(field.name)
  return builder.table([
    flat.offset(name),
    flat.byte(1),
    flat.byte(id),
    flat.offset(offset),
    undefined,
    flat.offset(childVector),
    metadataVector === undefined ? undefined : flat.offset(metadataVector),
  ])
}

function putType(builder: FlatBuilder, type: ArrowType): { id: number; offset: number } {
  switch (type.kind) {
    case 'int':
      return { id: 2, offset: builder.table([flat.int(type.bits), flat.byte(type.isSigned ? 1 : 0)]) }
    case 'float':
      return { id: 3, offset: builder.table([flat.short(type.bits === 32 ? 1 : 2)]) }
    case 'binary':
      return { id: 4, offset: builder.table([]) }
    case 'utf8':
      return { id: 5, offset: builder.table([]) }
    case 'bool':
      return { id: 6, offset: builder.table([]) }
    case 'date':
      return { id: 8, offset: builder.table([flat.short(0)]) }
    case 'time':
      return { id: 9, offset: builder.table([flat.short(microseconds), flat.int(64)]) }
    case 'timestamp': {
      const zone = type.timezone === null ? undefined : flat.offset(builder.string(type.timezone))
      return { id: 10, offset: builder.table([flat.short(microseconds), zone]) }
    }
    case 'list':
      return { id: 12, offset: builder.table([]) }
  }
}

/** What stands at one place of a stream: a whole message's size, the end mark, or too few bytes to tell. */
export type ArrowFrame =
  | { kind: 'schema' | 'batch' | 'other'; metadataLength: number; bodyLength: number; rows: number }
  | { kind: 'end' }
  | { kind: 'partial' }

/**
 * Reads one frame's head. `bytes` must begin at a message and should hold its metadata (see `needed`); the body need
 * not be there. Throws RangeError for bytes that are no Arrow stream.
 */
export function readArrowFrame(bytes: Uint8Array): ArrowFrame {
  if (bytes.byteLength < 8) return { kind: 'partial' }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== 0xffffffff) throw new RangeError('This is not an Arrow stream.')
  const metadataLength = view.getInt32(4, true)
  if (metadataLength === 0) return { kind: 'end' }
  if (metadataLength < 8 || metadataLength > maxMetadataBytes)
    throw new RangeError('This is not an Arrow stream.')
  if (bytes.byteLength < 8 + metadataLength) return { kind: 'partial' }
  const message = readFlatRoot(bytes.subarray(8, 8 + metadataLength))
  const type = message.byte(1)
  const bodyLength = message.long(3)
  if (type === header.schema) return { kind: 'schema', metadataLength, bodyLength, rows: 0 }
  if (type !== header.recordBatch) return { kind: 'other', metadataLength, bodyLength, rows: 0 }
  return { kind: 'batch', metadataLength, bodyLength, rows: message.table(2)?.long(0) ?? 0 }
}

/** No schema that PostgreSQL can make (1,600 columns) comes near this. */
export const maxMetadataBytes = 64 * 1024 * 1024
