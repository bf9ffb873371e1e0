import type { ServerResponse } from 'node:http'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import { createSelfSigned, createTestAuthority, type TestLeaf } from '../tls/test-certificates.ts'
import {
  createHttpsClient,
  type HttpsCall,
  type HttpsClient,
  type HttpsClientOptions,
} from './https-client.ts'
import { sendJson, startScriptedServer, type Answer, type ScriptedServer } from './testing/scripted-server.ts'

let leaf: TestLeaf
let expired: { leaf: TestLeaf; caPem: string }
const ends: Array<() => unknown> = []

beforeAll(async () => {
  leaf = await createSelfSigned()
  const authority = await createTestAuthority()
  expired = { leaf: await authority.issue({ fromDays: -5, untilDays: -2 }), caPem: authority.caPem }
})
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function pair(
  answer: Answer,
  options: Partial<HttpsClientOptions> = {},
): Promise<{ client: HttpsClient; server: ScriptedServer }> {
  const server = await startScriptedServer(leaf, answer)
  const client = createHttpsClient({
    system: 'Test system',
    url: server.url,
    tls: { trust: { mode: 'pinned', sha256: leaf.sha256 } },
    ...options,
  })
  ends.push(
    () => client.dispose(),
    () => server.dispose(),
  )
  return { client, server }
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  try {
    await promise
  } catch (error) {
    expect(error).toBeInstanceOf(AppError)
    return error as AppError
  }
  throw new Error('It did not fail.')
}

const failureAgainst = async (
  answer: Answer,
  call: Partial<HttpsCall> = {},
  options: Partial<HttpsClientOptions> = {},
): Promise<AppError> => {
  const { client } = await pair(answer, options)
  return failureOf(client.json({ path: '/data', ...call }))
}

const html = '<!DOCTYPE html><html><body>Please sign in</body></html>'
const sendText = (response: ServerResponse, type: string, body: string | Buffer, status = 200): void => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

describe('asking', () => {
  it('sends query, form and headers, and keeps the connection', async () => {
    const { client, server } = await pair((request, response) => sendJson(response, { echo: request.url }))
    expect(
      await client.json({
        path: '/a b'.replace(' ', '%20'),
        query: { one: 1, two: ['x', 'y&z'], none: undefined },
      }),
    ).toEqual({
      echo: '/a%20b?one=1&two=x&two=y%26z',
    })
    await client.json({
      method: 'POST',
      path: '/form',
      body: { text: 'a=b&c;d', flag: true, none: undefined },
    })
    expect(server.received[1]).toMatchObject({ method: 'POST', body: 'text=a%3Db%26c%3Bd&flag=true' })
    expect(server.connectionCount()).toBe(1)
  })

  it('keeps the path prefix of the address', async () => {
    const { client, server } = await pair((_request, response) => sendJson(response, {}))
    const prefixed = createHttpsClient({
      system: 'S',
      url: `${server.url}/k8s/clusters/c1/`,
      tls: { trust: { mode: 'pinned', sha256: leaf.sha256 } },
    })
    ends.push(
      () => prefixed.dispose(),
      () => client.dispose(),
    )
    await prefixed.json({ path: '/version' })
    expect(server.received[0]!.url).toBe('/k8s/clusters/c1/version')
  })

  it('gives undefined for an empty answer', async () => {
    const { client } = await pair((_request, response) => void response.writeHead(200).end())
    expect(await client.json({ path: '/' })).toBeUndefined()
  })

  it('asks again on a new connection when the server had just closed the kept one', async () => {
    const { client, server } = await pair((request, response) => {
      sendJson(response, request.url === '/first' ? 1 : 2)
    })
    await client.json({ path: '/first' })
    await expect.poll(() => server.openSockets()).toBe(1)
    let hungUp = false
    server.answer = (_request, response) => {
      if (hungUp) return sendJson(response, 3)
      hungUp = true
      response.socket?.destroy()
    }
    expect(await client.json({ path: '/second' })).toBe(3)
    expect(server.connectionCount()).toBe(2)
  })

  it.each(['http://127.0.0.1:1', 'ftp://x', 'nonsense', '', 'https://user:secret@host'])(
    'refuses the address %j without repeating it',
    (url) => {
      let message = ''
      try {
        createHttpsClient({ system: 'Proxmox VE', url, tls: { trust: { mode: 'system' } } })
      } catch (error) {
        message = (error as AppError).message
      }
      expect(message).toContain('Proxmox VE')
      expect(message).not.toContain('secret')
    },
  )
})

describe('bad answers', () => {
  it('says that a web page is not the API', async () => {
    const error = await failureAgainst((_request, response) => sendText(response, 'text/html', html))
    expect(error.code).toBe('upstream')
    expect(error.message).toMatch(
      /Test system at 127\.0\.0\.1:\d+ answered with a web page where JSON was due/,
    )
    expect(error.remedy).toContain('proxy')
  })

  it('notices a page that calls itself JSON, and data that calls itself something else', async () => {
    const page = await failureAgainst((_request, response) => sendText(response, 'application/json', html))
    expect(page.message).toContain('web page')
    const text = await failureAgainst((_request, response) => sendText(response, 'text/plain', '{"a":1}'))
    expect(text.message).toContain('"text/plain"')
  })

  it('refuses bytes that are not JSON', async () => {
    const garbage = Buffer.concat([Buffer.from('{"data":'), Buffer.alloc(64, 0xfe)])
    const error = await failureAgainst((_request, response) =>
      sendText(response, 'application/json', garbage),
    )
    expect(error.message).toContain('not valid JSON')
  })

  it('notices a body that ends before its end', async () => {
    const error = await failureAgainst((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1000 })
      response.write('{"data":[1,2')
      setImmediate(() => response.socket?.destroy())
    })
    expect(error.code).toBe('upstream')
    expect(error.message).toContain('broke off in the middle of its answer to GET /data')
  })

  it('notices a chunked body that is cut', async () => {
    const error = await failureAgainst((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('[1')
      setImmediate(() => response.socket?.destroy())
    })
    expect(error.message).toContain('broke off')
  })

  it('refuses 100 MB, announced or not, without reading it all', async () => {
    const announced = await failureAgainst((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 100 * 1024 * 1024 })
      response.write('[')
    })
    expect(announced.message).toContain('more than 64 MiB')
    let sent = 0
    const chunk = Buffer.alloc(1024 * 1024, 0x20)
    const streamed = await failureAgainst(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const gone = new Promise((resolve) => response.once('close', resolve))
      for (; sent < 100 && !response.destroyed; sent += 1)
        if (!response.write(chunk))
          await Promise.race([gone, new Promise((resolve) => response.once('drain', resolve))])
    })
    expect(streamed.message).toContain('more than 64 MiB')
    expect(sent).toBeLessThan(90)
  })

  it('does not follow a redirection, and does not repeat its query', async () => {
    const error = await failureAgainst(
      (_request, response) =>
        void response.writeHead(302, { location: 'https://login.example.org/?token=abc' }).end(),
    )
    expect(error.message).toContain('redirects to login.example.org instead')
    expect(error.message).not.toContain('abc')
  })

  it('says so when the other side does not speak HTTP', async () => {
    const { createServer } = await import('node:tls')
    const server = createServer({ key: leaf.key, cert: leaf.cert }, (socket) => {
      socket.on('error', () => undefined)
      ends.unshift(() => socket.destroy())
      socket.write('220 mail.example.org ESMTP\r\n')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    ends.push(() => new Promise((resolve) => server.close(resolve)))
    const { port } = server.address() as { port: number }
    const client = createHttpsClient({
      system: 'S',
      url: `https://127.0.0.1:${port}`,
      tls: { trust: { mode: 'pinned', sha256: leaf.sha256 } },
    })
    ends.push(() => client.dispose())
    expect((await failureOf(client.json({ path: '/' }))).message).toContain('not HTTP')
  })

  it('gives each state its code and keeps the reason phrase', async () => {
    const cases: Array<[number, string]> = [
      [400, 'upstream'],
      [401, 'unauthenticated'],
      [403, 'forbidden'],
      [404, 'not-found'],
      [429, 'rate-limited'],
      [500, 'upstream'],
      [501, 'unsupported'],
      [503, 'unreachable'],
      [595, 'unreachable'],
    ]
    for (const [status, code] of cases) {
      const error = await failureAgainst(
        (_request, response) =>
          void response.writeHead(status, 'Permission check failed (/vms/100, VM.Audit)').end(),
      )
      expect(error.code, String(status)).toBe(code)
      expect(error.message).toContain(`answered ${status}: Permission check failed (/vms/100, VM.Audit).`)
      expect(error.detail).toEqual({
        kind: 'http',
        status,
        reason: 'Permission check failed (/vms/100, VM.Audit)',
      })
    }
  })

  it('does not print the page of a failing proxy', async () => {
    const error = await failureAgainst((_request, response) =>
      sendText(response, 'text/html', `<html>${'x'.repeat(5000)}</html>`, 502),
    )
    expect(error.message.length).toBeLessThan(200)
    expect(error.remedy).toContain('web page')
  })

  it('cuts the request credentials out of what comes back', async () => {
    const secret = '0f8fad5b-d9cb-469f-a165-70867728950e'
    const error = await failureAgainst(
      (request, response) =>
        void response.writeHead(401, `bad credentials ${request.headers.authorization}`).end(),
      { headers: { authorization: `PVEAPIToken=root@pam!x=${secret}` } },
    )
    expect(JSON.stringify([error.message, error.detail])).not.toContain(secret)
  })
})

describe('silence and its ends', () => {
  it('gives up on a server that accepts and says nothing', async () => {
    const error = await failureAgainst(() => undefined, { timeoutMs: 100 })
    expect(error.code).toBe('timeout')
    expect(error.message).toContain('did not answer within 0.1 s')
  })

  it('gives up on a body that stops coming', async () => {
    const error = await failureAgainst(
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' })
        response.write('[1,')
      },
      { timeoutMs: 150 },
    )
    expect(error.code).toBe('timeout')
  })

  it('ends as cancelled by its signal, before and during, and closes the connection', async () => {
    const { client, server } = await pair(() => undefined)
    const controller = new AbortController()
    const pending = failureOf(client.json({ path: '/', signal: controller.signal }))
    await expect.poll(() => server.received.length).toBe(1)
    controller.abort()
    expect((await pending).code).toBe('cancelled')
    await expect.poll(() => server.openSockets()).toBe(0)
    expect((await failureOf(client.json({ path: '/', signal: controller.signal }))).code).toBe('cancelled')
    expect(server.received).toHaveLength(1)
  })

  it('tells a refused connection', async () => {
    const { client, server } = await pair(() => undefined)
    await server.dispose()
    const error = await failureOf(client.json({ path: '/' }))
    expect(error).toMatchObject({ code: 'unreachable', retryable: true })
    expect(error.message).toContain('refuses connections')
    ends.splice(0)
  })
})

describe('trust', () => {
  it('sends not a byte to a server with another fingerprint', async () => {
    const other = 'AA:'.repeat(31) + 'AA'
    const { client, server } = await pair(() => undefined, {
      tls: { trust: { mode: 'pinned', sha256: other } },
    })
    const error = await failureOf(client.json({ path: '/', headers: { authorization: 'secret' } }))
    expect(error.detail).toMatchObject({ kind: 'tls', reason: 'fingerprint-changed' })
    expect(server.received).toHaveLength(0)
  })

  it('refuses an expired certificate in words', async () => {
    const server = await startScriptedServer(expired.leaf, (_request, response) => sendJson(response, {}))
    const client = createHttpsClient({
      system: 'Proxmox VE',
      url: server.url,
      tls: { trust: { mode: 'ca', caPem: expired.caPem } },
    })
    ends.push(
      () => client.dispose(),
      () => server.dispose(),
    )
    const error = await failureOf(client.json({ path: '/' }))
    expect(error.detail).toMatchObject({ kind: 'tls', reason: 'expired' })
    expect(error.message).toContain('Proxmox VE')
    expect(server.received).toHaveLength(0)
  })
})

describe('lines', () => {
  const collect = async (lines: AsyncIterable<string>): Promise<string[]> => {
    const found: string[] = []
    for await (const line of lines) found.push(line)
    return found
  }

  it('yields lines across chunk borders, multi-byte characters whole', async () => {
    const { client } = await pair(async (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const bytes = Buffer.from('{"a":"é"}\n{"b":2}\n{"c":3}')
      for (const byte of bytes) {
        response.write(Buffer.from([byte]))
        await new Promise((resolve) => setImmediate(resolve))
      }
      response.end()
    })
    expect(await collect(client.lines({ path: '/', idleMs: 5000 }))).toEqual([
      '{"a":"é"}',
      '{"b":2}',
      '{"c":3}',
    ])
  })

  it('ends as a timeout when nothing comes, and as broken when it is cut', async () => {
    const { client, server } = await pair((_request, response) => {
      response.writeHead(200)
      response.write('1\n')
    })
    const idle = await failureOf(collect(client.lines({ path: '/', idleMs: 100 })))
    expect(idle.code).toBe('timeout')
    server.answer = (_request, response) => {
      response.writeHead(200)
      response.write('1\n')
      setImmediate(() => response.socket?.destroy())
    }
    const cut = await failureOf(collect(client.lines({ path: '/', idleMs: 5000 })))
    expect(cut.message).toContain('broke off')
  })

  it('refuses a line without end', async () => {
    const { client } = await pair(
      async (_request, response) => {
        response.writeHead(200)
        for (let at = 0; at < 64 && !response.destroyed; at += 1) {
          response.write('x'.repeat(65_536))
          await new Promise((resolve) => setImmediate(resolve))
        }
      },
      { maxBodyBytes: 1024 * 1024 },
    )
    expect((await failureOf(collect(client.lines({ path: '/', idleMs: 5000 })))).message).toContain(
      'line of more than 1 MiB',
    )
  })

  it('lets go of the connection when its reader leaves or its signal fires', async () => {
    const { client, server } = await pair((_request, response) => {
      response.writeHead(200)
      response.write('1\n')
    })
    for await (const line of client.lines({ path: '/', idleMs: 60_000 })) {
      expect(line).toBe('1')
      break
    }
    await expect.poll(() => server.openSockets()).toBe(0)
    const controller = new AbortController()
    const pending = failureOf(collect(client.lines({ path: '/', idleMs: 60_000, signal: controller.signal })))
    await expect.poll(() => server.received.length).toBe(2)
    controller.abort()
    expect((await pending).code).toBe('cancelled')
    await expect.poll(() => server.openSockets()).toBe(0)
  })
})
