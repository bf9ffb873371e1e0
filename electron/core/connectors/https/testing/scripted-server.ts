// A TLS server on 127.0.0.1 that does exactly what a test tells it: answers, stalls, lies, hangs up. For tests of
// the connectors only.
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestLeaf } from '../../tls/test-certificates.ts'

export interface ReceivedRequest {
  method: string
  /** With its query. */
  url: string
  headers: IncomingMessage['headers']
  body: string
}

export type Answer = (request: ReceivedRequest, response: ServerResponse) => void | Promise<void>

export interface ScriptedServer {
  url: string
  port: number
  /** Whole requests in the order of their arrival. */
  received: ReceivedRequest[]
  openSockets(): number
  /** Connections that finished their TLS handshake since the start. */
  connectionCount(): number
  answer: Answer
  dispose(): Promise<void>
}

export async function startScriptedServer(leaf: TestLeaf, answer: Answer): Promise<ScriptedServer> {
  const sockets = new Set<Duplex>()
  let connections = 0
  const received: ReceivedRequest[] = []
  const server = createServer({ key: leaf.key, cert: leaf.cert }, (request, response) => {
    response.on('error', () => undefined)
    void readWhole(request).then(async (body) => {
      const whole = { method: request.method ?? '', url: request.url ?? '', headers: request.headers, body }
      received.push(whole)
      await scripted.answer(whole, response)
    })
  })
  server.on('secureConnection', (socket) => {
    connections += 1
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const scripted: ScriptedServer = {
    url: `https://127.0.0.1:${port}`,
    port,
    received,
    openSockets: () => sockets.size,
    connectionCount: () => connections,
    answer,
    async dispose() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return scripted
}

async function readWhole(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

/** A JSON answer. */
export function sendJson(response: ServerResponse, value: unknown, status = 200, reason?: string): void {
  const body = JSON.stringify(value)
  response.writeHead(status, ...((reason === undefined ? [] : [reason]) as []), {
    'content-type': 'application/json;charset=UTF-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}
