// The page's end of a WebSocket as a frame pipe. Frames given before the socket is open wait for it. The core's
// end is the loopback shell's own (it also watches the peer's life); what the frames mean is not known here.
import type { FramePipe } from './byte-channel.ts'

/** What is needed of a browser's WebSocket (or of the `ws` package's, which has the same face). */
export interface SocketLike {
  readonly readyState: number
  binaryType: string
  send(data: string | Uint8Array<ArrayBuffer>): void
  close(code?: number, reason?: string): void
  addEventListener(name: 'open' | 'error', listener: () => void): void
  addEventListener(name: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(name: 'close', listener: (event: { code: number; reason: string }) => void): void
}

const connecting = 0
const open = 1
/** The protocol allows 123 bytes of reason. */
const maxReasonLength = 40

/** Takes the socket over. A socket that cannot be opened is told through `onClose`, like one that is lost. */
export function createSocketPipe(socket: SocketLike): FramePipe {
  let closeReason: string | undefined
  const waiting: Array<Uint8Array | string> = []
  const closeListeners: Array<(reason: string) => void> = []
  const end = (reason: string): void => {
    if (closeReason !== undefined) return
    closeReason = reason
    for (const listener of closeListeners.splice(0)) listener(reason)
  }
  const sendNow = (frame: Uint8Array | string): void => socket.send(frame as string | Uint8Array<ArrayBuffer>)
  socket.binaryType = 'arraybuffer'
  let parting: string | undefined
  const part = (reason: string): void => socket.close(1000, reason.slice(0, maxReasonLength))
  socket.addEventListener('open', () => {
    for (const frame of waiting.splice(0)) sendNow(frame)
    if (parting !== undefined) part(parting)
  })
  // An error is always followed by `close`; the listener only keeps it from being thrown.
  socket.addEventListener('error', () => undefined)
  socket.addEventListener('close', ({ code, reason }) => end(reason || `The socket was closed (${code}).`))
  return {
    send(frame) {
      if (closeReason !== undefined) return
      if (socket.readyState === connecting) waiting.push(frame)
      else if (socket.readyState === open) sendNow(frame)
    },
    onFrame(listener) {
      socket.addEventListener('message', ({ data }) => {
        if (closeReason === undefined)
          listener(typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer))
      })
    },
    onClose(listener) {
      if (closeReason === undefined) closeListeners.push(listener)
      else listener(closeReason)
    },
    close(reason = 'closed') {
      // Last words that wait for the socket to open are still said: the other side waits for them.
      if (socket.readyState === connecting) parting = reason
      else part(reason)
      end(reason)
    },
  }
}
