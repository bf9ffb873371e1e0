// The connection test: name, TCP, TLS, then the probe of the kind, one step after another until the first failure.
// Each step says what was found, how long it took and, when it failed, what to do. Nothing is stored or changed.
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TestStep } from '#shared/contracts/sites.ts'
import { AppError, cancelled, isAppError, toWireError } from '#shared/errors.ts'
import type { ConnectionKind, ConnectionSettings } from '#shared/model/connection.ts'
import { probeKubernetes } from '../../connectors/kubernetes/kubernetes-probe.ts'
import { probePbs } from '../../connectors/pbs/pbs-probe.ts'
import { probePostgres } from '../../connectors/postgres/postgres-probe.ts'
import type { Probe, ProbeStep } from '../../connectors/probe.ts'
import { probeProxmox } from '../../connectors/proxmox/proxmox-probe.ts'
import { probeS3 } from '../../connectors/s3/s3-probe.ts'
import { probeSsh } from '../../connectors/ssh/ssh-probe.ts'
import { openSocket } from '../../connectors/tls/certificate-inspection.ts'
import type { Log } from '../../platform.ts'
import type { SecretLease } from '../../vault/vault.ts'
import type { TlsParty } from '../../connectors/tls/tls-faults.ts'
import { checkTls, lookUp, partyOf, type Outcome } from './ground-steps.ts'

export type Probes = { [K in ConnectionKind]: Probe<K> }
export const probes: Probes = {
  proxmox: probeProxmox,
  pbs: probePbs,
  kubernetes: probeKubernetes,
  postgres: probePostgres,
  ssh: probeSsh,
  s3: probeS3,
}

/** Opens the way through the jump host; the probe speaks SSH on it. */
export type OpenHop = (signal: AbortSignal) => Promise<Duplex>

export interface TestOptions {
  signal: AbortSignal
  log: Log
  /** Limit of each of the first three steps. */
  stepTimeoutMs?: number
  /** Limit of the whole test. */
  timeoutMs?: number
  probes?: Probes
  /** Given when the host is behind a jump host: name, network and way are then that host's business. */
  openHop?: OpenHop
}

type StepName = TestStep['step']

const stepNames = [
  'dns',
  'tcp',
  'tls',
  'authentication',
  'permission',
  'version',
] as const satisfies StepName[]
/** Yields `running` and then the outcome of each step; steps after a failure are `skipped`. Ends when `signal` fires. */
export async function* testConnection(
  settings: ConnectionSettings,
  secrets: SecretLease,
  options: TestOptions,
): AsyncGenerator<TestStep> {
  const limit = AbortSignal.timeout(options.timeoutMs ?? 120_000)
  const signal = AbortSignal.any([options.signal, limit])
  const stepTimeoutMs = options.stepTimeoutMs ?? 10_000
  const party = partyOf(settings)
  let socket: Socket | undefined
  const { openHop } = options
  const ground: Array<[StepName, string, () => Promise<Outcome>]> = openHop ? groundBehind(openHop, party, signal) : [
    ['dns', `Looking up ${party.host}`, () => lookUp(party, signal, stepTimeoutMs)],
    [
      'tcp',
      `Connecting to port ${party.port}`,
      async () => {
        socket = await openSocket(party, { signal, timeoutMs: stepTimeoutMs })
        return {
          state: 'passed',
          finding: `Connected to ${socket.remoteAddress ?? party.host} port ${party.port}.`,
        }
      },
    ],
    [
      'tls',
      'Checking the certificate',
      () => checkTls(settings, secrets, party, socket!, { signal, timeoutMs: stepTimeoutMs }),
    ],
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
  if (failed)
    for (const step of stepNames.slice(stepNames.indexOf(failed) + 1))
      yield { step, state: 'skipped', finding: 'Not reached.', elapsedMs: 0 }
}

/** Behind a jump host, that host looks the name up and connects; whether it can is seen by connecting once. */
function groundBehind(
  openHop: OpenHop,
  party: TlsParty,
  signal: AbortSignal,
): Array<[StepName, string, () => Promise<Outcome>]> {
  return [
    [
      'dns',
      'Asking the jump host',
      () => Promise.resolve({ state: 'skipped', finding: `The jump host looks up ${party.host}.` }),
    ],
    [
      'tcp',
      'Connecting through the jump host',
      async () => {
        const way = await openHop(signal)
        way.on('error', () => undefined).destroy()
        return { state: 'passed', finding: `The jump host reaches ${party.host} port ${party.port}.` }
      },
    ],
  ]
}

/** The steps that only the kind itself can take. Answers the one that failed. */
async function* runProbe(
  settings: ConnectionSettings,
  secrets: SecretLease,
  options: TestOptions & { limit: AbortSignal },
): AsyncGenerator<TestStep, StepName | undefined> {
  const waiting: StepName[] = ['authentication', 'permission', 'version']
  const running = (step: StepName): TestStep => ({
    step,
    state: 'running',
    finding: `Checking ${step}…`,
    elapsedMs: 0,
  })
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
  for (const step of waiting)
    yield { step, state: 'skipped', finding: 'This system does not tell.', elapsedMs: 0 }
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

function startProbe(
  settings: ConnectionSettings,
  secrets: SecretLease,
  options: TestOptions,
): AsyncIterable<ProbeStep> {
  const known = options.probes ?? probes
  const { signal, log, openHop } = options
  const given = { signal, log, ...(openHop ? { openHop } : {}) }
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
    case 's3':
      return known.s3(settings, secrets, given)
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
    : new AppError('internal', 'Meridian could not finish this step.', {
        remedy: 'Try again; the log (Settings → Log) may hold the reason.',
        cause: thrown,
      })
  return { step, state: 'failed', finding: error.message, elapsedMs, error: toWireError(error) }
}

const tookTooLong = (): AppError =>
  new AppError('timeout', 'The test took too long and was ended.', {
    remedy: 'Check that the system is up and not overloaded, then test again.',
  })
