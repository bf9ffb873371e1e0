import { describe, expect, it } from 'vitest'
import { createFeed, keepUpTo } from './event-feed.ts'

const take = async <T>(source: AsyncGenerator<T>, count: number): Promise<T[]> => {
  const taken: T[] = []
  while (taken.length < count) taken.push((await source.next()).value)
  return taken
}

describe('event feed', () => {
  it('delivers to every subscriber, beginning with what it was given first', async () => {
    const feed = createFeed<string>()
    const signal = new AbortController().signal
    const [one, two] = [feed.subscribe(signal, 'now'), feed.subscribe(signal)]
    expect(await take(one, 1)).toEqual(['now'])
    const waiting = take(two, 1)
    feed.publish('later')
    expect(await waiting).toEqual(['later'])
    expect(await take(one, 1)).toEqual(['later'])
  })
  it('loses nothing that is published before the first read', async () => {
    const feed = createFeed<string>()
    const subscription = feed.subscribe(new AbortController().signal, 'old')
    feed.publish('new')
    expect(await take(subscription, 1)).toEqual(['new'])
  })
  it('keeps only the newest for a slow reader', async () => {
    const feed = createFeed<number>()
    const subscription = feed.subscribe(new AbortController().signal)
    for (let index = 0; index < 1000; index += 1) feed.publish(index)
    expect(await take(subscription, 1)).toEqual([999])
  })
  it('merges as it is told', async () => {
    const feed = createFeed<number>({ merge: keepUpTo(3) })
    const subscription = feed.subscribe(new AbortController().signal)
    for (let index = 0; index < 5; index += 1) feed.publish(index)
    expect(await take(subscription, 3)).toEqual([2, 3, 4])
  })
  it('ends a waiting reader when its signal fires, and forgets it', async () => {
    const feed = createFeed<number>()
    const controller = new AbortController()
    const waiting = feed.subscribe(controller.signal).next()
    expect(feed.subscriberCount).toBe(1)
    controller.abort()
    expect((await waiting).done).toBe(true)
    expect(feed.subscriberCount).toBe(0)
  })
  it('forgets a subscriber that never read, and does not start a dead one', async () => {
    const feed = createFeed<number>()
    const controller = new AbortController()
    feed.subscribe(controller.signal)
    controller.abort()
    expect(feed.subscriberCount).toBe(0)
    expect((await feed.subscribe(controller.signal, 1).next()).done).toBe(true)
  })
  it('forgets a reader that leaves its loop', async () => {
    const feed = createFeed<number>()
    for await (const event of feed.subscribe(new AbortController().signal, 7)) {
      expect(event).toBe(7)
      break
    }
    expect(feed.subscriberCount).toBe(0)
  })
  it('ends everybody when it is disposed', async () => {
    const feed = createFeed<number>()
    const waiting = feed.subscribe(new AbortController().signal).next()
    feed.dispose()
    expect((await waiting).done).toBe(true)
    expect((await feed.subscribe(new AbortController().signal, 1).next()).done).toBe(true)
  })
})
