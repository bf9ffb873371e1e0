// A frame pipe over a message port: the page's (DOM), Electron's in the main process, or one of Node's worker
// threads. The shells and the typed client build their pipes here; what the frames mean is not known in this file.
import type { FramePipe } from './byte-channel.ts'

type PortListener = (event: object) => void

/** The part that all three kinds of port share. DOM and Node ports have `addEventListener`, Electron's has `on`. */
export interface PortLike {
  postMessage(message: unknown): void
  start?(): void
  close(): void
  addEventListener?(name: string, listener: PortListener): void
  on?(name: string, listener: PortListener): unknown
}

/** Takes the port over and starts it; frames that come before the first listener wait for it. */
export function createPortPipe(port: PortLike): FramePipe {
  let closeReason: string | undefined
  const closeListeners: Array<(reason: string) => void> = []
  const frameListeners: Array<(frame: Uint8Array | string) => void> = []
  const early: Array<Uint8Array | string> = []
  const listen = (name: string, listener: PortListener): void => {
    if (port.addEventListener) port.addEventListener(name, listener)
    else port.on?.(name, listener)
  }
  const end = (reason: string): void => {
    if (closeReason !== undefined) return
    closeReason = reason
    port.close()
    for (const listener of closeListeners.splice(0)) listener(reason)
  }
  listen('message', (event) => {
    if (closeReason !== undefined) return
    const frame = toFrame((event as { data?: unknown }).data)
    if (frame === undefined) return end('The other side sent something that is no frame.')
    if (frameListeners.length === 0) early.push(frame)
    for (const listener of frameListeners) listener(frame)
  })
  listen('close', () => end('The other side closed the port.'))
  listen('messageerror', () => end('A message could not be read.'))
  // A port that was not started hears of no close either.
  port.start?.()
  return {
    send(frame) {
      if (closeReason === undefined) port.postMessage(typeof frame === 'string' ? frame : exactBytes(frame))
    },
    onFrame(listener) {
      frameListeners.push(listener)
      for (const frame of early.splice(0)) listener(frame)
    },
    onClose(listener) {
      if (closeReason === undefined) closeListeners.push(listener)
      else listener(closeReason)
    },
    close: (reason = 'closed') => end(reason),
  }
}

/** A port clones the whole buffer behind a view: neighbours in a pool must not travel along. */
const exactBytes = (frame: Uint8Array): Uint8Array =>
  frame.byteLength === frame.buffer.byteLength ? frame : Uint8Array.from(frame)

const toFrame = (data: unknown): Uint8Array | string | undefined => {
  if (typeof data === 'string' || data instanceof Uint8Array) return data
  return data instanceof ArrayBuffer ? new Uint8Array(data) : undefined
}
