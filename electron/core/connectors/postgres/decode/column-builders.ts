// Column builders: typed arrays that are filled row by row, copied out as Arrow buffers, and used again for the next
// batch. The generated row decoder writes into them; nothing here knows the wire. Nulls are rare, so validity starts
// as all ones and a null clears its bit.
import type { ArrowNode } from '#shared/wire/arrow-frames.ts'

export interface ColumnBuilder {
  /** Bytes a row takes at least, for choosing how many rows make a batch. */
  readonly rowBytes: number
  setNull(row: number): void
  /** Appends this column's nodes and buffers for `rows` rows. The views die with the next `reset`. */
  collect(rows: number, nodes: ArrowNode[], buffers: (Uint8Array | undefined)[]): void
  reset(): void
}

type Values = Int16Array | Int32Array | Uint32Array | Float32Array | Float64Array
const bytesOf = (view: ArrayBufferView, byteLength: number): Uint8Array =>
  new Uint8Array(view.buffer, view.byteOffset, byteLength)
const bitmapBytes = (rows: number): number => (rows + 7) >> 3

/** Buffers that one huge value made huge are given back after its batch. */
const keptDataBytes = 8 * 1024 * 1024

export interface FixedBuilder extends ColumnBuilder {
  readonly values: Values
}

/** `width` counts array elements a value (2 for 64-bit integers kept as two halves). */
export function createFixedBuilder(values: Values, width: number, capacity: number): FixedBuilder {
  const validity = new Uint8Array(bitmapBytes(capacity)).fill(0xff)
  const rowBytes = values.BYTES_PER_ELEMENT * width
  let nulls = 0
  return {
    values,
    rowBytes,
    setNull(row) {
      nulls += 1
      validity[row >> 3]! &= ~(1 << (row & 7))
      for (let index = row * width; index < (row + 1) * width; index += 1) values[index] = 0
    },
    collect(rows, nodes, buffers) {
      nodes.push({ length: rows, nullCount: nulls })
      buffers.push(
        nulls > 0 ? validity.subarray(0, bitmapBytes(rows)) : undefined,
        bytesOf(values, rows * rowBytes),
      )
    },
    reset() {
      if (nulls > 0) validity.fill(0xff)
      nulls = 0
    },
  }
}

export interface BoolBuilder extends ColumnBuilder {
  readonly bits: Uint8Array
}

export function createBoolBuilder(capacity: number): BoolBuilder {
  const bits = new Uint8Array(bitmapBytes(capacity))
  const validity = new Uint8Array(bitmapBytes(capacity)).fill(0xff)
  let nulls = 0
  return {
    bits,
    rowBytes: 1,
    setNull(row) {
      nulls += 1
      validity[row >> 3]! &= ~(1 << (row & 7))
    },
    collect(rows, nodes, buffers) {
      nodes.push({ length: rows, nullCount: nulls })
      buffers.push(
        nulls > 0 ? validity.subarray(0, bitmapBytes(rows)) : undefined,
        bits.subarray(0, bitmapBytes(rows)),
      )
    },
    reset() {
      bits.fill(0)
      validity.fill(0xff)
      nulls = 0
    },
  }
}

/** Text and bytes: offsets into one growing data buffer. */
export class BytesBuilder implements ColumnBuilder {
  readonly rowBytes = 4
  readonly offsets: Int32Array
  data = new Uint8Array(64 * 1024)
  length = 0
  private readonly validity: Uint8Array
  private nulls = 0

  constructor(capacity: number) {
    this.offsets = new Int32Array(capacity + 1)
    this.validity = new Uint8Array(bitmapBytes(capacity)).fill(0xff)
  }

  /** Makes room for `size` more bytes. Throws RangeError beyond Arrow's 2 GiB of text a batch. */
  reserve(size: number): void {
    const wanted = this.length + size
    if (wanted <= this.data.length) return
    if (wanted > 0x7fffffff) throw new RangeError('More than 2 GiB of text in one batch.')
    const grown = new Uint8Array(Math.min(0x7fffffff, Math.max(wanted, this.data.length * 2)))
    grown.set(this.data.subarray(0, this.length))
    this.data = grown
  }

  append(source: Uint8Array, from: number, size: number): void {
    if (this.length + size > this.data.length) this.reserve(size)
    const { data } = this
    const at = this.length
    if (size <= 24) for (let index = 0; index < size; index += 1) data[at + index] = source[from + index]!
    else data.set(source.subarray(from, from + size), at)
    this.length = at + size
  }

  appendAscii(text: string): void {
    this.reserve(text.length)
    for (let index = 0; index < text.length; index += 1)
      this.data[this.length + index] = text.charCodeAt(index)
    this.length += text.length
  }

  setNull(row: number): void {
    this.nulls += 1
    this.validity[row >> 3]! &= ~(1 << (row & 7))
    this.offsets[row + 1] = this.length
  }

  collect(rows: number, nodes: ArrowNode[], buffers: (Uint8Array | undefined)[]): void {
    nodes.push({ length: rows, nullCount: this.nulls })
    buffers.push(
      this.nulls > 0 ? this.validity.subarray(0, bitmapBytes(rows)) : undefined,
      bytesOf(this.offsets, (rows + 1) * 4),
      this.data.subarray(0, this.length),
    )
  }

  reset(): void {
    if (this.nulls > 0) this.validity.fill(0xff)
    if (this.data.length > keptDataBytes) this.data = new Uint8Array(64 * 1024)
    this.nulls = 0
    this.length = 0
  }
}

/** Items of a list column: like a column, but growing with the lists rather than with the rows. */
export interface ItemBuilder {
  length: number
  /** Appends one item of `size` bytes at `from`; `view` and `bytes` show the same chunk. */
  append(view: DataView, bytes: Uint8Array, from: number): void
  appendNull(): void
  /** Bytes an item has on the wire; undefined = any. */
  readonly itemBytes: number | undefined
  /** Room for `count` more items. */
  reserve(count: number): void
  /** Appends one item of variable size. */
  appendBytes?(bytes: Uint8Array, from: number, size: number): void
  collect(nodes: ArrowNode[], buffers: (Uint8Array | undefined)[]): void
  reset(): void
}

/** A list column over its items. */
export class ListBuilder implements ColumnBuilder {
  readonly rowBytes = 4
  readonly offsets: Int32Array
  readonly items: ItemBuilder
  private readonly validity: Uint8Array
  private nulls = 0

  constructor(capacity: number, items: ItemBuilder) {
    this.items = items
    this.offsets = new Int32Array(capacity + 1)
    this.validity = new Uint8Array(bitmapBytes(capacity)).fill(0xff)
  }

  setNull(row: number): void {
    this.nulls += 1
    this.validity[row >> 3]! &= ~(1 << (row & 7))
    this.offsets[row + 1] = this.items.length
  }

  collect(rows: number, nodes: ArrowNode[], buffers: (Uint8Array | undefined)[]): void {
    nodes.push({ length: rows, nullCount: this.nulls })
    buffers.push(
      this.nulls > 0 ? this.validity.subarray(0, bitmapBytes(rows)) : undefined,
      bytesOf(this.offsets, (rows + 1) * 4),
    )
    this.items.collect(nodes, buffers)
  }

  reset(): void {
    if (this.nulls > 0) this.validity.fill(0xff)
    this.nulls = 0
    this.items.reset()
  }
}
