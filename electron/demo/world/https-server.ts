// One HTTPS server on 127.0.0.1 with the lab's faults applied: the ground that the Proxmox VE, PBS and Kubernetes
// demo servers stand on. It knows no API: handlers get the plain request and response. Must never listen on
// another address than loopback.
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import { setTimeout as delay } from 'node:timers/promises'
import type { DemoContext, FaultKind, FaultService } from '../context.ts'

export interface DemoHttpsOptions {
  service: FaultService
  context: Pick<DemoContext, 'certificate' | 'faults' | 'log'>
  /** Answers one request. A throw becomes a plain 500 and one line in the lab's log. */
  handle(request: IncomingMessage, response: ServerResponse): void | Promise<void>
  /** Takes over a WebSocket (or other) upgrade; without it upgrades are refused with 501. */
  upgrade?(request: IncomingMessage, socket: Duplex, head: Buffer): void
  /** Asks clients for a certificate and checks it against this authority; none at all is accepted too. */
  clientCaPem?: string
  /** Body of the injected 401 and 500 answers, in the API's own form. */
  faultBody?(status: 401 | 500): { contentType: string; body: string }
  /** 0 or absent: any free port. */
  port?: number
  /** How long the `slow` fault holds an answer back; milliseconds. */
  slowMs?: number
}

export interface DemoHttpsServer {
  port: number
  /** `https://127.0.0.1:port`, no trailing slash. */
  url: string
  /** Stops listening and destroys every open connection, upgraded ones included. */
  dispose(): Promise<void>
}

/** Starts the server; rejects when the port is taken. Faults of `service` act from the next request on. */
export async function startDemoHttpsServer(options: DemoHttpsOptions): Promise<DemoHttpsServer> {
  const { context, service } = options
  const own = context.certificate(service)
  const certificateFor = (fault: FaultKind | undefined) => {
    const { keyPem, certPem } = fault === 'expired-certificate' ? own.expired : own
    return { key: keyPem, cert: certPem }
  }
  const clientCheck = options.clientCaPem
    ? { requestCert: true, rejectUnauthorized: false, ca: options.clientCaPem }
    : {}
  const server = createServer({
    ...certificateFor(context.faults.get(service)),
    ...clientCheck,
    keepAliveTimeout: 30_000,
  })
  const sockets = trackSockets(server)

  server.on('request', (request, response) => {
    answer(options, request, response).catch((error: unknown) => {
      context.log(`${service}: ${request.method} ${pathOf(request)} failed: ${String(error)}`)
      if (response.headersSent) response.destroy()
      else sendPlain(response, 500, 'text/plain', 'internal error of the demo server')
    })
  })
  server.on('upgrade', (request, socket, head) => answerUpgrade(options, request, socket, head))
  const stopWatching = context.faults.onChange((changed, fault) => {
    if (changed !== service) return
    server.setSecureContext({ ...certificateFor(fault), ...clientCheck })
    // A resumed TLS session would skip the certificate; new ticket keys make every client look at it again.
    server.setTicketKeys(randomBytes(48))
    // Idle keep-alive connections and open watches must meet the new fault, too.
    for (const socket of sockets) socket.destroy()
  })
  const port = await listen(server, options.port ?? 0)
  return {
    port,
    url: `https://127.0.0.1:${port}`,
    async dispose() {
      stopWatching()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : port
}

function trackSockets(server: Server): Set<TLSSocket | Duplex> {
  const sockets = new Set<Duplex>()
  const track = (socket: Duplex) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
  }
  server.on('connection', track)
  server.on('secureConnection', track)
  return sockets
}

async function answer(
  options: DemoHttpsOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  response.on('error', () => response.destroy())
  switch (options.context.faults.get(options.service)) {
    case 'slow':
      await delay(options.slowMs ?? 4_000)
      if (response.destroyed) return
      break
    case 'unauthorized':
      return sendFault(options, response, 401)
    case 'server-error':
      return sendFault(options, response, 500)
    case 'garbage':
      return sendGarbage(request, response)
    case 'cut':
      cutMidBody(response)
      break
    case 'expired-certificate':
    case 'node-lost':
    case undefined:
      break
  }
  await options.handle(request, response)
}

function sendFault(options: DemoHttpsOptions, response: ServerResponse, status: 401 | 500): void {
  const { contentType, body } = options.faultBody?.(status) ?? { contentType: 'text/plain', body: '' }
  sendPlain(response, status, contentType, body)
}

function sendPlain(response: ServerResponse, status: number, contentType: string, body: string): void {
  response.writeHead(status, { 'content-type': contentType, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

/** Alternates between the page of a captive portal and bytes that are no text at all. */
function sendGarbage(request: IncomingMessage, response: ServerResponse): void {
  const isPage = pathOf(request).length % 2 === 0
  const page =
    '<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in to continue.</body></html>'
  const body = isPage ? Buffer.from(page) : Buffer.concat([Buffer.from('{"data":'), Buffer.alloc(64, 0xfe)])
  response.writeHead(200, {
    'content-type': isPage ? 'text/html' : 'application/json',
    'content-length': body.length,
  })
  response.end(body)
}

/** Lets half of the first piece of the body out, then destroys the connection. */
function cutMidBody(response: ServerResponse): void {
  const write = response.write.bind(response)
  const cut = (chunk: unknown): void => {
    const whole = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk ?? ''))
    if (!response.headersSent && !response.hasHeader('content-length'))
      response.setHeader('content-length', whole.length + 1)
    write(whole.subarray(0, Math.floor(whole.length / 2)), () => response.socket?.destroy())
    if (whole.length < 2) response.socket?.destroy()
  }
  response.write = ((chunk: unknown) => (cut(chunk), true)) as typeof response.write
  response.end = ((chunk: unknown) => (cut(chunk), response)) as typeof response.end
}

function answerUpgrade(
  options: DemoHttpsOptions,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  socket.on('error', () => socket.destroy())
  const fault = options.context.faults.get(options.service)
  if (fault === 'cut' || fault === 'garbage') socket.destroy()
  else if (fault === 'unauthorized') refuseUpgrade(socket, '401 permission denied')
  else if (fault === 'server-error') refuseUpgrade(socket, '500 Internal Server Error')
  else if (options.upgrade) options.upgrade(request, socket, head)
  else refuseUpgrade(socket, '501 Not Implemented')
}

function refuseUpgrade(socket: Duplex, status: string): void {
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
}

const pathOf = (request: IncomingMessage): string => (request.url ?? '/').split('?')[0] ?? '/'
