// The connection test step by step, against real sockets on loopback: which step fails for which trouble, that the
// later ones are skipped, and that what to do is said.
import { createServer as createHttpServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net'
import tls from 'node:tls'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { TestStep } from '#shared/contracts/sites.ts'
import { AppError } from '#shared/errors.ts'
import type { ConnectionSettings, SecretName, TlsTrust } from '#shared/model/connection.ts'
import type { Probe, ProbeStep } from '../../connectors/probe.ts'
import {
  createSelfSigned,
  createTestAuthority,
  type TestAuthority,
  type TestLeaf,
} from '../../connectors/tls/test-certificates.ts'
import type { Log } from '../../platform.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { testConnection, type Probes } from './connection-test.ts'

const quiet: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => quiet }
const allWell: ProbeStep[] = [
  { step: 'authentication', state: 'passed', finding: 'Logged in.' },
  { step: 'permission', state: 'passed', finding: 'May see.' },
  { step: 'version', state: 'passed', finding: 'Version 8.' },
]
const closers: Array<() => Promise<unknown>> = []
let authority: TestAuthority
let good: TestLeaf

beforeAll(async () => {
  authority = await createTestAuthority()
  good = await authority.issue()
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
})

async function listen(server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  closers.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return (server.address() as AddressInfo).port
}
async function tlsPort(leaf: TestLeaf = good): Promise<number> {
  const server = tls.createServer({ key: leaf.key, cert: leaf.cert }, (socket) =>
    socket.on('error', () => undefined),
  )
  server.on('tlsClientError', () => undefined)
  return listen(server)
}
const postgresPort = (answer: string, leaf: TestLeaf = good): Promise<number> =>
  listen(
    createTcpServer((socket) =>
      socket.once('data', () => {
        socket.write(answer)
        if (answer === 'S')
          new tls.TLSSocket(socket, { isServer: true, key: leaf.key, cert: leaf.cert }).on(
            'error',
            () => undefined,
          )
      }),
    ),
  )

const pve = (
  port: number,
  trust: TlsTrust = { mode: 'ca', caPem: authority.caPem },
  host = '127.0.0.1',
): ConnectionSettings => ({
  kind: 'proxmox',
  url: `https://${host}:${port}`,
  tls: trust,
  auth: { mode: 'token', tokenId: 'a@b!c' },
})
const database = (
  port: number,
  tlsMode: 'disable' | 'prefer' | 'require' | 'verify',
  trust: TlsTrust = { mode: 'system' },
): ConnectionSettings => ({
  kind: 'postgres',
  host: '127.0.0.1',
  port,
  database: 'd',
  user: 'u',
  tlsMode,
  tls: trust,
})

function probesOf(steps: ProbeStep[] | (() => AsyncIterable<ProbeStep>)): Probes {
  const probe = async function* () {
    yield* typeof steps === 'function' ? steps() : steps
  }
  const any = probe as Probe<never>
  return { proxmox: any, pbs: any, kubernetes: any, postgres: any, ssh: any } as unknown as Probes
}

interface RunOptions {
  secrets?: Partial<Record<SecretName, string>>
  probes?: Probes
  signal?: AbortSignal
  stepTimeoutMs?: number
  timeoutMs?: number
}
async function run(settings: ConnectionSettings, options: RunOptions = {}): Promise<TestStep[]> {
  const {
    secrets = {},
    probes = probesOf(allWell),
    signal = new AbortController().signal,
    ...limits
  } = options
  const lease: SecretLease = { read: (name) => secrets[name] }
  const steps: TestStep[] = []
  for await (const step of testConnection(settings, lease, { signal, log: quiet, probes, ...limits }))
    steps.push(step)
  return steps
}
const ends = (steps: TestStep[]): string[] =>
  steps.filter((step) => step.state !== 'running').map((step) => `${step.step} ${step.state}`)
const stepOf = (steps: TestStep[], name: TestStep['step']): TestStep =>
  steps.findLast((step) => step.step === name)!

describe('testConnection', () => {
  it('goes through all six steps, each running before it is done', async () => {
    const steps = await run(pve(await tlsPort()))
    expect(ends(steps)).toEqual([
      'dns passed',
      'tcp passed',
      'tls passed',
      'authentication passed',
      'permission passed',
      'version passed',
    ])
    for (const name of ['dns', 'tcp', 'tls', 'authentication', 'permission', 'version'] as const)
      expect(steps.find((step) => step.step === name)!.state).toBe('running')
    expect(stepOf(steps, 'tcp').finding).toMatch(/Connected to 127\.0\.0\.1 port \d+/)
    expect(stepOf(steps, 'tls').finding).toContain(good.sha256)
    expect(stepOf(steps, 'tls').finding).toMatch(/TLSv1\.3.*valid until \d{4}/)
  })

  it('fails at the name, and reaches nothing else', async () => {
    const steps = await run(pve(8006, undefined, 'no-such-host.invalid'))
    expect(ends(steps)).toEqual([
      'dns failed',
      'tcp skipped',
      'tls skipped',
      'authentication skipped',
      'permission skipped',
      'version skipped',
    ])
    expect(stepOf(steps, 'dns').error).toMatchObject({ code: 'unreachable' })
    expect(stepOf(steps, 'dns').finding).toContain('no-such-host.invalid')
    expect(stepOf(steps, 'dns').error!.remedy).toBeTruthy()
  })

  it('fails at TCP where nothing listens', async () => {
    const port = await tlsPort()
    for (const close of closers.splice(0)) await close()
    const steps = await run(pve(port))
    expect(ends(steps).slice(0, 3)).toEqual(['dns passed', 'tcp failed', 'tls skipped'])
    expect(stepOf(steps, 'tcp').finding).toContain('refuses connections')
  })

  it('fails at TLS and offers the fingerprint of a self-signed certificate', async () => {
    const leaf = await createSelfSigned()
    const steps = await run(pve(await tlsPort(leaf), { mode: 'system' }))
    expect(ends(steps).slice(1, 4)).toEqual(['tcp passed', 'tls failed', 'authentication skipped'])
    expect(stepOf(steps, 'tls').error!.detail).toMatchObject({
      kind: 'tls',
      reason: 'untrusted',
      fingerprint256: leaf.sha256,
    })
  })

  it('passes with that fingerprint pinned, and refuses the next certificate', async () => {
    const leaf = await createSelfSigned()
    expect(
      stepOf(await run(pve(await tlsPort(leaf), { mode: 'pinned', sha256: leaf.sha256 })), 'tls').finding,
    ).toContain('pinned')
    const changed = await run(
      pve(await tlsPort(await createSelfSigned()), { mode: 'pinned', sha256: leaf.sha256 }),
    )
    expect(stepOf(changed, 'tls').error!.detail).toMatchObject({
      reason: 'fingerprint-changed',
      expected256: leaf.sha256,
    })
  })

  it('says of a pinned certificate that it expired', async () => {
    const old = await authority.issue({ fromDays: -5, untilDays: -1 })
    expect(
      stepOf(await run(pve(await tlsPort(old), { mode: 'pinned', sha256: old.sha256 })), 'tls').finding,
    ).toContain('It expired on')
  })

  it('fails at TLS on a plain HTTP server and on a silent one', async () => {
    const plain = await listen(createHttpServer((_request, response) => response.end('hello')))
    expect(stepOf(await run(pve(plain)), 'tls').error!.detail).toEqual({ kind: 'tls', reason: 'protocol' })
    const silent = await listen(createTcpServer((socket) => socket.resume()))
    const steps = await run(pve(silent), { stepTimeoutMs: 150 })
    expect(stepOf(steps, 'tls').error!.code).toBe('timeout')
    expect(stepOf(steps, 'tls').elapsedMs).toBeGreaterThanOrEqual(100)
  })

  it('hands on what the probe finds, and skips what follows its failure', async () => {
    const error = new AppError('unauthenticated', 'Wrong token.', { remedy: 'Give the right one.' })
    const steps = await run(pve(await tlsPort()), {
      probes: probesOf([{ step: 'authentication', state: 'failed', finding: 'Wrong token.', error }]),
    })
    expect(ends(steps).slice(3)).toEqual(['authentication failed', 'permission skipped', 'version skipped'])
    expect(stepOf(steps, 'authentication').error).toMatchObject({
      code: 'unauthenticated',
      remedy: 'Give the right one.',
    })
  })

  it('survives a probe that throws, in the step where it was', async () => {
    const throwing = async function* (): AsyncGenerator<ProbeStep> {
      yield allWell[0]!
      throw new Error('secret inside: hunter2')
    }
    const steps = await run(pve(await tlsPort()), { probes: probesOf(throwing) })
    expect(ends(steps).slice(3)).toEqual(['authentication passed', 'permission failed', 'version skipped'])
    expect(JSON.stringify(steps)).not.toContain('hunter2')
  })

  it('ends a probe that hangs', async () => {
    const hanging = async function* (): AsyncGenerator<ProbeStep> {
      yield allWell[0]!
      await new Promise(() => undefined)
    }
    const steps = await run(pve(await tlsPort()), { probes: probesOf(hanging), timeoutMs: 400 })
    expect(stepOf(steps, 'permission')).toMatchObject({ state: 'failed', error: { code: 'timeout' } })
  })

  it('ends as cancelled when nobody listens any more', async () => {
    const silent = await listen(createTcpServer((socket) => socket.resume()))
    const controller = new AbortController()
    const running = run(pve(silent), { signal: controller.signal })
    setImmediate(() => controller.abort())
    await expect(running).rejects.toMatchObject({ code: 'cancelled' })
  })
})

describe('PostgreSQL’s TLS step', () => {
  it('is skipped when TLS is off, or not offered where it is only preferred', async () => {
    const plain = await postgresPort('N')
    expect(stepOf(await run(database(plain, 'disable')), 'tls')).toMatchObject({
      state: 'skipped',
      finding: expect.stringContaining('in the clear'),
    })
    expect(stepOf(await run(database(plain, 'prefer')), 'tls')).toMatchObject({
      state: 'skipped',
      finding: expect.stringContaining('in the clear'),
    })
  })

  it.each(['require', 'verify'] as const)(
    'fails when TLS is not offered but the mode is %s',
    async (mode) => {
      const steps = await run(database(await postgresPort('N'), mode))
      expect(stepOf(steps, 'tls').finding).toContain('does not offer TLS')
    },
  )

  it('checks the certificate in mode verify, and whenever a trust was given', async () => {
    const trust: TlsTrust = { mode: 'ca', caPem: authority.caPem }
    expect(stepOf(await run(database(await postgresPort('S'), 'verify', trust)), 'tls')).toMatchObject({
      state: 'passed',
    })
    expect(stepOf(await run(database(await postgresPort('S'), 'verify')), 'tls').error!.detail).toMatchObject(
      { reason: 'untrusted' },
    )
    const wrong: TlsTrust = { mode: 'pinned', sha256: 'AA:'.repeat(31) + 'AA' }
    expect(
      stepOf(await run(database(await postgresPort('S'), 'require', wrong)), 'tls').error!.detail,
    ).toMatchObject({ reason: 'fingerprint-changed' })
  })

  it('says that mode require does not check', async () => {
    expect(stepOf(await run(database(await postgresPort('S'), 'require')), 'tls').finding).toContain(
      'not checked',
    )
  })
})

describe('Kubernetes and SSH', () => {
  it('uses the authority of the kubeconfig', async () => {
    const port = await tlsPort()
    const kubeconfig = JSON.stringify({
      kind: 'Config',
      clusters: [
        {
          name: 'c',
          cluster: {
            server: `https://127.0.0.1:${port}`,
            'certificate-authority-data': Buffer.from(authority.caPem).toString('base64'),
          },
        },
      ],
      users: [{ name: 'u', user: { token: 't' } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
    })
    const settings: ConnectionSettings = {
      kind: 'kubernetes',
      context: 'x',
      server: `https://127.0.0.1:${port}`,
    }
    expect(stepOf(await run(settings, { secrets: { kubeconfig } }), 'tls').state).toBe('passed')
    const without = await run(settings)
    expect(stepOf(without, 'tls').error).toMatchObject({ code: 'unauthenticated' })
  })

  it('leaves encryption to SSH', async () => {
    const port = await listen(createTcpServer((socket) => socket.write('SSH-2.0-x\r\n')))
    const steps = await run({ kind: 'ssh', host: '127.0.0.1', port, user: 'u', auth: 'agent' })
    expect(stepOf(steps, 'tls')).toMatchObject({
      state: 'skipped',
      finding: expect.stringContaining('host key'),
    })
    expect(stepOf(steps, 'version').state).toBe('passed')
  })
})
