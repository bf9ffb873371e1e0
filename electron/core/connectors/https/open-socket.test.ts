// WebSockets and byte streams of the HTTPS client: under the same trust, with refusals told as what they are.
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import { createSelfSigned, type TestLeaf } from '../tls/test-certificates.ts'
import { createHttpsClient, type HttpsClient } from './https-client.ts'

let leaf: TestLeaf
const ends: Array<() => unknown> = []

beforeAll(async () => {
  leaf = await createSelfSigned()
})
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  ends.push(
    () => server.close(),
    () => server.closeAllConnections(),
  )
  return (server.address() as AddressInfo).port
}

function clientOf(port: number, sha256 = leaf.sha256): HttpsClient {
  const client = createHttpsClient({
    system: 'Test system',
    url: `https://127.0.0.1:${port}/prefix`,
    tls: { trust: { mode: 'pinned', sha256 } },
  })
  ends.push(() => client.dispose())
  return client
}

async function echoServer(): Promise<{
  port: number
  seen: Array<{ url: string; cookie: string | undefined }>
}> {
  const seen: Array<{ url: string; cookie: string | undefined }> = []
  const server = createServer({ key: leaf.key, cert: leaf.cert }, (_request, response) => {
    response.writeHead(403, { 'content-type': 'text/plain' })
    response.end('no console for you')
  })
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'binary' })
  server.on('upgrade', (request, stream, head) => {
    seen.push({ url: request.url ?? '', cookie: request.headers.cookie })
    if (request.url?.includes('refused')) {
      stream.end('HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\ncontent-length: 10\r\n\r\nnot so now')
      return
    }
    if (request.url?.includes('stalled')) return
    sockets.handleUpgrade(request, stream, head, (socket) =>
      socket.on('message', (data) => socket.send(data, { binary: true })),
    )
  })
  ends.push(() => sockets.close())
  return { port: await listen(server), seen }
}

describe('a WebSocket of the HTTPS client', () => {
  it('carries bytes both ways, with the call’s query and headers', async () => {
    const { port, seen } = await echoServer()
    const socket = await clientOf(port).socket({
      path: '/console',
      query: { port: 5900 },
      headers: { cookie: 'a=b' },
      protocols: ['binary'],
    })
    const answer = new Promise((resolve) => socket.once('message', resolve))
    socket.send(Buffer.from([1, 2, 3]))
    expect(await answer).toEqual(Buffer.from([1, 2, 3]))
    expect(socket.protocol).toBe('binary')
    expect(seen).toEqual([{ url: '/prefix/console?port=5900', cookie: 'a=b' }])
    socket.terminate()
  })

  it('refuses a server whose certificate is not the pinned one, before a byte of the request', async () => {
    const { port, seen } = await echoServer()
    const other = Array.from({ length: 32 }, () => 'AB').join(':')
    await expect(clientOf(port, other).socket({ path: '/console' })).rejects.toMatchObject({
      detail: { kind: 'tls', reason: 'fingerprint-changed' },
    })
    expect(seen).toEqual([])
  })

  it('tells a refused handshake in the server’s words', async () => {
    const { port } = await echoServer()
    await expect(clientOf(port).socket({ path: '/refused' })).rejects.toMatchObject({
      code: 'forbidden',
      detail: { kind: 'http', status: 403 },
    })
  })

  it('gives up on a handshake that is not answered, and on one that nobody waits for any more', async () => {
    const { port } = await echoServer()
    await expect(clientOf(port).socket({ path: '/stalled', timeoutMs: 150 })).rejects.toMatchObject({
      code: 'timeout',
    })
    const controller = new AbortController()
    const waiting = clientOf(port).socket({ path: '/stalled', signal: controller.signal })
    controller.abort()
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('a byte stream of the HTTPS client', () => {
  it('gives the bytes as they come, and ends a silent one as a timeout', async () => {
    const server = createServer({ key: leaf.key, cert: leaf.cert }, (request, response) => {
      response.write('first')
      if (request.url?.includes('whole')) response.end(' and last')
    })
    const client = clientOf(await listen(server))
    const read = async (path: string): Promise<string> => {
      let text = ''
      for await (const chunk of client.bytes({ path, idleMs: 200 })) text += Buffer.from(chunk).toString()
      return text
    }
    expect(await read('/whole')).toBe('first and last')
    await expect(read('/silent')).rejects.toMatchObject({ code: 'timeout' })
  })
})
