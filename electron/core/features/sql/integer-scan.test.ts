import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromArrays, tableToIPC } from 'apache-arrow'
import { afterAll, describe, expect, it } from 'vitest'
import { holdsInteger, wholeNumberIn } from './integer-scan.ts'

const folder = mkdtempSync(join(tmpdir(), 'integer-scan-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const never = new AbortController().signal

describe('a kept result', () => {
  const path = join(folder, 'result.arrows')
  const first = 39_627_000_000_000_000n
  writeFileSync(path, tableToIPC(tableFromArrays({ z: Float64Array.from({ length: 90_000 }, (_, at) => at / 1e5), targetid: BigInt64Array.from({ length: 90_000 }, (_, at) => first + BigInt(at) * 7n) }), 'stream'))

  it('is known to hold an id, wherever it stands', async () => {
    for (const at of [0n, 1n, 44_444n, 89_999n]) expect(await holdsInteger(path, first + at * 7n, never)).toBe(true)
  })

  it('is known not to hold another', async () => {
    expect(await holdsInteger(path, first + 1n, never)).toBe(false)
    expect(await holdsInteger(join(folder, 'gone'), first, never)).toBe(false)
  })
})

it.each([['39627000000000000', 39_627_000_000_000_000n], ['2002', null], ['99999999999999999999', null], ['9999999999999999999', null], ['3.5', null]])('%s as an id is %s', (text, value) => {
  expect(wholeNumberIn(text)).toBe(value)
})
