// The carriers' conformance suite over real WebSockets: the product's server, its cookie, its Origin check.
import { WebSocket } from 'ws'
import { expect, it } from 'vitest'
import { describeCarrier, type CarrierUnderTest } from '#core/testing/conformance/describe-carrier.ts'
import { conformance } from '#core/testing/conformance/contract.ts'
import { createSocketPipe } from '#shared/wire/socket-pipe.ts'
import { createTypedClient } from '#shared/wire/typed-client.ts'
import { startTestServer, type TestServer } from './testing/test-server.ts'

const dial = (test: TestServer, cookie: string, path: string): WebSocket =>
  new WebSocket(`ws://127.0.0.1:${test.server.port}${path}`, { headers: { cookie, origin: test.origin } })

describeCarrier('WebSocket', async (): Promise<CarrierUnderTest> => {
  const test = await startTestServer()
  const cookie = await test.letIn()
  return {
    async connect() {
      const socket = dial(test, cookie, '/rpc')
      return {
        calls: createSocketPipe(socket),
        openChannel: (channelId) => createSocketPipe(dial(test, cookie, `/channel/${channelId}`)),
        vanish: () => socket.terminate(),
      }
    },
    dropCore: () => test.server.dispose(),
    dispose: () => test.dispose(),
  }
})

it('cuts a page that no longer answers pings, and cancels what it had started', async () => {
  const test = await startTestServer({ liveness: { pingEveryMs: 20, lostAfterMs: 100 } })
  try {
    const cookie = await test.letIn()
    const deaf = new WebSocket(`ws://127.0.0.1:${test.server.port}/rpc`, {
      headers: { cookie, origin: test.origin },
      autoPong: false,
    })
    const client = createTypedClient(conformance, createSocketPipe(deaf))
    await expect(client.calls.waitForCancel({ key: 'deaf' })).rejects.toMatchObject({ code: 'unreachable' })
    const lively = createTypedClient(conformance, createSocketPipe(dial(test, cookie, '/rpc')))
    await expect.poll(() => lively.calls.journal({ key: 'deaf' })).toEqual(['started', 'aborted'])
  } finally {
    await test.dispose()
  }
})

it('lets events wait while the page does not read', async () => {
  const test = await startTestServer()
  try {
    const cookie = await test.letIn()
    const socket = dial(test, cookie, '/rpc')
    await new Promise((resolve) => socket.once('open', resolve))
    socket.pause()
    const input = { key: 'flood', times: 400, length: 1024 * 1024 }
    socket.send(JSON.stringify({ i: 'a', p: { u: '/feeds/flood', b: { json: input } } }))
    const observer = createTypedClient(conformance, createSocketPipe(dial(test, cookie, '/rpc')))
    const taken = async (): Promise<number> => (await observer.calls.journal({ key: 'flood' })).length
    await expect.poll(taken).toBeGreaterThan(0)
    // The kernel's buffers take a few megabytes; all 400 would be on the heap if nobody waited.
    let before = -1
    await expect.poll(async () => before === (before = await taken()), { interval: 200 }).toBe(true)
    expect(await taken()).toBeLessThan(100)
    socket.terminate()
  } finally {
    await test.dispose()
  }
})
