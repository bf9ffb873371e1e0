// The demo backup server's state: its jobs, their last runs, its tasks, and the datastore that world/backups.ts
// holds. Made once per server; runs the daily jobs by the lab's clock and replays those of the past days.
import type { DemoTask, TaskBoard, TaskRun } from '../api2/tasks.ts'
import type { DemoContext } from '../context.ts'
import { dayMs, timeOfDay } from '../world/backup-plan.ts'
import { datastoreUse, type DatastoreUse } from '../world/backup-use.ts'
import type { BackupSnapshot, LabBackups } from '../world/backups.ts'
import type { DemoSite } from '../world/site.ts'
import { jobsOf, type BackupJob } from './jobs.ts'
import { createPbsTasks } from './pbs-tasks.ts'
import { keptSnapshots, type Retention } from './prune.ts'

export interface BackupServer {
  site: DemoSite
  nodeName: string
  tasks: TaskBoard
  backups: LabBackups
  jobs: BackupJob[]
  nowMs(): number
  use(atMs: number): DatastoreUse
  /** Unix seconds of a job's next run. */
  nextRunSeconds(job: BackupJob): number
  runJob(job: BackupJob, owner: string, startMs?: number): DemoTask
  verify(owner: string, wish: VerifyWish): DemoTask
  dispose(): void
}

export interface VerifyWish {
  type: 'verificationjob' | 'verify' | 'verify_group' | 'verify_snapshot'
  workerId: string
  isWanted(snapshot: BackupSnapshot): boolean
  startMs?: number
}

const replayDays = 7
const verifyBps = 900e6

export const snapshotPath = (snapshot: BackupSnapshot): string =>
  `${snapshot.backupType}/${snapshot.backupId}/${new Date(snapshot.timeSeconds * 1000).toISOString().replace('.000', '')}`

/** State with seven days of history, and the daily jobs on the clock. */
export function createBackupServer(
  context: Pick<DemoContext, 'site' | 'clock'>,
  backups: LabBackups,
): BackupServer {
  const { site, clock } = context
  const startMs = clock.nowMs()
  const tasks = createPbsTasks(clock)
  const nodeName = site.backup.server.name
  const server: Omit<BackupServer, 'dispose'> = {
    site,
    nodeName,
    tasks,
    backups,
    jobs: jobsOf(site),
    nowMs: () => clock.nowMs(),
    use: (atMs) => datastoreUse(site, startMs, atMs),
    nextRunSeconds(job) {
      const today = timeOfDay(clock.nowMs(), job.schedule)
      return Math.floor((today > clock.nowMs() ? today : today + dayMs) / 1000)
    },
    runJob: (job, owner, atMs) => runJob(server, job, owner, atMs ?? clock.nowMs()),
    verify: (owner, wish) => startVerify(server, owner, wish),
  }
  const stopObserving = observeBackups(server)
  replay(server)
  const stops = server.jobs.map((job) => {
    const [hour = 0, minute = 0] = job.schedule.split(':').map(Number)
    return clock.daily(hour, minute, (dueMs) => void runJob(server, job, 'root@pam', dueMs))
  })
  return {
    ...server,
    dispose() {
      stopObserving()
      for (const stop of stops) stop()
    },
  }
}

/** Every backup that is written shows as a task here, too. */
function observeBackups(server: Omit<BackupServer, 'dispose'>): () => void {
  const running = new Map<BackupSnapshot, TaskRun>()
  return server.backups.observe({
    began(snapshot) {
      const place = snapshot.namespace === '' ? '' : `${snapshot.namespace}:`
      const id = `${snapshot.datastore}:${place}${snapshot.backupType}/${snapshot.backupId}`
      server.tasks.start(
        { node: server.nodeName, type: 'backup', id, owner: snapshot.owner, startMs: snapshot.startMs },
        (run) => {
          running.set(snapshot, run)
          run.at(0, () => [
            `starting new backup on datastore '${snapshot.datastore}': "ns/${snapshot.namespace}/${snapshotPath(snapshot)}"`,
            ...snapshot.files
              .filter((file) => file.filename.endsWith('idx'))
              .map((file) => `created new dynamic or fixed index "${file.filename}"`),
          ])
        },
      )
    },
    ended(snapshot, atMs, error) {
      const run = running.get(snapshot)
      running.delete(snapshot)
      if (error === undefined)
        run?.at(atMs - snapshot.startMs, () => [
          'successfully finished backup',
          'backup finished successfully',
        ])
      run?.finish(atMs, error)
    },
  })
}

/** The daily jobs of the past days in the order in which they ran. */
function replay(server: Omit<BackupServer, 'dispose'>): void {
  const now = server.nowMs()
  const due = Array.from(
    { length: replayDays + 1 },
    (_, index) => now - (replayDays - index) * dayMs,
  ).flatMap((onDayMs) => server.jobs.map((job) => ({ job, startMs: timeOfDay(onDayMs, job.schedule) })))
  for (const { job, startMs } of due
    .filter((it) => it.startMs <= now)
    .sort((a, b) => a.startMs - b.startMs)) {
    runJob(server, job, 'root@pam', startMs)
  }
}

function runJob(
  server: Omit<BackupServer, 'dispose'>,
  job: BackupJob,
  owner: string,
  startMs: number,
): DemoTask {
  const task = startJob(server, job, owner, startMs)
  job.lastTask = task
  return task
}

function startJob(
  server: Omit<BackupServer, 'dispose'>,
  job: BackupJob,
  owner: string,
  startMs: number,
): DemoTask {
  switch (job.kind) {
    case 'verify': {
      const oldestMs = startMs - (job.outdatedAfterDays ?? Number.POSITIVE_INFINITY) * dayMs
      const isDone = (snapshot: BackupSnapshot) =>
        job.ignoreVerified && snapshot.verification !== undefined && snapshot.startMs > oldestMs
      const isWanted = (snapshot: BackupSnapshot) => !isDone(snapshot)
      return startVerify(server, owner, {
        type: 'verificationjob',
        workerId: `${job.store}:${job.id}`,
        isWanted,
        startMs,
      })
    }
    case 'prune':
      return startPrune(server, owner, {
        ...job,
        type: 'prunejob',
        workerId: `${job.store}:${job.id}`,
        startMs,
      })
    case 'gc':
      return startCollection(server, owner, job.store, startMs)
  }
}

function startVerify(server: Omit<BackupServer, 'dispose'>, owner: string, wish: VerifyWish): DemoTask {
  const startMs = wish.startMs ?? server.nowMs()
  const snapshots = server.backups
    .list()
    .filter((it) => it.endMs !== undefined && it.endMs <= startMs && wish.isWanted(it))
    .sort((a, b) => a.startMs - b.startMs)
  return server.tasks.start(
    { node: server.nodeName, type: wish.type, id: wish.workerId, owner, startMs },
    (run) => {
      let offsetMs = 1_500
      run.at(0, () => `verify datastore ${server.backups.datastore}`)
      run.at(1_000, () => `found ${snapshots.length} snapshots`)
      for (const snapshot of snapshots) {
        offsetMs += 900 + (snapshot.sizeBytes / verifyBps / 12) * 1000
        run.at(offsetMs, () => {
          snapshot.verification = { state: 'ok', upid: run.task.upid }
          return `verified ${snapshot.namespace}:${snapshotPath(snapshot)}, errors: 0`
        })
      }
      run.end(offsetMs + 500)
    },
  )
}

export interface PruneWish {
  type: 'prune' | 'prunejob'
  workerId: string
  namespace: string | undefined
  retention: Retention
  startMs: number
  isDryRun?: boolean
}

/** Prunes a namespace (or all) as a task. */
export function startPrune(server: Omit<BackupServer, 'dispose'>, owner: string, wish: PruneWish): DemoTask {
  return server.tasks.start(
    { node: server.nodeName, type: wish.type, id: wish.workerId, owner, startMs: wish.startMs },
    (run) => {
      run.at(0, () => `Starting datastore prune on datastore '${server.backups.datastore}'`)
      run.at(2_000, (atMs) => pruneNow(server, wish, atMs))
      run.end(2_600)
    },
  )
}

function pruneNow(server: Omit<BackupServer, 'dispose'>, wish: PruneWish, atMs: number): string[] {
  const filter = wish.namespace === undefined ? {} : { namespace: wish.namespace }
  const candidates = server.backups.list(filter).filter((it) => it.startMs < atMs)
  const groups = Map.groupBy(candidates, (it) => `${it.namespace}:${it.backupType}/${it.backupId}`)
  return [...groups].flatMap(([group, snapshots]) => {
    const kept = keptSnapshots(snapshots, wish.retention)
    const gone = snapshots.filter((it) => !kept.has(it))
    if (!wish.isDryRun) for (const snapshot of gone) server.backups.remove(snapshot)
    return [`Pruning group ${group}`, ...gone.map((it) => `remove ${snapshotPath(it)}`)]
  })
}

/** Garbage collection in its two phases. */
function startCollection(
  server: Omit<BackupServer, 'dispose'>,
  owner: string,
  store: string,
  startMs: number,
): DemoTask {
  return server.tasks.start(
    { node: server.nodeName, type: 'garbage_collection', id: store, owner, startMs },
    (run) => {
      run.at(0, () => [`starting garbage collection on store ${store}`, 'Start GC phase1 (mark used chunks)'])
      for (const percent of [25, 50, 75, 100])
        run.at(percent * 2_400, () => `marked ${percent}% of index files`)
      run.at(250_000, () => 'Start GC phase2 (sweep unused chunks)')
      for (const percent of [25, 50, 75, 100])
        run.at(250_000 + percent * 4_100, () => `processed ${percent}% of chunks`)
      run.end(690_000)
    },
  )
}
