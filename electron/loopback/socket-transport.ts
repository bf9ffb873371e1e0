// Sockets of the page: /rpc for calls, /channel/<id> for one byte channel each. Admission is the same as for requests,
// with an Origin demanded; a silent peer is noticed by pings and dropped.
import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import type { Host } from '#core/host.ts'
import type { Log } from '#core/platform.ts'
import { maxFrameBytes, type FramePipe } from '#shared/wire/byte-channel.ts'
import type { Door } from './launch-token.ts'
import { refusalOf } from './request-guard.ts'

const pingEveryMs = 15_000
/** Above this the source waits until the socket has taken what it was given. */
const fullBytes = 1024 * 1024
const tooManySockets = 64

interface SocketOptions {
  host: Host
  door: Door
  port: number
  log: Log
}

/** Serves upgrades on `server`; the returned function drops every socket. */
export function serveSockets(server: Server, { host, door, port, log }: SocketOptions): () => void {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: maxFrameBytes, clientTracking: true })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    const refusal = refusalOf(request, port, true) ?? (door.admits(request.headers.cookie) ? undefined : 'Open Meridian from its terminal.')
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname
    const channelId = /^\/channel\/([0-9a-f]{32})$/.exec(path)?.[1]
    if (refusal || (path !== '/rpc' && !channelId) || sockets.clients.size >= tooManySockets) {
      socket.end(`HTTP/1.1 ${refusal ? '403 Forbidden' : '404 Not Found'}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
      return
    }
    sockets.handleUpgrade(request, socket, head, (accepted) => {
      const pipe = createServerPipe(accepted)
      if (!channelId) return void host.connect(pipe, 'browser')
      if (host.channels.attach(channelId, pipe)) return
      pipe.send(JSON.stringify({ close: 'This channel is not open any more.' }))
      pipe.close()
    })
  })
  sockets.on('wsClientError', (error) => log.warn('A socket was refused', { fault: error.message }))
  return () => {
    for (const client of sockets.clients) client.terminate()
    sockets.close()
  }
}

/** The core's end of a socket as a frame pipe, with its peer's life watched. */
export function createServerPipe(socket: WebSocket): FramePipe {
  let closeReason: string | undefined
  let isAlive = true
  const closeListeners: Array<(reason: string) => void> = []
  const watch = setInterval(() => {
    if (!isAlive) return socket.terminate()
    isAlive = false
    socket.ping()
  }, pingEveryMs)
  watch.unref()
  const end = (reason: string): void => {
    if (closeReason !== undefined) return
    closeReason = reason
    clearInterval(watch)
    for (const listener of closeListeners.splice(0)) listener(reason)
  }
  socket.on('pong', () => {
    isAlive = true
  })
  socket.on('error', () => undefined)
  socket.on('close', () => end('The page has gone.'))
  return {
    send(frame) {
      if (closeReason === undefined) socket.send(frame)
    },
    onFrame(listener) {
      socket.on('message', (data: RawData, isBinary: boolean) => {
        isAlive = true
        if (closeReason === undefined) listener(isBinary ? toBytes(data) : data.toString())
      })
    },
    onClose(listener) {
      if (closeReason === undefined) closeListeners.push(listener)
      else listener(closeReason)
    },
    close(reason = 'closed') {
      socket.close(1000, reason.slice(0, 40))
      end(reason)
    },
    async drained() {
      while (closeReason === undefined && socket.bufferedAmount > fullBytes) await new Promise((settle) => setTimeout(settle, 5))
    },
  }
}

const toBytes = (data: RawData): Uint8Array =>
  data instanceof ArrayBuffer ? new Uint8Array(data) : Array.isArray(data) ? Buffer.concat(data) : data
