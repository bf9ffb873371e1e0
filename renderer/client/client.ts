// The typed client: what the contract declares, callable. Every failure arrives as an AppError, whatever carried
// it. Bulk bytes come by `fetchStream`, duplex bytes by `openChannel`.
import { createORPCClient, DynamicLink } from '@orpc/client'
import { contract } from '#shared/contracts/index.ts'
import type { ChannelTicket, StreamTicket } from '#shared/contracts/kernel.ts'
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import { createByteChannel, type ByteChannel } from '#shared/wire/byte-channel.ts'
import { createCallLink, type CallLink, type TypedClient } from '#shared/wire/typed-client.ts'
import type { Carrier, CarrierState } from './carrier.ts'

export type Calls = TypedClient<typeof contract>

export interface Client extends Calls {
  /** The body of a ticket; rejects with an AppError when the ticket is spent or the core is gone. */
  fetchStream(ticket: StreamTicket, signal?: AbortSignal): Promise<Response>
  openChannel(ticket: ChannelTicket): ByteChannel
  onState(listener: (state: CarrierState) => void): void
}

/** Whatever was thrown → an AppError: calls throw nothing else, fetches and readers of bodies do. */
export function toAppError(thrown: unknown): AppError {
  if (isAppError(thrown)) return thrown
  if ((thrown as { name?: unknown } | null)?.name === 'AbortError') return cancelled()
  return new AppError('unreachable', 'The connection to Meridian’s core broke off.', {
    remedy: 'It is being restored; look at the current state before you repeat the action.',
    cause: thrown,
  })
}

/** Builds the client on a carrier; it survives reconnects, because each call takes the newest link. */
export function createClient(carrier: Carrier): Client {
  const first = Promise.withResolvers<CallLink>()
  let current: CallLink | undefined
  carrier.onPipe((pipe) => {
    current = createCallLink(contract, pipe)
    first.resolve(current)
  })
  const calls = createORPCClient<Calls>(new DynamicLink(() => current ?? first.promise))
  const extra = {
    async fetchStream(ticket: StreamTicket, signal?: AbortSignal): Promise<Response> {
      const response = await fetch(ticket.url, signal ? { signal } : {}).catch((thrown: unknown) => {
        throw toAppError(thrown)
      })
      if (response.ok) return response
      throw new AppError('not-found', 'The data of this request is no longer waiting.', { remedy: 'Run it again.' })
    },
    openChannel: (ticket: ChannelTicket) => createByteChannel(carrier.openChannel(ticket.channelId)),
    onState: (listener: (state: CarrierState) => void) => carrier.onState(listener),
  }
  return new Proxy(calls, {
    get: (target, key, receiver) => (key in extra ? extra[key as keyof typeof extra] : Reflect.get(target, key, receiver)),
  }) as Client
}

/**
 * Follows an `events` procedure until `signal` fires, starting it anew whenever the carrier has come back.
 * `onError` gets what is not a lost carrier (a locked vault, a site that was removed). A listener that throws is a
 * fault of the program: it is reported as one and does not end the stream.
 */
export async function follow<T>(
  start: (options: { signal: AbortSignal }) => Promise<AsyncIterable<T>>,
  onEvent: (event: T) => void,
  options: { signal: AbortSignal; onError?: (error: AppError) => void },
): Promise<void> {
  const { signal, onError } = options
  let pauseMs = firstPauseMs
  while (!signal.aborted) {
    try {
      for await (const event of await start({ signal })) {
        pauseMs = firstPauseMs
        if (signal.aborted) return
        deliver(onEvent, event)
      }
    } catch (thrown) {
      const error = toAppError(thrown)
      if (signal.aborted || error.code === 'cancelled') return
      if (error.code !== 'unreachable') onError?.(error)
    }
    await pause(pauseMs, signal)
    pauseMs = Math.min(longestPauseMs, pauseMs * 2)
  }
}

const firstPauseMs = 200
const longestPauseMs = 5000

function deliver<T>(onEvent: (event: T) => void, event: T): void {
  try {
    onEvent(event)
  } catch (thrown) {
    reportError(thrown)
  }
}

/** Resolves after `ms`, or at once when `signal` fires. */
export const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end)
  })
