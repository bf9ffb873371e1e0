// The whole demo lab: its clock, its backups, and the servers that show it, started together and stopped
// together. Called by process.ts in a process of its own, and by tests. Never imported by the core.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { AppError, cancelled, isAppError } from '#shared/errors.ts'
import type { BackupPolicy } from '#shared/model/backup-policy.ts'
import type { ConnectionDraft } from '#shared/model/connection.ts'
import { createLabRunner } from './containers/lab-runner.ts'
import type { DemoClock, DemoContext, DemoService, FaultPlan, FaultService } from './context.ts'
import { labBackupPolicy } from './world/backup-promises.ts'
import { createLabBackups, type LabBackups } from './world/backups.ts'
import { demoServices, loadCertificates } from './world/certificates.ts'
import { createDemoClock } from './world/clock.ts'
import { createFaultPlan } from './world/faults.ts'
import { loadCleanSite, loadDemoSite, type LabVariant } from './world/site.ts'

export interface DemoLabOptions {
  /** Kept between starts: certificates, host keys, the database cluster. Made when absent. */
  dataDir: string
  signal: AbortSignal
  onProgress(step: string, fraction: number): void
  log(line: string): void
  /** All of them when absent. */
  /** What the images of the lab's containers hold; where the source has it when absent. */
  imageDir?: string
  services?: readonly FaultService[]
  /** Lab time minus real time, milliseconds. */
  clockOffsetMs?: number
  /** With the known sins of compliance/sins.ts (the usual lab), or without. */
  variant?: LabVariant
}

export interface DemoLab {
  services: readonly DemoService[]
  /** One per reachable endpoint, ready to be saved as the demo site's connections. */
  drafts: ConnectionDraft[]
  siteName: string
  backupPolicy: BackupPolicy
  faults: FaultPlan
  clock: DemoClock
  /** Stops everything and waits for it; calling it again waits for the same end. */
  dispose(): Promise<void>
}

type Starter = (context: DemoContext, backups: LabBackups) => Promise<DemoService>

/** Loaded on demand, so that a lab of two servers does not load the others. */
const starters: Record<FaultService, Starter> = {
  proxmox: async (...args) => (await import('./proxmox/proxmox-server.ts')).startProxmoxDemo(...args),
  pbs: async (...args) => (await import('./pbs/pbs-server.ts')).startPbsDemo(...args),
  kubernetes: async (context) =>
    (await import('./kubernetes/kubernetes-server.ts')).startKubernetesDemo(context),
  postgres: async (context) => (await import('./postgres/postgres-server.ts')).startPostgresDemo(context),
  ssh: async (context) => (await import('./ssh/ssh-server.ts')).startSshDemo(context),
  s3: async (context) => (await import('./s3/s3-server.ts')).startS3Demo(context),
}

/** Share of each service in the progress bar: only the database takes noticeable time. */
const weights: Record<FaultService, number> = { proxmox: 1, pbs: 1, kubernetes: 1, ssh: 1, s3: 1, postgres: 26 }
/** Right when run from source; the bundle names its own. */
const sourceImageDir = join(import.meta.dirname, '..', '..', 'resources', 'demo', 'containers', 'python')
const startLimitMs = 300_000
const stopLimitMs = 30_000

/**
 * Starts the lab; every server answers when it resolves. On failure or abort everything already started is stopped,
 * then an AppError is thrown that names the service.
 */
export async function startDemoLab(options: DemoLabOptions): Promise<DemoLab> {
  const wanted = options.services ?? demoServices
  const stop = new AbortController()
  // Servers that outlive their start watch `life`, not the limit of the start.
  const life = AbortSignal.any([options.signal, stop.signal])
  const world = await createWorld(options, life)
  const progress = combineProgress(wanted, options.onProgress)
  const started = wanted.map(async (name) => {
    const context = { ...world.context, onProgress: progress.of(name) }
    const service = await starters[name](context, world.backups)
    progress.done(name)
    return service
  })
  const shutDown = async () => {
    stop.abort()
    await disposeStarted(started, options.log)
    await world.context.runner.dispose()
    world.backups.dispose()
    world.context.clock.dispose()
  }
  try {
    const limit = AbortSignal.any([life, AbortSignal.timeout(startLimitMs)])
    const services = await Promise.race([Promise.all(started.map(nameFailure(wanted))), whenAborted(limit)])
    const { site, faults, clock } = world.context
    let ended: Promise<void> | undefined
    const drafts = services.flatMap((service) => service.drafts)
    const dispose = () => (ended ??= shutDown())
    const backupPolicy = labBackupPolicy(site)
    return { services, drafts, siteName: site.site.name, backupPolicy, faults, clock, dispose }
  } catch (error) {
    await shutDown()
    throw error
  }
}

/** What all servers share: inventory, clock, faults, certificates, and the backups. */
async function createWorld(options: DemoLabOptions, signal: AbortSignal) {
  await mkdir(options.dataDir, { recursive: true })
  const clock = createDemoClock({
    offsetMs: options.clockOffsetMs ?? 0,
    onError: (error) => options.log(`demo clock: ${String(error)}`),
  })
  const site = options.variant === 'clean' ? loadCleanSite() : loadDemoSite()
  const context: Omit<DemoContext, 'onProgress'> = {
    dataDir: options.dataDir,
    site,
    clock,
    faults: createFaultPlan(),
    certificate: await loadCertificates(options.dataDir),
    runner: createLabRunner({ imageDir: options.imageDir ?? sourceImageDir, log: options.log }),
    signal,
    log: options.log,
  }
  return { context, backups: createLabBackups(site, clock) }
}

/** Stops what has started, and what is still on its way; gives up on a server that does not end in time. */
async function disposeStarted(
  started: readonly Promise<DemoService>[],
  log: (line: string) => void,
): Promise<void> {
  const disposeOne = async (starting: Promise<DemoService>) => {
    const service = await starting.catch(() => undefined)
    await service?.dispose()
  }
  const ends = Promise.allSettled(started.map(disposeOne)).then((outcomes) => {
    for (const it of outcomes) if (it.status === 'rejected') log(`demo lab: ${String(it.reason)}`)
  })
  const limit = delay(stopLimitMs, undefined, { ref: false }).then(() =>
    log('demo lab: a server did not end in time'),
  )
  await Promise.race([ends, limit])
}

const nameFailure =
  (wanted: readonly FaultService[]) =>
  async (starting: Promise<DemoService>, index: number): Promise<DemoService> => {
    try {
      return await starting
    } catch (error) {
      if (isAppError(error)) throw error
      const name = wanted[index] ?? 'a service'
      throw new AppError('internal', `The demo lab could not start its ${name} server: ${messageOf(error)}`, {
        remedy: 'Close other programs that hold its files, then open the demo lab again.',
        target: { system: 'demo lab', endpoint: name },
        cause: error,
      })
    }
  }

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () => {
      const isLimit = signal.reason instanceof DOMException && signal.reason.name === 'TimeoutError'
      const sentence = `The demo lab was not ready after ${startLimitMs / 60_000} minutes.`
      reject(
        isLimit ? new AppError('timeout', sentence) : cancelled('The demo lab was stopped while it started.'),
      )
    }
    if (signal.aborted) fail()
    else signal.addEventListener('abort', fail, { once: true })
  })
}

/** One bar over all services; it never goes back. */
function combineProgress(wanted: readonly FaultService[], report: DemoLabOptions['onProgress']) {
  const fractions = new Map<FaultService, number>(wanted.map((name) => [name, 0]))
  const whole = wanted.reduce((sum, name) => sum + weights[name], 0)
  let shown = 0
  const update = (name: FaultService, step: string, fraction: number) => {
    fractions.set(name, Math.max(fractions.get(name) ?? 0, Math.min(fraction, 1)))
    const sum = [...fractions].reduce((total, [service, it]) => total + it * weights[service], 0)
    shown = Math.max(shown, Math.min(sum / whole, 1))
    report(step, shown)
  }
  return {
    of: (name: FaultService) => (step: string, fraction: number) => update(name, step, fraction),
    done: (name: FaultService) => update(name, `${name} is ready`, 1),
  }
}
