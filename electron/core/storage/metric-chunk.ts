// How figures are packed: a tick (many series at one moment, exact) and a chunk (one series over time, each value as
// 16 bits of the range that it covers, 0 for "not known"). Pure; used by the metrics store only.

export interface Tick {
  ids: Uint32Array
  values: Float64Array
}

const unknown = 0
const steps = 65_534

/** Four bytes an id, then eight bytes a value. */
export function encodeTick({ ids, values }: Tick): Uint8Array {
  const bytes = new Uint8Array(ids.length * 12)
  bytes.set(new Uint8Array(ids.buffer, ids.byteOffset, ids.byteLength), 0)
  bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), ids.byteLength)
  return bytes
}

export function decodeTick(body: Uint8Array): Tick {
  const count = Math.floor(body.byteLength / 12)
  const copy = body.slice(0, count * 12).buffer
  return { ids: new Uint32Array(copy, 0, count), values: new Float64Array(copy.slice(count * 4)) }
}

/** NaN is "not known". Columns are of one length; what all are unknown in takes no room. */
export function encodeChunk(columns: readonly Float64Array[]): Uint8Array {
  const parts = columns.map(encodeColumn)
  const body = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.byteLength, 0))
  const view = new DataView(body.buffer)
  let at = 0
  for (const part of parts) {
    view.setUint32(at, part.byteLength, true)
    body.set(part, at + 4)
    at += 4 + part.byteLength
  }
  return body
}

/** `length` values a column. A body that does not fit reads as not known. */
export function decodeChunk(body: Uint8Array, columnCount: number, length: number): Float64Array[] {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength)
  const columns: Float64Array[] = []
  let at = 0
  for (let index = 0; index < columnCount; index += 1) {
    const size = at + 4 <= body.byteLength ? view.getUint32(at, true) : 0
    const end = Math.min(body.byteLength, at + 4 + size)
    columns.push(decodeColumn(body.subarray(Math.min(at + 4, end), end), length))
    at = end
  }
  return columns
}

/** Lowest and highest value, then 16 bits a value; a column of one value that is known throughout is only that. */
function encodeColumn(values: Float64Array): Uint8Array {
  let low = Infinity
  let high = -Infinity
  let known = 0
  for (const value of values) {
    if (Number.isNaN(value)) continue
    known += 1
    if (value < low) low = value
    if (value > high) high = value
  }
  if (known === 0) return new Uint8Array(0)
  const isFlat = low === high && known === values.length
  const bytes = new Uint8Array(16 + (isFlat ? 0 : 2 * values.length))
  const view = new DataView(bytes.buffer)
  view.setFloat64(0, low, true)
  view.setFloat64(8, high, true)
  if (isFlat) return bytes
  const scale = high > low ? steps / (high - low) : 0
  values.forEach((value, index) => {
    view.setUint16(16 + 2 * index, Number.isNaN(value) ? unknown : 1 + Math.round((value - low) * scale), true)
  })
  return bytes
}

function decodeColumn(bytes: Uint8Array, length: number): Float64Array {
  const values = new Float64Array(length).fill(NaN)
  if (bytes.byteLength < 16) return values
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const low = view.getFloat64(0, true)
  const high = view.getFloat64(8, true)
  if (bytes.byteLength === 16) return values.fill(low)
  const count = Math.min(length, Math.floor((bytes.byteLength - 16) / 2))
  for (let index = 0; index < count; index += 1) {
    const step = view.getUint16(16 + 2 * index, true)
    if (step !== unknown) values[index] = low + ((step - 1) / steps) * (high - low)
  }
  return values
}
