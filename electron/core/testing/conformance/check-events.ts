// Event streams over any carrier: order, the single end, failure in the middle, and giving up. Part of
// `describeCarrier`.
import { expect, it } from 'vitest'
import { collect } from './collect.ts'
import type { Bench } from './describe-carrier.ts'

export function checkEvents(bench: Bench): void {
  it('delivers events in order and ends once', async () => {
    const { client } = await bench.connect()
    const key = bench.key()
    const stream = await client.feeds.count({ key, upTo: 500 })
    const seen: number[] = []
    for await (const event of stream) seen.push(event)
    expect(seen).toEqual(Array.from({ length: 500 }, (_, index) => index))
    const iterator = stream[Symbol.asyncIterator]()
    expect([(await iterator.next()).done, (await iterator.next()).done]).toEqual([true, true])
    await expect.poll(() => bench.journal(key)).toEqual(['ended'])
  })
  it('fails once, typed, after the events that came before', async () => {
    const { client } = await bench.connect()
    const key = bench.key()
    const stream = await client.feeds.count({ key, upTo: 10, failAt: 3 })
    const iterator = stream[Symbol.asyncIterator]()
    expect(
      [await iterator.next(), await iterator.next(), await iterator.next()].map((item) => item.value),
    ).toEqual([0, 1, 2])
    await expect(iterator.next()).rejects.toMatchObject({
      name: 'AppError',
      code: 'upstream',
      detail: { kind: 'http', status: 502 },
    })
    expect((await iterator.next()).done).toBe(true)
    await expect.poll(() => bench.journal(key)).toEqual(['ended'])
  })
  it('ends at the source when its signal fires', async () => {
    const { client } = await bench.connect()
    const key = bench.key()
    const controller = new AbortController()
    const stream = await client.feeds.hang({ key }, { signal: controller.signal })
    const iterator = stream[Symbol.asyncIterator]()
    expect((await iterator.next()).value).toBe('first')
    const waiting = expect(iterator.next()).rejects.toMatchObject({ code: 'cancelled' })
    controller.abort()
    await waiting
    expect((await iterator.next()).done).toBe(true)
    await expect.poll(() => bench.journal(key)).toEqual(['ended'])
  })
  it('ends at the source when the reader leaves the loop', async () => {
    const { client } = await bench.connect()
    const key = bench.key()
    for await (const event of await client.feeds.hang({ key })) {
      expect(event).toBe('first')
      break
    }
    await expect.poll(() => bench.journal(key)).toEqual(['ended'])
  })
  it('ends a wait that return() cuts short', async () => {
    const { client } = await bench.connect()
    const key = bench.key()
    const iterator = (await client.feeds.hang({ key }))[Symbol.asyncIterator]()
    await iterator.next()
    const waiting = iterator.next()
    await iterator.return?.()
    expect((await waiting).done).toBe(true)
    await expect.poll(() => bench.journal(key)).toEqual(['ended'])
  })
  it('keeps two streams of one procedure apart', async () => {
    const { client } = await bench.connect()
    const read = async (upTo: number): Promise<number[]> =>
      collect(await client.feeds.count({ key: bench.key(), upTo }))
    const [short, long] = await Promise.all([read(3), read(40)])
    expect([short, long.length, long.at(-1)]).toEqual([[0, 1, 2], 40, 39])
  })
}
