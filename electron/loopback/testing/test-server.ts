// A loopback server for tests: the real one, on a real port, before the conformance core and a page of three files.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Log } from '#core/platform.ts'
import type { Peer } from '#core/router/call-context.ts'
import { StreamDesk } from '#core/router/stream-desk.ts'
import { createConformanceCore } from '#core/testing/conformance/conformance-core.ts'
import { startLoopbackServer } from '../http-server.ts'
import type { Liveness } from '../socket-transport.ts'

export type TestServer = Awaited<ReturnType<typeof startTestServer>>

export const pageText = '<!doctype html><meta name="meridian-carrier" content="__CARRIER__"><p>the page</p>'
export const scriptText = 'console.log("the script")'

export async function startTestServer(options: { liveness?: Liveness; now?: () => number } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'meridian-loopback-'))
  const pageRoot = join(directory, 'renderer')
  mkdirSync(join(pageRoot, 'assets'), { recursive: true })
  writeFileSync(join(directory, 'secret.txt'), 'not for anybody')
  writeFileSync(join(pageRoot, 'index.html'), pageText)
  writeFileSync(join(pageRoot, 'assets', 'main-1a2b3c4d.js'), scriptText)
  writeFileSync(join(pageRoot, 'icon.svg'), '<svg/>')
  const core = createConformanceCore()
  const streams = new StreamDesk()
  const lines: string[] = []
  const host = { connect: core.connect, channels: core.channels, streams }
  const server = await startLoopbackServer({ host, pageRoot, port: 0, log: logInto(lines), ...options })
  const origin = `http://127.0.0.1:${server.port}`
  const peer: Peer = { id: 'test', label: 'test', signal: new AbortController().signal }
  return {
    server,
    core,
    streams,
    origin,
    /** Everything the server has logged. */
    lines,
    offer: (open: (signal: AbortSignal) => AsyncIterable<Uint8Array>): string =>
      streams.offer(peer, { contentType: 'application/octet-stream', open }).url,
    /** Trades a fresh token for a cookie, as a browser does. */
    async letIn(): Promise<string> {
      const { pathname, search } = new URL(server.mintUrl())
      const answer = await ask(server.port, pathname + search)
      return String(answer.headers['set-cookie']?.[0]).split(';', 1)[0]!
    },
    async dispose(): Promise<void> {
      await server.dispose()
      core.dropAll()
      streams.dispose()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function logInto(lines: string[]): Log {
  const write = (text: string, fields?: Record<string, unknown>): void =>
    void lines.push(`${text} ${JSON.stringify(fields ?? {})}`)
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }
  return log
}

export interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** One request with exactly these headers; `path` is sent as it is. */
export function ask(
  port: number,
  path: string,
  headers: OutgoingHttpHeaders = {},
  method = 'GET',
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => (body += chunk))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body }),
        )
        response.on('error', reject)
      },
    )
    request.on('error', reject)
    request.end()
  })
}

/** Sends bytes over a bare socket and returns all that came back before the other side closed. */
export function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    let received = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.on('data', (chunk) => (received += chunk.toString('latin1')))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(received))
  })
}
