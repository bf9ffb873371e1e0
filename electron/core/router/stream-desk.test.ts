import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Peer } from './call-context.ts'
import { StreamDesk, type StreamOffer } from './stream-desk.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

function setUp() {
  const controller = new AbortController()
  const peer: Peer = { id: 'p', label: 'p', signal: controller.signal }
  return { desk: new StreamDesk(), peer, controller }
}
const offerOf = (parts: string[], more: Partial<StreamOffer> = {}): StreamOffer => ({
  contentType: 'text/csv',
  async *open() {
    for (const part of parts) yield bytes(part)
  },
  ...more,
})

describe('stream desk', () => {
  it('gives a body once, under an id that cannot be guessed', async () => {
    const { desk, peer } = setUp()
    const ticket = desk.offer(peer, offerOf(['a', 'b'], { filename: 'galaxies é.csv' }))
    expect(ticket).toEqual({
      streamId: expect.stringMatching(/^[0-9a-f]{32}$/),
      url: `/stream/${ticket.streamId}`,
    })
    const claimed = desk.claim(ticket.streamId)!
    expect(claimed.headers).toEqual({
      'content-type': 'text/csv',
      'cache-control': 'no-store',
      'content-disposition': "attachment; filename*=UTF-8''galaxies%20%C3%A9.csv",
    })
    expect(await new Response(claimed.body).text()).toBe('ab')
    expect(desk.claim(ticket.streamId)).toBeUndefined()
    expect(desk.claim('0'.repeat(32))).toBeUndefined()
  })
  it('is pulled: a reader that stops, stops the source', async () => {
    const { desk, peer } = setUp()
    let yielded = 0
    const { streamId } = desk.offer(
      peer,
      offerOf([], {
        async *open() {
          for (; yielded < 100; yielded += 1) yield bytes('x')
        },
      }),
    )
    const reader = desk.claim(streamId)!.body.getReader()
    await reader.read()
    await new Promise((resolve) => setImmediate(resolve))
    expect(yielded).toBeLessThan(4)
  })
  it.each(['the reader cancels', 'the request goes away', 'the desk is disposed'])(
    'tells the source when %s',
    async (how) => {
      const { desk, peer } = setUp()
      const request = new AbortController()
      let signal: AbortSignal | undefined
      const { streamId } = desk.offer(
        peer,
        offerOf([], {
          async *open(given) {
            signal = given
            yield bytes('first')
            await new Promise((resolve) => given.addEventListener('abort', resolve))
          },
        }),
      )
      const reader = desk.claim(streamId, request.signal)!.body.getReader()
      await reader.read()
      if (how === 'the reader cancels') void reader.cancel()
      else if (how === 'the request goes away') request.abort()
      else desk.dispose()
      await expect.poll(() => signal?.aborted).toBe(true)
    },
  )
  it('passes a failure of the source on', async () => {
    const { desk, peer } = setUp()
    const { streamId } = desk.offer(
      peer,
      offerOf([], {
        async *open() {
          yield bytes('half')
          throw new Error('broken')
        },
      }),
    )
    await expect(new Response(desk.claim(streamId)!.body).text()).rejects.toThrow('broken')
  })
  it('drops what was not claimed when its window goes', () => {
    const { desk, peer, controller } = setUp()
    const abandon = vi.fn()
    const { streamId } = desk.offer(peer, offerOf(['a'], { abandon }))
    controller.abort()
    expect(abandon).toHaveBeenCalledOnce()
    expect(desk.claim(streamId)).toBeUndefined()
    expect(() => desk.offer(peer, offerOf(['a']))).toThrow('The window that asked is gone.')
  })
})

describe('stream desk, in time', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  it('drops what nobody claims for a minute', () => {
    const { desk, peer } = setUp()
    const abandon = vi.fn()
    const { streamId } = desk.offer(peer, offerOf(['a'], { abandon }))
    vi.advanceTimersByTime(59_000)
    expect(abandon).not.toHaveBeenCalled()
    vi.advanceTimersByTime(2000)
    expect(abandon).toHaveBeenCalledOnce()
    expect(desk.claim(streamId)).toBeUndefined()
  })
})
