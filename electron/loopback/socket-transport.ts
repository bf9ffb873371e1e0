// WebSockets of the page: one for calls at /rpc, one for each byte channel at /channel/<id>. The HTTP server has
// checked who asks before anything here is reached; payloads are not read here.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocketServer, type RawData, type WebSocket } from 'ws'
import type { Log } from '#core/platform.ts'
import { maxFrameBytes, type FramePipe } from '#shared/wire/byte-channel.ts'

/** What the transport needs of the host. */
export interface SocketHost {
  connect(pipe: FramePipe, label: string): unknown
  channels: { attach(channelId: string, pipe: FramePipe): boolean }
}

export interface SocketTransport {
  /** Takes an upgrade over, or answers false when its path is none of ours. */
  accept(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    visitor: { label: string; onClose(): void },
  ): boolean
  dispose(): void
}

export interface Liveness {
  pingEveryMs: number
  /** A peer that was not heard of for this long is gone. */
  lostAfterMs: number
}

const usualLiveness: Liveness = { pingEveryMs: 15_000, lostAfterMs: 45_000 }
/** The largest call: an imported site (5 MB of text) with room. */
const maxCallBytes = 16 * 1024 * 1024
/** Events and answers wait while more than this is on its way to the page. */
const sendWindowBytes = 1024 * 1024
const maxSockets = 256
/** The protocol allows 123 bytes of reason. */
const maxReasonLength = 40
const channelPath = /^\/channel\/([0-9a-f]{32})$/
/** The protocol's own code for "going away", and one of ours for a channel that is not waiting. */
const closeCodes = { goingAway: 1001, refused: 1008, noSuchChannel: 4404 }

export function createSocketTransport(host: SocketHost, log: Log, liveness = usualLiveness): SocketTransport {
  const options = { noServer: true, perMessageDeflate: false, clientTracking: false } as const
  const callServer = new WebSocketServer({ ...options, maxPayload: maxCallBytes })
  const channelServer = new WebSocketServer({ ...options, maxPayload: maxFrameBytes })
  const sockets = new Set<WebSocket>()
  const admit = (socket: WebSocket, onClose: () => void): FramePipe => {
    sockets.add(socket)
    const stopWatching = watchLife(socket, liveness)
    socket.on('error', (fault) => log.warn('A socket of the page failed', { fault: fault.message }))
    socket.once('close', () => {
      sockets.delete(socket)
      stopWatching()
      onClose()
    })
    return createServerSocketPipe(socket)
  }
  return {
    accept(request, socket, head, { label, onClose }) {
      const path = (request.url ?? '').split('?', 1)[0]!
      const channelId = channelPath.exec(path)?.[1]
      if (sockets.size >= maxSockets || (path !== '/rpc' && channelId === undefined)) return false
      if (channelId === undefined)
        callServer.handleUpgrade(request, socket, head, (ws) => host.connect(admit(ws, onClose), label))
      else
        channelServer.handleUpgrade(request, socket, head, (ws) => {
          const pipe = admit(ws, onClose)
          if (!host.channels.attach(channelId, pipe))
            ws.close(closeCodes.noSuchChannel, 'This channel is not open any more.')
        })
      return true
    },
    dispose() {
      for (const socket of sockets) {
        socket.close(closeCodes.goingAway, 'Meridian is shutting down.')
        socket.terminate()
      }
      callServer.close()
      channelServer.close()
    },
  }
}

/** The core's end of one WebSocket. Every text and binary message is one frame. */
export function createServerSocketPipe(socket: WebSocket): FramePipe {
  const closeListeners: Array<(reason: string) => void> = []
  let closeReason: string | undefined
  let pendingBytes = 0
  const waiting: Array<() => void> = []
  const release = (): void => {
    if (pendingBytes <= sendWindowBytes || closeReason !== undefined)
      for (const resolve of waiting.splice(0)) resolve()
  }
  const end = (reason: string): void => {
    if (closeReason !== undefined) return
    closeReason = reason
    release()
    for (const listener of closeListeners.splice(0)) listener(reason)
  }
  socket.once('close', (code, reason) => end(reason.toString() || `The page closed its socket (${code}).`))
  return {
    send(frame) {
      if (closeReason !== undefined || socket.readyState !== socket.OPEN) return
      const sizeBytes = frame.length
      pendingBytes += sizeBytes
      socket.send(frame, () => {
        pendingBytes -= sizeBytes
        release()
      })
    },
    onFrame: (listener) =>
      socket.on('message', (data, isBinary) =>
        listener(isBinary ? toBytes(data) : toBytes(data).toString('utf8')),
      ),
    onClose(listener) {
      if (closeReason === undefined) closeListeners.push(listener)
      else listener(closeReason)
    },
    close(reason = 'closed') {
      const code = reason === 'unreadable message' ? closeCodes.refused : 1000
      if (socket.readyState === socket.OPEN) socket.close(code, reason.slice(0, maxReasonLength))
      end(reason)
    },
    drained: () =>
      pendingBytes <= sendWindowBytes || closeReason !== undefined
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push(resolve)),
  }
}

const toBytes = (data: RawData): Buffer => {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}

/** Pings while the socket is open and cuts it when nothing has come back for too long. */
function watchLife(socket: WebSocket, { pingEveryMs, lostAfterMs }: Liveness): () => void {
  let heardAt = performance.now()
  const heard = (): void => void (heardAt = performance.now())
  socket.on('pong', heard)
  socket.on('message', heard)
  const timer = setInterval(() => {
    if (performance.now() - heardAt > lostAfterMs) socket.terminate()
    else if (socket.readyState === socket.OPEN) socket.ping()
  }, pingEveryMs)
  timer.unref()
  return () => clearInterval(timer)
}
