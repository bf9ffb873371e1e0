// SSH against a real server of ssh2 on loopback: the host key is decided before a credential is shown, each way of
// logging in, and every refusal as a sentence.
import { generateKeyPairSync } from 'node:crypto'
import {
  createServer as createTcpServer,
  type AddressInfo,
  type Server as TcpServer,
  type Socket,
} from 'node:net'
import ssh2, { type AuthContext, type Connection } from 'ssh2'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { SecretName, SettingsOf } from '#shared/model/connection.ts'
import type { Log } from '../../platform.ts'
import type { SecretLease } from '../../vault/vault.ts'
import type { ProbeStep } from '../probe.ts'
import { fingerprintOf, openSsh } from './ssh-connection.ts'
import { probeSsh } from './ssh-probe.ts'

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }
const rightPassword = 'the right password'
let hostKey: string
let fingerprint: string
let userKey: string
let userPublic: Buffer
let lockedKey: string

interface TestServer {
  port: number
  /** Methods that a client tried, with what it sent. */
  tried: string[]
}
const closers: Array<() => Promise<void>> = []

beforeAll(() => {
  hostKey = ssh2.utils.generateKeyPairSync('ed25519').private
  const parsedHost = ssh2.utils.parseKey(hostKey)
  if (parsedHost instanceof Error) throw parsedHost
  fingerprint = fingerprintOf((Array.isArray(parsedHost) ? parsedHost[0]! : parsedHost).getPublicSSH())
  const user = ssh2.utils.generateKeyPairSync('ed25519')
  userKey = user.private
  const parsedUser = ssh2.utils.parseKey(user.public)
  if (parsedUser instanceof Error) throw parsedUser
  userPublic = (Array.isArray(parsedUser) ? parsedUser[0]! : parsedUser).getPublicSSH()
  lockedKey = ssh2.utils.generateKeyPairSync('ed25519', {
    passphrase: 'open it',
    cipher: 'aes256-ctr',
    rounds: 4,
  }).private
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function listen(server: TcpServer): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}

async function sshServer(
  options: { refuseExec?: boolean; isDeaf?: boolean; exitCode?: number } = {},
): Promise<TestServer> {
  const tried: string[] = []
  const connections = new Set<Connection>()
  const server = new ssh2.Server({ hostKeys: [hostKey], ident: 'TestSSH_1.0' }, (connection) => {
    connections.add(connection)
    connection.on('error', () => undefined).on('close', () => connections.delete(connection))
    connection.on('authentication', (context) => (options.isDeaf ? undefined : authenticate(context, tried)))
    connection.on('session', (accept) => {
      accept().on('exec', (acceptExec, rejectExec, info) => {
        tried.push(`exec ${info.command}`)
        if (options.refuseExec) return void rejectExec()
        const channel = acceptExec()
        channel.exit(options.exitCode ?? 0)
        channel.end()
      })
    })
  })
  const { promise, resolve } = Promise.withResolvers<number>()
  server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  const port = await promise
  closers.push(async () => {
    for (const connection of connections) connection.end()
    await new Promise<void>((done) => server.close(() => done()))
  })
  return { port, tried }
}

function authenticate(context: AuthContext, tried: string[]): void {
  tried.push(context.method === 'password' ? `password ${context.password}` : context.method)
  if (context.method === 'password' && context.password === rightPassword) return context.accept()
  if (context.method === 'publickey' && context.key.data.equals(userPublic)) return context.accept()
  if (context.method === 'keyboard-interactive')
    return context.prompt([{ prompt: 'Password: ', echo: false }], (answers) =>
      answers[0] === rightPassword ? context.accept() : context.reject(),
    )
  context.reject(['password', 'publickey', 'keyboard-interactive'])
}

const settingsFor = (port: number, more: Partial<SettingsOf<'ssh'>> = {}): SettingsOf<'ssh'> => ({
  kind: 'ssh',
  host: '127.0.0.1',
  port,
  user: 'observer',
  auth: 'password',
  hostKeySha256: fingerprint,
  ...more,
})
const leaseOf = (secrets: Partial<Record<SecretName, string>>): SecretLease => ({
  read: (name) => secrets[name],
})
const withPassword = leaseOf({ password: rightPassword })

async function probe(
  settings: SettingsOf<'ssh'>,
  secrets: SecretLease,
  signal = new AbortController().signal,
): Promise<ProbeStep[]> {
  const steps: ProbeStep[] = []
  for await (const step of probeSsh(settings, secrets, { signal, log: quiet })) steps.push(step)
  return steps
}

describe('probeSsh', () => {
  it('logs in, runs the empty command and names the server', async () => {
    const server = await sshServer()
    const steps = await probe(settingsFor(server.port), withPassword)
    expect(steps.map((step) => [step.step, step.state])).toEqual([
      ['authentication', 'passed'],
      ['permission', 'passed'],
      ['version', 'passed'],
    ])
    expect(steps[0]!.finding).toContain(fingerprint)
    expect(steps[2]!.finding).toBe('SSH-2.0-TestSSH_1.0.')
    expect(server.tried).toContain('exec true')
  })

  it('shows an unknown host key and offers no credential before it is confirmed', async () => {
    const server = await sshServer()
    const settings = settingsFor(server.port)
    delete settings.hostKeySha256
    const [step] = await probe(settings, withPassword)
    expect(step!.error).toMatchObject({
      code: 'conflict',
      detail: { kind: 'ssh', stage: 'host-key', fingerprint256: fingerprint },
    })
    expect(step!.error!.remedy).toContain('ssh-keygen -lf')
    expect(server.tried).toEqual([])
  })

  it('refuses a changed host key loudly, and offers no credential', async () => {
    const server = await sshServer()
    const confirmed = fingerprintOf(Buffer.from('another key'))
    const [step] = await probe(settingsFor(server.port, { hostKeySha256: confirmed }), withPassword)
    expect(step!.error).toMatchObject({
      detail: { kind: 'ssh', stage: 'host-key-changed', fingerprint256: fingerprint },
      retryable: false,
    })
    expect(step!.finding).toContain('CHANGED')
    expect(step!.finding).toContain(confirmed.slice(0, 19))
    expect(server.tried).toEqual([])
  })

  it('accepts a confirmed fingerprint written with its padding', async () => {
    const server = await sshServer()
    expect(
      (await probe(settingsFor(server.port, { hostKeySha256: `${fingerprint}=` }), withPassword))[0]!.state,
    ).toBe('passed')
  })

  it('says that the password is wrong, and tried nothing else', async () => {
    const server = await sshServer()
    const [step] = await probe(settingsFor(server.port), leaseOf({ password: 'wrong', privateKey: userKey }))
    expect(step!.error).toMatchObject({
      code: 'unauthenticated',
      detail: { kind: 'ssh', stage: 'authentication' },
    })
    expect(step!.finding).toContain('observer')
    expect(step!.finding).not.toContain('wrong')
    expect(server.tried).toEqual(['none', 'password wrong'])
  })

  it('logs in with a key, and never shows the password then', async () => {
    const server = await sshServer()
    const steps = await probe(
      settingsFor(server.port, { auth: 'key' }),
      leaseOf({ privateKey: userKey, password: rightPassword }),
    )
    expect(steps[0]!.state).toBe('passed')
    expect(server.tried.some((item) => item.startsWith('password'))).toBe(false)
  })

  it('answers keyboard-interactive prompts', async () => {
    const server = await sshServer()
    expect(
      (await probe(settingsFor(server.port, { auth: 'keyboard-interactive' }), withPassword))[0]!.state,
    ).toBe('passed')
  })

  it.each([
    ['no key at all', {}, /No private key is stored/],
    ['no key text', { privateKey: 'hello' }, /cannot be read/],
    [
      'a PEM of something else',
      {
        privateKey: generateKeyPairSync('ed25519').publicKey.export({
          type: 'spki',
          format: 'pem',
        }) as string,
      },
      /public one|cannot be read/,
    ],
  ])('refuses %s in a sentence', async (_what, secrets, sentence) => {
    const server = await sshServer()
    const [step] = await probe(settingsFor(server.port, { auth: 'key' }), leaseOf(secrets))
    expect(step!.finding).toMatch(sentence)
    expect(step!.error!.remedy).toBeTruthy()
  })

  it('asks for the passphrase of a key, and says when it is wrong', async () => {
    const server = await sshServer()
    const settings = settingsFor(server.port, { auth: 'key' })
    expect((await probe(settings, leaseOf({ privateKey: lockedKey })))[0]!.finding).toContain(
      'none is stored',
    )
    expect(
      (await probe(settings, leaseOf({ privateKey: lockedKey, keyPassphrase: 'no' })))[0]!.finding,
    ).toContain('does not open')
    expect(
      (await probe(settings, leaseOf({ privateKey: lockedKey, keyPassphrase: 'open it' })))[0]!.finding,
    ).toContain('did not accept the private key')
  })

  it('tells a login without commands from no login', async () => {
    const server = await sshServer({ refuseExec: true })
    const steps = await probe(settingsFor(server.port), withPassword)
    expect(steps.map((step) => step.state)).toEqual(['passed', 'failed'])
    expect(steps[1]!.error!.code).toBe('forbidden')
  })

  it('mentions a restricted shell', async () => {
    const server = await sshServer({ exitCode: 1 })
    expect((await probe(settingsFor(server.port), withPassword))[1]!.finding).toContain('restricted shell')
  })

  it('says that a web server is no SSH server', async () => {
    const port = await listen(createTcpServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')))
    const [step] = await probe(settingsFor(port), withPassword)
    expect(step!.state).toBe('failed')
    expect(step!.error!.remedy).toContain('SSH server')
  })

  it('says that nothing listens', async () => {
    const port = await listen(createTcpServer())
    for (const close of closers.splice(0)) await close()
    expect((await probe(settingsFor(port), withPassword))[0]!.finding).toContain('refuses connections')
  })
})

describe('openSsh', () => {
  it('gives up on a silent server and on a login that hangs', async () => {
    const silent = await listen(createTcpServer((socket) => socket.resume()))
    const signal = new AbortController().signal
    await expect(
      openSsh(settingsFor(silent), withPassword, { signal, timeoutMs: 200 }),
    ).rejects.toMatchObject({ code: 'timeout' })
    const deaf = await sshServer({ isDeaf: true })
    await expect(openSsh(settingsFor(deaf.port), withPassword, { signal, timeoutMs: 500 })).rejects.toThrow(
      /did not finish the login/,
    )
  })

  it('ends as cancelled when its signal fires', async () => {
    const silent = await listen(createTcpServer((socket) => socket.resume()))
    const controller = new AbortController()
    const pending = openSsh(settingsFor(silent), withPassword, { signal: controller.signal })
    controller.abort()
    await expect(pending).rejects.toMatchObject({ code: 'cancelled' })
  })

  it('says that no agent runs', async () => {
    const { port } = await sshServer()
    const failing = openSsh(settingsFor(port, { auth: 'agent' }), leaseOf({}), {
      signal: new AbortController().signal,
      agent: '/nowhere/agent.sock',
    })
    await expect(failing).rejects.toThrow(/agent|did not accept/)
  })
})
