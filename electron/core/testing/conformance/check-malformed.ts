// Frames that no honest page sends, over any carrier: the core answers, ignores or closes that one connection, and
// serves everybody else on. Part of `describeCarrier`.
import { expect, it } from 'vitest'
import type { Bench, PageEnd } from './describe-carrier.ts'

const call = (url: string, body: unknown = { json: 'ping' }): string =>
  JSON.stringify({ i: 'a', p: { u: url, b: body } })

const lies: ReadonlyArray<readonly [string, string | Uint8Array]> = [
  ['text that is no JSON', 'hello'],
  ['an empty text', ''],
  ['truncated JSON', call('/calls/echo').slice(0, -9)],
  ['null', 'null'],
  ['a number', '42'],
  ['a list', '[]'],
  ['an object without anything', '{}'],
  ['an id that is a number', '{"i":5,"p":{"u":"/calls/echo"}}'],
  ['an id that is absent', '{"p":{"u":"/calls/echo"}}'],
  ['an id that is a book', JSON.stringify({ i: 'x'.repeat(10_000), p: { u: '/calls/echo' } })],
  ['a payload that is a text', '{"i":"a","p":"x"}'],
  ['an address that is a number', '{"i":"a","p":{"u":7}}'],
  ['an address that is none', '{"i":"a","p":{"u":"http://[bad"}}'],
  ['headers that are a text', '{"i":"a","p":{"u":"/calls/echo","h":"x"}}'],
  ['a type nobody knows', '{"i":"a","t":99,"p":{"u":"/calls/echo"}}'],
  ['a body that does not fit its own description', call('/calls/echo', { json: 1, meta: [[0, 'x', 'y']] })],
  [
    'a body that reaches for a prototype',
    call('/calls/echo', { json: {}, meta: [[1, '__proto__', 'polluted']] }),
  ],
  ['an event for a call that is not open', '{"i":"zz","t":3,"p":{"e":"message","d":1}}'],
  ['an end for a call that is not open', '{"i":"zz","t":4}'],
  ['a form that is no form', '{"i":"a","p":{"u":"/calls/echo","h":{"content-type":"multipart/form-data"}}}'],
  ['bytes that are no text', Uint8Array.from([0xff, 0xfe, 0x00, 0x80])],
  ['no bytes', new Uint8Array(0)],
]

export function checkMalformed(bench: Bench): void {
  it.each(lies)('survives %s', async (_what, frame) => {
    const page = await bench.connectRaw()
    page.calls.send(frame)
    expect(await fateOf(page)).toMatch(/answered|closed/)
    const { client } = await bench.connect()
    expect(await client.calls.echo('still here')).toBe('still here')
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })
  it('answers a call of a procedure that does not exist with a typed error', async () => {
    const page = await bench.connectRaw()
    const answer = nextText(page)
    page.calls.send(call('/calls/selfDestruct'))
    expect(await answer).toContain('"code":"unsupported"')
  })
  it('answers a body that cannot be read with a typed error', async () => {
    const page = await bench.connectRaw()
    const answer = nextText(page)
    page.calls.send(call('/calls/echo', { json: 'x', meta: [[0]] }))
    expect(await answer).toContain('"code":"invalid-input"')
  })
  it('keeps other open calls alive when an unknown id ends', async () => {
    const page = await bench.connectRaw()
    const answer = nextText(page)
    const gate = bench.key()
    page.calls.send(
      JSON.stringify({ i: 'one', p: { u: '/calls/delayedEcho', b: { json: { text: 'kept', gate } } } }),
    )
    page.calls.send('{"i":"two","t":4}')
    const { client } = await bench.connect()
    await client.calls.openGate({ gate })
    expect(await answer).toContain('kept')
  })
}

const nextText = (page: PageEnd): Promise<string> =>
  new Promise((resolve) => page.calls.onFrame((frame) => resolve(typeof frame === 'string' ? frame : '')))

/** After the lie an honest call is made on the same connection: it is answered, or the connection has been closed. */
function fateOf(page: PageEnd): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>()
  page.calls.onFrame((frame) => {
    if (typeof frame === 'string' && frame.includes('"honest"')) resolve('answered')
  })
  page.calls.onClose(() => resolve('closed'))
  page.calls.send(JSON.stringify({ i: 'honest', p: { u: '/calls/echo', b: { json: 'ping' } } }))
  return promise
}
