// The connection test: name, TCP, TLS, then the probe of the kind, one step after another until the first failure.
// Each step says what was found, how long it took and, when it failed, what to do. Nothing is stored or changed.
import { lookup } from 'node:dns/promises'
import { isIP, type Socket } from 'node:net'
import type { TestStep } from '#shared/contracts/sites.ts'
import { AppError, cancelled, isAppError, toWireError } from '#shared/errors.ts'
import type { ConnectionKind, ConnectionSettings, SettingsOf, TlsTrust } from '#shared/model/connection.ts'
import { loadKubeconfig } from '../../connectors/kubernetes/kubeconfig.ts'
import { probeKubernetes } from '../../connectors/kubernetes/kubernetes-probe.ts'
import { probePbs } from '../../connectors/pbs/pbs-probe.ts'
import { probePostgres } from '../../connectors/postgres/postgres-probe.ts'
import type { Probe, ProbeStep } from '../../connectors/probe.ts'
import { probeProxmox } from '../../connectors/proxmox/proxmox-probe.ts'
import { probeSsh } from '../../connectors/ssh/ssh-probe.ts'
import { openSocket, requestPostgresTls } from '../../connectors/tls/certificate-inspection.ts'
import { connectFault, type TlsParty } from '../../connectors/tls/tls-faults.ts'
import { connectTls, peerCertificate } from '../../connectors/tls/tls-trust.ts'
import type { Log } from '../../platform.ts'
import type { SecretLease } from '../../vault/vault.ts'

export type Probes = { [K in ConnectionKind]: Probe<K> }
export const probes: Probes = {
  proxmox: probeProxmox,
  pbs: probePbs,
  kubernetes: probeKubernetes,
  postgres: probePostgres,
  ssh: probeSsh,
}

export interface TestOptions {
  signal: AbortSignal
  log: Log
  /** Limit of each of the first three steps. */
  stepTimeoutMs?: number
  /** Limit of the whole test. */
  timeoutMs?: number
  probes?: Probes
}

type StepName = TestStep['step']
type Outcome = { state: 'passed' | 'skipped'; finding: string }

const stepNames = ['dns', 'tcp', 'tls', 'authentication', 'permission', 'version'] as const satisfies StepName[]
const systemNames: Record<ConnectionKind, string> = {
  proxmox: 'Proxmox VE',
  pbs: 'Proxmox Backup Server',
  kubernetes: 'Kubernetes',
  postgres: 'PostgreSQL',
  ssh: 'SSH',
}

/** Yields `running` and then the outcome of each step; steps after a failure are `skipped`. Ends when `signal` fires. */
export async function* testConnection(settings: ConnectionSettings, secrets: SecretLease, options: TestOptions): AsyncGenerator<TestStep> {
  const limit = AbortSignal.timeout(options.timeoutMs ?? 120_000)
  const signal = AbortSignal.any([options.signal, limit])
  const stepTimeoutMs = options.stepTimeoutMs ?? 10_000
  const party = partyOf(settings)
  let socket: Socket | undefined
  const ground: Array<[StepName, string, () => Promise<Outcome>]> = [
    ['dns', `Looking up ${party.host}`, () => lookUp(party, signal, stepTimeoutMs)],
    [
      'tcp',
      `Connecting to port ${party.port}`,
      async () => {
        socket = await openSocket(party, { signal, timeoutMs: stepTimeoutMs })
        return { state: 'passed', finding: `Connected to ${socket.remoteAddress ?? party.host} port ${party.port}.` }
      },
    ],
    ['tls', 'Checking the certificate', () => checkTls(settings, secrets, party, socket!, { signal, timeoutMs: stepTimeoutMs })],
  ]
  let failed: StepName | undefined
  try {
    for (const [step, running, work] of ground) {
      yield { step, state: 'running', finding: `${running}…`, elapsedMs: 0 }
      const outcome = await timed(step, work, limit)
      if (options.signal.aborted) throw cancelled()
      yield outcome
      if (outcome.state !== 'failed') continue
      failed = step
      break
    }
  } finally {
    socket?.on('error', () => undefined)
    socket?.destroy()
  }
  if (!failed) failed = yield* runProbe(settings, secrets, { ...options, signal, limit })
  if (options.signal.aborted) throw cancelled()
  if (failed) for (const step of stepNames.slice(stepNames.indexOf(failed) + 1)) yield { step, state: 'skipped', finding: 'Not reached.', elapsedMs: 0 }
}

/** The steps that only the kind itself can take. Answers the one that failed. */
async function* runProbe(
  settings: ConnectionSettings,
  secrets: SecretLease,
  options: TestOptions & { limit: AbortSignal },
): AsyncGenerator<TestStep, StepName | undefined> {
  const waiting: StepName[] = ['authentication', 'permission', 'version']
  const running = (step: StepName): TestStep => ({ step, state: 'running', finding: `Checking ${step}…`, elapsedMs: 0 })
  yield running('authentication')
  let startedAt = performance.now()
  const elapsed = (): number => Math.round(performance.now() - startedAt)
  try {
    for await (const found of untilAborted(startProbe(settings, secrets, options), options.signal)) {
      waiting.splice(0, waiting.indexOf(found.step) + 1)
      const { error, ...step } = found
      yield { ...step, elapsedMs: elapsed(), ...(error ? { error: toWireError(error) } : {}) }
      if (found.state === 'failed') return found.step
      startedAt = performance.now()
      if (waiting[0]) yield running(waiting[0])
    }
  } catch (thrown) {
    if (options.signal.aborted && !options.limit.aborted) throw cancelled()
    const step = waiting[0] ?? 'version'
    yield failure(step, elapsed(), options.limit.aborted ? tookTooLong() : thrown)
    return step
  }
  for (const step of waiting) yield { step, state: 'skipped', finding: 'This system does not tell.', elapsedMs: 0 }
  return undefined
}

/** Ends with the signal even when the source does not listen to it. */
async function* untilAborted<T>(source: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  aborted.catch(() => undefined)
  const onAbort = (): void => reject(cancelled())
  if (signal.aborted) onAbort()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for (;;) {
      const { done, value } = await Promise.race([iterator.next(), aborted])
      if (done) return
      yield value
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
    void iterator.return?.().catch(() => undefined)
  }
}

function startProbe(settings: ConnectionSettings, secrets: SecretLease, options: TestOptions): AsyncIterable<ProbeStep> {
  const known = options.probes ?? probes
  const given = { signal: options.signal, log: options.log }
  switch (settings.kind) {
    case 'proxmox':
      return known.proxmox(settings, secrets, given)
    case 'pbs':
      return known.pbs(settings, secrets, given)
    case 'kubernetes':
      return known.kubernetes(settings, secrets, given)
    case 'postgres':
      return known.postgres(settings, secrets, given)
    case 'ssh':
      return known.ssh(settings, secrets, given)
  }
}

async function timed(step: StepName, work: () => Promise<Outcome>, limit: AbortSignal): Promise<TestStep> {
  const startedAt = performance.now()
  const elapsed = (): number => Math.round(performance.now() - startedAt)
  try {
    const outcome = await work()
    return { step, ...outcome, elapsedMs: elapsed() }
  } catch (thrown) {
    return failure(step, elapsed(), limit.aborted ? tookTooLong() : thrown)
  }
}

function failure(step: StepName, elapsedMs: number, thrown: unknown): TestStep {
  const error = isAppError(thrown)
    ? thrown
    : new AppError('internal', 'Meridian could not finish this step.', { remedy: 'Try again; the log (Settings → Log) may hold the reason.', cause: thrown })
  return { step, state: 'failed', finding: error.message, elapsedMs, error: toWireError(error) }
}

const tookTooLong = (): AppError =>
  new AppError('timeout', 'The test took too long and was ended.', { remedy: 'Check that the system is up and not overloaded, then test again.' })

function partyOf(settings: ConnectionSettings): TlsParty {
  const system = systemNames[settings.kind]
  if (settings.kind === 'postgres' || settings.kind === 'ssh') return { host: settings.host, port: settings.port, system }
  const address = settings.kind === 'kubernetes' ? settings.server : settings.url
  if (!URL.canParse(address)) throw new AppError('invalid-input', `The address of ${system} is not one.`, { remedy: 'Correct the connection’s address.' })
  const url = new URL(address)
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port) || 443, system }
}

async function lookUp(party: TlsParty, signal: AbortSignal, timeoutMs: number): Promise<Outcome> {
  if (isIP(party.host)) return { state: 'passed', finding: `${party.host} is an address; there is no name to look up.` }
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(connectFault(Object.assign(new Error('late'), { code: 'EAI_AGAIN' }), party)), timeoutMs)
  const onAbort = (): void => late.reject(cancelled())
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    const found = await Promise.race([lookup(party.host, { all: true }), late.promise])
    const addresses = found.map((item) => item.address)
    return { state: 'passed', finding: `${party.host} is ${addresses.slice(0, 4).join(', ')}${addresses.length > 4 ? ' and others' : ''}.` }
  } catch (error) {
    throw isAppError(error) ? error : connectFault(error, party)
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

interface Limits {
  signal: AbortSignal
  timeoutMs: number
}

async function checkTls(settings: ConnectionSettings, secrets: SecretLease, party: TlsParty, socket: Socket, limits: Limits): Promise<Outcome> {
  switch (settings.kind) {
    case 'ssh':
      return { state: 'skipped', finding: 'SSH encrypts by itself; its host key is checked at the login.' }
    case 'postgres':
      return checkPostgresTls(settings, party, socket, limits)
    case 'kubernetes': {
      const kubeconfig = secrets.read('kubeconfig')
      if (!kubeconfig)
        throw new AppError('unauthenticated', 'No kubeconfig is stored for this connection.', { remedy: 'Edit the connection and give its kubeconfig.' })
      const { caPem, tlsServerName } = loadKubeconfig(kubeconfig, settings.context)
      const trust: TlsTrust = caPem === null ? { mode: 'system' } : { mode: 'ca', caPem }
      return shakeHands(trust, party, socket, limits, tlsServerName ?? undefined)
    }
    case 'proxmox':
    case 'pbs':
      return shakeHands(settings.tls, party, socket, limits)
  }
}

async function checkPostgresTls(settings: SettingsOf<'postgres'>, party: TlsParty, socket: Socket, limits: Limits): Promise<Outcome> {
  if (settings.tlsMode === 'disable') return { state: 'skipped', finding: 'TLS is switched off for this connection: queries and results travel in the clear.' }
  try {
    await requestPostgresTls(socket, party, limits)
  } catch (error) {
    if (settings.tlsMode !== 'prefer' || !isAppError(error) || !/does not offer TLS/.test(error.message)) throw error
    return { state: 'skipped', finding: 'The server does not offer TLS: queries and results travel in the clear.' }
  }
  // As the session does it: a given authority or a pinned certificate is always checked.
  if (settings.tlsMode === 'verify' || settings.tls.mode !== 'system') return shakeHands(settings.tls, party, socket, limits)
  return { state: 'passed', finding: `The server offers TLS; its certificate is not checked (mode “${settings.tlsMode}”).` }
}

async function shakeHands(trust: TlsTrust, party: TlsParty, socket: Socket, limits: Limits, servername?: string): Promise<Outcome> {
  const connection = await connectTls({ ...party, trust, socket, servername, ...limits })
  try {
    const certificate = peerCertificate(connection)
    const until = new Date(certificate?.validTo ?? '')
    const ending = Number.isNaN(until.getTime()) ? '' : ` ${until.getTime() < Date.now() ? 'It expired on' : 'It is valid until'} ${until.toISOString().slice(0, 10)}.`
    return { state: 'passed', finding: `${connection.getProtocol() ?? 'TLS'}; ${trustWords[trust.mode]} ${certificate?.fingerprint256 ?? ''}.${ending}` }
  } finally {
    connection.on('error', () => undefined)
    connection.destroy()
  }
}

const trustWords: Record<TlsTrust['mode'], string> = {
  system: 'the certificate is trusted by this computer. SHA-256',
  ca: 'the certificate was signed by the given authority. SHA-256',
  pinned: 'the certificate is the pinned one. SHA-256',
}
