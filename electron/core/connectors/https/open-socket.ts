// Opening a WebSocket over a trusted pool. The handshake's refusal is an HTTP answer and is told as one.
import type { IncomingMessage } from 'node:http'
import type { Agent } from 'node:https'
import { WebSocket } from 'ws'

export interface SocketRequest {
  url: string
  protocols: string[]
  headers: Record<string, string>
  agent: Agent
  /** Ends the wait; an open socket is its owner's. */
  signal: AbortSignal
  /** Turns a refused handshake into the error to reject with. */
  refuse(response: IncomingMessage): Promise<Error>
}

/** Frames above this end the socket: a screen's largest update and a log's longest burst stay well below. */
const maxPayloadBytes = 64 * 1024 * 1024

export function openSocket(request: SocketRequest): Promise<WebSocket> {
  const { url, protocols, headers, agent, signal } = request
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(new DOMException('aborted', 'AbortError'))
    const socket = new WebSocket(url, protocols, {
      agent,
      headers,
      followRedirects: false,
      perMessageDeflate: false,
      maxPayload: maxPayloadBytes,
    })
    socket.binaryType = 'nodebuffer'
    const abort = (): void => {
      reject(new DOMException('aborted', 'AbortError'))
      socket.terminate()
    }
    const settle = (): void => signal.removeEventListener('abort', abort)
    signal.addEventListener('abort', abort, { once: true })
    socket.once('open', () => {
      settle()
      resolve(socket)
    })
    socket.once('unexpected-response', (_request, response) => {
      settle()
      void request.refuse(response).then(reject, reject)
    })
    // Stays on: an error without a listener would end the process. The owner learns of it by `close`.
    socket.on('error', (error) => {
      settle()
      reject(error)
    })
  })
}
