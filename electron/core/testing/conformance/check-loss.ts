// Loss of either side, over any carrier: what was open ends once, with the right error, and the other side is told.
// Part of `describeCarrier`.
import { expect, it } from 'vitest'
import { createByteChannel } from '#shared/wire/byte-channel.ts'
import { connectTo, type Bench } from './describe-carrier.ts'

export function checkLoss(bench: Bench): void {
  it('cancels in the core what a vanished page had started', async () => {
    const { client, vanish } = await bench.connect()
    const [call, feed] = [bench.key(), bench.key()]
    const lostCall = client.calls.waitForCancel({ key: call }).catch(() => undefined)
    const iterator = (await client.feeds.hang({ key: feed }))[Symbol.asyncIterator]()
    await iterator.next()
    await expect.poll(() => bench.journal(call)).toEqual(['started'])
    vanish()
    await expect.poll(() => bench.journal(call)).toEqual(['started', 'aborted'])
    await expect.poll(() => bench.journal(feed)).toEqual(['ended'])
    void lostCall
  })
  it('ends the channels of a vanished page, attached or still waiting', async () => {
    const connection = await bench.connect()
    const [attached, waiting] = [bench.key(), bench.key()]
    const { channelId } = await connection.client.channels.open({ key: attached, mode: 'echo' })
    const channel = createByteChannel(await connection.openChannel(channelId))
    await channel.write(new Uint8Array(1))
    await channel.incoming[Symbol.asyncIterator]().next()
    await connection.client.channels.open({ key: waiting, mode: 'echo' })
    connection.vanish()
    await expect.poll(async () => (await bench.journal(attached)).length).toBe(1)
    await expect.poll(() => bench.journal(waiting)).toEqual(['abandoned'])
    await channel.closed
  })
  it('fails open calls as unreachable when the core is lost, and a command as of unknown outcome', async () => {
    const carrier = await bench.open()
    try {
      const { client } = await connectTo(carrier)
      const query = expect(client.calls.waitForCancel({ key: 'q' })).rejects.toMatchObject({
        code: 'unreachable',
        retryable: true,
      })
      const command = expect(client.calls.waitForCancelCommand({ key: 'c' })).rejects.toMatchObject({
        code: 'unreachable',
        retryable: false,
        detail: { kind: 'outcome-unknown', action: 'Wait' },
      })
      const iterator = (await client.feeds.hang({ key: 'f' }))[Symbol.asyncIterator]()
      await iterator.next()
      const event = expect(iterator.next()).rejects.toMatchObject({ code: 'unreachable' })
      await expect.poll(() => client.calls.journal({ key: 'c' })).toEqual(['started'])
      await carrier.dropCore()
      await Promise.all([query, command, event])
      expect((await iterator.next()).done).toBe(true)
      await expect(client.calls.nothing()).rejects.toMatchObject({ code: 'unreachable' })
    } finally {
      await carrier.dispose()
    }
  })
  it('ends a channel when the core is lost', async () => {
    const carrier = await bench.open()
    try {
      const connection = await connectTo(carrier)
      const { channelId } = await connection.client.channels.open({ key: 'k', mode: 'echo' })
      const channel = createByteChannel(await connection.openChannel(channelId))
      await channel.write(new Uint8Array(1))
      await channel.incoming[Symbol.asyncIterator]().next()
      await carrier.dropCore()
      expect(await channel.closed).not.toBe('')
      await expect(channel.write(new Uint8Array(1))).rejects.toThrow('has ended')
    } finally {
      await carrier.dispose()
    }
  })
}
