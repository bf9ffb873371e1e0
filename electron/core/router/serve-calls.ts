// The core's end of a carrier: calls that arrive on a frame pipe are run by the router and answered. The same for
// every shell. A frame that is no message ends that pipe and nothing else; a closed pipe cancels all its calls.
import { ORPCError, type AnyRouter } from '@orpc/server'
import { StandardRPCHandler } from '@orpc/server/standard'
import { createServerPeerHandleRequestFn } from '@orpc/server/standard-peer'
import {
  decodeRequestMessage,
  encodeResponseMessage,
  experimental_ServerPeerWithoutCodec as ServerPeer,
} from '@orpc/standard-server-peer'
import { AppError, wireError } from '#shared/errors.ts'
import type { FramePipe } from '#shared/wire/byte-channel.ts'
import type { CallContext } from './call-context.ts'
import { toCarrierError } from './implement-feature.ts'

export type CallHandler = StandardRPCHandler<CallContext>

/** Made once for a router and shared by all its pipes. */
export function createCallHandler(router: AnyRouter): CallHandler {
  return new StandardRPCHandler<CallContext>(router, {
    interceptors: [
      async ({ next, context, request }) => {
        const procedure = request.url.pathname.slice(0, 200)
        try {
          const result = await next()
          if (result.matched) return result
        } catch (thrown) {
          // What the pipeline of `implement-feature.ts` threw is typed already; the rest never reached it.
          if (thrown instanceof ORPCError && wireError.safeParse(thrown.data).success) throw thrown
          context.log.warn('A call could not be understood', {
            procedure,
            fault: String(thrown).slice(0, 300),
          })
          throw toCarrierError(
            new AppError('invalid-input', 'The call could not be understood.'),
            '',
            context.log,
          )
        }
        const unknown = new AppError('unsupported', 'This version of Meridian does not know that call.', {
          remedy: 'Load the page again; if it stays, page and core are of different versions.',
        })
        throw toCarrierError(unknown, '', context.log)
      },
    ],
  })
}

/** Serves one pipe until it closes. Answers wait for the carrier to take them, so a slow page slows its events. */
export function serveCalls(handler: CallHandler, pipe: FramePipe, context: CallContext): void {
  const handle = createServerPeerHandleRequestFn(handler, { context })
  let isOpen = true
  const peer = new ServerPeer(async ([id, type, payload]) => {
    const message = await encodeResponseMessage(id, type, payload)
    if (!isOpen) return
    pipe.send(
      typeof message === 'string' || message instanceof Uint8Array ? message : new Uint8Array(message),
    )
    await pipe.drained?.()
  })
  const end = (): void => {
    if (!isOpen) return
    isOpen = false
    peer.close()
  }
  const receive = async (frame: Uint8Array | string): Promise<void> => {
    if (!isOpen) return
    const message = await decodeRequestMessage(frame).catch(() => undefined)
    if (!message || !isAddressed(message)) {
      context.log.warn('A message that is no call ended the connection', { bytes: frame.length })
      end()
      return pipe.close('unreadable message')
    }
    // Not awaited: a call may take long, and the next one (or its cancellation) is waiting behind it.
    void peer.message(message, handle).catch((thrown: unknown) => {
      if (isOpen) context.log.warn('An answer could not be sent', { fault: String(thrown).slice(0, 300) })
    })
  }
  // Frames are decoded one after the other: a cancellation must not overtake the call it cancels.
  let inbox: Promise<void> = Promise.resolve()
  pipe.onFrame((frame) => {
    inbox = inbox.then(() => receive(frame))
  })
  pipe.onClose(end)
}

/** The peer below trusts its messages; an id that is no text would make it forget every open call. */
const isAddressed = ([id, , payload]: readonly [id: unknown, type: unknown, payload: unknown]): boolean =>
  typeof id === 'string' &&
  id.length > 0 &&
  id.length <= 64 &&
  (payload === undefined || (typeof payload === 'object' && payload !== null))
