// The decoder alone: the same bytes in any pieces give the same rows, and no lie of a server ends in a crash, a hang
// or memory that was not paid for with bytes.
import { tableFromIPC, type Table } from 'apache-arrow'
import { describe, expect, it } from 'vitest'
import {
  commandComplete,
  concat,
  dataRow,
  errorResponse,
  int32,
  readyForQuery,
  rowDescription,
  serverMessage,
} from '../testing/server-messages.ts'
import { planColumn, type DecodeColumn } from './decode-plan.ts'
import { ResultDecoder, type DecodeReport } from './result-decoder.ts'

const plan = (typeOid: number, name = 'c'): DecodeColumn => planColumn({ name, typeOid, typeModifier: -1 })
const columns = [plan(23, 'n'), plan(25, 't'), plan(1007, 'l'), plan(1700, 'x')]
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const intArray = (...items: number[]): Uint8Array =>
  concat(
    int32(1),
    int32(0),
    int32(23),
    int32(items.length),
    int32(1),
    ...items.flatMap((item) => [int32(4), int32(item)]),
  )
/** 1.5 as numeric_send writes it. */
const oneAndAHalf = Uint8Array.from([0, 2, 0, 0, 0, 0, 0, 1, 0, 1, 0x13, 0x88])
const described = rowDescription(columns.map(({ name, typeOid, format }) => ({ name, typeOid, format })))
const rows = Array.from({ length: 20 }, (_, index) =>
  dataRow([
    int32(index),
    index % 3 === 0 ? null : ascii('text '.repeat(index)),
    intArray(index, -index),
    oneAndAHalf,
  ]),
)
const whole = concat(
  serverMessage('1'),
  serverMessage('2'),
  described,
  ...rows,
  commandComplete('SELECT 20'),
  readyForQuery(),
)

function decode(
  chunks: readonly Uint8Array[],
  options: { maxRows?: number; columns?: DecodeColumn[] } = {},
): DecodeReport[] {
  const reports: DecodeReport[] = []
  const decoder = new ResultDecoder(
    { columns: options.columns ?? columns, maxRows: options.maxRows ?? 1e9 },
    (report) => reports.push(report),
    () => 0,
  )
  for (const chunk of chunks) decoder.feed(chunk)
  return reports
}
const tableOf = (reports: readonly DecodeReport[]): Table =>
  tableFromIPC(reports.flatMap((report) => ('bytes' in report ? [report.bytes] : [])))
const json = (table: Table): string => JSON.stringify(table.toArray())
const kinds = (reports: readonly DecodeReport[]): string[] => reports.map((report) => report.kind)

describe('pieces', () => {
  const expected = json(tableOf(decode([whole])))

  it('decodes the whole', () => {
    const table = tableOf(decode([whole]))
    expect(table.numRows).toBe(20)
    expect(table.get(4)?.toJSON()).toMatchObject({ n: 4, t: 'text text text text ', x: '1.5' })
    expect(table.get(3)?.toJSON()).toMatchObject({ n: 3, t: null })
  })
  it('cut in two anywhere', () => {
    for (let cut = 0; cut <= whole.length; cut += 1) {
      const reports = decode([whole.slice(0, cut), whole.slice(cut)])
      expect(kinds(reports).at(-1)).toBe('ready')
      expect(json(tableOf(reports))).toBe(expected)
    }
  })
  it.each([1, 2, 3, 7, 100])('in pieces of %i bytes', (size) => {
    const pieces = Array.from({ length: Math.ceil(whole.length / size) }, (_, index) =>
      whole.slice(index * size, (index + 1) * size),
    )
    expect(json(tableOf(decode(pieces)))).toBe(expected)
  })
})

describe('endings', () => {
  it('cuts after the limit, once, and still waits for the server', () => {
    const reports = decode([whole], { maxRows: 7 })
    expect(tableOf(reports).numRows).toBe(7)
    expect(kinds(reports)).toEqual(['schema', 'batch', 'cut', 'complete', 'ready'])
  })
  it('does not cut a result of exactly the limit', () => {
    expect(kinds(decode([whole], { maxRows: 20 }))).toEqual(['schema', 'batch', 'complete', 'ready'])
  })
  it('delivers the rows before an error', () => {
    const reports = decode([
      concat(described, ...rows, errorResponse({ S: 'ERROR', C: '57014', M: 'canceled' }), readyForQuery()),
    ])
    expect(kinds(reports)).toEqual(['schema', 'batch', 'failed', 'ready'])
    expect(tableOf(reports).numRows).toBe(20)
  })
  it('takes nothing after the end', () => {
    expect(kinds(decode([whole, whole]))).toEqual(['schema', 'batch', 'complete', 'ready'])
  })
})

describe('lies', () => {
  const good = rows[1]!
  const value = (bytes: Uint8Array, size: number): Uint8Array => concat(int32(size), bytes)
  const rowWith = (second: Uint8Array): Uint8Array =>
    serverMessage(
      'D',
      concat(
        Uint8Array.from([0, 4]),
        value(int32(1), 4),
        second,
        value(intArray(1), intArray(1).length),
        value(oneAndAHalf, 12),
      ),
    )
  const oneColumn = (bytes: Uint8Array): Uint8Array =>
    serverMessage('D', concat(Uint8Array.from([0, 1]), value(bytes, bytes.length)))

  it.each([
    ['a negative message length', serverMessage('D', ascii('abc'), -1)],
    ['a message length below four', serverMessage('D', ascii('abc'), 3)],
    ['a message of two gibibytes', serverMessage('D', ascii('abc'), 0x7fffffff)],
    ['a row too short for its count', serverMessage('D', Uint8Array.from([0]))],
    ['a wrong number of columns', dataRow([int32(1)])],
    ['a value longer than its row', rowWith(value(ascii('abc'), 1_000_000))],
    ['a value of negative length', rowWith(value(ascii('abc'), -2))],
    ['an integer of three bytes', dataRow([ascii('abc'), null, null, null])],
    ['bytes left over in a row', serverMessage('D', concat(good.subarray(5), ascii('xx')))],
    ['an unknown message', serverMessage('!', ascii('abc'))],
    ['HTML', ascii('<html><body>404</body></html>')],
    ['other columns than promised', rowDescription([{ name: 'a', typeOid: 25 }])],
    ['a row description cut short', serverMessage('T', Uint8Array.from([0, 9, 65, 0]))],
    ['a command tag without an end', serverMessage('C', ascii('SELECT 1'))],
  ])('%s', (_, bytes) => {
    const reports = decode([concat(good, bytes, ...rows, readyForQuery())])
    expect(reports.at(-1)).toMatchObject({ kind: 'fault', reason: 'protocol' })
  })

  it.each([
    [
      'an array that promises a billion items',
      1007,
      concat(int32(1), int32(0), int32(23), int32(1_000_000_000), int32(1)),
    ],
    ['an array of negative length', 1007, concat(int32(1), int32(0), int32(23), int32(-5), int32(1))],
    ['an array of a hundred dimensions', 1007, concat(int32(100), int32(0), int32(23))],
    [
      'an array item outside of it',
      1007,
      concat(int32(1), int32(0), int32(23), int32(1), int32(1), int32(400), int32(7)),
    ],
    [
      'an array item of a wrong size',
      1007,
      concat(int32(1), int32(0), int32(23), int32(1), int32(1), int32(2), Uint8Array.from([0, 1])),
    ],
    ['an array with bytes left over', 1007, concat(intArray(1), int32(1))],
    ['a numeric cut short', 1700, Uint8Array.from([0, 2, 0, 0])],
    ['a numeric with fewer digits than it says', 1700, Uint8Array.from([0, 9, 0, 0, 0, 0, 0, 1, 0, 1])],
    ['an empty numeric', 1700, new Uint8Array(0)],
    ['a uuid of four bytes', 2950, int32(1)],
    ['a timestamp of four bytes', 1114, int32(1)],
  ])('%s', (_, typeOid, bytes) => {
    const reports = decode([concat(oneColumn(bytes), readyForQuery())], { columns: [plan(typeOid)] })
    expect(reports.at(-1)).toMatchObject({ kind: 'fault', reason: 'protocol' })
  })

  it('survives noise', () => {
    let seed = 42
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) & 0x7fffffff)
    for (let round = 0; round < 3000; round += 1) {
      const noisy = whole.slice()
      for (let flips = 0; flips < 4; flips += 1) noisy[random() % noisy.length] = random() & 255
      const reports = decode([noisy])
      expect(
        reports.filter((report) => report.kind === 'fault' || report.kind === 'ready').length,
      ).toBeLessThanOrEqual(1)
    }
  })
})
