// Looks at a Proxmox Backup Server: datastores, groups and jobs at every look; snapshots only of groups that changed,
// and of all from time to time, because a verification changes nothing else.
import { isAppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import { createPbsConnector, type PbsConnector, type PbsJobKind } from '../../connectors/pbs/pbs-connector.ts'
import type { Datastore, GroupRow, JobRow, SnapshotRow } from '../../connectors/pbs/pbs-shapes.ts'
import { forEachBounded } from './bounded.ts'
import { createBreather } from './breather.ts'
import { Limits } from './limits.ts'
import { isTelling } from './machine-index.ts'
import type { Watcher, WatcherContext } from './observation.ts'
import { createPbsObserver } from './observe-pbs.ts'
import { summariseSnapshots, type PbsGroup, type SnapshotSummary } from './pbs-view.ts'

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
export function createPbsWatcher(context: WatcherContext, connector: PbsConnector, host: string): Watcher {
  const now = context.core.platform.now
  const limits = new Limits()
  const observer = createPbsObserver()
  const namespaces = new Map<string, NamespaceState>()
  let namespacesReadAtMs = 0
  let version: string | undefined
  let name: string | undefined
  let addresses: string[] = []

  async function look({ signal, isForced }: { signal: AbortSignal; isForced: boolean }) {
    limits.clear()
    version ??= (await connector.version(signal)).version
    const [datastores, usage, status, jobs] = await Promise.all([
      connector.datastores(signal),
      limits.allow('how full the datastores are', [], connector.usage(signal)),
      limits.allow('the state of the server', undefined, connector.nodeStatus(signal)),
      readJobs(signal),
    ])
    if (!name || isForced) await readIdentity(signal)
    if (isForced || isOld(namespacesReadAtMs)) await readNamespaces(datastores, signal)
    const groups: PbsGroup[] = []
    for (const space of namespaces.values()) groups.push(...(await readGroups(space, isForced, signal)))
    const serverName = name ?? context.connection.label
    const scope = context.claimScope('pbs', serverName)
    await context.emit(
      await observer.observe({
        connectionId: context.connection.id,
        scope,
        name: serverName,
        label: context.connection.label,
        host,
        version,
        nowMs: now(),
        status,
        addresses,
        datastores,
        usage,
        groups,
        jobs,
        known: context.known,
      }),
    )
    return {
      limits: limits.sentences(),
      remedy: `Grant the role Audit on / to ${connector.identity}: Configuration → Access Control → Permissions → Add.`,
    }
  }

  const isOld = (readAtMs: number): boolean => now() - readAtMs > maxAgeMs || now() < readAtMs

  /** The server's own name is in its tasks; its addresses are what storages of Proxmox VE are configured with. */
  async function readIdentity(signal: AbortSignal): Promise<void> {
    const [tasks, interfaces] = await Promise.all([
      limits.allow('recent tasks', [], connector.tasks(signal, 1)),
      limits.allow('the networks of the server', [], connector.nodeNetwork(signal)),
    ])
    const upid = tasks[0]?.upid.split(':')[1]
    name ??=
      upid && upid !== 'localhost'
        ? upid
        : /^[\d.]+$|:/.test(host)
          ? context.connection.label
          : host.split('.')[0]
    const own = interfaces
      .flatMap((item) => [item.cidr, item.cidr6])
      .flatMap((cidr) => (cidr ? [cidr.split('/')[0]!.toLowerCase()] : []))
    addresses = [...new Set([...own, ...(/^[\d.]+$|:/.test(host) ? [host.toLowerCase()] : [])])].filter(
      isTelling,
    )
  }

  async function readJobs(signal: AbortSignal): Promise<Array<{ kind: PbsJobKind; row: JobRow }>> {
    const kinds = ['verify', 'prune', 'sync', 'gc'] as const
    const lists = await Promise.all(
      kinds.map((kind) => limits.allow('the jobs', [], connector.jobs(kind, signal).catch(absentAsNone))),
    )
    return lists.flatMap((rows, at) => rows.map((row) => ({ kind: kinds[at]!, row })))
  }

  async function readNamespaces(datastores: readonly Datastore[], signal: AbortSignal): Promise<void> {
    const present = new Set<string>()
    for (const { store } of datastores) {
      const rows = await limits.allow(
        `the namespaces of ${store}`,
        [],
        noneIfUnavailable(connector.namespaces(store, signal)),
      )
      // The root is always there; a server that lists it does so with an empty name.
      for (const ns of new Set(['', ...rows.map((row) => row.ns)])) {
        const key = `${store}\n${ns}`
        present.add(key)
        if (!namespaces.has(key)) namespaces.set(key, { store, ns, summaries: new Map(), wholeReadAtMs: 0 })
      }
    }
    for (const key of namespaces.keys()) if (!present.has(key)) namespaces.delete(key)
    namespacesReadAtMs = now()
  }

  async function readGroups(
    space: NamespaceState,
    isForced: boolean,
    signal: AbortSignal,
  ): Promise<PbsGroup[]> {
    const rows = await limits.allow(
      `the backups in ${space.store}`,
      [],
      noneIfUnavailable(connector.groups(space.store, space.ns, signal)),
    )
    const expected = rows.reduce((sum, row) => sum + row['backup-count'], 0)
    if (rows.length > 0 && expected <= wholeNamespaceSnapshots && (isForced || isOld(space.wholeReadAtMs)))
      await readWhole(space, rows, signal)
    const changed = rows.filter((row) => space.summaries.get(keyOf(row))?.signature !== signatureOf(row))
    await forEachBounded(changed.slice(0, groupsPerLook), parallelReads, signal, (row) =>
      readGroup(space, row, signal),
    )
    return rows.map((row) => ({
      store: space.store,
      ns: space.ns,
      row,
      snapshots: space.summaries.get(keyOf(row))?.summary,
    }))
  }

  async function readWhole(
    space: NamespaceState,
    rows: readonly GroupRow[],
    signal: AbortSignal,
  ): Promise<void> {
    const snapshots = await limits.allow(
      `the snapshots in ${space.store}`,
      undefined,
      connector.snapshots(space.store, space.ns, undefined, signal),
    )
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
      fresh.set(keyOf(row), {
        signature: signatureOf(row),
        summary: summariseSnapshots(byGroup.get(keyOf(row)) ?? []),
      })
      if (breather.isDue()) await breather.rest()
    }
    space.summaries = fresh
    space.wholeReadAtMs = now()
  }

  async function readGroup(space: NamespaceState, row: GroupRow, signal: AbortSignal): Promise<void> {
    const group = { type: row['backup-type'], id: row['backup-id'] }
    try {
      const snapshots = await connector.snapshots(space.store, space.ns, group, signal)
      space.summaries.set(keyOf(row), { signature: signatureOf(row), summary: summariseSnapshots(snapshots) })
    } catch (error) {
      // A group may be pruned away between two calls; the next look knows.
      if (!isAppError(error)) throw error
    }
  }

  return { lookTimeoutMs: 120_000, look, dispose: () => connector.dispose() }
}

const keyOf = (row: Pick<GroupRow, 'backup-type' | 'backup-id'>): string =>
  `${row['backup-type']}/${row['backup-id']}`
const signatureOf = (row: GroupRow): string => `${row['last-backup']}/${row['backup-count']}`

/** An older server has no such list. */
function absentAsNone(error: unknown): JobRow[] {
  if (isAppError(error) && error.code === 'not-found') return []
  throw error
}

/** A datastore in maintenance or not mounted refuses with an error of its own; the others are still read. */
async function noneIfUnavailable<T>(answer: Promise<T[]>): Promise<T[]> {
  try {
    return await answer
  } catch (error) {
    const status = isAppError(error) && error.detail?.kind === 'http' ? error.detail.status : 0
    if (status === 400 || status === 404) return []
    throw error
  }
}
