// Verification, pruning, garbage collection and sync on the demo backup server: the jobs with their state, their
// configuration, and runs on demand.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, flag, integer, optional, text } from '../../api2/parameters.ts'
import type { BackupSnapshot } from '../../world/backups.ts'
import { startPrune } from '../backup-server.ts'
import { demand, may, openStore, ownerOf, route, type PbsCall } from '../call.ts'
import type { BackupJob } from '../jobs.ts'
import { keptSnapshots, type Retention } from '../prune.ts'

const auditOf = (store: string) => [`/datastore/${store}`, ['Datastore.Audit', 'Datastore.Verify']] as const

const visibleJobs = (call: PbsCall, kind: BackupJob['kind'], store: string | undefined): BackupJob[] =>
  call.server.jobs
    .filter((job) => job.kind === kind && (store === undefined || job.store === store))
    .filter((job) => may(call, ...auditOf(job.store), true))

function retentionFields(retention: Retention) {
  const fields = {
    'keep-last': retention.keepLast,
    'keep-hourly': retention.keepHourly,
    'keep-daily': retention.keepDaily,
    'keep-weekly': retention.keepWeekly,
    'keep-monthly': retention.keepMonthly,
    'keep-yearly': retention.keepYearly,
  }
  return Object.fromEntries(Object.entries(fields).filter(([, count]) => count !== undefined && count > 0))
}

const jobConfig = (job: BackupJob) => ({
  id: job.id,
  store: job.store,
  schedule: job.schedule,
  ...(job.namespace === undefined ? {} : { ns: job.namespace }),
  ...(job.comment === undefined ? {} : { comment: job.comment }),
  ...(job.kind === 'verify'
    ? {
        'ignore-verified': job.ignoreVerified,
        ...(job.outdatedAfterDays ? { 'outdated-after': job.outdatedAfterDays } : {}),
      }
    : retentionFields(job.retention)),
})

function runState(call: PbsCall, job: BackupJob) {
  const { lastTask } = job
  return {
    'next-run': call.server.nextRunSeconds(job),
    ...(lastTask ? { 'last-run-upid': lastTask.upid } : {}),
    ...(lastTask?.endMs === undefined
      ? {}
      : {
          'last-run-state': lastTask.exitStatus ?? 'unknown',
          'last-run-endtime': Math.floor(lastTask.endMs / 1000),
        }),
  }
}

/** Figures of the last garbage collection, as a status and as a job row. */
export function collectionFigures(call: PbsCall) {
  const job = call.server.jobs.find((it) => it.kind === 'gc')
  const task = call.server.tasks
    .list()
    .find((it) => it.type === 'garbage_collection' && it.endMs !== undefined)
  const use = call.server.use(task?.endMs ?? call.nowMs)
  const status = {
    ...(task ? { upid: task.upid } : {}),
    'index-file-count': call.server.backups.list().reduce((sum, it) => sum + it.files.length, 0),
    'index-data-bytes': use.indexBytes,
    'disk-bytes': use.usedBytes,
    'disk-chunks': use.chunkCount,
    'removed-bytes': 13_600_000_000,
    'removed-chunks': 6_480,
    'pending-bytes': 2_140_000_000,
    'pending-chunks': 1_020,
    'removed-bad': 0,
    'still-bad': 0,
  }
  const { 'last-run-upid': _upid, ...state } = job ? runState(call, job) : {}
  const duration =
    task?.endMs === undefined ? {} : { duration: Math.floor((task.endMs - task.startMs) / 1000) }
  return {
    status,
    row: {
      ...status,
      store: call.server.backups.datastore,
      schedule: job?.schedule ?? '',
      ...state,
      ...duration,
    },
  }
}

function startNamedJob(call: PbsCall, kind: BackupJob['kind'], id: string, right: string): string {
  const job = call.server.jobs.find((it) => it.kind === kind && it.id === id)
  if (!job) throw new ApiFault(400, `no such ${kind === 'verify' ? 'verification' : kind} job '${id}'`)
  demand(call, `/datastore/${job.store}`, [right])
  if (job.lastTask && job.lastTask.endMs === undefined)
    throw new ApiFault(400, 'could not get lock: job is running')
  return call.server.runJob(job, ownerOf(call)).upid
}

const retentionParameters = {
  'keep-last': optional(integer({ minimum: 1 })),
  'keep-hourly': optional(integer({ minimum: 1 })),
  'keep-daily': optional(integer({ minimum: 1 })),
  'keep-weekly': optional(integer({ minimum: 1 })),
  'keep-monthly': optional(integer({ minimum: 1 })),
  'keep-yearly': optional(integer({ minimum: 1 })),
}

const retentionOf = (input: { [K in keyof typeof retentionParameters]?: number }): Retention => ({
  keepLast: input['keep-last'],
  keepHourly: input['keep-hourly'],
  keepDaily: input['keep-daily'],
  keepWeekly: input['keep-weekly'],
  keepMonthly: input['keep-monthly'],
  keepYearly: input['keep-yearly'],
})

/** What a verification on demand covers: the store, a namespace, a group or one snapshot. */
function verifyScope(input: {
  store: string
  ns?: string
  'backup-type'?: string
  'backup-id'?: string
  'backup-time'?: number
}) {
  const { ns, 'backup-type': type, 'backup-id': id, 'backup-time': time } = input
  if ((type === undefined) !== (id === undefined) || (time !== undefined && id === undefined)) {
    throw new ApiFault(
      400,
      "parameters 'backup-type', 'backup-id' and 'backup-time' do not make a snapshot or group",
    )
  }
  const isWanted = (it: BackupSnapshot) =>
    (id === undefined ? ns === undefined || it.namespace === ns : it.namespace === (ns ?? '')) &&
    (type === undefined || it.backupType === type) &&
    (id === undefined || it.backupId === id) &&
    (time === undefined || it.timeSeconds === time)
  if (time !== undefined) {
    const stamp = time.toString(16).toUpperCase()
    return {
      type: 'verify_snapshot',
      workerId: `${input.store}:${ns ?? ''}:${type}/${id}/${stamp}`,
      isWanted,
    } as const
  }
  if (id !== undefined)
    return { type: 'verify_group', workerId: `${input.store}:${ns ?? ''}:${type}/${id}`, isWanted } as const
  return { type: 'verify', workerId: ns ? `${input.store}:${ns}` : input.store, isWanted } as const
}

const backupType = choice('vm', 'ct', 'host')

const listAndRun = [
  route('GET', '/admin/verify', {
    needs: 'login',
    parameters: { store: optional(text()) },
    run: (input, call) =>
      visibleJobs(call, 'verify', input.store).map((job) => ({ ...jobConfig(job), ...runState(call, job) })),
  }),
  route('GET', '/config/verify', {
    needs: 'login',
    run: (_input, call) => visibleJobs(call, 'verify', undefined).map(jobConfig),
  }),
  route('POST', '/admin/verify/{id}/run', {
    needs: 'login',
    run: (input, call) => startNamedJob(call, 'verify', input.id, 'Datastore.Verify'),
  }),
  route('GET', '/admin/prune', {
    needs: 'login',
    parameters: { store: optional(text()) },
    run: (input, call) =>
      visibleJobs(call, 'prune', input.store).map((job) => ({ ...jobConfig(job), ...runState(call, job) })),
  }),
  route('GET', '/config/prune', {
    needs: 'login',
    run: (_input, call) => visibleJobs(call, 'prune', undefined).map(jobConfig),
  }),
  route('POST', '/admin/prune/{id}/run', {
    needs: 'login',
    run: (input, call) => startNamedJob(call, 'prune', input.id, 'Datastore.Modify'),
  }),
  route('GET', '/admin/gc', {
    needs: 'login',
    parameters: { store: optional(text()) },
    run: (input, call) =>
      visibleJobs(call, 'gc', input.store).length > 0 ? [collectionFigures(call).row] : [],
  }),
  route('GET', '/admin/gc/{store}', {
    needs: 'login',
    run: (input, call) =>
      visibleJobs(call, 'gc', input.store).length > 0 ? [collectionFigures(call).row] : [],
  }),
  route('GET', '/admin/sync', {
    needs: 'login',
    parameters: { store: optional(text()), 'sync-direction': optional(choice('all', 'push', 'pull')) },
    run: () => [],
  }),
  route('GET', '/config/sync', {
    needs: 'login',
    parameters: { 'sync-direction': optional(choice('all', 'push', 'pull')) },
    run: () => [],
  }),
  route('POST', '/admin/sync/{id}/run', {
    needs: 'login',
    run(input) {
      throw new ApiFault(400, `no such sync job '${input.id}'`)
    },
  }),
]

const onDemand = [
  route('GET', '/admin/datastore/{store}/gc', {
    needs: { path: '/datastore/{store}', privileges: ['Datastore.Audit'] },
    run(input, call) {
      openStore(call, input.store, ['Datastore.Audit'])
      return collectionFigures(call).row
    },
  }),
  route('POST', '/admin/datastore/{store}/gc', {
    needs: { path: '/datastore/{store}', privileges: ['Datastore.Modify'] },
    run(input, call) {
      openStore(call, input.store, ['Datastore.Modify'])
      return startNamedJob(call, 'gc', input.store, 'Datastore.Modify')
    },
  }),
  route('POST', '/admin/datastore/{store}/verify', {
    needs: 'login',
    parameters: {
      ns: optional(text()),
      'backup-type': optional(backupType),
      'backup-id': optional(text()),
      'backup-time': optional(integer({ minimum: 1 })),
      'ignore-verified': optional(flag()),
      'outdated-after': optional(integer({ minimum: 0 })),
      'max-depth': optional(integer({ minimum: 0, maximum: 7 })),
    },
    run(input, call) {
      openStore(call, input.store, ['Datastore.Verify', 'Datastore.Backup'])
      const scope = verifyScope(input)
      const isSkipping = input['ignore-verified'] ?? true
      const oldestMs = call.nowMs - (input['outdated-after'] ?? Number.POSITIVE_INFINITY) * 86_400_000
      const isDone = (it: BackupSnapshot) =>
        isSkipping && it.verification !== undefined && it.startMs > oldestMs
      return call.server.verify(ownerOf(call), {
        ...scope,
        isWanted: (it) => scope.isWanted(it) && !isDone(it),
      }).upid
    },
  }),
  route('POST', '/admin/datastore/{store}/prune', {
    needs: 'login',
    parameters: {
      ns: optional(text()),
      'backup-type': backupType,
      'backup-id': text(),
      'dry-run': optional(flag()),
      'use-task': optional(flag()),
      ...retentionParameters,
    },
    run(input, call) {
      openStore(call, input.store, ['Datastore.Modify', 'Datastore.Prune'])
      const filter = {
        namespace: input.ns ?? '',
        backupType: input['backup-type'],
        backupId: input['backup-id'],
      }
      const group = call.server.backups.list(filter).sort((a, b) => a.timeSeconds - b.timeSeconds)
      const kept = keptSnapshots(group, retentionOf(input))
      if (!input['dry-run']) for (const it of group) if (!kept.has(it)) call.server.backups.remove(it)
      return group.map((it) => ({
        'backup-type': it.backupType,
        'backup-id': it.backupId,
        'backup-time': it.timeSeconds,
        keep: kept.has(it),
        protected: it.isProtected,
      }))
    },
  }),
  route('POST', '/admin/datastore/{store}/prune-datastore', {
    needs: 'login',
    parameters: {
      ns: optional(text()),
      'dry-run': optional(flag()),
      'max-depth': optional(integer({ minimum: 0, maximum: 7 })),
      ...retentionParameters,
    },
    run(input, call) {
      openStore(call, input.store, ['Datastore.Modify', 'Datastore.Prune'])
      return startPrune(call.server, ownerOf(call), {
        type: 'prune',
        workerId: input.ns ? `${input.store}:${input.ns}` : input.store,
        namespace: input.ns,
        retention: retentionOf(input),
        startMs: call.nowMs,
        isDryRun: input['dry-run'] ?? false,
      }).upid
    },
  }),
]

export const jobRoutes = [...listAndRun, ...onDemand]
