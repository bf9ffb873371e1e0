// The connector against a real OpenSSH server: commands, shells, files and forwards over one connection, a way through
// another host, and what is said when the server goes away in the middle.
import { createServer, type AddressInfo } from 'node:net'
import type { Duplex, Readable } from 'node:stream'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { SecretName } from '#shared/model/connection.ts'
import type { Log } from '../../platform.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { quoteArguments } from './posix-quote.ts'
import { createSshConnector, type SshConnector } from './ssh-connector.ts'
import { noOpenSsh, startOpenSsh, type OpenSshServer } from './testing/open-ssh-server.ts'

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }
const leaseOf = (secrets: Partial<Record<SecretName, string>>): SecretLease => ({ read: (name) => secrets[name] })

async function textUntil(source: Readable, pattern: RegExp): Promise<string> {
  let text = ''
  source.on('data', (chunk: Buffer) => (text += chunk.toString()))
  await expect.poll(() => text).toMatch(pattern)
  return text
}

async function everything(source: Duplex): Promise<string> {
  let text = ''
  for await (const chunk of source as AsyncIterable<Buffer>) text += chunk.toString()
  return text
}

describe.skipIf(noOpenSsh)('an OpenSSH server (skipped where none is installed)', () => {
  let server: OpenSshServer
  let connector: SshConnector
  const connectTo = (to: OpenSshServer, more: Partial<Parameters<typeof createSshConnector>[2]> = {}): SshConnector =>
    createSshConnector(to.settings, leaseOf({ privateKey: to.privateKey }), { log: quiet, ...more })

  beforeAll(async () => {
    server = await startOpenSsh()
    connector = connectTo(server)
  })
  afterAll(async () => {
    connector.dispose()
    await server.dispose()
  })

  it('runs commands: output, errors, status, signals, standard input', async () => {
    expect(await connector.exec('echo out; echo err >&2; exit 3')).toEqual({
      stdout: 'out\n',
      stderr: 'err\n',
      exitCode: 3,
      signalName: null,
      isTruncated: false,
    })
    expect((await connector.exec('cat', { stdin: 'through ✓' })).stdout).toBe('through ✓')
    expect(await connector.exec('kill -TERM $$')).toMatchObject({ exitCode: null, signalName: 'TERM' })
  })

  it('gives a program exactly the arguments that were meant', async () => {
    const odd = ['it’s', "a'b", '$HOME', '`id`', '', 'two words', '"', '\\', 'new\nline', '*']
    const { stdout } = await connector.run(['printf', '%s|', ...odd])
    expect(stdout).toBe(`${odd.join('|')}|`)
    expect(quoteArguments(['ls', '-l', '/tmp/x y'])).toBe("ls -l '/tmp/x y'")
    expect(() => quoteArguments(['a\0b'])).toThrow(RangeError)
  })

  it('uses one connection for everything', async () => {
    const before = server.log().match(/Accepted publickey/g)?.length
    const results = await Promise.all(Array.from({ length: 4 }, (_, index) => connector.exec(`echo ${index}`)))
    expect(results.map((one) => one.stdout.trim())).toEqual(['0', '1', '2', '3'])
    expect(server.log().match(/Accepted publickey/g)?.length).toBe(before)
  })

  it('stops a command that takes too long, says too much or is not wanted any more', async () => {
    const late = await connector.exec('sleep 60', { timeoutMs: 150 }).catch((error: unknown) => error)
    expect(late).toMatchObject({ code: 'timeout', detail: { kind: 'outcome-unknown' } })
    const much = await connector.exec('yes', { maxOutputBytes: 1000 })
    expect(much).toMatchObject({ isTruncated: true })
    expect(much.stdout).toHaveLength(1000)
    const controller = new AbortController()
    const pending = connector.exec('sleep 60', { signal: controller.signal })
    controller.abort()
    await expect(pending).rejects.toMatchObject({ code: 'cancelled' })
    expect((await connector.exec('echo still there')).stdout).toBe('still there\n')
  })

  it('opens a shell on a terminal that knows its size', async () => {
    const shell = await connector.shell({ size: { columns: 91, rows: 33 } })
    shell.input.write('stty size; exit 7\n')
    expect(await textUntil(shell.output, /33 91/)).toContain('33 91')
    expect(await shell.ended).toMatchObject({ exitCode: 7 })
    const resized = await connector.shell({ size: { columns: 80, rows: 24 } })
    resized.resize({ columns: 120, rows: 40 })
    resized.input.write('stty size\n')
    expect(await textUntil(resized.output, /40 120/)).toContain('40 120')
    resized.close()
    await resized.ended
  })

  it('forwards to a port of the host, and from one', async () => {
    const target = createServer((socket) => socket.end('behind the host'))
    await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', resolve))
    const { port } = target.address() as AddressInfo
    expect(await everything(await connector.forwardOut({ host: '127.0.0.1', port }))).toBe('behind the host')
    target.close()
    await expect(connector.forwardOut({ host: '127.0.0.1', port })).rejects.toMatchObject({
      detail: { kind: 'ssh', stage: 'channel' },
    })
    const listener = await connector.forwardIn({
      bindAddress: '127.0.0.1',
      port: 0,
      onConnection: (socket) => socket.end('from here'),
    })
    const { stdout } = await connector.run(['bash', '-c', `cat < /dev/tcp/127.0.0.1/${listener.port}`])
    expect(stdout).toBe('from here')
    listener.close()
    await listener.closed
  })

  it('opens a file session', async () => {
    const session = await connector.sftp()
    const real = await new Promise<string>((resolve, reject) =>
      session.sftp.realpath('/', (error, path) => (error ? reject(error) : resolve(path))),
    )
    expect(real).toBe('/')
    session.close()
    await session.closed
  })

  it('reaches a host through another, and checks the key of each', async () => {
    const behind = await startOpenSsh()
    const through = connectTo(behind, { openHop: (to, use) => connector.forwardOut(to, use) })
    try {
      const { stdout } = await through.exec('echo $SSH_CONNECTION')
      expect(stdout.trim().endsWith(` 127.0.0.1 ${behind.settings.port}`)).toBe(true)
      const stranger = createSshConnector(
        { ...behind.settings, hostKeySha256: server.settings.hostKeySha256! },
        leaseOf({ privateKey: behind.privateKey }),
        { log: quiet, openHop: (to, use) => connector.forwardOut(to, use) },
      )
      await expect(stranger.exec('true')).rejects.toMatchObject({ detail: { stage: 'host-key-changed' } })
    } finally {
      through.dispose()
      await behind.dispose()
    }
  })

  it('ends an unused connection, and opens it anew when it is wanted', async () => {
    const brief = connectTo(server, { idleMs: 30 })
    await brief.exec('true')
    expect(brief.isOpen).toBe(true)
    await expect.poll(() => brief.isOpen).toBe(false)
    expect((await brief.exec('echo again')).stdout).toBe('again\n')
    brief.dispose()
  })

  it('does not know the outcome of a command whose server died', async () => {
    const first = await startOpenSsh()
    const own = connectTo(first)
    const pending = own.exec('echo started; sleep 60').catch((error: unknown) => error)
    const shell = await own.shell({ size: { columns: 80, rows: 24 } })
    shell.output.resume()
    await own.exec('true')
    await first.kill()
    expect(await pending).toMatchObject({ code: 'unreachable', detail: { kind: 'outcome-unknown' } })
    await expect(shell.ended).rejects.toMatchObject({ code: 'unreachable' })
    await expect(own.exec('true')).rejects.toMatchObject({ code: 'unreachable' })
    own.dispose()
    await first.dispose()
  })

  it('says that the server gives no more sessions', async () => {
    const narrow = await startOpenSsh({ settings: ['MaxSessions 1'] })
    const own = connectTo(narrow)
    const shell = await own.shell({ size: { columns: 80, rows: 24 } })
    await expect(own.exec('true')).rejects.toMatchObject({ code: 'rate-limited' })
    shell.close()
    await shell.ended
    expect((await own.exec('true')).exitCode).toBe(0)
    own.dispose()
    await narrow.dispose()
  })
})
