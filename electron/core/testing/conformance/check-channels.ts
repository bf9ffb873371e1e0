// Byte channels over any carrier: integrity, credit both ways, closing with a reason, lies. Part of
// `describeCarrier`.
import { expect, it } from 'vitest'
import { createByteChannel, defaultCredit, type FramePipe } from '#shared/wire/byte-channel.ts'
import { patternBytes } from './contract.ts'
import { collect } from './collect.ts'
import type { Bench, Connection } from './describe-carrier.ts'

export function checkChannels(bench: Bench): void {
  checkIntegrity(bench)
  checkCredit(bench)
  checkEnds(bench)
}

type Wish = Parameters<Connection['client']['channels']['open']>[0]

async function openPipe(connection: Connection, wish: Wish): Promise<FramePipe> {
  const { channelId } = await connection.client.channels.open(wish)
  return connection.openChannel(channelId)
}

function checkIntegrity(bench: Bench): void {
  it('echoes bytes of every size unchanged and in order', async () => {
    const connection = await bench.connect()
    const channel = createByteChannel(await openPipe(connection, { key: bench.key(), mode: 'echo' }))
    const sizes = [1, 2, 125, 126, 65_535, 65_536, 1_000_001, 3]
    const sent = sizes.map((size, index) => patternBytes(size, index))
    const writing = (async () => {
      for (const chunk of sent) await channel.write(chunk)
    })()
    const iterator = channel.incoming[Symbol.asyncIterator]()
    for (const chunk of sent)
      expect(Buffer.from((await iterator.next()).value as Uint8Array).equals(chunk)).toBe(true)
    await writing
    channel.close()
  })
  it('sends only the view, never the memory around it', async () => {
    const connection = await bench.connect()
    const pipe = await openPipe(connection, { key: bench.key(), mode: 'echo' })
    const answer = new Promise<Uint8Array>((resolve) =>
      pipe.onFrame((frame) => typeof frame !== 'string' && resolve(frame)),
    )
    pipe.send(new Uint8Array(patternBytes(4096).buffer, 100, 7))
    expect(Buffer.from(await answer).equals(patternBytes(7, 100))).toBe(true)
    pipe.close()
  })
}

function checkCredit(bench: Bench): void {
  it('never has more unanswered chunks on the way than the credit', async () => {
    const connection = await bench.connect()
    const key = bench.key()
    const pipe = await openPipe(connection, { key, mode: 'source', chunks: 10, sizeBytes: 1000 })
    let received = 0
    pipe.onFrame((frame) => (received += typeof frame === 'string' ? 0 : 1))
    const settled = async (): Promise<number> => {
      // Frames that were under way have arrived once a few calls have gone there and back.
      for (let round = 0; round < 3; round += 1) await bench.journal(key)
      return received
    }
    await expect.poll(() => received).toBe(defaultCredit)
    expect(await settled()).toBe(defaultCredit)
    expect((await bench.journal(key)).filter((entry) => entry.startsWith('sent'))).toHaveLength(defaultCredit)
    pipe.send(JSON.stringify({ credit: 1 }))
    await expect.poll(() => received).toBe(defaultCredit + 1)
    expect(await settled()).toBe(defaultCredit + 1)
    pipe.close()
  })
  it('makes the page wait while the core does not read', async () => {
    const connection = await bench.connect()
    const key = bench.key()
    const channel = createByteChannel(await openPipe(connection, { key, mode: 'hold' }))
    let accepted = 0
    const writes = Array.from({ length: 10 }, (_, index) =>
      channel.write(patternBytes(index + 1)).then(() => (accepted += 1)),
    )
    await expect.poll(() => accepted).toBe(defaultCredit)
    for (let round = 0; round < 3; round += 1) await bench.journal(key)
    expect(accepted).toBe(defaultCredit)
    await connection.client.calls.openGate({ gate: key })
    await Promise.all(writes)
    const took = Array.from({ length: 10 }, (_, index) => `took ${index + 1}`)
    await expect.poll(() => bench.journal(key)).toEqual(took)
    channel.close()
  })
  it('ends on a page that sends more than it was granted', async () => {
    const connection = await bench.connect()
    const key = bench.key()
    const pipe = await openPipe(connection, { key, mode: 'hold' })
    const closed = new Promise<string>((resolve) => pipe.onClose(resolve))
    for (let index = 0; index <= defaultCredit; index += 1) pipe.send(new Uint8Array(1))
    await closed
    await expect.poll(() => bench.journal(key)).toEqual(['closed: The peer sent more than it was granted.'])
  })
}

function checkEnds(bench: Bench): void {
  it('tells the page why the core closed, after the last byte', async () => {
    const connection = await bench.connect()
    const channel = createByteChannel(
      await openPipe(connection, { key: bench.key(), mode: 'source', chunks: 6, sizeBytes: 10 }),
    )
    const chunks = await collect(channel.incoming)
    expect(chunks).toHaveLength(6)
    expect(await channel.closed).toBe('all sent')
    await expect(channel.write(new Uint8Array(1))).rejects.toThrow('all sent')
  })
  it('tells the core why the page closed', async () => {
    const connection = await bench.connect()
    const key = bench.key()
    const channel = createByteChannel(await openPipe(connection, { key, mode: 'echo' }))
    channel.close('seen enough')
    await expect.poll(() => bench.journal(key)).toEqual(['closed: seen enough'])
  })
  it.each(['{"credit":', '{"credit":-1}', '{"credit":100}', '[]', 'null', '"close"', '{"close":1}', ''])(
    'ends on the control text %j',
    async (text) => {
      const connection = await bench.connect()
      const key = bench.key()
      const pipe = await openPipe(connection, { key, mode: 'echo' })
      const closed = new Promise<string>((resolve) => pipe.onClose(resolve))
      pipe.send(text)
      await closed
      await expect.poll(async () => (await bench.journal(key)).join()).toMatch(/^closed: The peer/)
    },
  )
  it('does not attach a page to a channel that is not waiting', async () => {
    const connection = await bench.connect()
    const { channelId } = await connection.client.channels.open({ key: bench.key(), mode: 'echo' })
    const first = createByteChannel(await connection.openChannel(channelId))
    await first.write(patternBytes(3))
    const second = await connection.openChannel(channelId)
    await new Promise<string>((resolve) => second.onClose(resolve))
    expect((await first.incoming[Symbol.asyncIterator]().next()).value).toEqual(patternBytes(3))
    first.close()
  })
}
