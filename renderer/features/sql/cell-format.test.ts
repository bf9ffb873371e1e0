import { Field, Float32, Float64, Int64, List, TimestampMicrosecond, Utf8, Binary, Bool, DateDay, vectorFromArray } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import { formatterFor, isNumeric } from './cell-format.ts'

const of = (type: ConstructorParameters<typeof Field>[1]) => formatterFor(new Field('c', type, true))

describe('cells as text', () => {
  it('keeps a TARGETID beyond 2^53 exact', () => expect(of(new Int64())(39627652591521181n)).toBe('39627652591521181'))
  it('shows the shortest text of a 4-byte float', () => {
    expect(of(new Float32())(Math.fround(0.1))).toBe('0.1')
    expect(of(new Float32())(Math.fround(16777217.5))).toBe('16777218')
  })
  it('names the specials as PostgreSQL does', () => {
    expect(of(new Float64())(NaN)).toBe('NaN')
    expect(of(new Float64())(-Infinity)).toBe('-Infinity')
  })
  it('shows bytes, truth and dates', () => {
    expect(of(new Binary())(new Uint8Array([0, 255]))).toBe('\\x00ff')
    expect(of(new Bool())(false)).toBe('false')
    expect(of(new DateDay())(Date.UTC(2021, 4, 14))).toBe('2021-05-14')
  })
  it('shows a time stamp to the microsecond without idle zeros', () => {
    const format = of(new TimestampMicrosecond())
    const read = vectorFromArray([Date.UTC(2021, 4, 14, 3, 2, 1, 5)], new TimestampMicrosecond()).get(0)
    expect(format(read)).toBe('2021-05-14 03:02:01.005')
    expect(format(Date.UTC(2021, 4, 14))).toBe('2021-05-14 00:00:00')
  })
  it('shows arrays with their gaps', () => {
    const type = new List(new Field('item', new Float32(), true))
    const value = vectorFromArray([[1.5, null, 3]], type).get(0)
    expect(formatterFor(new Field('flux', type, true))(value)).toBe('{1.5,NULL,3}')
  })
  it('aligns numbers, and numeric that travels as text', () => {
    expect(isNumeric(new Field('n', new Utf8(), true, new Map([['meridian.pgType', 'numeric(10,3)']])))).toBe(true)
    expect(isNumeric(new Field('n', new Utf8(), true))).toBe(false)
  })
})
