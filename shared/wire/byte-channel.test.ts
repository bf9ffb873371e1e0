// What the conformance suite cannot see from outside: the ends of a channel on a scripted pipe.
import { describe, expect, it } from 'vitest'
import { createByteChannel, defaultCredit, maxFrameBytes, type FramePipe } from './byte-channel.ts'

function scriptedPipe() {
  const sent: Array<Uint8Array | string> = []
  let onFrame: (frame: Uint8Array | string) => void = () => undefined
  let onClose: (reason: string) => void = () => undefined
  const pipe: FramePipe = {
    send: (frame) => sent.push(frame),
    onFrame: (listener) => (onFrame = listener),
    onClose: (listener) => (onClose = listener),
    close: () => sent.push('(closed)'),
  }
  return {
    pipe,
    sent,
    deliver: (frame: Uint8Array | string) => onFrame(frame),
    lose: (reason: string) => onClose(reason),
  }
}

describe('byte channel', () => {
  it('keeps what has come readable after the end', async () => {
    const { pipe, deliver } = scriptedPipe()
    const channel = createByteChannel(pipe)
    deliver(Uint8Array.of(1))
    deliver(Uint8Array.of(2))
    deliver('{"close":"done"}')
    const iterator = channel.incoming[Symbol.asyncIterator]()
    expect([await iterator.next(), await iterator.next(), await iterator.next()]).toEqual([
      { done: false, value: Uint8Array.of(1) },
      { done: false, value: Uint8Array.of(2) },
      { done: true, value: undefined },
    ])
  })
  it('grants credit only for what was taken', async () => {
    const { pipe, sent, deliver } = scriptedPipe()
    const channel = createByteChannel(pipe)
    deliver(Uint8Array.of(1))
    expect(sent).toEqual([])
    await channel.incoming[Symbol.asyncIterator]().next()
    expect(sent).toEqual(['{"credit":1}'])
  })
  it('ends a reader that waits and a writer that waits when the pipe is lost', async () => {
    const { pipe, lose } = scriptedPipe()
    const channel = createByteChannel(pipe)
    const reading = channel.incoming[Symbol.asyncIterator]().next()
    const writes = Array.from({ length: defaultCredit + 1 }, () => channel.write(Uint8Array.of(1)))
    const last = expect(writes.at(-1)).rejects.toThrow('gone')
    await Promise.all(writes.slice(0, -1))
    lose('gone')
    expect((await reading).done).toBe(true)
    await last
    expect(await channel.closed).toBe('gone')
  })
  it('ends once, with the first reason, and says it once', async () => {
    const { pipe, sent, deliver, lose } = scriptedPipe()
    const channel = createByteChannel(pipe)
    channel.close('first')
    channel.close('second')
    deliver('{"close":"third"}')
    lose('fourth')
    expect(await channel.closed).toBe('first')
    expect(sent).toEqual(['{"close":"first"}', '(closed)'])
  })
  it('cuts a long reason so that the other side can read it', () => {
    const { pipe, sent } = scriptedPipe()
    createByteChannel(pipe).close('x'.repeat(10_000))
    expect(String(sent[0]).length).toBeLessThan(4096)
  })
  it('sends what is too large for one frame in several', async () => {
    const { pipe, sent } = scriptedPipe()
    await createByteChannel(pipe).write(new Uint8Array(maxFrameBytes * 2 + 1))
    expect(sent.map((frame) => frame.length)).toEqual([maxFrameBytes, maxFrameBytes, 1])
  })
  it('refuses a frame above the limit and credit that was not owed', async () => {
    const large = scriptedPipe()
    const channel = createByteChannel(large.pipe)
    large.deliver(new Uint8Array(maxFrameBytes + 1))
    expect(await channel.closed).toBe('A frame was larger than the limit.')
    const generous = scriptedPipe()
    const other = createByteChannel(generous.pipe)
    generous.deliver('{"credit":1}')
    expect(await other.closed).toBe('The peer granted more than it was sent.')
  })
})
