// A kept result as an Arrow IPC file (what pandas, polars and others open as Feather): the kept messages as they are,
// between the magic words, with a footer that says where each batch is. No row is decoded.
import {
  arrowEndOfStream,
  encodeFileFooter,
  readArrowFrame,
  type ArrowBlock,
} from '#shared/wire/arrow-frames.ts'
import type { Bytes } from './result-batches.ts'

const magic = new TextEncoder().encode('ARROW1')
const opening = new Uint8Array(8)
opening.set(magic)

/** Streams the file. Throws RangeError when the kept bytes are no Arrow stream. */
export async function* exportArrow(bytes: Bytes): AsyncGenerator<Uint8Array, void, void> {
  const blocks: ArrowBlock[] = []
  let position = opening.byteLength
  let schema: Uint8Array | undefined
  yield opening
  for await (const message of messagesOf(bytes)) {
    const frame = readArrowFrame(message)
    if (frame.kind === 'end' || frame.kind === 'partial') break
    if (frame.kind === 'schema') schema = message
    else
      blocks.push({
        offset: position,
        metadataLength: 8 + frame.metadataLength,
        bodyLength: frame.bodyLength,
      })
    position += message.byteLength
    yield message
  }
  if (!schema) throw new RangeError('The kept result has no schema.')
  yield arrowEndOfStream
  yield encodeFileFooter(schema, blocks)
  yield magic
}

/** Cuts the byte stream into whole messages; the end mark comes as a message of its own. */
async function* messagesOf(bytes: Bytes): AsyncGenerator<Uint8Array, void, void> {
  let pieces: Uint8Array[] = []
  let length = 0
  let wanted = 8
  for await (const piece of bytes) {
    pieces.push(piece)
    length += piece.byteLength
    while (length >= wanted) {
      const joined = pieces.length === 1 ? pieces[0]! : new Uint8Array(Buffer.concat(pieces))
      const size = messageSize(joined)
      if (size === undefined || size > length) {
        wanted = size ?? neededForSize(joined)
        pieces = [joined]
        break
      }
      yield joined.subarray(0, size)
      pieces = [joined.subarray(size)]
      length -= size
      wanted = 8
    }
  }
}

const neededForSize = (bytes: Uint8Array): number =>
  8 + new DataView(bytes.buffer, bytes.byteOffset).getInt32(4, true)

function messageSize(bytes: Uint8Array): number | undefined {
  const frame = readArrowFrame(bytes)
  if (frame.kind === 'partial') return undefined
  return frame.kind === 'end' ? 8 : 8 + frame.metadataLength + frame.bodyLength
}
