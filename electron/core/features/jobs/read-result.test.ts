// The lines of a job that mean something: whole tables are taken, everything less is refused with its reason.
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createLogPrinter } from './log-view.ts'
import { joinResults, progressIn, readResult } from './read-result.ts'

const head = 'MERIDIAN_RESULT {"columns": [{"name": "n", "type": "int8"}, {"name": "x", "type": "float8", "unit": "Mpc"}]}'
const rows = ['[1, 2.5]', '["39627652591521181", null]']
const sum = createHash('sha256').update(`${rows.join('\n')}\n`).digest('hex')
const whole = [head, ...rows.map((row) => `MERIDIAN_RESULT_ROW ${row}`), `MERIDIAN_RESULT_END {"rows": 2, "sha256": "${sum}"}`]

describe('a result', () => {
  it('is read from between log lines, with or without time stamps', async () => {
    const stamped = whole.flatMap((line) => ['2026-01-01T00:00:00.000000001Z working', `2026-01-01T00:00:00.000000002Z ${line}`])
    for (const lines of [whole, stamped]) {
      const result = await readResult(lines)
      expect(result).toMatchObject({ kind: 'rows', table: { rows: [[1, 2.5], ['39627652591521181', null]] } })
    }
    expect(await readResult(['MERIDIAN_RESULT {"table": "scratch.fits"}'])).toEqual({ kind: 'table', name: 'scratch.fits' })
    expect(await readResult(['only log'])).toEqual({ kind: 'none' })
  })

  it.each([
    ['cut short', whole.slice(0, -1), 'its end is missing'],
    ['with a row lost', [whole[0]!, ...whole.slice(2)], 'rows are missing'],
    ['with a value changed', whole.map((line) => line.replace('2.5', '2.6')), 'its checksum does not agree'],
    ['with a row of another shape', [head, 'MERIDIAN_RESULT_ROW [1]'], 'row 1 has not the announced columns'],
    ['with a head that is none', ['MERIDIAN_RESULT {"columns": 3}'], 'its head is not understood'],
  ])('%s is refused', async (_name, lines, why) => {
    expect(await readResult(lines)).toEqual({ kind: 'broken', why })
  })

  it('of several parts is one table, if they agree', async () => {
    const one = await readResult(whole)
    expect(joinResults([one, { kind: 'none' }, one])).toMatchObject({ kind: 'rows', table: { rows: { length: 4 } } })
    const other = await readResult(['MERIDIAN_RESULT {"columns": [{"name": "m", "type": "text"}]}', `MERIDIAN_RESULT_END {"rows": 0, "sha256": "${createHash('sha256').digest('hex')}"}`])
    expect(joinResults([one, other])).toEqual({ kind: 'broken', why: 'its parts have different columns' })
    expect(joinResults([one, { kind: 'broken', why: 'x' }])).toEqual({ kind: 'broken', why: 'x' })
  })
})

it('progress is the last that was said, and never more than all', () => {
  expect(progressIn('MERIDIAN_PROGRESS 1 4\nx\nMERIDIAN_PROGRESS 9 4\n')).toEqual({ done: 4, total: 4 })
  expect(progressIn('MERIDIAN_PROGRESS 1 0')).toBeUndefined()
})

it('a log is shown in lines, the rows of a table folded into one', () => {
  const printer = createLogPrinter('#3 │ ')
  const bytes = Buffer.from(['2026-01-01T10:20:30.5Z grün', ...whole].join('\n'))
  // Cut in the middle of a character.
  const at = bytes.indexOf(0xc3) + 1
  expect(printer.add(bytes.subarray(0, at)) + printer.add(bytes.subarray(at)) + printer.finish()).toBe('#3 │ 10:20:30  grün\n#3 │ — a result table of 2 rows —\n')
})
