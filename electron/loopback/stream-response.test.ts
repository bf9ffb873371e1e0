// Streams over real HTTP: whole, at the reader's pace, ended with the reader, and broken off visibly.
import { get } from 'node:http'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { ask, startTestServer, type TestServer } from './testing/test-server.ts'

let test: TestServer
let cookie: string
beforeAll(async () => {
  test = await startTestServer()
  cookie = await test.letIn()
})
afterAll(() => test.dispose())

const oneMiB = 1024 * 1024

it('delivers every byte in order, once', async () => {
  const url = test.offer(async function* () {
    for (let index = 0; index < 50; index += 1) yield Buffer.alloc(oneMiB, index)
  })
  const response = await fetch(test.origin + url, { headers: { cookie } })
  const bytes = new Uint8Array(await response.arrayBuffer())
  expect(response.headers.get('content-type')).toBe('application/octet-stream')
  expect(bytes.length).toBe(50 * oneMiB)
  expect([bytes[0], bytes[25 * oneMiB], bytes.at(-1)]).toEqual([0, 25, 49])
  expect((await ask(test.server.port, url, { cookie })).status).toBe(404)
})

it('stops the source while the page does not read, and ends it when the page leaves', async () => {
  let yielded = 0
  let hasEnded = false
  let wasTold = false
  const url = test.offer(async function* (signal) {
    signal.addEventListener('abort', () => (wasTold = true))
    try {
      for (; yielded < 1000; yielded += 1) yield Buffer.alloc(oneMiB)
    } finally {
      hasEnded = true
    }
  })
  const request = get(test.origin + url, { headers: { cookie } }, (response) => response.pause())
  request.on('error', () => undefined)
  await expect.poll(() => yielded).toBeGreaterThan(0)
  let before = -1
  await expect.poll(() => before === (before = yielded), { interval: 200 }).toBe(true)
  expect(yielded).toBeLessThan(100)
  request.destroy()
  await expect.poll(() => [hasEnded, wasTold]).toEqual([true, true])
})

it('sends its headers before the first row is there', async () => {
  const gate = Promise.withResolvers<void>()
  const url = test.offer(async function* () {
    await gate.promise
    yield Buffer.from('late')
  })
  const response = await fetch(test.origin + url, { headers: { cookie } })
  expect(response.status).toBe(200)
  gate.resolve()
  expect(await response.text()).toBe('late')
})

it('breaks the connection off when the source fails, so that half a table is no whole one', async () => {
  const url = test.offer(async function* () {
    yield Buffer.from('half')
    throw new Error('the database is gone')
  })
  const response = await fetch(test.origin + url, { headers: { cookie } })
  await expect(response.text()).rejects.toThrow()
  expect(test.lines.join()).toContain('A stream broke off')
})
