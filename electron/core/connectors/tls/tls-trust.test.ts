// TLS trust against real servers on loopback: every way in which a server can be the wrong one, and the proof that
// nothing is sent to it.
import { createServer as createHttpServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import tls from 'node:tls'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { AppError } from '#shared/errors.ts'
import type { TlsTrust } from '#shared/model/connection.ts'
import { inspectCertificate } from './certificate-inspection.ts'
import {
  createSelfSigned,
  createTestAuthority,
  type TestAuthority,
  type TestLeaf,
} from './test-certificates.ts'
import { connectTls, peerCertificate, tlsOptionsFor } from './tls-trust.ts'

const servers: Server[] = []
const sockets = new Set<Socket>()
let authority: TestAuthority
let good: TestLeaf
let selfSigned: TestLeaf

beforeAll(async () => {
  authority = await createTestAuthority()
  good = await authority.issue()
  selfSigned = await createSelfSigned()
})
afterEach(async () => {
  for (const socket of sockets) socket.destroy()
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})
afterAll(() => expect(servers).toHaveLength(0))

async function listen(server: Server): Promise<number> {
  servers.push(server)
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** A TLS server that greets, and remembers every byte of the application that it was sent. */
async function tlsServer(leaf: TestLeaf, options: tls.TlsOptions = {}) {
  const received: Buffer[] = []
  const server = tls.createServer({ key: leaf.key, cert: leaf.cert, ...options }, (socket) => {
    socket.on('data', (chunk) => received.push(chunk))
    socket.on('error', () => undefined)
    socket.write('hello')
  })
  server.on('tlsClientError', () => undefined)
  return { port: await listen(server), received }
}

const failureOf = (promise: Promise<unknown>): Promise<AppError> =>
  promise.then(
    () => Promise.reject(new Error('It was expected to fail.')),
    (error: AppError) => error,
  )
const connectWith = (
  port: number,
  trust: TlsTrust,
  more: { host?: string; timeoutMs?: number; signal?: AbortSignal } = {},
) => connectTls({ host: '127.0.0.1', port, trust, system: 'Proxmox VE', ...more })

describe('connectTls', () => {
  it('accepts a certificate of the given authority and can be spoken to', async () => {
    const { port, received } = await tlsServer(good)
    const socket = await connectWith(port, { mode: 'ca', caPem: authority.caPem })
    const greeting = await new Promise<string>((resolve) =>
      socket.once('data', (chunk) => resolve(String(chunk))),
    )
    expect(greeting).toBe('hello')
    socket.write('question')
    await expect.poll(() => Buffer.concat(received).toString()).toBe('question')
    socket.destroy()
  })

  it('refuses an unknown authority and offers the fingerprint for pinning', async () => {
    const { port, received } = await tlsServer(good)
    const error = await failureOf(connectWith(port, { mode: 'system' }))
    expect(error.code).toBe('upstream')
    expect(error.message).toContain(`Proxmox VE at 127.0.0.1:${port} was refused`)
    expect(error.detail).toMatchObject({ kind: 'tls', reason: 'untrusted', fingerprint256: good.sha256 })
    expect(error.remedy).toMatch(/fingerprint/)
    expect(received).toHaveLength(0)
  })

  it('refuses a self-signed certificate under the system authorities', async () => {
    const { port } = await tlsServer(selfSigned)
    const error = await failureOf(connectWith(port, { mode: 'system' }))
    expect(error.message).toContain('self-signed')
    expect(error.detail).toMatchObject({ reason: 'untrusted', fingerprint256: selfSigned.sha256 })
  })

  it('refuses an expired certificate although its authority is trusted', async () => {
    const { port } = await tlsServer(await authority.issue({ fromDays: -5, untilDays: -2 }))
    const error = await failureOf(connectWith(port, { mode: 'ca', caPem: authority.caPem }))
    expect(error.detail).toMatchObject({ kind: 'tls', reason: 'expired' })
    expect(error.message).toMatch(/expired on \d{4}-\d\d-\d\d/)
  })

  it('refuses a certificate that is not valid yet', async () => {
    const { port } = await tlsServer(await authority.issue({ fromDays: 2, untilDays: 5 }))
    const error = await failureOf(connectWith(port, { mode: 'ca', caPem: authority.caPem }))
    expect(error.detail).toMatchObject({ kind: 'tls', reason: 'expired' })
    expect(error.message).toContain('valid only from')
  })

  it.each(['pve.example.org', '127.0.0.2'])(
    'refuses a certificate for %s when 127.0.0.1 was asked',
    async (host) => {
      const { port } = await tlsServer(await authority.issue({ host }))
      const error = await failureOf(connectWith(port, { mode: 'ca', caPem: authority.caPem }))
      expect(error.detail).toMatchObject({ kind: 'tls', reason: 'hostname' })
      expect(error.message).toContain(host)
    },
  )

  it('checks names against the host name that was dialled', async () => {
    const { port } = await tlsServer(await authority.issue({ host: 'localhost' }))
    const socket = await connectWith(port, { mode: 'ca', caPem: authority.caPem }, { host: 'localhost' })
    expect(socket.authorized).toBe(true)
    socket.destroy()
  })

  it('accepts exactly the pinned certificate, whoever signed it', async () => {
    const { port } = await tlsServer(selfSigned)
    const socket = await connectWith(port, { mode: 'pinned', sha256: selfSigned.sha256 })
    expect(socket.encrypted).toBe(true)
    // Whoever uses the connection can still look at the certificate.
    expect(peerCertificate(socket)?.fingerprint256).toBe(selfSigned.sha256)
    socket.destroy()
  })

  it('refuses a changed certificate loudly and has sent nothing', async () => {
    const other = await createSelfSigned()
    const { port, received } = await tlsServer(other)
    const error = await failureOf(connectWith(port, { mode: 'pinned', sha256: selfSigned.sha256 }))
    expect(error.detail).toMatchObject({
      kind: 'tls',
      reason: 'fingerprint-changed',
      fingerprint256: other.sha256,
      expected256: selfSigned.sha256,
    })
    expect(error.message).toContain(other.sha256.slice(0, 23))
    expect(error.message).toContain(selfSigned.sha256.slice(0, 23))
    expect(error.message).toMatch(/between you and the server.*renewed/)
    expect(error.remedy).toMatch(/accept it: Sites/)
    expect(error.retryable).toBe(false)
    expect(received).toHaveLength(0)
  })

  it('a pinned fingerprint is no authority: a certificate that it signed is refused', async () => {
    const { port } = await tlsServer(await authority.issue())
    const error = await failureOf(connectWith(port, { mode: 'pinned', sha256: good.sha256 }))
    expect(error.detail).toMatchObject({ reason: 'fingerprint-changed' })
  })

  it('says that a plain HTTP server does not speak TLS', async () => {
    const port = await listen(createHttpServer((_request, response) => response.end('plain')))
    const error = await failureOf(connectWith(port, { mode: 'system' }))
    expect(error.detail).toEqual({ kind: 'tls', reason: 'protocol' })
    expect(error.message).toMatch(/not TLS|middle of the TLS handshake/)
  })

  it('says that a server which greets in plain text (SSH, SMTP) does not speak TLS', async () => {
    const port = await listen(createTcpServer((socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n')))
    const error = await failureOf(connectWith(port, { mode: 'system' }))
    expect(error.message).toContain('something that is not TLS')
  })

  it('gives up on a server that accepts and stays silent', async () => {
    const port = await listen(createTcpServer((socket) => socket.resume()))
    const error = await failureOf(connectWith(port, { mode: 'system' }, { timeoutMs: 150 }))
    expect(error.code).toBe('timeout')
    expect(error.message).toContain('accepted the connection but did not answer')
    await expect.poll(() => sockets.size).toBe(0)
  })

  it('says so when the server hangs up in the handshake', async () => {
    const port = await listen(createTcpServer((socket) => socket.once('data', () => socket.destroy())))
    const error = await failureOf(connectWith(port, { mode: 'system' }))
    expect(error.message).toContain('closed the connection in the middle of the TLS handshake')
  })

  it('tells a refused connection and an unknown name apart', async () => {
    const port = await listen(createTcpServer())
    await new Promise((resolve) => servers.pop()!.close(resolve))
    expect((await failureOf(connectWith(port, { mode: 'system' }))).message).toContain('refuses connections')
    const unknown = await failureOf(connectWith(port, { mode: 'system' }, { host: 'no-such-host.invalid' }))
    expect(unknown.code).toBe('unreachable')
    expect(unknown.message).toContain('no-such-host.invalid')
  })

  it('refuses TLS 1.1 in a sentence', async () => {
    const server = tls.createServer({
      key: good.key,
      cert: good.cert,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
      ciphers: 'DEFAULT@SECLEVEL=0',
    })
    server.on('tlsClientError', () => undefined)
    const error = await failureOf(connectWith(await listen(server), { mode: 'ca', caPem: authority.caPem }))
    expect(error.detail).toEqual({ kind: 'tls', reason: 'protocol' })
    expect(error.message).toMatch(/no TLS version|TLS handshake/)
  })

  it('ends as cancelled when its signal fires, before and during', async () => {
    const port = await listen(createTcpServer((socket) => socket.resume()))
    const controller = new AbortController()
    const pending = failureOf(connectWith(port, { mode: 'system' }, { signal: controller.signal }))
    await expect.poll(() => sockets.size).toBe(1)
    controller.abort()
    expect((await pending).code).toBe('cancelled')
    await expect.poll(() => sockets.size).toBe(0)
    expect((await failureOf(connectWith(port, { mode: 'system' }, { signal: controller.signal }))).code).toBe(
      'cancelled',
    )
  })

  it('shows the client certificate that it was given', async () => {
    let subject = ''
    const client = await authority.issue({ host: 'client.example.org' })
    const server = tls.createServer(
      { key: good.key, cert: good.cert, ca: authority.caPem, requestCert: true, rejectUnauthorized: false },
      (socket) => (subject = String(socket.getPeerX509Certificate()?.subject)),
    )
    const port = await listen(server)
    const trust: TlsTrust = { mode: 'ca', caPem: authority.caPem }
    const socket = await connectTls({
      host: '127.0.0.1',
      port,
      trust,
      extras: { key: client.key, cert: client.cert },
    })
    await expect.poll(() => subject).toContain('client.example.org')
    socket.destroy()
  })
})

describe('tlsOptionsFor', () => {
  it('names hosts for SNI and leaves addresses out of it', () => {
    expect(tlsOptionsFor({ mode: 'pinned', sha256: good.sha256 }, 'pve.example.org')).toMatchObject({
      servername: 'pve.example.org',
    })
    expect(tlsOptionsFor({ mode: 'pinned', sha256: good.sha256 }, '[::1]').servername).toBeUndefined()
  })

  it('trusts the given authority alone', () => {
    expect(tlsOptionsFor({ mode: 'ca', caPem: authority.caPem }, 'a')).toMatchObject({
      ca: [authority.caPem.trim()],
      rejectUnauthorized: true,
    })
  })

  it.each(['', 'not a certificate', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----'])(
    'refuses an authority that is none (%j)',
    (caPem) => expect(() => tlsOptionsFor({ mode: 'ca', caPem }, 'a')).toThrow(/certificate authority holds/),
  )
})

describe('inspectCertificate', () => {
  it('shows a self-signed certificate without trusting it or sending anything', async () => {
    const { port, received } = await tlsServer(selfSigned)
    const summary = await inspectCertificate('127.0.0.1', port)
    expect(summary).toMatchObject({ fingerprint256: selfSigned.sha256, isTrustedBySystem: false })
    expect(summary.subject).toContain('CN=127.0.0.1')
    expect(summary.distrustReason).toContain('self-signed')
    expect(Date.parse(summary.validTo)).toBeGreaterThan(Date.now())
    expect(received).toHaveLength(0)
  })

  it('asks PostgreSQL for TLS first', async () => {
    const port = await listen(
      createTcpServer((socket) =>
        socket.once('data', (request) => {
          expect(request.toString('hex')).toBe('0000000804d2162f')
          socket.write('S')
          new tls.TLSSocket(socket, { isServer: true, key: good.key, cert: good.cert }).on(
            'error',
            () => undefined,
          )
        }),
      ),
    )
    expect((await inspectCertificate('127.0.0.1', port, { startTls: 'postgres' })).fingerprint256).toBe(
      good.sha256,
    )
  })

  it.each([
    ['N', 'does not offer TLS'],
    ['Sinjected text', 'does not answer as PostgreSQL does'],
    ['SSH-2.0-OpenSSH', 'does not answer as PostgreSQL does'],
  ])('refuses the PostgreSQL answer %j', async (answer, sentence) => {
    const port = await listen(createTcpServer((socket) => socket.once('data', () => socket.write(answer))))
    const error = await failureOf(inspectCertificate('127.0.0.1', port, { startTls: 'postgres' }))
    expect(error.message).toContain(sentence)
  })

  it('does not wait for ever for a silent server', async () => {
    const port = await listen(createTcpServer((socket) => socket.resume()))
    for (const startTls of [undefined, 'postgres'] as const) {
      const error = await failureOf(inspectCertificate('127.0.0.1', port, { startTls, timeoutMs: 100 }))
      expect(error.code).toBe('timeout')
    }
  })
})
