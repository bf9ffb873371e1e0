// Builders for the items of list columns, one per item kind. Called by the array reader; they grow by doubling and
// give memory back after a batch that was much larger than usual.
import type { ArrowNode } from '#shared/wire/arrow-frames.ts'
import { BytesBuilder, type ItemBuilder } from './column-builders.ts'
import type { ItemKind } from './decode-plan.ts'

const firstItems = 1024
const keptItems = 2_000_000
type Buffers = (Uint8Array | undefined)[]

/** The validity of growing items: ones, with bits cleared for nulls. */
class Validity {
  bits = new Uint8Array(firstItems >> 3).fill(0xff)
  nulls = 0

  grow(items: number): void {
    if (items <= this.bits.length * 8) return
    const grown = new Uint8Array((items + 7) >> 3).fill(0xff)
    grown.set(this.bits)
    this.bits = grown
  }

  clear(index: number): void {
    this.nulls += 1
    this.bits[index >> 3]! &= ~(1 << (index & 7))
  }

  collect(length: number): Uint8Array | undefined {
    return this.nulls > 0 ? this.bits.subarray(0, (length + 7) >> 3) : undefined
  }

  reset(): void {
    if (this.nulls > 0) this.bits.fill(0xff)
    this.nulls = 0
  }
}

type Numbers =
  Int16Array<ArrayBuffer> | Int32Array<ArrayBuffer> | Float32Array<ArrayBuffer> | Float64Array<ArrayBuffer>

/** `width` is 2 for 64-bit integers kept as two 32-bit halves. */
class NumberItems<A extends Numbers> implements ItemBuilder {
  length = 0
  readonly itemBytes: number
  values: A
  private readonly validity = new Validity()
  private readonly make: (size: number) => A
  private readonly width: number
  private readonly store: (values: A, index: number, view: DataView, from: number) => void

  constructor(
    make: (size: number) => A,
    width: number,
    store: (values: A, index: number, view: DataView, from: number) => void,
  ) {
    this.make = make
    this.width = width
    this.store = store
    this.values = make(firstItems * width)
    this.itemBytes = this.values.BYTES_PER_ELEMENT * width
  }

  reserve(count: number): void {
    const wanted = this.length + count
    if (wanted * this.width <= this.values.length) return
    const size = Math.max(wanted, (this.values.length / this.width) * 2)
    const grown = this.make(size * this.width)
    grown.set(this.values)
    this.values = grown
    this.validity.grow(size)
  }

  append(view: DataView, _bytes: Uint8Array, from: number): void {
    this.store(this.values, this.length, view, from)
    this.length += 1
  }

  appendNull(): void {
    this.validity.clear(this.length)
    for (let half = 0; half < this.width; half += 1) this.values[this.length * this.width + half] = 0
    this.length += 1
  }

  collect(nodes: ArrowNode[], buffers: Buffers): void {
    nodes.push({ length: this.length, nullCount: this.validity.nulls })
    buffers.push(
      this.validity.collect(this.length),
      new Uint8Array(this.values.buffer, 0, this.length * this.itemBytes),
    )
  }

  reset(): void {
    if (this.values.length > keptItems) this.values = this.make(firstItems * this.width)
    this.validity.reset()
    this.length = 0
  }
}

class BoolItems implements ItemBuilder {
  length = 0
  readonly itemBytes = 1
  private bits = new Uint8Array(firstItems >> 3)
  private readonly validity = new Validity()

  reserve(count: number): void {
    const wanted = (this.length + count + 7) >> 3
    if (wanted <= this.bits.length) return
    const grown = new Uint8Array(Math.max(wanted, this.bits.length * 2))
    grown.set(this.bits)
    this.bits = grown
    this.validity.grow(grown.length * 8)
  }

  append(_view: DataView, bytes: Uint8Array, from: number): void {
    if (bytes[from] !== 0) this.bits[this.length >> 3]! |= 1 << (this.length & 7)
    this.length += 1
  }

  appendNull(): void {
    this.validity.clear(this.length)
    this.length += 1
  }

  collect(nodes: ArrowNode[], buffers: Buffers): void {
    nodes.push({ length: this.length, nullCount: this.validity.nulls })
    buffers.push(this.validity.collect(this.length), this.bits.subarray(0, (this.length + 7) >> 3))
  }

  reset(): void {
    this.bits.fill(0)
    this.validity.reset()
    this.length = 0
  }
}

class TextItems implements ItemBuilder {
  length = 0
  readonly itemBytes = undefined
  private offsets = new Int32Array(firstItems + 1)
  private readonly text = new BytesBuilder(0)
  private readonly validity = new Validity()

  reserve(count: number): void {
    const wanted = this.length + count
    if (wanted < this.offsets.length) return
    const size = Math.max(wanted, this.offsets.length * 2)
    const grown = new Int32Array(size + 1)
    grown.set(this.offsets)
    this.offsets = grown
    this.validity.grow(size)
  }

  append(): void {
    throw new RangeError('Text items have no fixed size.')
  }

  appendBytes(bytes: Uint8Array, from: number, size: number): void {
    this.text.append(bytes, from, size)
    this.length += 1
    this.offsets[this.length] = this.text.length
  }

  appendNull(): void {
    this.validity.clear(this.length)
    this.length += 1
    this.offsets[this.length] = this.text.length
  }

  collect(nodes: ArrowNode[], buffers: Buffers): void {
    nodes.push({ length: this.length, nullCount: this.validity.nulls })
    const offsets = new Uint8Array(this.offsets.buffer, 0, (this.length + 1) * 4)
    buffers.push(this.validity.collect(this.length), offsets, this.text.data.subarray(0, this.text.length))
  }

  reset(): void {
    if (this.offsets.length > keptItems) this.offsets = new Int32Array(firstItems + 1)
    this.text.reset()
    this.validity.reset()
    this.length = 0
  }
}

/** Items of one kind, empty. */
export function createItems(kind: ItemKind): ItemBuilder {
  switch (kind) {
    case 'int2':
      return new NumberItems(
        (size) => new Int16Array(size),
        1,
        (values, index, view, from) => (values[index] = view.getInt16(from)),
      )
    case 'int4':
      return new NumberItems(
        (size) => new Int32Array(size),
        1,
        (values, index, view, from) => (values[index] = view.getInt32(from)),
      )
    case 'int8':
      return new NumberItems(
        (size) => new Int32Array(size),
        2,
        (values, index, view, from) => {
          values[index * 2] = view.getInt32(from + 4)
          values[index * 2 + 1] = view.getInt32(from)
        },
      )
    case 'float4':
      return new NumberItems(
        (size) => new Float32Array(size),
        1,
        (values, index, view, from) => (values[index] = view.getFloat32(from)),
      )
    case 'float8':
      return new NumberItems(
        (size) => new Float64Array(size),
        1,
        (values, index, view, from) => (values[index] = view.getFloat64(from)),
      )
    case 'bool':
      return new BoolItems()
    case 'text':
      return new TextItems()
  }
}
