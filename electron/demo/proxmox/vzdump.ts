// Backups of guests on the demo cluster: one worker per node that goes from guest to guest, writes to the lab's
// backup server and tells it in its log. Used for the daily jobs, for their history and for backups on demand.
import { runtimeFault } from '../api2/api-fault.ts'
import type { DemoTask, TaskRun } from '../api2/tasks.ts'
import {
  dayIndex,
  dayMs,
  guestGapMs,
  jobLeadMs,
  layOutRun,
  planGuestBackup,
  timeOfDay,
} from '../world/backup-plan.ts'
import { guestSeed, type BackupSnapshot } from '../world/backups.ts'
import { uuidFrom } from '../world/guest-identity.ts'
import { lockRefusal, type Cluster } from './cluster.ts'
import { backupDisksOf, gibibyte, isUp, type Guest } from './guest.ts'

export interface BackupRequest {
  node: string
  guests: readonly Guest[]
  storage: string
  owner: string
  /** When the worker begins; earlier than now only for history and for a lab that starts in the middle of a run. */
  startMs: number
  /** The job that asks; undefined for a backup on demand. */
  jobId: string | undefined
  /** Notes of a guest's snapshot; its name when absent. */
  commentOf?: (guest: Guest) => string
  isProtected?: boolean
}

type Step = ReturnType<typeof layOutRun<Guest>>[number]

/** Until when vzdump's node-wide lock is held, per cluster and node. */
const busyUntil = new WeakMap<Cluster, Map<string, number>>()

/** Job namespaces of the datastore: RKE2 nodes apart from the rest, as the inventory has them. */
export function namespaceOf(cluster: Cluster, vmid: number): string {
  for (const job of cluster.site.backup.jobs) {
    if (job.kind === 'vzdump' && job.detail.vmids.includes(vmid)) return job.detail.namespace
  }
  return 'vm'
}

/** Throws the refusal of a storage that cannot hold backups. */
export function checkBackupStorage(cluster: Cluster, node: string, storage: string): void {
  if (cluster.storage(node, storage).content.includes('backup')) return
  const reason = `can't use storage '${storage}' for backups - wrong content type`
  throw runtimeFault(`could not get storage information for '${storage}': ${reason}`)
}

/** Starts the worker of one node. */
export function startBackup(cluster: Cluster, request: BackupRequest): DemoTask {
  const locks = busyUntil.get(cluster) ?? new Map<string, number>()
  busyUntil.set(cluster, locks)
  const freeMs = Math.max(locks.get(request.node) ?? 0, request.startMs)
  const steps = layOutRun(request.guests, freeMs, (guest, atMs) =>
    planGuestBackup(guest.vmid, backupDisksOf(guest), atMs),
  )
  const endMs = (steps.at(-1)?.endMs ?? freeMs + jobLeadMs) + guestGapMs
  locks.set(request.node, endMs)
  const [only] = request.guests
  const id = request.guests.length === 1 && only ? String(only.vmid) : ''
  return cluster.tasks.start(
    { node: request.node, type: 'vzdump', id, owner: request.owner, startMs: request.startMs },
    (run) => {
      const work: BackupWork = { cluster, request, run, failures: 0, isPast: endMs < cluster.nowMs() }
      run.at(0, () => openingLines(request, freeMs > request.startMs))
      if (freeMs > request.startMs) run.at(freeMs - request.startMs, () => 'INFO: got global lock')
      run.onStop((atMs) => void locks.set(request.node, atMs))
      for (const step of steps) planStep(work, step)
      run.end(endMs - request.startMs, () => (work.failures > 0 ? 'job errors' : 'OK'))
    },
  )
}

interface BackupWork {
  cluster: Cluster
  request: BackupRequest
  run: TaskRun
  failures: number
  /** The whole run lies in the past: what it wrote is already known, and perhaps pruned since. */
  isPast: boolean
}

function planStep(work: BackupWork, step: Step): void {
  const { run, request } = work
  let snapshot: BackupSnapshot | undefined
  let isSkipped = false
  run.at(step.startMs - request.startMs, (atMs) => {
    const refusal = work.isPast ? undefined : refusalOf(work.cluster, step.guest)
    if (refusal !== undefined) {
      isSkipped = true
      work.failures += 1
      return [...headLines(step, atMs), ...failureLines(step, refusal, atMs)]
    }
    if (!work.isPast) {
      step.guest.lock = 'backup'
      snapshot = beginSnapshot(work, step)
    }
    return [...headLines(step, atMs), ...volumeLines(step), ...transferLines(step)]
  })
  run.onStop((atMs) => {
    if (snapshot && snapshot.endMs === undefined) {
      step.guest.lock = undefined
      work.cluster.backups.abort(snapshot, atMs, 'connection closed by the client')
    }
  })
  run.at(step.endMs - request.startMs, (atMs) => {
    if (isSkipped) return undefined
    if (!work.isPast) step.guest.lock = undefined
    if (isTroubled(work, step)) {
      work.failures += 1
      if (snapshot) work.cluster.backups.abort(snapshot, atMs, 'backup ended but finished flag is not set.')
      return failureLines(step, `VM ${step.guest.vmid} qmp command 'backup' failed - got timeout`, atMs)
    }
    if (snapshot) work.cluster.backups.complete(snapshot, atMs)
    return closingLines(step, atMs)
  })
}

function refusalOf(cluster: Cluster, guest: Guest): string | undefined {
  if (cluster.findGuest(guest.vmid) !== guest) return `unable to find VM '${guest.vmid}'`
  return guest.lock ? lockRefusal(guest) : undefined
}

const isTroubled = (work: BackupWork, step: Step): boolean =>
  work.request.jobId !== undefined &&
  dayIndex(step.startMs) >= work.cluster.backups.failsFromDay(step.guest.vmid)

function beginSnapshot(work: BackupWork, step: Step): BackupSnapshot {
  const { request, cluster } = work
  const seed = guestSeed(step.guest, namespaceOf(cluster, step.guest.vmid), step.startMs, step.plan)
  return cluster.backups.begin({
    ...seed,
    comment: request.commentOf?.(step.guest) ?? seed.comment,
    isProtected: (request.isProtected ?? false) || (seed.isProtected ?? false),
  })
}

const stamp = (atMs: number): string => new Date(atMs).toISOString().slice(0, 19).replace('T', ' ')

const spent = (ms: number): string => new Date(ms).toISOString().slice(11, 19)

function openingLines(request: BackupRequest, isWaiting: boolean): string[] {
  const vmids = request.guests.map((guest) => guest.vmid).join(' ')
  const job = request.jobId ? ` --job-id ${request.jobId}` : ''
  return [
    `INFO: starting new backup job: vzdump ${vmids} --mode snapshot --storage ${request.storage}${job}`,
    ...(isWaiting ? ['INFO: trying to get global lock - waiting...'] : []),
  ]
}

const headLines = (step: Step, atMs: number): string[] => [
  `INFO: Starting Backup of VM ${step.guest.vmid} (qemu)`,
  `INFO: Backup started at ${stamp(atMs)}`,
]

const volumeLines = (step: Step): string[] => [
  `INFO: status = ${isUp(step.guest) ? 'running' : 'stopped'}`,
  `INFO: VM Name: ${step.guest.name}`,
  ...step.guest.disks.map((disk) => {
    const name = `'${disk.slot}' '${disk.storage}:${disk.volume}'`
    return disk.isInBackup
      ? `INFO: include disk ${name} ${disk.sizeBytes / gibibyte}G`
      : `INFO: exclude disk ${name} (backup=no)`
  }),
]

const transferLines = (step: Step): string[] => [
  'INFO: backup mode: snapshot',
  `INFO: creating Proxmox Backup Server archive 'vm/${step.guest.vmid}/${new Date(step.startMs).toISOString().slice(0, 19)}Z'`,
  `INFO: started backup task '${uuidFrom(`vzdump ${step.guest.vmid} ${step.startMs}`)}'`,
]

const closingLines = (step: Step, atMs: number): string[] => [
  `INFO: backup was done incrementally, transferred ${(step.plan.transferredBytes / gibibyte).toFixed(2)} GiB`,
  `INFO: Finished Backup of VM ${step.guest.vmid} (${spent(atMs - step.startMs)})`,
  `INFO: Backup finished at ${stamp(atMs)}`,
]

const failureLines = (step: Step, reason: string, atMs: number): string[] => [
  `ERROR: Backup of VM ${step.guest.vmid} failed - ${reason}`,
  `INFO: Failed at ${stamp(atMs)}`,
]

/** All jobs of a day on all nodes, begun at the jobs' own times. */
export function startScheduledBackups(cluster: Cluster, onDayMs: number): void {
  for (const node of cluster.nodes) {
    for (const job of cluster.site.backup.jobs) {
      if (job.kind !== 'vzdump' || !job.detail.enabled) continue
      const { id, storage, vmids } = job.detail
      const guests = cluster.guestsOn(node.name).filter((guest) => vmids.includes(guest.vmid))
      if (guests.length === 0) continue
      const startMs = timeOfDay(onDayMs, job.schedule)
      startBackup(cluster, { node: node.name, guests, storage, owner: 'root@pam', startMs, jobId: id })
    }
  }
}

/** The runs of the past days, and today's as far as the clock has come. */
export function replayScheduledBackups(cluster: Cluster, days: number): void {
  const now = cluster.nowMs()
  for (let back = days; back >= 0; back--) {
    const onDayMs = now - back * dayMs
    const isDue = cluster.site.backup.jobs.some(
      (job) => job.kind === 'vzdump' && timeOfDay(onDayMs, job.schedule) <= now,
    )
    if (isDue) startScheduledBackups(cluster, onDayMs)
  }
}
