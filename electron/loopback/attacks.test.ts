// Each attack that the loopback shell must withstand, tried against the real server over real sockets: rebinding,
// cross-site and same-site pages, no cookie, replayed tokens, foreign cookies, paths that climb, slow and huge
// requests, sockets without leave.
import { connect } from 'node:net'
import { WebSocket } from 'ws'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { conformance } from '#core/testing/conformance/contract.ts'
import { createSocketPipe } from '#shared/wire/socket-pipe.ts'
import { createTypedClient } from '#shared/wire/typed-client.ts'
import { sessionIdleMs } from './launch-token.ts'
import { ask, exchange, scriptText, startTestServer, type TestServer } from './testing/test-server.ts'

let test: TestServer
let cookie: string
let clockMs = 0
const script = '/assets/main-1a2b3c4d.js'

beforeAll(async () => {
  test = await startTestServer({ now: () => clockMs })
  cookie = await test.letIn()
})
afterAll(() => test.dispose())

const port = (): number => test.server.port
const tokenPath = (): string => test.server.mintUrl().slice(test.origin.length)

describe('the way in', () => {
  it('trades a token for a cookie and a clean address', async () => {
    const answer = await ask(port(), tokenPath(), { 'sec-fetch-site': 'none' })
    expect(answer).toMatchObject({ status: 303, headers: { location: '/', 'cache-control': 'no-store' } })
    const [given] = answer.headers['set-cookie'] ?? []
    expect(given).toMatch(
      new RegExp(`^meridian-${port()}=[A-Za-z0-9_-]{43}; Path=/; HttpOnly; SameSite=Strict$`),
    )
    const page = await ask(port(), '/', { cookie: given!.split(';', 1)[0] })
    expect(page).toMatchObject({ status: 200, headers: { 'content-type': 'text/html; charset=utf-8' } })
    expect(page.body).toContain('content="socket"')
  })
  it('refuses a replayed token and says how to get another', async () => {
    const path = tokenPath()
    expect((await ask(port(), path)).status).toBe(303)
    const again = await ask(port(), path)
    expect(again.status).toBe(401)
    expect(again.headers['set-cookie']).toBeUndefined()
    expect(again.body).toContain('Press <kbd>Enter</kbd>')
  })
  it('lets a browser that is in go on, even with a used token', async () => {
    const path = tokenPath()
    await ask(port(), path)
    expect(await ask(port(), path, { cookie })).toMatchObject({ status: 303, headers: { location: '/' } })
  })
  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(10_000), '%00', "' or 1=1"])(
    'refuses the made-up token %j',
    async (token) => {
      expect((await ask(port(), `/?token=${encodeURIComponent(token)}`)).status).toBe(401)
    },
  )
  it('does not spend a token on HEAD, as link previews send it', async () => {
    const path = tokenPath()
    expect((await ask(port(), path, {}, 'HEAD')).status).toBe(401)
    expect((await ask(port(), path)).status).toBe(303)
  })
  it('keeps only the newest few unused tokens', async () => {
    const oldest = tokenPath()
    for (let index = 0; index < 4; index += 1) test.server.mintUrl()
    expect((await ask(port(), oldest)).status).toBe(401)
  })
  it('shows a page of its own instead of a redirect when a link of another site brought the token', async () => {
    const answer = await ask(port(), tokenPath(), {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    })
    expect(answer.status).toBe(200)
    expect(answer.headers['set-cookie']).toHaveLength(1)
    expect(answer.body).toContain('http-equiv="refresh"')
  })
  it('never logs a token or a cookie', async () => {
    const path = tokenPath()
    await ask(port(), path, { host: 'evil.example' })
    await ask(port(), path)
    await ask(port(), path)
    const log = test.lines.join('\n')
    expect(log).toContain('Refused a request')
    expect(log).not.toContain(path.split('=')[1])
    expect(log).not.toContain(cookie.split('=')[1])
  })
})

describe('no session', () => {
  it.each([
    '/',
    '/index.html',
    script,
    '/icon.svg',
    '/stream/0123456789abcdef0123456789abcdef',
    '/rpc',
    '/nothing',
    '/favicon.ico',
  ])('gives nothing at %s', async (path) => {
    const answer = await ask(port(), path)
    expect(answer.status).toBe(401)
    expect(answer.body).toContain('Open Meridian from its terminal')
    expect(answer.body).not.toMatch(/the page|the script|<script/)
  })
  it('does not know the cookie of another Meridian, or of an ended one', async () => {
    const other = await startTestServer()
    const foreign = (await other.letIn()).split('=')[1]
    const name = `meridian-${port()}`
    for (const value of [
      foreign,
      'A'.repeat(43),
      '',
      'undefined',
      cookie.split('=')[1]!.slice(0, 42),
      `${cookie.split('=')[1]}A`,
    ])
      expect((await ask(port(), '/', { cookie: `${name}=${value}` })).status).toBe(401)
    await other.dispose()
  })
  it('finds its cookie among others of the same name', async () => {
    expect(
      (await ask(port(), '/', { cookie: `theme=dark; meridian-${port()}=planted; ${cookie}` })).status,
    ).toBe(200)
  })
  it('forgets a session that was idle for long, but not one with an open socket', async () => {
    const [idle, busy] = [await test.letIn(), await test.letIn()]
    const socket = new WebSocket(`ws://127.0.0.1:${port()}/rpc`, {
      headers: { cookie: busy, origin: test.origin },
    })
    await new Promise((resolve) => socket.once('open', resolve))
    clockMs += sessionIdleMs
    expect((await ask(port(), '/', { cookie: idle })).status).toBe(401)
    expect((await ask(port(), '/', { cookie: busy })).status).toBe(200)
    socket.terminate()
    cookie = await test.letIn()
  })
})

describe('foreign names and foreign pages', () => {
  it.each([
    'evil.example',
    'evil.example:PORT',
    '127.0.0.1',
    '127.0.0.1:1',
    'localhost.evil.example:PORT',
    '127.0.0.1.nip.io:PORT',
    '0.0.0.0:PORT',
    '[::1]:PORT',
    'LOCALHOST:PORT.',
  ])('refuses the Host %j, with a valid cookie too', async (host) => {
    const answer = await ask(port(), '/', { host: host.replace('PORT', String(port())), cookie })
    expect([400, 421]).toContain(answer.status)
    expect(answer.body).not.toContain('the page')
  })
  it('answers to localhost as well', async () => {
    expect((await ask(port(), '/', { host: `localhost:${port()}`, cookie })).status).toBe(200)
  })
  it('refuses a request without a Host, with two, and one for a whole address', async () => {
    expect(
      await exchange(port(), `GET / HTTP/1.1\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`),
    ).toMatch(/^HTTP\/1\.1 400/)
    expect(await exchange(port(), `GET / HTTP/1.0\r\nCookie: ${cookie}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 (400|421)/,
    )
    const empty = `GET / HTTP/1.1\r\nHost:\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`
    expect(await exchange(port(), empty)).toMatch(/^HTTP\/1\.1 (400|421)/)
    const two = await exchange(
      port(),
      `GET / HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1:${port()}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`,
    )
    expect(two).not.toContain('the page')
    const whole = `GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nCookie: ${cookie}\r\nConnection: close\r\n\r\n`
    expect(await exchange(port(), whole)).toMatch(/^HTTP\/1\.1 400/)
  })
  it.each([
    'http://evil.example',
    'null',
    'https://127.0.0.1:PORT',
    'http://127.0.0.1:1',
    'http://localhost:PORT',
    'http://127.0.0.1:PORT.evil.example',
  ])('refuses the Origin %s', async (origin) => {
    const answer = await ask(port(), '/', { origin: origin.replace('PORT', String(port())), cookie })
    expect(answer).toMatchObject({ status: 403 })
  })
  it.each([
    ['cross-site', 'no-cors', 'script', script],
    ['same-site', 'no-cors', 'script', script],
    ['same-site', 'cors', 'empty', '/stream/0123456789abcdef0123456789abcdef'],
    ['cross-site', 'navigate', 'iframe', '/'],
    ['cross-site', 'navigate', 'document', script],
    ['same-site', 'websocket', 'websocket', '/rpc'],
  ])('refuses a %s %s request of a %s', async (site, mode, dest, path) => {
    const headers = { cookie, 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest }
    expect((await ask(port(), path, headers)).status).toBe(403)
  })
  it('does not let a foreign page claim a stream', async () => {
    const url = test.offer(async function* () {
      yield Buffer.from('rows')
    })
    expect((await ask(port(), url, { cookie, 'sec-fetch-site': 'same-site' })).status).toBe(403)
    expect(await ask(port(), url, { cookie, 'sec-fetch-site': 'same-origin' })).toMatchObject({
      status: 200,
      body: 'rows',
    })
  })
  it('sends the policy with every answer, and allows no other origin', async () => {
    const answers = [
      await ask(port(), '/', { cookie }),
      await ask(port(), script, { cookie }),
      await ask(port(), '/nothing', { cookie }),
      await ask(port(), '/'),
      await ask(port(), '/', { host: 'evil.example' }),
      await ask(port(), '/', { cookie }, 'POST'),
      await ask(port(), tokenPath()),
    ]
    for (const { headers } of answers) {
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; script-src 'self';.*frame-ancestors 'none'/,
      )
      expect(headers['content-security-policy']).toContain(`connect-src 'self' ws://127.0.0.1:${port()}`)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      })
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([])
    }
  })
  it('answers a preflight like any other request that is none of ours', async () => {
    const headers = { origin: 'http://evil.example', 'access-control-request-method': 'POST', cookie }
    expect((await ask(port(), '/', headers, 'OPTIONS')).status).toBe(403)
  })
})

describe('paths', () => {
  it.each([
    '/../secret.txt',
    '/assets/../../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/%2e%2e%2fsecret.txt',
    '/assets/..%5c..%5csecret.txt',
    '/%252e%252e%252fsecret.txt',
    '/..%c0%afsecret.txt',
    '/secret.txt%00.js',
    '/assets//main-1a2b3c4d.js',
    '/./index.html',
    '/C:/secret.txt',
    '/file:///etc/passwd',
    '/assets/',
    '/assets',
    '/__proto__',
    '/constructor',
    '/%',
    '/%ff',
    '/INDEX.HTML',
  ])('finds nothing at %s', async (path) => {
    const answer = await ask(port(), path, { cookie })
    expect(answer.status).toBe(404)
    expect(answer.body).toBe('There is no such file in the application.')
  })
  it('finds no page behind //host', async () => {
    expect((await ask(port(), '//evil.example/', { cookie })).status).toBe(400)
  })
  it('serves what is there, once for a browser that has it', async () => {
    const first = await ask(port(), script, { cookie })
    expect(first).toMatchObject({
      status: 200,
      body: scriptText,
      headers: { 'content-type': 'text/javascript; charset=utf-8' },
    })
    expect(await ask(port(), script, { cookie, 'if-none-match': first.headers.etag })).toMatchObject({
      status: 304,
      body: '',
    })
  })
})

describe('weight', () => {
  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'OPTIONS'])('does not take %s', async (method) => {
    expect((await ask(port(), '/', { cookie }, method)).status).toBe(405)
  })
  it('refuses a POST of 100 MB without reading it', async () => {
    const sizeBytes = 100 * 1024 * 1024
    const sentBytes = await new Promise<number>((resolve) => {
      const head = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nCookie: ${cookie}\r\nContent-Length: ${sizeBytes}\r\n\r\n`
      const socket = connect(port(), '127.0.0.1', () => socket.write(head))
      const chunk = Buffer.alloc(1024 * 1024)
      let sent = 0
      const push = (): void => {
        while (sent < sizeBytes && !socket.destroyed) {
          sent += chunk.length
          if (!socket.write(chunk)) return
        }
      }
      socket.on('drain', push)
      socket.once('connect', push)
      socket.on('error', () => undefined)
      socket.on('close', () => resolve(sent))
    })
    expect(sentBytes).toBeLessThan(sizeBytes / 2)
    expect((await ask(port(), '/', { cookie })).status).toBe(200)
  })
  it('invites nobody to send a body', async () => {
    const text = `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nCookie: ${cookie}\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n`
    expect(await exchange(port(), text)).toMatch(/^HTTP\/1\.1 405/)
  })
  it('refuses headers without end', async () => {
    expect((await ask(port(), '/', { cookie, 'x-padding': 'x'.repeat(20_000) })).status).toBe(431)
    const many = Array.from({ length: 3000 }, (_, index) => `x${index}: 1\r\n`).join('')
    expect(await exchange(port(), `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\n${many}\r\n`)).toMatch(
      /^HTTP\/1\.1 431/,
    )
  })
  it.each([
    '\u0000\u0001\u0002\r\n\r\n',
    'GET\r\n\r\n',
    'GET / HTTP/9.9\r\n\r\n',
    '\u0016\u0003\u0001 a TLS hello\r\n\r\n',
  ])('ends a connection that does not speak HTTP: %j', async (text) => {
    expect(await exchange(port(), text)).toMatch(/^(HTTP\/1\.1 400|$)/)
    expect((await ask(port(), '/', { cookie })).status).toBe(200)
  })
  it('refuses smuggled lengths', async () => {
    const text = `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nCookie: ${cookie}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`
    expect(await exchange(port(), text)).toMatch(/^HTTP\/1\.1 400/)
  })
  it('cuts a request that never ends its headers', { timeout: 30_000 }, async () => {
    const startedAt = performance.now()
    const answer = await exchange(port(), `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nX-Slow: `)
    expect(answer).toMatch(/^HTTP\/1\.1 408/)
    expect(performance.now() - startedAt).toBeLessThan(20_000)
  })
})

describe('sockets', () => {
  const dial = (path: string, headers: Record<string, string>): Promise<number> =>
    new Promise((resolve) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port()}${path}`, { headers })
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
      socket.on('open', () => socket.on('close', (code) => resolve(code)))
      socket.on('error', () => undefined)
    })
  const channel = '/channel/0123456789abcdef0123456789abcdef'

  it('needs the cookie', async () => {
    expect(await dial('/rpc', { origin: test.origin })).toBe(401)
    expect(await dial(channel, { origin: test.origin })).toBe(401)
    expect(await dial('/rpc', { origin: test.origin, cookie: `meridian-${port()}=${'A'.repeat(43)}` })).toBe(
      401,
    )
  })
  it('needs our own Origin', async () => {
    expect(await dial('/rpc', { cookie })).toBe(403)
    for (const origin of [
      'http://evil.example',
      'null',
      `http://localhost:${port()}`,
      `https://127.0.0.1:${port()}`,
      'http://127.0.0.1:1',
    ])
      expect(await dial('/rpc', { cookie, origin })).toBe(403)
    expect(await dial('/rpc', { cookie, origin: test.origin, 'sec-fetch-site': 'same-site' })).toBe(403)
  })
  it('needs our own Host', async () => {
    expect(await dial('/rpc', { cookie, origin: 'http://evil.example', host: 'evil.example' })).toBe(421)
  })
  it('knows no other path, and no channel that is not waiting', async () => {
    const leave = { cookie, origin: test.origin }
    for (const path of [
      '/',
      '/rpc/',
      '/RPC',
      '/channel/',
      '/channel/short',
      `${channel}0`,
      '/channel/0123456789ABCDEF0123456789ABCDEF',
    ])
      expect(await dial(path, leave)).toBe(404)
    expect(await dial(channel, leave)).toBe(4404)
  })
  it('ends a socket that sends more than a call may hold', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port()}/rpc`, { headers: { cookie, origin: test.origin } })
    const code = new Promise<number>((resolve) => socket.on('close', resolve))
    socket.on('error', () => undefined)
    socket.on('open', () => socket.send(Buffer.alloc(17 * 1024 * 1024)))
    expect([1006, 1009]).toContain(await code)
  })
  it('ends a socket that sends no call, with a code', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${port()}/rpc`, { headers: { cookie, origin: test.origin } })
    const code = new Promise<number>((resolve) => socket.on('close', resolve))
    socket.on('open', () => socket.send('not a call'))
    expect(await code).toBe(1008)
  })
  it('refuses an upgrade to something else', async () => {
    const text = `GET /rpc HTTP/1.1\r\nHost: 127.0.0.1:${port()}\r\nCookie: ${cookie}\r\nOrigin: ${test.origin}\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n`
    expect(await exchange(port(), text)).toMatch(/^HTTP\/1\.1 4\d\d/)
  })
  it('cancels the calls of a page that was closed', async () => {
    const headers = { cookie, origin: test.origin }
    const socket = new WebSocket(`ws://127.0.0.1:${port()}/rpc`, { headers })
    const client = createTypedClient(conformance, createSocketPipe(socket))
    const call = expect(client.calls.waitForCancel({ key: 'closed page' })).rejects.toMatchObject({
      code: 'unreachable',
    })
    const observer = createTypedClient(
      conformance,
      createSocketPipe(new WebSocket(`ws://127.0.0.1:${port()}/rpc`, { headers })),
    )
    await expect.poll(() => observer.calls.journal({ key: 'closed page' })).toEqual(['started'])
    socket.close()
    await call
    await expect.poll(() => observer.calls.journal({ key: 'closed page' })).toEqual(['started', 'aborted'])
  })
})
