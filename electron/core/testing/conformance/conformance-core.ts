// The core's side of the conformance suite: the small contract run through the product's own pipeline, call server
// and channel desk. Started in the test's process or in a worker thread; it never learns which carrier is tested.
import { randomUUID } from 'node:crypto'
import { AppError } from '#shared/errors.ts'
import type { ByteChannel, FramePipe } from '#shared/wire/byte-channel.ts'
import type { Log } from '../../platform.ts'
import type { CallContext } from '../../router/call-context.ts'
import { ChannelDesk } from '../../router/channel-desk.ts'
import { implementFeature, type Pipeline } from '../../router/implement-feature.ts'
import { createCallHandler, serveCalls } from '../../router/serve-calls.ts'
import { conformance, patternBytes } from './contract.ts'

export type ConformanceCore = ReturnType<typeof createConformanceCore>

const ignore = (): void => undefined
export const silentLog: Log = {
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  child: () => silentLog,
}

/** A pipeline without a store: nothing is locked, and the audit log keeps nothing. */
export const openPipeline: Pipeline = {
  audit: { open: () => 0, close: ignore, describe: ignore, list: () => [] },
  isLocked: () => false,
}

export function createConformanceCore() {
  const notes = createNotes()
  const channels = new ChannelDesk()
  const handler = createCallHandler({
    calls: callsRouter(notes),
    feeds: feedsRouter(notes),
    channels: channelsRouter(notes, channels),
  })
  const pipes = new Set<FramePipe>()
  return {
    channels,
    connect(pipe: FramePipe, label = 'page') {
      const controller = new AbortController()
      const peer = { id: randomUUID(), label, signal: controller.signal }
      pipes.add(pipe)
      serveCalls(handler, pipe, { peer, log: silentLog })
      pipe.onClose(() => {
        pipes.delete(pipe)
        controller.abort()
      })
      return { leave: () => controller.abort() }
    },
    /** Closes every connection from the core's side. */
    dropAll(): void {
      for (const pipe of [...pipes]) pipe.close('The core is gone.')
      channels.dispose()
    },
  }
}

type Notes = ReturnType<typeof createNotes>

function createNotes() {
  const journals = new Map<string, string[]>()
  const gates = new Map<string, PromiseWithResolvers<void>>()
  const journal = (key: string): string[] => getOrMake(journals, key, () => [])
  const gate = (name: string): PromiseWithResolvers<void> =>
    getOrMake(gates, name, () => Promise.withResolvers<void>())
  return { journal, gate, write: (key: string, entry: string): number => journal(key).push(entry) }
}

function getOrMake<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

const whenAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) =>
    signal.aborted ? resolve() : signal.addEventListener('abort', () => resolve(), { once: true }),
  )

const signalOf = (signal: AbortSignal | undefined, context: CallContext): AbortSignal =>
  signal ?? context.peer.signal

function callsRouter({ journal, gate, write }: Notes) {
  const os = implementFeature(conformance.calls, openPipeline)
  const untilCancelled = async (key: string, signal: AbortSignal): Promise<void> => {
    write(key, 'started')
    await whenAborted(signal)
    write(key, 'aborted')
    signal.throwIfAborted()
  }
  return os.router({
    echo: os.echo.handler(({ input }) => input),
    nothing: os.nothing.handler(ignore),
    delayedEcho: os.delayedEcho.handler(async ({ input }) => {
      await gate(input.gate).promise
      return input.text
    }),
    strict: os.strict.handler(({ input }) => input.count),
    append: os.append.handler(({ input }) => write(input.key, input.entry)),
    journal: os.journal.handler(({ input }) => journal(input.key)),
    openGate: os.openGate.handler(({ input }) => gate(input.gate).resolve()),
    waitForCancel: os.waitForCancel.handler(({ input, signal, context }) =>
      untilCancelled(input.key, signalOf(signal, context)),
    ),
    waitForCancelCommand: os.waitForCancelCommand.handler(({ input, signal, context }) =>
      untilCancelled(input.key, signalOf(signal, context)),
    ),
    stubborn: os.stubborn.handler(async ({ input }) => {
      write(input.key, 'started')
      await gate(input.gate).promise
      write(input.key, 'finished')
      return 'late'
    }),
    fail: os.fail.handler(({ input }) => {
      throw new AppError(input.code, input.message, { ...input, cause: new Error('stays at home') })
    }),
    crash: os.crash.handler(({ input }) => {
      throw new Error(input.text)
    }),
    large: os.large.handler(({ input }) =>
      '0123456789'.repeat(Math.ceil(input.length / 10)).slice(0, input.length),
    ),
    blob: os.blob.handler(({ input }) => new Blob([patternBytes(input.sizeBytes)])),
  })
}

function feedsRouter({ write }: Notes) {
  const os = implementFeature(conformance.feeds, openPipeline)
  return os.router({
    count: os.count.handler(async function* ({ input }) {
      try {
        for (let index = 0; index < input.upTo; index += 1) {
          if (index === input.failAt)
            throw new AppError('upstream', 'The count broke off.', {
              detail: { kind: 'http', status: 502, reason: 'Bad' },
            })
          yield index
        }
      } finally {
        write(input.key, 'ended')
      }
    }),
    flood: os.flood.handler(async function* ({ input }) {
      for (let index = 0; index < input.times; index += 1) {
        write(input.key, 'flooded')
        yield 'x'.repeat(input.length)
      }
    }),
    hang: os.hang.handler(async function* ({ input, signal, context }) {
      try {
        yield 'first'
        await whenAborted(signalOf(signal, context))
      } finally {
        write(input.key, 'ended')
      }
    }),
  })
}

function channelsRouter(notes: Notes, channels: ChannelDesk) {
  const os = implementFeature(conformance.channels, openPipeline)
  return os.router({
    open: os.open.handler(({ input, context }) =>
      channels.open(
        context.peer,
        (channel) => void serveChannel(notes, channel, input).catch(ignore),
        () => {
          notes.write(input.key, 'abandoned')
        },
      ),
    ),
  })
}

interface ChannelWish {
  key: string
  mode: 'echo' | 'source' | 'hold'
  chunks: number
  sizeBytes: number
}

async function serveChannel({ write, gate }: Notes, channel: ByteChannel, wish: ChannelWish): Promise<void> {
  void channel.closed.then((reason) => write(wish.key, `closed: ${reason}`))
  if (wish.mode === 'source') {
    for (let index = 0; index < wish.chunks; index += 1) {
      await channel.write(patternBytes(wish.sizeBytes, index))
      write(wish.key, `sent ${index}`)
    }
    return channel.close('all sent')
  }
  if (wish.mode === 'hold') await gate(wish.key).promise
  for await (const chunk of channel.incoming) {
    if (wish.mode === 'echo') await channel.write(chunk)
    else write(wish.key, `took ${chunk.byteLength}`)
  }
}
