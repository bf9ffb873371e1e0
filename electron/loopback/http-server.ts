// The loopback shell's one door: HTTP and WebSockets on 127.0.0.1. Every request passes the door's rules, then the
// session; only then is there a page, a stream or a socket behind it. Nothing of a request is ever logged but its
// method and why it was refused: addresses may carry tokens.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Log } from '#core/platform.ts'
import type { ClaimedStream } from '#core/router/stream-desk.ts'
import { AppError } from '#shared/errors.ts'
import { securityHeaders } from '#shared/wire/content-security-policy.ts'
import { refuseRequest, refuseUpgrade } from './door-rules.ts'
import { createDoorkeeper, type Doorkeeper } from './launch-token.ts'
import { readPageFiles, type PageFile } from './page-files.ts'
import { isOtherUser } from './peer-user.ts'
import { openFromTerminalPage, otherUserPage, tokenUsedPage, welcomePage } from './refusal-page.ts'
import {
  createSocketTransport,
  type Liveness,
  type SocketHost,
  type SocketTransport,
} from './socket-transport.ts'
import { sendStream } from './stream-response.ts'

export interface LoopbackHost extends SocketHost {
  streams: { claim(streamId: string, signal?: AbortSignal): ClaimedStream | undefined }
}

export interface LoopbackOptions {
  host: LoopbackHost
  /** The folder of the built page. */
  pageRoot: string
  /** 0 = any free one. */
  port: number
  log: Log
  liveness?: Liveness
  now?: () => number
}

export interface LoopbackServer {
  port: number
  /** A fresh address that lets one browser in, once. */
  mintUrl(): string
  /** Stops listening and cuts every connection. */
  dispose(): Promise<void>
}

/** Rejects when the port is taken or the page is not built. */
export async function startLoopbackServer(options: LoopbackOptions): Promise<LoopbackServer> {
  const { host, log } = options
  const files = readPageFiles(options.pageRoot)
  const server = createServer({
    maxHeaderSize: 16 * 1024,
    headersTimeout: 10_000,
    requestTimeout: 20_000,
    connectionsCheckingInterval: 2000,
    keepAliveTimeout: 30_000,
  })
  server.maxConnections = 512
  const port = await listen(server, options.port)
  const transport = createSocketTransport(host, log, options.liveness)
  const doorkeeper = createDoorkeeper(port, options.now)
  const house: House = { port, files, host, log, doorkeeper, transport, strangers: new WeakMap() }
  const answerRequest = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(house, request, response)
  server.on('connection', (socket) => house.strangers.set(socket, isOtherUser(socket)))
  server.on('request', answerRequest)
  // Nobody is invited to send a body: it is refused like any other request that is none of ours.
  server.on('checkContinue', answerRequest)
  server.on('checkExpectation', answerRequest)
  server.on('upgrade', (request, socket, head) => void upgrade(house, request, socket, head))
  server.on('connect', (_request, socket) => socket.destroy())
  return {
    port,
    mintUrl: () => `http://127.0.0.1:${port}/?token=${doorkeeper.mintToken()}`,
    async dispose() {
      transport.dispose()
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      server.closeAllConnections()
      await closed
    },
  }
}

interface House {
  port: number
  files: ReadonlyMap<string, PageFile>
  host: LoopbackHost
  log: Log
  doorkeeper: Doorkeeper
  transport: SocketTransport
  strangers: WeakMap<Duplex, Promise<boolean>>
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, port)))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, resolve)
  })
  return (server.address() as AddressInfo).port
}

function listenFault(error: NodeJS.ErrnoException, port: number): AppError {
  const remedy = 'Leave --port away to take any free one, or choose another.'
  if (error.code === 'EADDRINUSE')
    return new AppError('conflict', `Port ${port} of this machine is in use by another program.`, {
      remedy,
      cause: error,
    })
  if (error.code === 'EACCES')
    return new AppError('forbidden', `Port ${port} may be opened by the administrator only.`, {
      remedy,
      cause: error,
    })
  return new AppError('unreachable', `Meridian could not open port ${port} on 127.0.0.1 (${error.code}).`, {
    remedy,
    cause: error,
  })
}

async function answer(house: House, request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.on('error', () => undefined)
  for (const [name, value] of Object.entries(headersOf(house))) response.setHeader(name, value)
  const refusal = refuseRequest(request, house.port)
  if (refusal) {
    house.log.warn('Refused a request', { method: request.method, why: refusal.sentence })
    return endNow(request, response, refusal.status, refusal.sentence)
  }
  if (await isStranger(house, request.socket)) return endNow(request, response, 403, otherUserPage)
  const url = new URL(request.url ?? '/', `http://127.0.0.1:${house.port}`)
  const session = house.doorkeeper.findSession(request.headers.cookie)
  const token = url.pathname === '/' ? url.searchParams.get('token') : null
  if (token !== null) return letIn(house, { request, response, token, hasSession: session !== undefined })
  if (!session) return endNow(request, response, 401, openFromTerminalPage)
  const path = (request.url ?? '/').split('?', 1)[0]!
  const streamId = /^\/stream\/([0-9a-f]{32})$/.exec(path)?.[1]
  if (streamId !== undefined) return answerStream(house, request, response, streamId)
  return answerFile(house.files.get(path), request, response)
}

const isStranger = async (house: House, socket: Duplex): Promise<boolean> =>
  (await house.strangers.get(socket)) ?? false

const headersOf = ({ port }: House): Record<string, string> =>
  securityHeaders({ socketOrigin: `ws://127.0.0.1:${port}` })

interface Arrival {
  request: IncomingMessage
  response: ServerResponse
  token: string
  hasSession: boolean
}

/** Trades a token for a session. A browser that is in already goes on, whatever its token says. */
function letIn(house: House, { request, response, token, hasSession }: Arrival): void {
  const value = request.method === 'GET' ? house.doorkeeper.redeem(token) : undefined
  if (value !== undefined) response.setHeader('set-cookie', house.doorkeeper.cookie(value))
  else if (!hasSession) {
    house.log.warn('A launch token was refused: it was used before, or never was one')
    return endNow(request, response, 401, tokenUsedPage)
  }
  const site = request.headers['sec-fetch-site']
  if (site !== undefined && site !== 'none' && site !== 'same-origin')
    return endNow(request, response, 200, welcomePage)
  response.writeHead(303, { location: '/', 'cache-control': 'no-store' }).end()
}

async function answerStream(
  house: House,
  request: IncomingMessage,
  response: ServerResponse,
  streamId: string,
): Promise<void> {
  if (request.method !== 'GET') return endNow(request, response, 405, 'A stream can only be fetched.')
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const claimed = house.host.streams.claim(streamId, gone.signal)
  if (!claimed)
    return endNow(request, response, 404, 'This stream was already read, has expired, or never was.')
  response.writeHead(200, claimed.headers)
  // The first rows may take long; the page should know at once that they are coming.
  response.flushHeaders()
  await sendStream(response, claimed, house.log)
}

function answerFile(file: PageFile | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (!file) return endNow(request, response, 404, 'There is no such file in the application.')
  if (request.headers['if-none-match'] === file.headers['etag'])
    return void response.writeHead(304, file.headers).end()
  response.writeHead(200, { ...file.headers, 'content-length': file.body.length })
  response.end(request.method === 'HEAD' ? undefined : file.body)
}

/** Answers with a sentence or a small page. A body that is still coming is not waited for: the connection ends. */
function endNow(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  const isPage = text.startsWith('<!doctype')
  const hasBody = !request.complete
  response.writeHead(status, {
    'content-type': isPage ? 'text/html; charset=utf-8' : 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
    ...(hasBody ? { connection: 'close' } : {}),
  })
  response.end(request.method === 'HEAD' ? undefined : text)
  if (hasBody) response.once('finish', () => request.destroy())
}

async function upgrade(house: House, request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
  socket.on('error', () => socket.destroy())
  const refusal = refuseUpgrade(request, house.port)
  if (refusal) {
    house.log.warn('Refused a socket', { why: refusal.sentence })
    return refuseSocket(house, socket, refusal.status, refusal.sentence)
  }
  if (await isStranger(house, socket))
    return refuseSocket(house, socket, 403, 'This Meridian belongs to another user.')
  const session = house.doorkeeper.findSession(request.headers.cookie)
  if (!session) return refuseSocket(house, socket, 401, 'This browser has not been let in.')
  const release = session.hold()
  const visitor = { label: session.label, onClose: release }
  if (house.transport.accept(request, socket, head, visitor))
    return void (socket as Socket).setNoDelay?.(true)
  release()
  refuseSocket(house, socket, 404, 'There is no such socket.')
}

const statusTexts: Record<number, string> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  421: 'Misdirected Request',
}

function refuseSocket(house: House, socket: Duplex, status: number, sentence: string): void {
  const headers = {
    ...headersOf(house),
    'content-type': 'text/plain; charset=utf-8',
    'content-length': String(Buffer.byteLength(sentence)),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${statusTexts[status] ?? ''}\r\n${lines.join('')}\r\n${sentence}`, () =>
    socket.destroy(),
  )
}
