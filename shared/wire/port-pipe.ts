// A frame pipe over a message port: the page's (DOM), Electron's in the main process, or one of Node's worker
// threads. The shells and the typed client build their pipes here; what the frames mean is not known in this file.
import type { FramePipe } from './byte-channel.ts'

type PortListener = (event: never) => void

/** The part that all three kinds of port share. DOM and Node ports have `addEventListener`, Electron's has `on`. */
export interface PortLike {
  postMessage(message: unknown): void
  start?(): void
  close(): void
  addEventListener?(name: string, listener: PortListener): void
  on?(name: string, listener: PortListener): unknown
}

/** Takes the port over: it is started when the first frame listener is set, and closed with the pipe. */
export function createPortPipe(port: PortLike): FramePipe {
  let closeReason: string | undefined
  const closeListeners: Array<(reason: string) => void> = []
  const listen = (name: string, listener: (event: { data?: unknown }) => void): void => {
    if (port.addEventListener) port.addEventListener(name, listener as PortListener)
    else port.on?.(name, listener as PortListener)
  }
  const end = (reason: string): void => {
    if (closeReason !== undefined) return
    closeReason = reason
    port.close()
    for (const listener of closeListeners.splice(0)) listener(reason)
  }
  listen('close', () => end('The other side closed the port.'))
  listen('messageerror', () => end('A message could not be read.'))
  return {
    send(frame) {
      if (closeReason === undefined) port.postMessage(typeof frame === 'string' ? frame : exactBytes(frame))
    },
    onFrame(listener) {
      listen('message', ({ data }) => {
        if (closeReason !== undefined) return
        const frame = toFrame(data)
        if (frame === undefined) end('The other side sent something that is no frame.')
        else listener(frame)
      })
      port.start?.()
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
