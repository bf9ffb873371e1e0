// The part of FlatBuffers that Arrow's metadata needs: a builder that grows downwards, and a reader that checks
// every offset. Called by arrow-frames.ts only. Format: https://flatbuffers.dev/internals/.

/** Builds one buffer, last things first. Offsets are distances from the buffer's end. */
export interface FlatBuilder {
  /** Bytes written so far: the offset of what was written last. */
  offset(): number
  string(text: string): number
  /** A vector of offsets to what was built before, in order. */
  offsets(items: readonly number[]): number
  /** A vector of structs made of int64 fields, each `width` numbers wide, flattened. */
  longStructs(numbers: readonly number[], width: number): number
  /** Bytes of another finished buffer, whose tables can then be pointed into. Needs a length of whole eights. */
  blob(bytes: Uint8Array): number
  /** A table from its fields; `undefined` slots are left out. */
  table(fields: readonly (FlatField | undefined)[]): number
  /** The finished buffer with its root, padded at the front to a multiple of eight bytes. */
  finish(root: number): Uint8Array
}

export type FlatField = { type: 'byte' | 'short' | 'int' | 'long' | 'offset'; value: number }
export const flat = {
  byte: (value: number): FlatField => ({ type: 'byte', value }),
  short: (value: number): FlatField => ({ type: 'short', value }),
  int: (value: number): FlatField => ({ type: 'int', value }),
  long: (value: number): FlatField => ({ type: 'long', value }),
  offset: (value: number): FlatField => ({ type: 'offset', value }),
}

const sizes = { byte: 1, short: 2, int: 4, long: 8, offset: 4 } as const

/** UTF-8 without TextEncoder, which belongs to hosts and not to the language: this room has neither Node nor DOM. */
function encodeUtf8(text: string): Uint8Array {
  const escaped = encodeURIComponent(text.toWellFormed())
  const bytes: number[] = []
  for (let at = 0; at < escaped.length; at += 1) {
    if (escaped[at] === '%') {
      bytes.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16))
      at += 2
    } else bytes.push(escaped.charCodeAt(at))
  }
  return Uint8Array.from(bytes)
}

export function createFlatBuilder(initialBytes = 4096): FlatBuilder {
  let bytes = new Uint8Array(initialBytes)
  let view = new DataView(bytes.buffer)
  let head = bytes.length

  const reserve = (size: number): void => {
    if (head >= size) return
    const grown = new Uint8Array(Math.max(bytes.length * 2, bytes.length + size))
    const shift = grown.length - bytes.length
    grown.set(bytes, shift)
    head += shift
    bytes = grown
    view = new DataView(bytes.buffer)
  }
  const offset = (): number => bytes.length - head
  /** Makes the position after `size` more bytes a multiple of `align`, counted from the end. */
  const align = (alignment: number, size: number): void => {
    const padding = -(offset() + size) & (alignment - 1)
    reserve(padding + size)
    head -= padding
    bytes.fill(0, head, head + padding)
  }
  const putInt = (value: number): void => {
    reserve(4)
    view.setInt32((head -= 4), value, true)
  }
  const putLong = (value: number): void => {
    reserve(8)
    head -= 8
    view.setUint32(head, value >>> 0, true)
    view.setInt32(head + 4, Math.floor(value / 4_294_967_296), true)
  }
  const put = (field: FlatField): void => {
    const size = sizes[field.type]
    align(size, size)
    if (field.type === 'byte') view.setUint8((head -= 1), field.value)
    else if (field.type === 'short') view.setInt16((head -= 2), field.value, true)
    else if (field.type === 'int') putInt(field.value)
    else if (field.type === 'long') putLong(field.value)
    else putInt(offset() + 4 - field.value)
  }
  return {
    offset,
    string(text) {
      const encoded = encodeUtf8(text)
      align(4, encoded.length + 1)
      bytes[(head -= 1)] = 0
      head -= encoded.length
      bytes.set(encoded, head)
      align(4, 0)
      putInt(encoded.length)
      return offset()
    },
    offsets(items) {
      align(4, items.length * 4)
      for (let index = items.length - 1; index >= 0; index -= 1) putInt(offset() + 4 - items[index]!)
      putInt(items.length)
      return offset()
    },
    longStructs(numbers, width) {
      align(8, numbers.length * 8)
      for (let index = numbers.length - 1; index >= 0; index -= 1) putLong(numbers[index]!)
      putInt(numbers.length / width)
      return offset()
    },
    blob(source) {
      align(8, source.length)
      reserve(source.length)
      head -= source.length
      bytes.set(source, head)
      return offset()
    },
    table(fields) {
      const slots = new Array<number>(fields.length).fill(0)
      const objectEnd = offset()
      // Widest first keeps the padding small; the order of fields in memory is free.
      const order = fields.map((field, slot) => ({ field, slot })).filter((item) => item.field !== undefined)
      order.sort((a, b) => sizes[a.field!.type] - sizes[b.field!.type])
      for (const { field, slot } of order) {
        put(field!)
        slots[slot] = offset()
      }
      align(4, 4)
      head -= 4
      const table = offset()
      const vtableBytes = 4 + fields.length * 2
      reserve(vtableBytes)
      for (let slot = fields.length - 1; slot >= 0; slot -= 1)
        view.setUint16((head -= 2), slots[slot] === 0 ? 0 : table - slots[slot]!, true)
      view.setUint16((head -= 2), table - objectEnd, true)
      view.setUint16((head -= 2), vtableBytes, true)
      view.setInt32(bytes.length - table, offset() - table, true)
      return table
    },
    finish(root) {
      align(8, 4)
      putInt(offset() + 4 - root)
      return bytes.subarray(head)
    },
  }
}

/** One table of a received buffer. Every read is checked: an offset outside the buffer throws RangeError. */
export interface FlatTable {
  /** Where the table begins in its buffer. */
  readonly position: number
  byte(slot: number): number
  /** Throws RangeError when it is negative or above 2^53. */
  long(slot: number): number
  table(slot: number): FlatTable | undefined
}

export function readFlatRoot(bytes: Uint8Array): FlatTable {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const at = (table: number): FlatTable => {
    const vtable = table - view.getInt32(table, true)
    const vtableBytes = view.getUint16(vtable, true)
    const find = (slot: number): number => {
      const entry = 4 + slot * 2
      const distance = entry + 2 <= vtableBytes ? view.getUint16(vtable + entry, true) : 0
      return distance === 0 ? 0 : table + distance
    }
    return {
      position: table,
      byte: (slot) => (find(slot) === 0 ? 0 : view.getUint8(find(slot))),
      long(slot) {
        const position = find(slot)
        if (position === 0) return 0
        const value = Number(view.getBigInt64(position, true))
        if (value < 0 || !Number.isSafeInteger(value)) throw new RangeError('A length is out of range.')
        return value
      },
      table: (slot) => (find(slot) === 0 ? undefined : at(find(slot) + view.getUint32(find(slot), true))),
    }
  }
  return at(view.getUint32(0, true))
}
