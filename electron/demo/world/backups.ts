// What the lab's backup server holds and who wrote it when: one truth behind the Proxmox VE storage `pbs01` and the
// PBS datastore. Filled with the past days at start, added to by vzdump and by the hosts' own clients. It keeps no
// task lists; the two API servers derive theirs from what they are told here.
import type { DemoClock } from '../context.ts'
import {
  dayIndex,
  dayMs,
  layOutRun,
  planGuestBackup,
  planHostBackup,
  siteDisks,
  timeOfDay,
} from './backup-plan.ts'
import type { BackupPlan, SnapshotFile } from './backup-plan.ts'
import { uuidFrom } from './guest-identity.ts'
import { hashFraction } from './load.ts'
import type { DemoSite } from './site.ts'

export type BackupType = 'vm' | 'ct' | 'host'

export interface BackupSnapshot {
  datastore: string
  /** Empty for the root namespace. */
  namespace: string
  backupType: BackupType
  backupId: string
  /** Unix seconds; names the snapshot together with type, id and namespace. */
  timeSeconds: number
  startMs: number
  /** Undefined while the backup still runs. */
  endMs: number | undefined
  sizeBytes: number
  transferredBytes: number
  files: SnapshotFile[]
  owner: string
  comment: string
  isProtected: boolean
  /** SHA-256 fingerprint of the client's encryption key. */
  keyFingerprint: string | undefined
  verification: { state: 'ok' | 'failed'; upid: string } | undefined
}

export type SnapshotSeed = Pick<
  BackupSnapshot,
  'namespace' | 'backupType' | 'backupId' | 'startMs' | 'owner' | 'comment'
> & { plan: BackupPlan; isProtected?: boolean }

export interface SnapshotFilter {
  namespace?: string
  backupType?: string
  backupId?: string
}

export interface BackupObserver {
  began(snapshot: BackupSnapshot): void
  /** `error` is undefined for a good end. */
  ended(snapshot: BackupSnapshot, atMs: number, error: string | undefined): void
}

export interface LabBackups {
  datastore: string
  list(filter?: SnapshotFilter): BackupSnapshot[]
  find(
    namespace: string,
    backupType: string,
    backupId: string,
    timeSeconds: number,
  ): BackupSnapshot | undefined
  /** Starts a snapshot, or gives back the one of the same name. */
  begin(seed: SnapshotSeed): BackupSnapshot
  complete(snapshot: BackupSnapshot, atMs: number): void
  /** The writer gave up: the snapshot vanishes, observers hear why. */
  abort(snapshot: BackupSnapshot, atMs: number, reason: string): void
  remove(snapshot: BackupSnapshot): void
  /** Tells the new observer of everything held so far, then of what happens. Returns what stops it. */
  observe(observer: BackupObserver): () => void
  /** First day (index) on which the scheduled backup of this guest fails, as the lab's sample alert says. */
  failsFromDay(vmid: number): number
  dispose(): void
}

/** How many days a fresh lab looks back. Longer than the 7 that are kept: the task lists remember what was pruned. */
export const historyDays = 15
/** The hosts' own configuration is kept for 30 days. */
const hostHistoryDays = 31
/** `proj-milvus01`: the guest whose backup has been missing for two runs (the site's BackupMissing alert). */
const troubledVmid = 2017
const databaseVmid = 2002
const clientOwner = 'backup@pbs'
/** What writes over the API token that the PVE storage `pbs01` uses. */
export const pveOwner = 'backup@pbs!pve'

const keyFor = (namespace: string, type: string, id: string, timeSeconds: number): string =>
  `${namespace}|${type}|${id}|${timeSeconds}`

/** The lab's backups, history included. Needs no server; starts the hosts' own daily backups on the clock. */
export function createLabBackups(site: DemoSite, clock: DemoClock): LabBackups {
  const failingFromDay = dayIndex(clock.nowMs()) - 1
  const shelf = createShelf(site.backup.datastores[0]?.name ?? 'datastore01')
  const backups = {
    ...shelf,
    failsFromDay: (vmid: number) => (vmid === troubledVmid ? failingFromDay : Number.POSITIVE_INFINITY),
  }
  for (let back = hostHistoryDays; back >= 0; back--) seedDay(site, clock, backups, back)
  const stops = hostRoutines(site, clock, backups)
  return {
    ...backups,
    dispose() {
      for (const stop of stops) stop()
      shelf.forgetObservers()
    },
  }
}

/** The snapshots themselves, and whoever wants to hear of them. */
function createShelf(datastore: string) {
  const snapshots = new Map<string, BackupSnapshot>()
  const observers = new Set<BackupObserver>()
  const keyOf = (it: BackupSnapshot) => keyFor(it.namespace, it.backupType, it.backupId, it.timeSeconds)
  const end = (snapshot: BackupSnapshot, atMs: number, error: string | undefined) => {
    snapshot.endMs = atMs
    for (const observer of [...observers]) observer.ended(snapshot, atMs, error)
  }
  return {
    datastore,
    list: (filter?: SnapshotFilter) => [...snapshots.values()].filter((it) => matches(it, filter ?? {})),
    find: (...name: Parameters<typeof keyFor>) => snapshots.get(keyFor(...name)),
    begin(seed: SnapshotSeed): BackupSnapshot {
      const made = makeSnapshot(datastore, seed)
      const known = snapshots.get(keyOf(made))
      if (known) return known
      snapshots.set(keyOf(made), made)
      for (const observer of [...observers]) observer.began(made)
      return made
    },
    complete(snapshot: BackupSnapshot, atMs: number) {
      if (snapshot.endMs === undefined) end(snapshot, atMs, undefined)
    },
    abort(snapshot: BackupSnapshot, atMs: number, reason: string) {
      if (snapshot.endMs === undefined && snapshots.delete(keyOf(snapshot))) end(snapshot, atMs, reason)
    },
    remove: (snapshot: BackupSnapshot) => void snapshots.delete(keyOf(snapshot)),
    observe(observer: BackupObserver) {
      for (const snapshot of [...snapshots.values()].sort((a, b) => a.startMs - b.startMs)) {
        observer.began(snapshot)
        if (snapshot.endMs !== undefined) observer.ended(snapshot, snapshot.endMs, undefined)
      }
      observers.add(observer)
      return () => void observers.delete(observer)
    },
    forgetObservers: () => observers.clear(),
  }
}

const matches = (snapshot: BackupSnapshot, filter: SnapshotFilter): boolean =>
  (filter.namespace === undefined || snapshot.namespace === filter.namespace) &&
  (filter.backupType === undefined || snapshot.backupType === filter.backupType) &&
  (filter.backupId === undefined || snapshot.backupId === filter.backupId)

function makeSnapshot(datastore: string, seed: SnapshotSeed): BackupSnapshot {
  const isEncrypted = seed.plan.files.some((file) => file.cryptMode === 'encrypt')
  return {
    datastore,
    namespace: seed.namespace,
    backupType: seed.backupType,
    backupId: seed.backupId,
    timeSeconds: Math.floor(seed.startMs / 1000),
    startMs: seed.startMs,
    endMs: undefined,
    sizeBytes: seed.plan.sizeBytes,
    transferredBytes: seed.plan.transferredBytes,
    files: seed.plan.files,
    owner: seed.owner,
    comment: seed.comment,
    isProtected: seed.isProtected ?? false,
    keyFingerprint: isEncrypted ? keyFingerprint(seed.namespace) : undefined,
    verification: undefined,
  }
}

/** 32 hex pairs with colons, one key per namespace. */
function keyFingerprint(namespace: string): string {
  const digits = [0, 1]
    .map((part) => uuidFrom(`backup-key:${namespace}:${part}`).replaceAll('-', ''))
    .join('')
  return (digits.match(/../g) ?? []).join(':')
}

type Writer = Pick<LabBackups, 'begin' | 'complete' | 'failsFromDay'>

/** One past (or the present) day: every backup whose end has passed. What still runs belongs to the live writers. */
function seedDay(site: DemoSite, clock: DemoClock, backups: Writer, daysBack: number): void {
  const onDayMs = clock.nowMs() - daysBack * dayMs
  const settle = (seed: SnapshotSeed, endMs: number) => {
    if (endMs <= clock.nowMs()) backups.complete(backups.begin(seed), endMs)
  }
  for (const seed of hostSeeds(site, onDayMs)) {
    if (daysBack <= historyDays || seed.namespace === 'host')
      settle(seed, seed.startMs + seed.plan.durationMs)
  }
  if (daysBack > historyDays) return
  for (const { guest, startMs, endMs, plan, namespace } of scheduledGuestRuns(site, onDayMs)) {
    if (dayIndex(onDayMs) >= backups.failsFromDay(guest.vmid)) continue
    settle(guestSeed(guest, namespace, startMs, plan), endMs)
  }
}

/** The guest backups that the inventory's vzdump jobs make on a day, placed as the inventory places the guests. */
export function scheduledGuestRuns(site: DemoSite, onDayMs: number) {
  return site.nodes.flatMap((node) => {
    let lockFreeMs = 0
    return site.backup.jobs.flatMap((job) => {
      if (job.kind !== 'vzdump') return []
      const guests = site.guests.filter(
        (guest) => guest.node === node.name && job.detail.vmids.includes(guest.vmid),
      )
      // Two jobs due at once run one after the other: vzdump holds one lock per node.
      const startMs = Math.max(timeOfDay(onDayMs, job.schedule), lockFreeMs)
      const runs = layOutRun(guests, startMs, (guest, atMs) =>
        planGuestBackup(guest.vmid, siteDisks(guest), atMs),
      )
      lockFreeMs = (runs.at(-1)?.endMs ?? startMs) + 1_000
      return runs.map((run) => ({
        ...run,
        node: node.name,
        namespace: job.detail.namespace,
        jobId: job.detail.id,
      }))
    })
  })
}

/** Seed of a guest's snapshot as vzdump writes it. */
export function guestSeed(
  guest: { vmid: number; name: string },
  namespace: string,
  startMs: number,
  plan: BackupPlan,
): SnapshotSeed {
  // One protected restore point of the science database: the lab's weekly keep-sake, made on Sundays.
  const isProtected = guest.vmid === databaseVmid && new Date(startMs).getUTCDay() === 0
  const id = String(guest.vmid)
  return {
    namespace,
    backupType: 'vm',
    backupId: id,
    startMs,
    owner: pveOwner,
    comment: guest.name,
    plan,
    isProtected,
  }
}

function hostSeeds(site: DemoSite, onDayMs: number): SnapshotSeed[] {
  return site.backup.jobs.flatMap((job) => {
    if (job.kind === 'hostconfig') {
      const startMs = timeOfDay(onDayMs, job.detail.time)
      return job.detail.nodes.map((node, index) =>
        hostSeed(job.detail.namespace, node, 38e6, startMs + index * 4_000),
      )
    }
    if (job.kind === 'pgdump') {
      const startMs = timeOfDay(onDayMs, job.schedule) + 3_000
      return job.detail.hosts.map((host) =>
        hostSeed(job.detail.namespace, host, databaseBytes(site, host), startMs),
      )
    }
    return []
  })
}

const databaseBytes = (site: DemoSite, host: string): number =>
  (site.postgres.find((server) => server.host === host)?.databases ?? []).reduce(
    (sum, database) => sum + (database.size?.bytes ?? 0) * 0.3,
    0,
  )

function hostSeed(namespace: string, host: string, usedBytes: number, startMs: number): SnapshotSeed {
  const wobble = 1 + 0.02 * hashFraction(`size${host}:${dayIndex(startMs)}`)
  const plan = planHostBackup(host, usedBytes * wobble, startMs)
  return { namespace, backupType: 'host', backupId: host, startMs, owner: clientOwner, comment: host, plan }
}

/** The hosts' own clients: they back themselves up daily, and go on with what was under way when the lab started. */
function hostRoutines(site: DemoSite, clock: DemoClock, backups: Writer): (() => void)[] {
  const stops: (() => void)[] = []
  const runDay = (onDayMs: number) => {
    for (const seed of hostSeeds(site, onDayMs)) {
      const endMs = seed.startMs + seed.plan.durationMs
      if (endMs <= clock.nowMs()) continue
      const begin = () => {
        const snapshot = backups.begin(seed)
        stops.push(clock.after(endMs - clock.nowMs(), () => backups.complete(snapshot, endMs)))
      }
      if (seed.startMs <= clock.nowMs()) begin()
      else stops.push(clock.after(seed.startMs - clock.nowMs(), begin))
    }
  }
  runDay(clock.nowMs())
  stops.push(clock.daily(0, 0, runDay))
  return stops
}
