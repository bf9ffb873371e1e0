// The web shell's server: 127.0.0.1 only, nothing without the cookie, the same page and streams as on the desktop.
// It decides who may come in and hands bytes over; what they mean is the host's business.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import type { Host } from '#core/host.ts'
import type { Log } from '#core/platform.ts'
import { securityHeaders } from '#shared/wire/content-security-policy.ts'
import { createDoor, type Door } from './launch-token.ts'
import { readPageFile } from './page-files.ts'
import { refusalOf } from './request-guard.ts'
import { serveSockets } from './socket-transport.ts'

export interface LoopbackServer {
  port: number
  /** A fresh one-time address; the previous unused one stops working. */
  newAddress(): string
  dispose(): Promise<void>
}

interface ServerOptions {
  host: Host
  /** Absolute folder of the built page. */
  pageRoot: string
  /** 0 = any free one. */
  port: number
  log: Log
}

/** Throws the system's error when the port is taken. */
export async function startHttpServer(options: ServerOptions): Promise<LoopbackServer> {
  const server = createServer({ maxHeaderSize: 16 * 1024, headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 30_000 })
  server.maxConnections = 256
  server.listen(options.port, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const door = createDoor(() => port)
  const headers = securityHeaders({ socketOrigin: `ws://127.0.0.1:${port}` })
  server.on('request', (request, response) => {
    void answer(request, response, { ...options, port, door, headers }).catch((thrown: unknown) => {
      options.log.warn('A request failed', { fault: String(thrown).slice(0, 300) })
      response.destroy()
    })
  })
  const closeSockets = serveSockets(server, { host: options.host, door, port, log: options.log })
  return {
    port,
    newAddress: () => `http://127.0.0.1:${port}/?token=${door.issueToken()}`,
    async dispose() {
      closeSockets()
      await close(server)
    },
  }
}

interface Desk extends ServerOptions {
  door: Door
  headers: Record<string, string>
}

async function answer(request: IncomingMessage, response: ServerResponse, desk: Desk): Promise<void> {
  const send = (status: number, body: string, extra: Record<string, string> = {}): void => {
    response.writeHead(status, { ...desk.headers, 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store', ...extra })
    response.end(request.method === 'HEAD' ? undefined : body)
    request.resume()
  }
  const refusal = refusalOf(request, desk.port)
  if (refusal) return send(403, refusal)
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'Only reading is possible here.', { connection: 'close' })
  const url = new URL(request.url ?? '/', `http://127.0.0.1:${desk.port}`)
  const isAdmitted = desk.door.admits(request.headers.cookie)
  const token = url.pathname === '/' ? url.searchParams.get('token') : null
  if (token !== null) {
    const session = isAdmitted ? undefined : desk.door.redeem(token)
    if (session) return send(303, '', { location: '/', 'set-cookie': desk.door.setCookie(session) })
    if (isAdmitted) return send(303, '', { location: '/' })
    return send(401, doorPage('This address was used already.'), { 'content-type': 'text/html; charset=utf-8' })
  }
  if (!isAdmitted) return send(401, doorPage('Meridian is locked to the window that opened it.'), { 'content-type': 'text/html; charset=utf-8' })
  const streamId = /^\/stream\/([0-9a-f]{32})$/.exec(url.pathname)?.[1]
  if (streamId) return request.method === 'GET' ? sendStream(response, streamId, desk) : send(405, 'A stream can only be fetched.')
  const file = await readPageFile(desk.pageRoot, url.pathname)
  if (!file) return send(404, 'There is no such file in the application.')
  response.writeHead(200, { ...desk.headers, 'content-type': file.contentType, 'cache-control': file.isPage ? 'no-store' : 'no-cache' })
  response.end(request.method === 'HEAD' ? undefined : file.body)
}

/** Writes a claimed stream as fast as the page reads it, and no faster: a full socket stops the source. */
async function sendStream(response: ServerResponse, streamId: string, desk: Desk): Promise<void> {
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const claimed = desk.host.streams.claim(streamId, gone.signal)
  if (!claimed) {
    response.writeHead(404, { ...desk.headers, 'content-type': 'text/plain; charset=utf-8' })
    response.end('This stream was already read, has expired, or never was.')
    return
  }
  response.writeHead(200, { ...desk.headers, ...claimed.headers })
  const reader = claimed.body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) break
      if (gone.signal.aborted) return
      if (!response.write(value)) await drained(response, gone.signal)
    }
    response.end()
  } catch (thrown) {
    // The page must see a broken body, not a short one: it then asks how the run ended.
    desk.log.warn('A stream broke off', { fault: String(thrown).slice(0, 300) })
    response.destroy()
  } finally {
    if (gone.signal.aborted) await reader.cancel().catch(() => undefined)
  }
}

const drained = (response: ServerResponse, gone: AbortSignal): Promise<void> =>
  new Promise((settle) => {
    const done = (): void => {
      response.off('drain', done)
      gone.removeEventListener('abort', done)
      settle()
    }
    response.once('drain', done)
    gone.addEventListener('abort', done, { once: true })
  })

const doorPage = (why: string): string => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Meridian</title>
<h1>Open Meridian from its terminal</h1><p>${why}</p>
<p>Press Enter in the terminal in which Meridian runs: it prints a new address, good for one use.</p></html>`

async function close(server: Server): Promise<void> {
  const closed = new Promise<void>((settle) => server.close(() => settle()))
  server.closeAllConnections()
  await closed
}
