// The desktop's carrier, held to the same suite as all others: over the real preload and the real transport, with
// worker_threads ports in the place of Electron's. Then what is the desktop's own: doors, reload, crash.
import { describe, expect, it } from 'vitest'
import { createConformanceCore } from '#core/testing/conformance/conformance-core.ts'
import { describeCarrier, type CarrierUnderTest } from '#core/testing/conformance/describe-carrier.ts'
import type { Log } from '#core/platform.ts'
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import { servePorts, type PortServerOptions } from './port-transport.ts'
import { FakeContents } from './testing/fake-window.ts'
import { connectFakePage, openDoor, pagePipe } from './testing/fake-page.ts'
import { FakeMessageChannelMain, pageChannel } from './testing/fake-ports.ts'
import { preventable } from './testing/strict.ts'

function recordingLog() {
  const lines: string[] = []
  const say = (text: string): void => void lines.push(text)
  const log: Log = { debug: say, info: say, warn: say, error: say, child: () => log }
  return { log, lines }
}

let lastId = 0
function serve(host: PortServerOptions['host']) {
  const contents = new FakeContents((lastId += 1))
  const { log, lines } = recordingLog()
  const stop = servePorts({
    MessageChannelMain: FakeMessageChannelMain,
    contents: contents.face(),
    host,
    log,
  })
  return { contents, lines, stop }
}

describeCarrier("Electron's ports, through preload and main", async (): Promise<CarrierUnderTest> => {
  const core = createConformanceCore()
  const host = {
    connect: ((pipe: FramePipe) => core.connect(pipe)) as unknown as PortServerOptions['host']['connect'],
    channels: core.channels,
  }
  return {
    async connect() {
      const { rpc, doors } = await connectFakePage(serve(host).contents)
      doors.start()
      return {
        calls: pagePipe(rpc),
        openChannel: (channelId) => openDoor(doors, { channelId }),
        vanish: () => rpc.close(),
      }
    },
    dropCore: () => core.dropAll(),
    dispose: () => core.dropAll(),
  }
})

/** A host that only notes what it was given. */
function notingHost() {
  const pipes: Array<{ label: string; pipe: FramePipe; endedBy: string | undefined }> = []
  const attached: Array<{ channelId: string; pipe: FramePipe }> = []
  const host = {
    connect: ((pipe: FramePipe, label: string) => {
      const entry: (typeof pipes)[number] = { label, pipe, endedBy: undefined }
      pipe.onClose((reason) => (entry.endedBy = reason))
      pipe.onFrame(() => undefined)
      pipes.push(entry)
    }) as unknown as PortServerOptions['host']['connect'],
    channels: {
      attach: (channelId: string, pipe: FramePipe) => {
        if (channelId.startsWith('0')) return false
        attached.push({ channelId, pipe })
        return true
      },
    },
  }
  return { host, pipes, attached }
}

describe("the window's visit", () => {
  it('ends with its page, and a reload gets a fresh one', async () => {
    const { host, pipes } = notingHost()
    const { contents } = serve(host)
    const first = await connectFakePage(contents)
    first.rpc.close()
    await expect.poll(() => pipes[0]!.endedBy).toBeTypeOf('string')
    await connectFakePage(contents)
    expect(pipes).toHaveLength(2)
    expect(pipes[1]!.endedBy).toBeUndefined()
  })

  it('never has two at once: asking again ends the one before, ports and doors', async () => {
    const { host, pipes } = notingHost()
    const { contents } = serve(host)
    const first = await connectFakePage(contents)
    let doorsClosed = false
    first.doors.addEventListener('close', () => (doorsClosed = true))
    first.doors.start()
    contents.askForPorts()
    expect(pipes.map((entry) => entry.endedBy)).toEqual(['The page was loaded anew.', undefined])
    await expect.poll(() => doorsClosed).toBe(true)
  })

  it.each([
    ['render-process-gone', [preventable(), { reason: 'crashed', exitCode: 1 }]],
    ['destroyed', []],
  ])('ends at %s', async (event, args) => {
    const { host, pipes } = notingHost()
    const { contents } = serve(host)
    await connectFakePage(contents)
    contents.events.emit(event, ...args)
    expect(pipes[0]!.endedBy).toBeTypeOf('string')
  })
})

describe('the doors', () => {
  const id = 'a'.repeat(32)

  it('attach one port under its channel', async () => {
    const { host, attached } = notingHost()
    const { doors } = await connectFakePage(serve(host).contents)
    openDoor(doors, { channelId: id })
    await expect.poll(() => attached.map((entry) => entry.channelId)).toEqual([id])
  })

  it('tell the page when no channel waits under that id', async () => {
    const { host } = notingHost()
    const { doors } = await connectFakePage(serve(host).contents)
    const frames: unknown[] = []
    let hasClosed = false
    const pipe = openDoor(doors, { channelId: '0'.repeat(32) })
    pipe.onFrame((frame) => frames.push(frame))
    pipe.onClose(() => (hasClosed = true))
    await expect.poll(() => hasClosed).toBe(true)
    expect(frames).toEqual([JSON.stringify({ close: 'This channel is not open any more.' })])
  })

  it.each([
    ['no id', {}],
    ['an id of another shape', { channelId: '../../x' }],
    ['an id that is no text', { channelId: 7 }],
    ['a text', 'channel'],
    ['nothing', null],
  ])('close a port that comes with %s', async (_what, message) => {
    const { host, attached } = notingHost()
    const { contents, lines } = serve(host)
    const { doors } = await connectFakePage(contents)
    let hasClosed = false
    openDoor(doors, message).onClose(() => (hasClosed = true))
    await expect.poll(() => hasClosed).toBe(true)
    expect(lines).toHaveLength(1)
    expect(attached).toEqual([])
  })

  it('close all ports when there are more than one, and bear a message with none', async () => {
    const { host, attached } = notingHost()
    const { contents, lines } = serve(host)
    const { doors } = await connectFakePage(contents)
    doors.postMessage({ channelId: id }, [pageChannel().port2, pageChannel().port2])
    doors.postMessage({ channelId: id })
    await expect.poll(() => lines).toHaveLength(2)
    expect(attached).toEqual([])
  })
})
