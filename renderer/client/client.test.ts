import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { AppError } from '#shared/errors.ts'
import { eventFeed } from '../testing/event-feed.ts'
import { attempt, onFailure } from './attempt.ts'
import { follow, pause, toAppError } from './client.ts'

const unreachable = new AppError('unreachable', 'The connection to the application core was lost: closed')

describe('following events', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  const settle = (ms = 0): Promise<unknown> => vi.advanceTimersByTimeAsync(ms)

  it('starts anew after the carrier was lost, without telling anybody', async () => {
    const feed = eventFeed('first')
    const seen: string[] = []
    const onError = vi.fn()
    const controller = new AbortController()
    void follow((options) => feed.watch(undefined, options), (event) => seen.push(event), { signal: controller.signal, onError })
    await settle()
    feed.fail(unreachable)
    await settle(199)
    expect(feed.calls()).toBe(1)
    await settle(1)
    expect(feed.calls()).toBe(2)
    expect(seen).toEqual(['first', 'first'])
    expect(onError).not.toHaveBeenCalled()
    controller.abort()
  })

  it('waits longer after each failure, and at most five seconds', async () => {
    const start = vi.fn(() => Promise.reject(unreachable))
    const controller = new AbortController()
    void follow(start, () => undefined, { signal: controller.signal })
    await settle(200 + 400 + 800 + 1600 + 3200)
    expect(start).toHaveBeenCalledTimes(6)
    await settle(5000)
    await settle(5000)
    expect(start).toHaveBeenCalledTimes(8)
    controller.abort()
  })

  it('tells what is not a lost carrier, and goes on trying', async () => {
    const locked = new AppError('locked', 'The vault is locked.')
    const feed = eventFeed<number>()
    const onError = vi.fn()
    const controller = new AbortController()
    void follow((options) => feed.watch(undefined, options), () => undefined, { signal: controller.signal, onError })
    await settle()
    feed.fail(locked)
    await settle(200)
    expect(onError).toHaveBeenCalledWith(locked)
    expect(feed.open()).toBe(1)
    controller.abort()
  })

  it('stops for good on abort: no event, no error, no further call, no timer', async () => {
    const feed = eventFeed<string>('first')
    const onEvent = vi.fn()
    const onError = vi.fn()
    const controller = new AbortController()
    const done = follow((options) => feed.watch(undefined, options), onEvent, { signal: controller.signal, onError })
    await settle()
    controller.abort()
    feed.send('late')
    await done
    await settle(20_000)
    expect(onEvent).toHaveBeenCalledTimes(1)
    expect(onError).not.toHaveBeenCalled()
    expect(feed.calls()).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('survives a listener that throws', async () => {
    const report = vi.fn()
    vi.stubGlobal('reportError', report)
    const feed = eventFeed(1, 2)
    const seen: number[] = []
    const controller = new AbortController()
    const onEvent = (event: number): void => {
      seen.push(event)
      if (event === 1) throw new Error('a fault of a store')
    }
    void follow((options) => feed.watch(undefined, options), onEvent, { signal: controller.signal })
    await settle()
    expect(seen).toEqual([1, 2])
    expect(report).toHaveBeenCalledTimes(1)
    expect(feed.calls()).toBe(1)
    controller.abort()
    vi.unstubAllGlobals()
  })

  it('leaves no listener behind on a signal that lives on', async () => {
    const { signal } = new AbortController()
    const add = vi.spyOn(signal, 'addEventListener')
    const remove = vi.spyOn(signal, 'removeEventListener')
    const waited = pause(10, signal)
    await settle(10)
    await waited
    expect(remove.mock.calls.map((call) => call[1])).toEqual(add.mock.calls.map((call) => call[1]))
  })
})

describe('work that nobody waits for', () => {
  it('tells its failure with what was tried, and never rejects', async () => {
    const told = vi.fn()
    const stop = onFailure(told)
    await attempt('The theme could not be changed', Promise.reject(unreachable))
    expect(told).toHaveBeenCalledWith({ title: 'The theme could not be changed', error: unreachable })
    stop()
  })

  it('says nothing of what was cancelled, nor to who listens no more', async () => {
    const told = vi.fn()
    const stop = onFailure(told)
    await attempt('Anything', () => Promise.reject(new DOMException('gone', 'AbortError')))
    stop()
    await attempt('Anything', Promise.reject(unreachable))
    expect(told).not.toHaveBeenCalled()
  })

  it('makes a sentence of what is no AppError', () =>
    expect(toAppError(new TypeError('fetch failed'))).toMatchObject({ code: 'unreachable', remedy: expect.stringContaining('restored') as string }))
})
