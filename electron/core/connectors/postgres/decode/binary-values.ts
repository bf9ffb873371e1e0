// PostgreSQL's binary forms that need more than one read: numeric, uuid and arrays. Called by the generated row
// decoder with lengths that it has checked against the message; what is inside is checked here. Forms as in
// PostgreSQL's numeric_send, uuid_send and array_send.
import { shortestFloat4, shortestFloat8 } from '#shared/model/sql-number.ts'
import type { BytesBuilder, ListBuilder } from './column-builders.ts'

/** The server's bytes do not follow the protocol. Only the decoder throws it; the session turns it into a sentence. */
export class ProtocolFault extends Error {
  override readonly name = 'ProtocolFault'
}
/** An array of several dimensions stands in a column that was promised as a list. */
export class MultiDimensionalArray extends Error {
  override readonly name = 'MultiDimensionalArray'
}

const sign = { negative: 0x4000, nan: 0xc000, infinity: 0xd000, negativeInfinity: 0xf000 }

/** Appends a numeric exactly as PostgreSQL prints it, trailing zeros included. */
export function appendNumeric(target: BytesBuilder, view: DataView, at: number, size: number): void {
  if (size < 8) throw new ProtocolFault('A numeric value is too short.')
  const digitCount = view.getInt16(at)
  const weight = view.getInt16(at + 2)
  const signWord = view.getUint16(at + 4)
  const scale = view.getUint16(at + 6)
  if (digitCount < 0 || size !== 8 + digitCount * 2)
    throw new ProtocolFault('A numeric value has a wrong length.')
  if (signWord === sign.nan) return target.appendAscii('NaN')
  if (signWord === sign.infinity) return target.appendAscii('Infinity')
  if (signWord === sign.negativeInfinity) return target.appendAscii('-Infinity')
  target.reserve(Math.max(weight + 2, 1) * 4 + scale + 8)
  const { data } = target
  let out = target.length
  const digitAt = (index: number): number =>
    index >= 0 && index < digitCount ? view.getInt16(at + 8 + index * 2) : 0
  const put = (group: number): void => {
    data[out] = 48 + Math.floor(group / 1000)
    data[out + 1] = 48 + (Math.floor(group / 100) % 10)
    data[out + 2] = 48 + (Math.floor(group / 10) % 10)
    data[out + 3] = 48 + (group % 10)
    out += 4
  }
  if (signWord === sign.negative) data[out++] = 45
  const integerStart = out
  for (let index = 0; index <= weight; index += 1) put(digitAt(index))
  let leading = integerStart
  while (leading < out - 1 && data[leading] === 48) leading += 1
  if (leading > integerStart) {
    data.copyWithin(integerStart, leading, out)
    out -= leading - integerStart
  }
  if (out === integerStart) data[out++] = 48
  if (scale > 0) {
    data[out++] = 46
    const end = out + scale
    for (let index = weight + 1; out < end; index += 1) put(digitAt(index))
    out = end
  }
  target.length = out
}

const hex = new TextEncoder().encode('0123456789abcdef')

export function appendUuid(target: BytesBuilder, bytes: Uint8Array, at: number): void {
  target.reserve(36)
  const { data } = target
  let out = target.length
  for (let index = 0; index < 16; index += 1) {
    if (index === 4 || index === 6 || index === 8 || index === 10) data[out++] = 45
    const byte = bytes[at + index]!
    data[out++] = hex[byte >> 4]!
    data[out++] = hex[byte & 15]!
  }
  target.length = out
}

/** Checks an array's head; answers how many items follow and where they begin. */
function readArrayHead(view: DataView, at: number, size: number) {
  if (size < 12) throw new ProtocolFault('An array value is too short.')
  const dimensions = view.getInt32(at)
  if (dimensions < 0 || dimensions > 6 || size < 12 + dimensions * 8)
    throw new ProtocolFault('An array value has a wrong shape.')
  const lengths: number[] = []
  let count = dimensions === 0 ? 0 : 1
  for (let index = 0; index < dimensions; index += 1) {
    const length = view.getInt32(at + 12 + index * 8)
    if (length < 0) throw new ProtocolFault('An array value has a wrong shape.')
    lengths.push(length)
    count *= length
  }
  // Every item takes four bytes at least, which bounds what a lying count can make us reserve.
  if (count > (size - 12) / 4) throw new ProtocolFault('An array value has fewer items than it says.')
  return { lengths, count, itemOid: view.getUint32(at + 8), first: at + 12 + dimensions * 8 }
}

/** Appends one array as a list. Throws MultiDimensionalArray when it has more than one dimension. */
export function appendList(
  target: ListBuilder,
  view: DataView,
  bytes: Uint8Array,
  at: number,
  size: number,
): void {
  const { lengths, count, first } = readArrayHead(view, at, size)
  if (lengths.length > 1) throw new MultiDimensionalArray()
  const { items } = target
  const { itemBytes } = items
  const end = at + size
  items.reserve(count)
  let position = first
  for (let index = 0; index < count; index += 1) {
    const itemSize = position + 4 <= end ? view.getInt32(position) : -2
    position += 4
    if (itemSize === -1) {
      items.appendNull()
      continue
    }
    if (itemSize < 0 || position + itemSize > end)
      throw new ProtocolFault('An array item does not fit its array.')
    if (itemBytes === undefined) items.appendBytes!(bytes, position, itemSize)
    else if (itemSize === itemBytes) items.append(view, bytes, position)
    else throw new ProtocolFault('An array item has a wrong length.')
    position += itemSize
  }
  if (position !== end) throw new ProtocolFault('An array value has bytes left over.')
}

/** Appends an array of any depth as PostgreSQL's own literal: `{{1,2},{3,NULL}}`. */
export function appendArrayLiteral(
  target: BytesBuilder,
  view: DataView,
  bytes: Uint8Array,
  at: number,
  size: number,
): void {
  const { lengths, count, itemOid, first } = readArrayHead(view, at, size)
  const end = at + size
  const texts: string[] = []
  let position = first
  for (let index = 0; index < count; index += 1) {
    const itemSize = position + 4 <= end ? view.getInt32(position) : -2
    position += 4
    if (itemSize < -1 || position + Math.max(itemSize, 0) > end)
      throw new ProtocolFault('An array item does not fit its array.')
    texts.push(itemSize === -1 ? 'NULL' : itemText(itemOid, view, bytes, position, itemSize))
    position += Math.max(itemSize, 0)
  }
  const nest = (depth: number, from: number): string => {
    const length = lengths[depth]!
    const stride = lengths.slice(depth + 1).reduce((product, next) => product * next, 1)
    const parts = Array.from({ length }, (_, index) =>
      depth === lengths.length - 1 ? texts[from + index]! : nest(depth + 1, from + index * stride),
    )
    return `{${parts.join(',')}}`
  }
  const literal = new TextEncoder().encode(count === 0 ? '{}' : nest(0, 0))
  target.append(literal, 0, literal.length)
}

const utf8 = new TextDecoder()

function itemText(oid: number, view: DataView, bytes: Uint8Array, at: number, size: number): string {
  const fixed = (expected: number): void => {
    if (size !== expected) throw new ProtocolFault('An array item has a wrong length.')
  }
  switch (oid) {
    case 16:
      fixed(1)
      return bytes[at] === 0 ? 'f' : 't'
    case 21:
      fixed(2)
      return String(view.getInt16(at))
    case 23:
      fixed(4)
      return String(view.getInt32(at))
    case 20:
      fixed(8)
      return String(view.getBigInt64(at))
    case 700:
      fixed(4)
      return shortestFloat4(view.getFloat32(at))
    case 701:
      fixed(8)
      return shortestFloat8(view.getFloat64(at))
    default:
      return quoteItem(utf8.decode(bytes.subarray(at, at + size)))
  }
}

/** An item of an array literal, quoted by the rules of PostgreSQL's array_out. */
const quoteItem = (text: string): string =>
  text === '' || /^null$/i.test(text) || /[{},"\\\s]/.test(text)
    ? `"${text.replace(/["\\]/g, '\\$&')}"`
    : text
