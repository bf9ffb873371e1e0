import { expect, it } from 'vitest'
import { openBrowser } from './open-browser.ts'

const node = process.execPath

it('tells whether the opener took the address', async () => {
  expect(
    await openBrowser('http://127.0.0.1:1/', [
      node,
      '-e',
      'process.exit(process.argv[1] === "http://127.0.0.1:1/" ? 0 : 1)',
      '--',
    ]),
  ).toBe(true)
  expect(await openBrowser('http://127.0.0.1:1/', [node, '-e', 'process.exit(4)', '--'])).toBe(false)
  expect(await openBrowser('http://127.0.0.1:1/', ['meridian-no-such-opener'])).toBe(false)
})
it('hands the address over as one word, whatever it holds', async () => {
  const url = 'http://127.0.0.1:1/?token=$(touch /tmp/x);`id`&b=" c'
  const check = `process.exit(process.argv[1] === ${JSON.stringify(url)} ? 0 : 1)`
  expect(await openBrowser(url, [node, '-e', check, '--'])).toBe(true)
})
