// One of the demo's database servers as a whole: the cluster with its content, kept or built, the door in front of it
// where faults happen, its certificate and its draft. Made by postgres-server.ts, which owns its life.
import { randomBytes } from 'node:crypto'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import type { ConnectionDraft } from '#shared/model/connection.ts'
import { isAppError } from '#shared/errors.ts'
import type { LabDatabase } from '../containers/lab-runner.ts'
import type { DemoContext, FaultKind } from '../context.ts'
import { buildContent } from './build.ts'
import { PostgresCluster } from './cluster.ts'
import type { ContentPlan } from './content/plan.ts'
import { FaultGate } from './fault-gate.ts'
import { writeOwned, type Placement } from './placement.ts'
import { accessRules, buildSettings, serverConfiguration, type SiteServer } from './settings.ts'
import { isClean } from '../world/site.ts'

/** One server, for tests and measurements; the application itself knows only the drafts. */
export interface PostgresDemoServer {
  host: string
  /** Where faults apply, and what the draft names. */
  port: number
  /** The server itself, past the door at which faults happen. */
  directPort: number
  /** Password of every role, the superuser's included. */
  passwords: Record<string, string>
  /** True when this start found the content of an earlier one. */
  isFromCache: boolean
  processId: number
  dataDir: string
}
const superuser = 'postgres'
/** How files of a cluster are laid out by this code; raised when an old one cannot be used. */
const layoutVersion = 1
const flushGraceMs = 4_000

const record = z.object({ version: z.string(), passwords: z.record(z.string(), z.string()) })
type ServerRecord = z.infer<typeof record>

/** What each server's connection of the demo site uses: the role a researcher works with, and its database. */
const entrances: Record<string, { database: string; user: string }> = {
  'proj-pg01': { database: 'desi_dr1', user: 'desi_dev' },
  'proj-pg02': { database: 'lab_metadata', user: 'meridian_ro' },
}

/** A server with its content, its door and its certificate. `start` once, then `dispose` once. */
export class DemoServer {
  readonly site: SiteServer
  readonly #context: DemoContext
  readonly #placement: Placement
  readonly #cluster: PostgresCluster
  readonly #gate: FaultGate
  readonly #signal: AbortSignal
  #port = 0
  #passwords: Record<string, string> = {}
  #isFromCache = false
  #isExpired = false
  #certificateWork: Promise<void> = Promise.resolve()
  #flush: Promise<unknown> = Promise.resolve()

  constructor(context: DemoContext, placement: Placement, site: SiteServer, signal: AbortSignal) {
    this.site = site
    this.#context = context
    this.#placement = placement
    this.#signal = signal
    const { binaries, account, home } = placement
    this.#cluster = new PostgresCluster({
      name: site.host,
      dataDir: join(home, site.host),
      binaries,
      account,
      signal,
    })
    this.#gate = new FaultGate(() => this.#cluster.port, context.certificate('postgres'))
  }

  async start(
    plan: ContentPlan,
    report: (host: string, step: string, fraction: number) => void,
  ): Promise<void> {
    const step = (label: string, fraction: number): void => report(this.site.host, label, fraction)
    const version = `${layoutVersion}/${this.#placement.binaries.version}/${plan.version}/${this.#roleNames().join(',')}`
    await this.#cluster.claim()
    const known = await this.#readRecord(version)
    if (known && (await this.#reuse(known, step))) this.#isFromCache = true
    else await this.#build(plan, version, step)
    this.#port = await this.#gate.listen()
  }

  draft(): ConnectionDraft {
    const { host } = this.site
    const { database, user } = entrances[host] ?? { database: 'postgres', user: superuser }
    const { caPem, fingerprint256 } = this.#context.certificate('postgres')
    // One connection trusts the lab's authority and one pins the certificate, so that both ways are in the demo.
    const tls =
      host === 'proj-pg02'
        ? { mode: 'pinned' as const, sha256: fingerprint256 }
        : { mode: 'ca' as const, caPem }
    return {
      label: host,
      settings: {
        kind: 'postgres',
        host: '127.0.0.1',
        port: this.#port,
        database,
        user,
        tlsMode: 'verify',
        tls,
      },
      secrets: { password: this.#passwords[user] ?? '' },
    }
  }

  /** Where a container of the lab finds it, and as whom. */
  entrance(): LabDatabase {
    const { host } = this.site
    const { database, user } = entrances[host] ?? { database: 'postgres', user: superuser }
    return { host, port: this.#port, database, user, password: this.#passwords[user] ?? '' }
  }

  describe(): PostgresDemoServer {
    return {
      host: this.site.host,
      port: this.#port,
      directPort: this.#cluster.port,
      passwords: this.#passwords,
      isFromCache: this.#isFromCache,
      processId: this.#cluster.processId,
      dataDir: this.#cluster.options.dataDir,
    }
  }

  applyFault(fault: FaultKind | undefined): void {
    this.#gate.apply(fault)
    const isExpired = fault === 'expired-certificate'
    if (isExpired === this.#isExpired) return
    this.#isExpired = isExpired
    this.#certificateWork = this.#certificateWork
      .then(() => this.#writeCertificate(isExpired))
      .then(() => this.#cluster.reload())
      .catch((error: unknown) =>
        this.#context.log(`${this.site.host}: the certificate was not swapped: ${String(error)}`),
      )
  }

  async dispose(): Promise<void> {
    await this.#gate.dispose()
    await this.#certificateWork
    await Promise.race([this.#flush, delay(flushGraceMs, undefined, { ref: false })])
    await this.#cluster.stop()
  }

  /** False when the kept cluster does not start; it is then built anew rather than shown broken. */
  async #reuse(known: ServerRecord, step: (label: string, fraction: number) => void): Promise<boolean> {
    step('Starting the databases', 0.5)
    try {
      this.#passwords = known.passwords
      await this.#writeConfiguration()
      await this.#cluster.start({})
      return true
    } catch (error) {
      if (this.#signal.aborted || (isAppError(error) && error.code === 'conflict')) throw error
      this.#context.log(
        `${this.site.host}: the kept databases do not start and are built again: ${String(error)}`,
      )
      return false
    }
  }

  async #build(
    plan: ContentPlan,
    version: string,
    step: (label: string, fraction: number) => void,
  ): Promise<void> {
    const startedMs = performance.now()
    await rm(this.#recordPath(), { force: true })
    step('Creating the database cluster', 0.01)
    this.#passwords = Object.fromEntries(
      [superuser, ...this.#roleNames()].map((role) => [role, randomBytes(18).toString('base64url')]),
    )
    const password = this.#passwords[superuser] ?? ''
    await this.#cluster.create(superuser, password)
    await this.#writeConfiguration()
    await this.#cluster.start(buildSettings)
    const roles = this.#roleNames().map(
      (role) => `CREATE ROLE ${role} LOGIN PASSWORD '${this.#passwords[role]}'`,
    )
    const withRoles = { ...plan, databases: [roles.join('; '), ...plan.databases] }
    const onStep = (label: string, fraction: number): void => step(label, 0.04 + 0.92 * fraction)
    await buildContent(withRoles, {
      port: this.#cluster.port,
      superuser,
      password,
      signal: this.#signal,
      onStep,
    })
    step('Restarting the databases in their normal mode', 0.97)
    await this.#cluster.stop()
    await this.#cluster.start({})
    await this.#writeRecord({ version, passwords: this.#passwords })
    // The build skipped the disk's confirmation; it is made up for while the lab is already in use.
    this.#flush = this.#cluster
      .flush()
      .catch((error: unknown) => this.#context.log(`${this.site.host}: ${String(error)}`))
    this.#context.log(`${this.site.host}: built in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`)
  }

  #roleNames(): string[] {
    return this.site.roles.map((role) => role.name)
  }

  async #writeConfiguration(): Promise<void> {
    const { dataDir, account } = this.#cluster.options
    await writeOwned(join(dataDir, 'postgresql.conf'), serverConfiguration(this.site, isClean(this.#context.site)), account)
    await writeOwned(join(dataDir, 'pg_hba.conf'), accessRules(this.site, superuser), account)
    await this.#writeCertificate(false)
  }

  async #writeCertificate(isExpired: boolean): Promise<void> {
    const { dataDir, account } = this.#cluster.options
    const certificate = this.#context.certificate('postgres')
    const { keyPem, certPem } = isExpired ? certificate.expired : certificate
    await writeOwned(join(dataDir, 'server.key'), keyPem, account)
    await writeOwned(join(dataDir, 'server.crt'), certPem, account)
  }

  /** In the lab's own directory even when the cluster lies elsewhere: it holds the passwords. */
  #recordPath(): string {
    return join(resolve(this.#context.dataDir), 'postgres', `${this.site.host}.json`)
  }

  async #readRecord(version: string): Promise<ServerRecord | undefined> {
    const isThere = await stat(join(this.#cluster.options.dataDir, 'PG_VERSION')).then(
      () => true,
      () => false,
    )
    if (!isThere) return undefined
    try {
      const known = record.parse(JSON.parse(await readFile(this.#recordPath(), 'utf8')))
      return known.version === version ? known : undefined
    } catch {
      return undefined
    }
  }

  async #writeRecord(known: ServerRecord): Promise<void> {
    await mkdir(join(this.#recordPath(), '..'), { recursive: true })
    const draft = `${this.#recordPath()}.new`
    await writeFile(draft, JSON.stringify(known), { mode: 0o600 })
    await rename(draft, this.#recordPath())
  }
}
