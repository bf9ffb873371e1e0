// Where a guest could go: what the cluster itself says about it, and what each node has free. Pure; the service reads.
import type { MigrationPlan, MigrationTarget, StorageChoice } from '#shared/contracts/guests.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import type { MigratePreconditions } from '../../connectors/proxmox/guest-shapes.ts'
import type { ResourceRow } from '../../connectors/proxmox/proxmox-shapes.ts'
import type { LocatedGuest } from './guest-locator.ts'

export interface LocalDisk {
  volume: string
  storage: string
  sizeBytes: number | null
}

export interface PlanInput {
  guest: LocatedGuest
  /** All rows of `/cluster/resources`. */
  rows: readonly ResourceRow[]
  /** Absent for containers: their API does not tell. */
  preconditions: MigratePreconditions | null
  localDisks: readonly LocalDisk[]
}

export function planMigration({ guest, rows, preconditions, localDisks }: PlanInput): MigrationPlan {
  const { place, row, name } = guest
  const isRunning = preconditions?.running ?? (row.status !== 'stopped' && row.status !== undefined)
  const obstacles = obstaclesOf(preconditions, isRunning, place.node)
  if (row.lock) obstacles.push(`It is locked (${row.lock}): wait until that has ended.`)
  if (row.hastate && localDisks.length > 0 && isRunning)
    obstacles.push('It is under high availability, which moves no local disks: take it out first, or stop it.')
  const needed = bytesByStorage(localDisks)
  const targets = rows
    .filter((item) => item.type === 'node' && item.node !== undefined && item.node !== place.node)
    .map((node) => judge(node, { guest, rows, preconditions, needed, isRunning, isBlocked: obstacles.length > 0 }))
  return { name, node: place.node, type: place.type, isRunning, localDisks: [...localDisks], obstacles, targets: targets.sort(byPromise) }
}

/** What holds it back wherever it should go. */
function obstaclesOf(preconditions: MigratePreconditions | null, isRunning: boolean, node: string): string[] {
  if (!preconditions) return []
  const local = preconditions.local_resources.map((key) => `${key} is a device of ${node} itself: it cannot go along.`)
  if (!isRunning) return local
  const mapped = (preconditions['mapped-resources'] ?? []).filter((key) => preconditions['mapped-resource-info']?.[key]?.['live-migration'] !== true)
  return [...local, ...mapped.map((key) => `${key} is a passed-through device: stop the guest before it moves.`)]
}

interface Demand {
  guest: LocatedGuest
  rows: readonly ResourceRow[]
  preconditions: MigratePreconditions | null
  needed: ReadonlyMap<string, number | null>
  isRunning: boolean
  isBlocked: boolean
}

function judge(node: ResourceRow, demand: Demand): MigrationTarget {
  const name = node.node!
  const { guest, preconditions, needed } = demand
  const storages = storagesAt(demand.rows, name, guest.place.type === 'qemu' ? 'images' : 'rootdir')
  const refusals: string[] = []
  const warnings: string[] = []
  const isOnline = node.status === 'online'
  if (!isOnline) refusals.push(`${name} is ${node.status ?? 'unknown'}.`)
  const refused = preconditions?.not_allowed_nodes?.[name]
  for (const device of listOf(refused?.['unavailable-resources'])) refusals.push(`The passed-through device ${device} is not there.`)
  const missing = [...needed.keys()].filter((storage) => !storages.some((item) => item.storage === storage))
  if (missing.length > 0 && storages.length === 0) refusals.push(`It has no storage for the guest’s disks (${missing.join(', ')}).`)
  else if (missing.length > 0) warnings.push(`${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} not there: choose a storage for the disks.`)
  for (const [storage, bytes] of needed) {
    const free = storages.find((item) => item.storage === storage)?.freeBytes
    if (bytes !== null && free !== null && free !== undefined && free < bytes)
      warnings.push(`${storage} has ${formatBytes(free)} free for disks of up to ${formatBytes(bytes)}.`)
  }
  const memoryFreeBytes = isOnline && node.maxmem !== undefined && node.mem !== undefined ? Math.max(0, node.maxmem - node.mem) : null
  const wanted = guest.row.maxmem
  if (demand.isRunning && memoryFreeBytes !== null && wanted !== undefined && memoryFreeBytes < wanted)
    warnings.push(`${formatBytes(memoryFreeBytes)} of memory free, and it may use up to ${formatBytes(wanted)}.`)
  if (node.maxcpu !== undefined && guest.row.maxcpu !== undefined && guest.row.maxcpu > node.maxcpu)
    refusals.push(`It has ${guest.row.maxcpu} CPUs, and ${name} has ${node.maxcpu}.`)
  return {
    node: name,
    verdict: refusals.length > 0 || demand.isBlocked ? 'refused' : warnings.length > 0 ? 'warning' : 'possible',
    reasons: [...refusals, ...warnings],
    cpuFraction: isOnline ? (node.cpu ?? null) : null,
    cpuCount: node.maxcpu ?? null,
    memoryFreeBytes,
    memoryTotalBytes: node.maxmem ?? null,
    needsStorage: missing.length > 0,
    storages,
  }
}

const listOf = (value: unknown): string[] => (Array.isArray(value) ? value.map(String) : [])

/** Storages of a node that take such content, the roomiest first. */
export function storagesAt(rows: readonly ResourceRow[], node: string, content: string): StorageChoice[] {
  return rows
    .filter((row) => row.type === 'storage' && row.node === node && row.storage !== undefined && row.status === 'available' && (row.content ?? '').split(',').includes(content))
    .map((row) => ({
      storage: row.storage!,
      type: row.plugintype ?? 'unknown',
      isShared: row.shared === true,
      freeBytes: row.maxdisk !== undefined && row.disk !== undefined ? Math.max(0, row.maxdisk - row.disk) : null,
      totalBytes: row.maxdisk ?? null,
    }))
    .sort((a, b) => (b.freeBytes ?? 0) - (a.freeBytes ?? 0))
}

function bytesByStorage(disks: readonly LocalDisk[]): Map<string, number | null> {
  const sums = new Map<string, number | null>()
  for (const { storage, sizeBytes } of disks) {
    const known = sums.get(storage)
    sums.set(storage, known === null || sizeBytes === null ? null : (known ?? 0) + sizeBytes)
  }
  return sums
}

const ranks = { possible: 0, warning: 1, refused: 2 }
const byPromise = (a: MigrationTarget, b: MigrationTarget): number =>
  ranks[a.verdict] - ranks[b.verdict] || (b.memoryFreeBytes ?? 0) - (a.memoryFreeBytes ?? 0) || a.node.localeCompare(b.node)
