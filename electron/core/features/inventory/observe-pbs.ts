// Proxmox Backup Server → the site's model: the server, its datastores, their groups of backups and the jobs that
// look after them. Linear in the number of groups, and pure but for the cache of the observer.
import type { Edge, Entity, FactValue } from '#shared/model/inventory.ts'
import type { Datastore, DatastoreUsage } from '../../connectors/pbs/pbs-shapes.ts'
import { createBreather } from './breather.ts'
import { sameEntity } from './diff.ts'
import { judgeBackups, judgeJob, judgeUsage, type Verdict } from './health-rules.ts'
import { edgeOf, type Observation } from './observation.ts'
import type { PbsGroup, PbsView } from './pbs-view.ts'
import { shareOf, startedAt } from './proxmox-view.ts'
import { knownFacts, steadyFacts, toFraction } from './steady-facts.ts'

interface Harvest {
  entities: Entity[]
  edges: Edge[]
}

export interface PbsObserver {
  /** Everything of one server. Lets the event loop run every few milliseconds. */
  observe(view: PbsView): Promise<Observation>
}

/** Keeps the edges of groups, so that an unchanged relation is the very same object again. */
export function createPbsObserver(): PbsObserver {
  let stored = new Map<string, Edge>()
  return {
    async observe(view) {
      const next = new Map<string, Edge>()
      const found = await observeAll(view, (id, make) => {
        const edge = stored.get(id) ?? make()
        next.set(id, edge)
        return edge
      })
      stored = next
      return found
    },
  }
}

type KeepEdge = (groupId: string, make: () => Edge) => Edge

async function observeAll(view: PbsView, keepEdge: KeepEdge): Promise<Observation> {
  const root = `pbs/${view.scope}`
  const found: Harvest = { entities: [serverEntity(view, root)], edges: [] }
  const groupCounts = new Map<string, number>()
  for (const group of view.groups) groupCounts.set(group.store, (groupCounts.get(group.store) ?? 0) + 1)
  const usage = new Map(view.usage.map((row) => [row.store, row]))
  for (const datastore of view.datastores)
    addDatastore(
      view,
      root,
      datastore,
      usage.get(datastore.store),
      groupCounts.get(datastore.store) ?? 0,
      found,
    )
  const breather = createBreather()
  for (const group of view.groups) {
    addGroup(view, root, group, keepEdge, found)
    if (breather.isDue()) await breather.rest()
  }
  addJobs(view, root, found)
  return found
}

const datastoreId = (root: string, store: string): string => `${root}/datastore/${store}`

function serverEntity(view: PbsView, id: string): Entity {
  const { status } = view
  const facts = knownFacts({
    product: 'Proxmox Backup Server',
    version: view.version,
    host: view.host,
    label: view.label,
    fingerprint: status?.info?.fingerprint?.toUpperCase(),
    cpuFraction: toFraction(status?.cpu),
    cpuCount: status?.cpuinfo?.cpus,
    cpuModel: status?.cpuinfo?.model,
    memoryBytes: status?.memory?.used,
    memoryTotalBytes: status?.memory?.total,
    startedAtMs: startedAt(view.nowMs, status?.uptime),
  })
  return {
    id,
    kind: 'backup-server',
    layer: 'protection',
    name: view.name,
    health: 'ok',
    status: 'running',
    parentId: null,
    connectionId: view.connectionId,
    tags: [],
    addresses: [...view.addresses],
    facts: steadyFacts(view.known(id)?.facts, facts),
  }
}

function judgeDatastore(datastore: Datastore, usage: DatastoreUsage | undefined): Verdict {
  if (usage?.error) return { health: 'error', status: usage.error.slice(0, 200) }
  if (datastore['mount-status'] === 'notmounted') return { health: 'warning', status: 'not mounted' }
  const verdict = judgeUsage(shareOf(usage?.used, usage?.total), usage ? 'available' : 'usage not visible')
  const mode = /(?:^|type=)(read-only|offline|delete|unmount)/.exec(datastore.maintenance ?? '')?.[1]
  return mode && verdict.health !== 'error' ? { health: 'warning', status: `maintenance: ${mode}` } : verdict
}

function addDatastore(
  view: PbsView,
  root: string,
  datastore: Datastore,
  usage: DatastoreUsage | undefined,
  groupCount: number,
  found: Harvest,
): void {
  const id = datastoreId(root, datastore.store)
  const gc = usage?.['gc-status']
  const onDisk = gc?.['disk-bytes']
  const fullAt = usage?.['estimated-full-date']
  const facts = knownFacts({
    server: view.name,
    diskBytes: usage?.used,
    diskTotalBytes: usage?.total,
    deduplicationFactor: onDisk
      ? Math.round(((gc?.['index-data-bytes'] ?? 0) / onDisk) * 100) / 100
      : undefined,
    estimatedFullAtMs: fullAt ? fullAt * 1000 : undefined,
    groupCount,
    comment: datastore.comment ?? undefined,
  })
  found.entities.push({
    id,
    kind: 'datastore',
    layer: 'protection',
    name: datastore.store,
    ...judgeDatastore(datastore, usage),
    parentId: root,
    connectionId: view.connectionId,
    tags: [],
    addresses: [],
    facts: steadyFacts(view.known(id)?.facts, facts),
  })
  found.edges.push(
    edgeOf(id, 'member-of', root, [{ by: 'api', text: `${datastore.store} is a datastore of ${view.name}` }]),
  )
}

function addGroup(view: PbsView, root: string, group: PbsGroup, keepEdge: KeepEdge, found: Harvest): void {
  const { store, ns, row } = group
  const type = row['backup-type']
  const backupId = row['backup-id']
  const id = `${datastoreId(root, store)}/group/${ns === '' ? '' : `${ns}/`}${type}/${backupId}`
  const known = view.known(id)
  const facts = groupFacts(group, known?.facts)
  const told = facts['verification']
  const verification = told === 'ok' || told === 'failed' || told === 'never' ? told : 'unknown'
  const lastBackupAtMs = typeof facts['lastBackupAtMs'] === 'number' ? facts['lastBackupAtMs'] : undefined
  const entity: Entity = {
    id,
    kind: 'backup-group',
    layer: 'protection',
    name: groupName(type, backupId, facts['comments']),
    ...judgeBackups({ lastBackupAtMs, verification }, view.nowMs),
    parentId: datastoreId(root, store),
    connectionId: view.connectionId,
    tags: [],
    addresses: [],
    facts,
  }
  found.entities.push(known && sameEntity(known, entity) ? known : entity)
  const text = `${store} lists it${ns === '' ? '' : ` in the namespace ${ns}`}`
  found.edges.push(keepEdge(id, () => edgeOf(datastoreId(root, store), 'stores', id, [{ by: 'api', text }])))
}

/** Until the snapshots of a group are read (again), what was known of them stays. */
function groupFacts(
  { store, ns, row, snapshots }: PbsGroup,
  before: Entity['facts'] | undefined,
): Entity['facts'] {
  const ofSnapshots = snapshots
    ? {
        verification: snapshots.verification,
        lastVerifiedAtMs: snapshots.lastVerifiedAtMs,
        sizeBytes: snapshots.sizeBytes,
        protectedCount: snapshots.protectedCount,
        firstBackupAtMs: snapshots.oldestAtMs,
        comments: commentsOf(row.comment, snapshots.comments),
      }
    : {
        verification: before?.['verification'],
        lastVerifiedAtMs: before?.['lastVerifiedAtMs'],
        sizeBytes: before?.['sizeBytes'],
        protectedCount: before?.['protectedCount'],
        firstBackupAtMs: before?.['firstBackupAtMs'],
        comments: before?.['comments'] ?? commentsOf(row.comment, []),
      }
  const isGuest = row['backup-type'] !== 'host' && /^\d+$/.test(row['backup-id'])
  return knownFacts({
    vmid: isGuest ? Number(row['backup-id']) : undefined,
    backupType: row['backup-type'],
    backupId: row['backup-id'],
    datastore: store,
    namespace: ns === '' ? undefined : ns,
    owner: row.owner ?? undefined,
    backupCount: row['backup-count'],
    lastBackupAtMs: row['last-backup'] > 0 ? row['last-backup'] * 1000 : undefined,
    ...ofSnapshots,
  })
}

/** `vm/2002 proj-pg01`: with the name that the newest backup carries, when it is one word. */
function groupName(type: string, backupId: string, comments: FactValue | undefined): string {
  const newest = Array.isArray(comments) ? (comments[0] ?? '').trim() : ''
  return newest !== '' && newest !== backupId && /^[\w.-]{1,63}$/.test(newest)
    ? `${type}/${backupId} ${newest}`
    : `${type}/${backupId}`
}

const commentsOf = (own: string | null | undefined, others: readonly string[]): string[] => [
  ...new Set([...(own ? [own.slice(0, 200)] : []), ...others]),
]

const jobWords = {
  verify: 'verifies',
  prune: 'prunes',
  sync: 'synchronises',
  gc: 'collects the garbage of',
} as const

function addJobs(view: PbsView, root: string, found: Harvest): void {
  const stores = new Set(view.datastores.map((datastore) => datastore.store))
  for (const { kind, row } of view.jobs) {
    const name = `${kind} ${row.id ?? row.store}`
    const id = `${root}/job/${kind}/${row.id ?? row.store}`
    const end = row['last-run-endtime']
    const next = row['next-run']
    const isScheduled = Boolean(row.schedule)
    const lastState = row['last-run-state'] ?? undefined
    const verdict = judgeJob({
      isEnabled: row.disable !== true && (isScheduled || lastState !== undefined),
      lastState,
    })
    found.entities.push({
      id,
      kind: 'backup-job',
      layer: 'protection',
      name,
      ...(verdict.status === 'disabled' && !isScheduled ? { ...verdict, status: 'no schedule' } : verdict),
      parentId: root,
      connectionId: view.connectionId,
      tags: [],
      addresses: [],
      facts: knownFacts({
        jobKind: kind,
        datastore: row.store,
        namespace: row.ns ?? undefined,
        schedule: row.schedule ?? undefined,
        remote: row.remote ?? undefined,
        comment: row.comment ?? undefined,
        keepLast: row['keep-last'] ?? undefined,
        keepDaily: row['keep-daily'] ?? undefined,
        keepWeekly: row['keep-weekly'] ?? undefined,
        keepMonthly: row['keep-monthly'] ?? undefined,
        lastRunAtMs: end ? end * 1000 : undefined,
        nextRunAtMs: next ? next * 1000 : undefined,
      }),
    })
    if (stores.has(row.store))
      found.edges.push(
        edgeOf(id, 'schedules', datastoreId(root, row.store), [
          { by: 'configuration', text: `The ${kind} job ${jobWords[kind]} ${row.store}` },
        ]),
      )
  }
}
