// Looks at a Proxmox Backup Server: datastores, groups and jobs at every look; snapshots only of groups that changed,
// and of all from time to time, because a verification changes nothing else.
import { isIP } from 'node:net'
import { isAppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import { createPbsConnector, type PbsConnector, type PbsJobKind } from '../../connectors/pbs/pbs-connector.ts'
import type { Datastore, GroupRow, JobRow, SnapshotRow } from '../../connectors/pbs/pbs-shapes.ts'
import { forEachBounded } from './bounded.ts'
import { createBreather } from './breather.ts'
import { Limits } from './limits.ts'
import { isTelling } from './machine-index.ts'
import type { Look, Watcher, WatcherContext } from './observation.ts'
import { createPbsObserver } from './observe-pbs.ts'
import { summariseSnapshots, type PbsGroup, type PbsView, type SnapshotSummary } from './pbs-view.ts'

const maxAgeMs = 5 * 60_000
/** A namespace with more snapshots than this is not read as a whole but group by group. */
const wholeNamespaceSnapshots = 50_000
const groupsPerLook = 60
const parallelReads = 4

interface NamespaceState {
  store: string
  ns: string
  /** Group key → what its snapshots say, and for which state of the group. */
  summaries: Map<string, { signature: string; summary: SnapshotSummary }>
  wholeReadAtMs: number
}

export function openPbsWatcher(context: WatcherContext, settings: SettingsOf<'pbs'>): Watcher {
  const { connection, core } = context
  const connector = createPbsConnector(settings, core.vault.lease(connection.id), {
    log: context.log,
    now: core.platform.now,
  })
  return createPbsWatcher(context, connector, new URL(settings.url).hostname.replace(/^\[|\]$/g, ''))
}

/** The same over a given connector. `host` is the host of its address. */
export const createPbsWatcher = (context: WatcherContext, connector: PbsConnector, host: string): Watcher =>
  new PbsWatcher(context, connector, host)

class PbsWatcher implements Watcher {
  readonly lookTimeoutMs = 120_000
  private readonly context: WatcherContext
  private readonly connector: PbsConnector
  private readonly host: string
  private readonly limits = new Limits()
  private readonly observer = createPbsObserver()
  private readonly namespaces = new Map<string, NamespaceState>()
  private namespacesReadAtMs = 0
  private version: string | undefined
  private name: string | undefined
  private addresses: string[] = []

  constructor(context: WatcherContext, connector: PbsConnector, host: string) {
    this.context = context
    this.connector = connector
    this.host = host
  }

  async look({ signal, isForced }: { signal: AbortSignal; isForced: boolean }): Promise<Look> {
    const { connector, context, limits } = this
    limits.clear()
    this.version ??= (await connector.version(signal)).version
    const [datastores, usage, status, jobs] = await Promise.all([
      connector.datastores(signal),
      limits.allow('how full the datastores are', [], connector.usage(signal)),
      limits.allow('the state of the server', undefined, connector.nodeStatus(signal)),
      this.readJobs(signal),
    ])
    if (!this.name || isForced) await this.readIdentity(signal)
    if (isForced || this.isOld(this.namespacesReadAtMs)) await this.readNamespaces(datastores, signal)
    const groups: PbsGroup[] = []
    for (const space of this.namespaces.values())
      groups.push(...(await this.readGroups(space, isForced, signal)))
    const name = this.name ?? context.connection.label
    const view: PbsView = {
      connectionId: context.connection.id,
      scope: context.claimScope('pbs', name),
      name,
      label: context.connection.label,
      host: this.host,
      version: this.version,
      nowMs: context.core.platform.now(),
      status,
      addresses: this.addresses,
      datastores,
      usage,
      groups,
      jobs,
      known: context.known,
    }
    await context.emit(await this.observer.observe(view))
    const remedy = `Grant the role Audit on / to ${connector.identity}: Configuration → Access Control → Permissions → Add.`
    return { limits: limits.sentences(), remedy }
  }

  dispose(): void {
    this.connector.dispose()
  }

  private isOld(readAtMs: number): boolean {
    const ageMs = this.context.core.platform.now() - readAtMs
    return ageMs > maxAgeMs || ageMs < 0
  }

  /** The server's own name is in its tasks; its addresses are what storages of Proxmox VE are configured with. */
  private async readIdentity(signal: AbortSignal): Promise<void> {
    const { connector, limits, host } = this
    const [tasks, interfaces] = await Promise.all([
      limits.allow('recent tasks', [], connector.tasks(signal, 1)),
      limits.allow('the networks of the server', [], connector.nodeNetwork(signal)),
    ])
    const isAddress = isIP(host) !== 0
    const inUpid = tasks[0]?.upid.split(':')[1]
    const fallback = isAddress ? this.context.connection.label : host.split('.')[0]
    this.name ??= inUpid && inUpid !== 'localhost' ? inUpid : fallback
    const cidrs = interfaces.flatMap((item) => [item.cidr, item.cidr6])
    const own = cidrs.flatMap((cidr) => (cidr ? [cidr.split('/')[0]!.toLowerCase()] : []))
    this.addresses = [...new Set([...own, ...(isAddress ? [host.toLowerCase()] : [])])].filter(isTelling)
  }

  private async readJobs(signal: AbortSignal): Promise<Array<{ kind: PbsJobKind; row: JobRow }>> {
    const kinds = ['verify', 'prune', 'sync', 'gc'] as const
    const lists = await Promise.all(
      kinds.map((kind) =>
        this.limits.allow('the jobs', [], noneIfUnavailable(this.connector.jobs(kind, signal))),
      ),
    )
    return lists.flatMap((rows, at) => rows.map((row) => ({ kind: kinds[at]!, row })))
  }

  private async readNamespaces(datastores: readonly Datastore[], signal: AbortSignal): Promise<void> {
    const present = new Set<string>()
    for (const { store } of datastores) {
      const answer = noneIfUnavailable(this.connector.namespaces(store, signal))
      const rows = await this.limits.allow(`the namespaces of ${store}`, [], answer)
      // The root is always there; a server that lists it does so with an empty name.
      for (const ns of new Set(['', ...rows.map((row) => row.ns)])) {
        const key = `${store}\n${ns}`
        present.add(key)
        if (!this.namespaces.has(key))
          this.namespaces.set(key, { store, ns, summaries: new Map(), wholeReadAtMs: 0 })
      }
    }
    for (const key of this.namespaces.keys()) if (!present.has(key)) this.namespaces.delete(key)
    this.namespacesReadAtMs = this.context.core.platform.now()
  }

  private async readGroups(
    space: NamespaceState,
    isForced: boolean,
    signal: AbortSignal,
  ): Promise<PbsGroup[]> {
    const { store, ns, summaries } = space
    const answer = noneIfUnavailable(this.connector.groups(store, ns, signal))
    const rows = await this.limits.allow(`the backups in ${store}`, [], answer)
    const expected = rows.reduce((sum, row) => sum + row['backup-count'], 0)
    const isDue = isForced || this.isOld(space.wholeReadAtMs)
    if (rows.length > 0 && expected <= wholeNamespaceSnapshots && isDue)
      await this.readWhole(space, rows, signal)
    const changed = rows.filter((row) => space.summaries.get(keyOf(row))?.signature !== signatureOf(row))
    await forEachBounded(changed.slice(0, groupsPerLook), parallelReads, signal, (row) =>
      this.readGroup(space, row, signal),
    )
    if (summaries.size > 2 * rows.length + 100) forgetAbsent(space, rows)
    return rows.map((row) => ({ store, ns, row, snapshots: space.summaries.get(keyOf(row))?.summary }))
  }

  private async readWhole(
    space: NamespaceState,
    rows: readonly GroupRow[],
    signal: AbortSignal,
  ): Promise<void> {
    const answer = this.connector.snapshots(space.store, space.ns, undefined, signal)
    const snapshots = await this.limits.allow(`the snapshots in ${space.store}`, undefined, answer)
    if (!snapshots) return
    const byGroup = new Map<string, SnapshotRow[]>()
    for (const row of snapshots) {
      const list = byGroup.get(keyOf(row))
      if (list) list.push(row)
      else byGroup.set(keyOf(row), [row])
    }
    const fresh: NamespaceState['summaries'] = new Map()
    const breather = createBreather()
    for (const row of rows) {
      const summary = summariseSnapshots(byGroup.get(keyOf(row)) ?? [])
      fresh.set(keyOf(row), { signature: signatureOf(row), summary })
      if (breather.isDue()) await breather.rest()
    }
    space.summaries = fresh
    space.wholeReadAtMs = this.context.core.platform.now()
  }

  private async readGroup(space: NamespaceState, row: GroupRow, signal: AbortSignal): Promise<void> {
    const group = { type: row['backup-type'], id: row['backup-id'] }
    try {
      const snapshots = await this.connector.snapshots(space.store, space.ns, group, signal)
      const summary = summariseSnapshots(snapshots)
      space.summaries.set(keyOf(row), { signature: signatureOf(row), summary })
    } catch (error) {
      // A group may be pruned away between two calls; the next look knows.
      if (!isAppError(error)) throw error
    }
  }
}

function forgetAbsent(space: NamespaceState, rows: readonly GroupRow[]): void {
  const present = new Set(rows.map(keyOf))
  for (const key of space.summaries.keys()) if (!present.has(key)) space.summaries.delete(key)
}

const keyOf = (row: Pick<GroupRow, 'backup-type' | 'backup-id'>): string =>
  `${row['backup-type']}/${row['backup-id']}`
const signatureOf = (row: GroupRow): string => `${row['last-backup']}/${row['backup-count']}`

/** A datastore in maintenance, or a list that an older server has not got: the others are still read. */
async function noneIfUnavailable<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer
  } catch (error) {
    const status = isAppError(error) && error.detail?.kind === 'http' ? error.detail.status : 0
    if (status === 400 || status === 404) return []
    throw error
  }
}
