// Keeps one site's picture of its backups while somebody looks: reads each system at its own pace, keeps what was read,
// judges anew when something came in. A system that does not answer keeps its last reading, with its age.
import type { BackupSource, BackupState } from '#shared/contracts/backups.ts'
import { isAppError, type AppError } from '#shared/errors.ts'
import type { Connection, ConnectionId, ConnectionKind, Site } from '#shared/model/connection.ts'
import type { CoreServices } from '../../core-services.ts'
import { createFeed, type Feed } from '../../router/event-feed.ts'
import type { BackupStore } from '../../storage/backup-store.ts'
import type { InventoryStore } from '../../storage/inventory-store.ts'
import { assess } from './assess.ts'
import { createGround, skewOf, zoneOf, type Ground, type GroundInput, type Part } from './ground.ts'
import { readDatabase } from './read-database.ts'
import { readOffsite } from './read-offsite.ts'
import { readPbs } from './read-pbs.ts'
import { readProxmox, type KnownFailures } from './read-proxmox.ts'
import { reading as readingSchema, type Reading } from './readings.ts'

export type SessionCore = Pick<CoreServices, 'platform' | 'connectors' | 'vault' | 'sites'>

type ReadKind = Extract<ConnectionKind, 'pbs' | 'proxmox' | 's3' | 'postgres'>
const minuteMs = 60_000
/** Requests to an object store are counted and paid for. */
const pauseMs: Record<ReadKind, number> = {
  pbs: minuteMs,
  proxmox: minuteMs,
  postgres: 5 * minuteMs,
  s3: 30 * minuteMs,
}
const readLimitMs = 120_000
const judgeEveryMs = minuteMs

interface Held {
  connection: Connection
  kind: ReadKind
  reading: Reading | undefined
  /** The last look succeeded. */
  isAnswering: boolean
  running: Promise<void> | undefined
  error: AppError | undefined
  timer: NodeJS.Timeout | undefined
  failures: KnownFailures
}

const readKindOf = ({ settings }: Connection): ReadKind | undefined =>
  settings.kind === 'pbs' ||
  settings.kind === 'proxmox' ||
  settings.kind === 's3' ||
  settings.kind === 'postgres'
    ? settings.kind
    : undefined

export class BackupSession {
  readonly changes: Feed<BackupState> = createFeed<BackupState>()
  private readonly core: SessionCore
  private readonly store: BackupStore
  private readonly inventory: Pick<InventoryStore, 'loadKinds'>
  private readonly held = new Map<ConnectionId, Held>()
  private readonly closing = new AbortController()
  private site: Site
  private ticker: NodeJS.Timeout | undefined
  private publishing: Promise<void> | undefined
  private isPublishDue = false

  constructor(
    site: Site,
    core: SessionCore,
    store: BackupStore,
    inventory: Pick<InventoryStore, 'loadKinds'>,
  ) {
    this.site = site
    this.core = core
    this.store = store
    this.inventory = inventory
    this.reconcile(site)
  }

  /** Begins to read; without it the session shows what is kept. */
  start(): void {
    for (const held of this.held.values()) void this.read(held)
    this.ticker = setInterval(() => this.publish(), judgeEveryMs)
    this.ticker.unref()
  }

  /** Follows a change of the site's connections. */
  reconcile(site: Site): void {
    this.site = site
    const wanted = new Map(site.connections.map((connection) => [connection.id, connection]))
    for (const [id, held] of this.held)
      if (!wanted.has(id)) {
        clearTimeout(held.timer)
        this.held.delete(id)
      }
    for (const connection of site.connections) {
      const known = this.held.get(connection.id)
      if (known) {
        const isSame = JSON.stringify(known.connection) === JSON.stringify(connection)
        known.connection = connection
        if (!isSame && this.ticker) void this.read(known)
        continue
      }
      const kind = readKindOf(connection)
      if (!kind) continue
      const kept = this.store.reading(connection.id, readingSchema)
      const held: Held = {
        connection,
        kind,
        reading: kept?.kind === kind ? kept : undefined,
        isAnswering: false,
        running: undefined,
        error: undefined,
        timer: undefined,
        failures: new Map(),
      }
      this.held.set(connection.id, held)
      if (this.ticker) void this.read(held)
    }
  }

  /** Reads these systems (all when absent) now and resolves when they have answered or failed. */
  async refresh(kinds?: readonly ReadKind[]): Promise<void> {
    const chosen = [...this.held.values()].filter((held) => !kinds || kinds.includes(held.kind))
    // What is under way may have asked before the change: it is waited for, then asked again.
    await Promise.all(chosen.flatMap((held) => (held.running ? [held.running] : [])))
    await Promise.all(chosen.map((held) => this.read(held)))
  }

  async state(): Promise<BackupState> {
    return assess(this.site.id, await this.groundInput(), this.sources())
  }

  async ground(): Promise<Ground> {
    return createGround(await this.groundInput())
  }

  /** Judges anew and tells; bursts become one. */
  publish(): void {
    if (this.publishing) {
      this.isPublishDue = true
      return
    }
    this.publishing = this.state()
      .then((state) => this.changes.publish(state))
      .catch((error: unknown) =>
        this.core.platform.log.error('Backups could not be judged', { fault: String(error) }),
      )
      .finally(() => {
        this.publishing = undefined
        if (!this.isPublishDue || this.closing.signal.aborted) return
        this.isPublishDue = false
        this.publish()
      })
  }

  dispose(): void {
    this.closing.abort()
    clearInterval(this.ticker)
    for (const held of this.held.values()) clearTimeout(held.timer)
    this.changes.dispose()
  }

  private read(held: Held): Promise<void> {
    held.running ??= this.look(held).finally(() => {
      held.running = undefined
      if (this.closing.signal.aborted || this.held.get(held.connection.id) !== held) return
      clearTimeout(held.timer)
      held.timer = setTimeout(() => void this.read(held), held.isAnswering ? pauseMs[held.kind] : minuteMs)
      held.timer.unref()
      this.publish()
    })
    return held.running
  }

  private async look(held: Held): Promise<void> {
    const signal = AbortSignal.any([this.closing.signal, AbortSignal.timeout(readLimitMs)])
    try {
      const next = await this.readOne(held, signal)
      held.reading = next
      held.isAnswering = true
      held.error = undefined
      if (!this.closing.signal.aborted) this.store.keepReading(held.connection.id, next.readAtMs, next)
    } catch (thrown) {
      if (this.closing.signal.aborted) return
      held.isAnswering = false
      if (isAppError(thrown)) held.error = thrown
      else
        this.core.platform.log.error('A backup system could not be read', {
          connection: held.connection.label,
          fault: String(thrown),
        })
    }
  }

  private readOne({ connection, failures }: Held, signal: AbortSignal): Promise<Reading> {
    const { connectors, vault, platform } = this.core
    const { id, label, settings } = connection
    const nowMs = platform.now()
    switch (settings.kind) {
      case 'pbs':
        return readPbs(connectors.pbs(id), nowMs, signal)
      case 'proxmox':
        return readProxmox(connectors.proxmox(id), failures, nowMs, signal)
      case 's3':
        return readOffsite(connectors.s3(id), this.store.policy(this.site.id).offsite.pattern, nowMs, signal)
      case 'postgres':
        return readDatabase({ label, settings, secrets: vault.lease(id) }, nowMs, signal)
      case 'kubernetes':
      case 'ssh':
        throw new Error(`${settings.kind} tells nothing of backups`)
    }
  }

  /** Answering, and not asleep since: an old answer is no answer. */
  private isLive({ isAnswering, reading, kind }: Held): boolean {
    return (
      isAnswering && reading !== undefined && this.core.platform.now() - reading.readAtMs < 5 * pauseMs[kind]
    )
  }

  private parts<K extends ReadKind>(kind: K): Array<Part<Extract<Reading, { kind: K }>>> {
    return [...this.held.values()]
      .filter((held) => held.kind === kind)
      .map((held) => ({
        connectionId: held.connection.id,
        label: held.connection.label,
        isLive: this.isLive(held),
        reading: held.reading as Extract<Reading, { kind: K }> | undefined,
      }))
  }

  private async groundInput(): Promise<GroundInput> {
    const known = await this.inventory.loadKinds(this.site.id, {
      entities: [
        'guest',
        'node',
        'database-server',
        'database',
        'storage',
        'backup-server',
        'datastore',
        'backup-group',
      ],
      edges: ['backs-up', 'uses', 'runs-on'],
    })
    return {
      nowMs: this.core.platform.now(),
      policy: this.store.policy(this.site.id),
      ...known,
      pbs: this.parts('pbs'),
      proxmox: this.parts('proxmox'),
      offsite: this.parts('s3'),
      databases: this.parts('postgres'),
    }
  }

  private sources(): BackupSource[] {
    return [...this.held.values()].map((held) => {
      const { reading, error } = held
      const part = {
        connectionId: held.connection.id,
        label: held.connection.label,
        isLive: this.isLive(held),
        reading,
      }
      return {
        connectionId: held.connection.id,
        label: held.connection.label,
        kind: held.kind,
        state: part.isLive
          ? 'live'
          : error
            ? reading
              ? 'lost'
              : 'never'
            : this.ticker
              ? 'reading'
              : reading
                ? 'lost'
                : 'never',
        readAtMs: reading?.readAtMs ?? null,
        problem: error?.message ?? null,
        remedy: error?.remedy ?? null,
        clockSkewMs: skewOf(part),
        timeZone: zoneOf(part),
        limits: reading?.limits ?? [],
      }
    })
  }
}
