// Storages and backup jobs of Proxmox VE. A shared storage shows up once per node on the wire and is one entity here.
import type { Entity } from '#shared/model/inventory.ts'
import type {
  BackupJob,
  ClusterTask,
  ResourceRow,
  StorageConfig,
} from '../../connectors/proxmox/proxmox-shapes.ts'
import { judgeJob, judgeUsage } from './health-rules.ts'
import { edgeOf } from './observation.ts'
import type { Harvest } from './observe-proxmox.ts'
import { shareOf, type ProxmoxIds, type ProxmoxView } from './proxmox-view.ts'
import { knownFacts, steadyFacts } from './steady-facts.ts'

/** Adds the storages; answers how to find the one that a node means by a name. */
export function observeStorages(
  view: ProxmoxView,
  ids: ProxmoxIds,
  found: Harvest,
): (node: string, storage: string) => string | undefined {
  const configs = new Map(view.storages.map((storage) => [storage.storage, storage]))
  const rows = new Map<string, ResourceRow[]>()
  const idOf = new Map<string, string>()
  for (const row of view.resources) {
    if (row.type !== 'storage' || !row.storage || !row.node) continue
    const id = row.shared ? ids.storage(row.storage) : ids.storage(row.storage, row.node)
    idOf.set(`${row.node}/${row.storage}`, id)
    const same = rows.get(id)
    if (same) same.push(row)
    else rows.set(id, [row])
  }
  for (const [id, same] of rows) addStorage(view, id, same, configs.get(same[0]!.storage!), ids, found)
  return (node, storage) => idOf.get(`${node}/${storage}`)
}

function addStorage(
  view: ProxmoxView,
  id: string,
  rows: readonly ResourceRow[],
  config: StorageConfig | undefined,
  ids: ProxmoxIds,
  found: Harvest,
): void {
  // Nodes that cannot reach a shared storage report no size: the figures come from one that can.
  const best = rows.find((row) => row.status === 'available' && (row.maxdisk ?? 0) > 0) ?? rows[0]!
  const name = best.storage!
  const isShared = best.shared === true
  const isAvailable = best.status === 'available'
  const unreachable = rows.filter((row) => row.status !== 'available').map((row) => row.node!)
  const verdict = config?.disable
    ? { health: 'off' as const, status: 'disabled' }
    : judgeUsage(isAvailable ? shareOf(best.disk, best.maxdisk) : undefined, best.status ?? 'unknown')
  const isPartly = verdict.health === 'ok' && unreachable.length > 0
  const facts = knownFacts({
    cluster: view.cluster,
    node: isShared ? undefined : best.node,
    type: best.plugintype ?? config?.type,
    content: best.content?.split(',').filter((item) => item !== ''),
    isShared,
    diskBytes: isAvailable ? best.disk : undefined,
    diskTotalBytes: isAvailable ? best.maxdisk : undefined,
    pbsServer: config?.server && config.datastore ? config.server : undefined,
    pbsDatastore: config?.datastore,
    pbsNamespace: config?.namespace,
    fingerprint: config?.fingerprint?.toUpperCase(),
  })
  found.entities.push({
    id,
    kind: 'storage',
    layer: 'hardware',
    name,
    health: isPartly ? 'warning' : verdict.health,
    status: isPartly ? `not available on ${unreachable.join(', ')}` : verdict.status,
    parentId: isShared ? ids.root : ids.node(best.node!),
    connectionId: view.connectionId,
    tags: [],
    addresses: [],
    facts: steadyFacts(view.known(id)?.facts, facts),
  })
  for (const row of rows)
    found.edges.push(
      edgeOf(id, 'attached-to', ids.node(row.node!), [
        { by: 'api', text: `${name} is configured on ${row.node}` },
      ]),
    )
}

export function observeBackupJobs(view: ProxmoxView, ids: ProxmoxIds, found: Harvest): void {
  const guests = new Set(view.resources.flatMap((row) => (row.vmid === undefined ? [] : [row.vmid])))
  const shared = new Map(
    view.resources.flatMap((row) =>
      row.type === 'storage' && row.storage && row.shared
        ? [[row.storage, ids.storage(row.storage)] as const]
        : [],
    ),
  )
  for (const job of view.jobs) {
    const id = ids.job(job.id)
    const named = vmidsOf(job.vmid)
    found.entities.push(jobEntity(view, ids, id, job, named))
    const storage = job.storage ? shared.get(job.storage) : undefined
    if (storage)
      found.edges.push(
        edgeOf(id, 'uses', storage, [
          { by: 'configuration', text: `The job ${job.id} writes to ${job.storage}` },
        ]),
      )
    const schedules = (to: string, text: string): void =>
      void found.edges.push(edgeOf(id, 'schedules', to, [{ by: 'configuration', text }]))
    if (job.all) schedules(ids.root, `The job ${job.id} takes all guests`)
    if (job.pool) schedules(ids.pool(job.pool), `The job ${job.id} takes the pool ${job.pool}`)
    for (const vmid of named)
      if (guests.has(vmid)) schedules(ids.guest(vmid), `The job ${job.id} names VMID ${vmid}`)
  }
}

function jobEntity(view: ProxmoxView, ids: ProxmoxIds, id: string, job: BackupJob, named: number[]): Entity {
  const last = lastRun(view.tasks, named, job.all === true)
  return {
    id,
    kind: 'backup-job',
    layer: 'protection',
    name: job.id,
    ...judgeJob({ isEnabled: job.enabled !== false, lastState: last?.status }),
    parentId: ids.root,
    connectionId: view.connectionId,
    tags: [],
    addresses: [],
    facts: knownFacts({
      cluster: view.cluster,
      schedule: job.schedule,
      storage: job.storage,
      mode: job.mode,
      pool: job.pool,
      node: job.node,
      comment: job.comment,
      isAllGuests: job.all,
      vmids: job.all ? vmidsOf(job.exclude).map(String) : named.map(String),
      lastRunAtMs: last?.endtime === undefined ? undefined : last.endtime * 1000,
      nextRunAtMs: job['next-run'] === undefined ? undefined : job['next-run'] * 1000,
    }),
  }
}

const vmidsOf = (text: string | undefined): number[] =>
  (text ?? '')
    .split(/[,; ]+/)
    .map(Number)
    .filter((vmid) => Number.isInteger(vmid) && vmid > 0)

/**
 * The newest finished vzdump that can have been this job's. The wire does not say which job a task was of: a task
 * without a VMID is a scheduled run, and one failure among the newest runs counts.
 */
function lastRun(
  tasks: readonly ClusterTask[],
  named: readonly number[],
  isAll: boolean,
): ClusterTask | undefined {
  const finished = tasks.filter(
    (task) =>
      task.type === 'vzdump' &&
      task.endtime !== undefined &&
      (isAll || !task.id || named.includes(Number(task.id))),
  )
  const newest = finished.reduce<ClusterTask | undefined>(
    (best, task) => (!best || task.starttime > best.starttime ? task : best),
    undefined,
  )
  if (!newest) return undefined
  const together = finished.filter((task) => newest.starttime - task.starttime < 3600)
  return (
    together.find(
      (task) => task.status !== undefined && task.status !== 'OK' && !/^WARNINGS/.test(task.status),
    ) ?? newest
  )
}
