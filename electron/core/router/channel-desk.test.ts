import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createByteChannel, type ByteChannel } from '#shared/wire/byte-channel.ts'
import { createMemoryPipes } from '../testing/memory-pipe.ts'
import type { Peer } from './call-context.ts'
import { ChannelDesk } from './channel-desk.ts'

function setUp() {
  const controller = new AbortController()
  const peer: Peer = { id: 'p', label: 'p', signal: controller.signal }
  return { desk: new ChannelDesk(), peer, controller }
}

describe('channel desk', () => {
  it('joins the page with the feature, once', async () => {
    const { desk, peer } = setUp()
    let served: ByteChannel | undefined
    const { channelId } = desk.open(peer, (channel) => (served = channel))
    const [page, core] = createMemoryPipes()
    expect(desk.attach(channelId, core)).toBe(true)
    expect(desk.attach(channelId, createMemoryPipes()[1])).toBe(false)
    expect(desk.attach('0'.repeat(32), createMemoryPipes()[1])).toBe(false)
    await served!.write(Uint8Array.of(1, 2))
    expect((await createByteChannel(page).incoming[Symbol.asyncIterator]().next()).value).toEqual(
      Uint8Array.of(1, 2),
    )
  })
  it('closes the channels of a window that goes, and abandons those that wait', async () => {
    const { desk, peer, controller } = setUp()
    const abandon = vi.fn()
    const { channelId } = desk.open(peer, () => undefined)
    desk.open(peer, () => undefined, abandon)
    const [page, core] = createMemoryPipes()
    desk.attach(channelId, core)
    controller.abort()
    expect(await createByteChannel(page).closed).toBe('The window was closed.')
    expect(abandon).toHaveBeenCalledOnce()
    expect(() => desk.open(peer, () => undefined)).toThrow('The window that asked is gone.')
  })
  it('tells every page when Meridian shuts down', async () => {
    const { desk, peer } = setUp()
    const { channelId } = desk.open(peer, () => undefined)
    const [page, core] = createMemoryPipes()
    desk.attach(channelId, core)
    desk.dispose()
    expect(await createByteChannel(page).closed).toBe('Meridian is shutting down.')
  })
})

describe('channel desk, in time', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())
  it('abandons what no page attaches to for half a minute', () => {
    const { desk, peer } = setUp()
    const abandon = vi.fn()
    const { channelId } = desk.open(peer, () => undefined, abandon)
    vi.advanceTimersByTime(31_000)
    expect(abandon).toHaveBeenCalledOnce()
    expect(desk.attach(channelId, createMemoryPipes()[1])).toBe(false)
  })
})
