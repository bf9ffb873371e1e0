// A small demo database for tests: its own directory, the lab's real site and certificates, 20,000 redshifts.
// Used by the tests of this folder and by lab-process.ts; never by the application.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, type ClientConfig } from 'pg'
import type { DemoContext, FaultPlan } from '../../context.ts'
import { loadCertificates } from '../../world/certificates.ts'
import { createLabRunner } from '../../containers/lab-runner.ts'
import { createDemoClock } from '../../world/clock.ts'
import { createFaultPlan } from '../../world/faults.ts'
import { loadCleanSite, loadDemoSite, type LabVariant } from '../../world/site.ts'
import { startPostgresDemo, type PostgresDemo } from '../postgres-server.ts'
import type { PostgresDemoServer } from '../demo-server.ts'

export const smallRows = 20_000

export interface SmallLab {
  demo: PostgresDemo
  faults: FaultPlan
  steps: { step: string; fraction: number }[]
  log: string[]
  caPem: string
  server(host: 'proj-pg01' | 'proj-pg02'): PostgresDemoServer
}

export const makeDataDir = (): Promise<string> => mkdtemp(join(tmpdir(), 'meridian-postgres-'))
export const removeDataDir = (dataDir: string): Promise<void> => rm(dataDir, { recursive: true, force: true })

export async function startSmallLab(
  dataDir: string,
  options: { zpixRows?: number; variant?: LabVariant; signal?: AbortSignal; onStep?: (step: string) => void } = {},
): Promise<SmallLab> {
  const faults = createFaultPlan()
  const steps: SmallLab['steps'] = []
  const log: string[] = []
  const certificate = await loadCertificates(dataDir)
  const context: DemoContext = {
    dataDir,
    site: options.variant === 'clean' ? loadCleanSite() : loadDemoSite(),
    clock: createDemoClock(),
    faults,
    certificate,
    runner: createLabRunner({ imageDir: dataDir, log: (line) => log.push(line) }),
    signal: options.signal ?? new AbortController().signal,
    onProgress(step, fraction) {
      steps.push({ step, fraction })
      options.onStep?.(step)
    },
    log: (line) => log.push(line),
  }
  const demo = await startPostgresDemo(context, { zpixRows: options.zpixRows ?? smallRows })
  const server = (host: string): PostgresDemoServer => {
    const found = demo.servers.find((candidate) => candidate.host === host)
    if (!found) throw new Error(`No server ${host}`)
    return found
  }
  return { demo, faults, steps, log, caPem: certificate('postgres').caPem, server }
}

/** A session through the door, or past it with `direct`. */
export async function openSession(
  server: PostgresDemoServer,
  user: string,
  database: string,
  more: ClientConfig & { direct?: boolean } = {},
): Promise<Client> {
  const { direct, ...config } = more
  const client = new Client({
    host: '127.0.0.1',
    port: direct ? server.directPort : server.port,
    user,
    database,
    password: server.passwords[user],
    connectionTimeoutMillis: 8_000,
    ...config,
  })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Polls until `check` holds; rejects after `limitMs`. */
export async function eventually(check: () => boolean | Promise<boolean>, limitMs = 10_000): Promise<void> {
  const deadlineMs = Date.now() + limitMs
  while (!(await check())) {
    if (Date.now() > deadlineMs) throw new Error('Waited in vain.')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
