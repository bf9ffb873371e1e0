// The page's end of a contract: calls go through a frame pipe, and every failure comes back as an AppError,
// whatever went wrong on the way. Used by the renderer's client and by tests. It re-sends nothing: whether a query
// is worth repeating after a lost connection is decided by the caller, who sees `unreachable`.
import { ORPCError, createORPCClient, type ClientLink, type ClientOptions } from '@orpc/client'
import { StandardRPCLink } from '@orpc/client/standard'
import type { AnyContractRouter, ContractRouterClient } from '@orpc/contract'
import {
  decodeResponseMessage,
  encodeRequestMessage,
  experimental_ClientPeerWithoutCodec as ClientPeer,
  MessageType,
} from '@orpc/standard-server-peer'
import { AppError, cancelled, fromWireError, isAppError, wireError } from '../errors.ts'
import type { ProcedureMeta } from '../contracts/kernel.ts'
import type { FramePipe } from './byte-channel.ts'

type NoContext = Record<never, never>
export type TypedClient<C extends AnyContractRouter> = ContractRouterClient<C, NoContext>
export type CallLink = ClientLink<NoContext>

/** `client.feature.verbNoun(input, { signal })` over one pipe. A closed pipe fails every open call as `unreachable`. */
export const createTypedClient = <C extends AnyContractRouter>(
  contract: C,
  pipe: FramePipe,
): TypedClient<C> => createORPCClient(createCallLink(contract, pipe))

/** The link below the client, for who wants to put links of their own (logging, time-outs) around it. */
export function createCallLink(contract: AnyContractRouter, pipe: FramePipe): CallLink {
  let lost: string | undefined
  const peer = new ClientPeer(async ([id, type, payload]) => {
    if (lost === undefined) pipe.send(toFrame(await encodeRequestMessage(id, type, payload)))
    else if (type === MessageType.REQUEST) throw unreachable(lost)
  })
  const lose = (reason: string): void => {
    if (lost !== undefined) return
    lost = reason
    peer.close({ reason: unreachable(reason) })
  }
  // Frames are decoded one after the other: an end must not overtake what it ends.
  let inbox: Promise<void> = Promise.resolve()
  pipe.onFrame((frame) => {
    inbox = inbox.then(async () => {
      try {
        if (lost === undefined) await peer.message(await decodeResponseMessage(frame))
      } catch {
        pipe.close('unreadable answer')
        lose('The application core answered with something unreadable.')
      }
    })
  })
  pipe.onClose(lose)
  const link = new StandardRPCLink<NoContext>(
    {
      async call(request) {
        const response = await peer.request(request)
        return { ...response, body: () => Promise.resolve(response.body) }
      },
    },
    { url: 'http://orpc' },
  )
  return {
    async call(path, input, options) {
      const funnel = (thrown: unknown): AppError =>
        toCallError(thrown, { meta: metaOf(contract, path), options, lost })
      try {
        const output = await link.call(path, input, options)
        return isEventStream(output) ? funnelEvents(output, funnel) : output
      } catch (thrown) {
        throw funnel(thrown)
      }
    },
  }
}

interface CallState {
  meta: ProcedureMeta | undefined
  options: ClientOptions<NoContext>
  lost: string | undefined
}

function toCallError(thrown: unknown, { meta, options, lost }: CallState): AppError {
  if (options.signal?.aborted) return isAppError(options.signal.reason) ? options.signal.reason : cancelled()
  if (thrown instanceof ORPCError && wireError.safeParse(thrown.data).success)
    return fromWireError(thrown.data)
  const known = isAppError(thrown) ? thrown : lost === undefined ? undefined : unreachable(lost)
  if (known?.code === 'unreachable' && meta?.kind === 'command') return outcomeUnknown(known, meta)
  return (
    known ??
    new AppError('internal', 'The application core answered with something unreadable.', { cause: thrown })
  )
}

const unreachable = (reason: string): AppError =>
  new AppError('unreachable', `The connection to the application core was lost: ${reason}`, {
    remedy: 'Wait until it is back, or start Meridian again.',
    target: { system: 'Meridian' },
  })

const outcomeUnknown = (lost: AppError, meta: ProcedureMeta): AppError =>
  new AppError('unreachable', `${lost.message} Whether "${meta.title}" was carried out is not known.`, {
    remedy: 'Look at the current state before you try again.',
    target: lost.target,
    detail: { kind: 'outcome-unknown', action: meta.title ?? '' },
    retryable: false,
    cause: lost,
  })

function metaOf(contract: AnyContractRouter, path: readonly string[]): ProcedureMeta | undefined {
  let at: unknown = contract
  for (const name of path) at = (at as Record<string, unknown> | undefined)?.[name]
  return (at as { '~orpc'?: { meta?: ProcedureMeta } } | undefined)?.['~orpc']?.meta
}

type EventStream = AsyncIterator<unknown, unknown, undefined>

const isEventStream = (output: unknown): output is EventStream =>
  typeof output === 'object' && output !== null && Symbol.asyncIterator in output && 'next' in output

/** The same events, ending exactly once: after an end, a failure or `return()`, every `next()` says done. */
function funnelEvents(
  source: EventStream,
  funnel: (thrown: unknown) => AppError,
): AsyncIterableIterator<unknown, unknown, undefined> {
  let isEnded = false
  const done = (value?: unknown): IteratorResult<unknown, unknown> => ({ done: true, value })
  return {
    async next() {
      if (isEnded) return done()
      try {
        const result = await source.next()
        if (isEnded) return done()
        isEnded = result.done === true
        return result
      } catch (thrown) {
        // A wait that `return()` cut short is an end, not a failure.
        if (isEnded) return done()
        isEnded = true
        throw funnel(thrown)
      }
    },
    async return(value?: unknown) {
      if (!isEnded) {
        isEnded = true
        await source.return?.().catch(() => undefined)
      }
      return done(value)
    },
    [Symbol.asyncIterator]() {
      return this
    },
  }
}

const toFrame = (message: string | ArrayBufferLike | Uint8Array): string | Uint8Array =>
  typeof message === 'string' || message instanceof Uint8Array ? message : new Uint8Array(message)
