// The scheduled jobs of the demo backup server as the inventory plans them: verification, pruning, collection.
// Made once per server; backup-server.ts runs them and notes their last task.
import type { DemoTask } from '../api2/tasks.ts'
import type { DemoBackupJob, DemoSite } from '../world/site.ts'
import type { Retention } from './prune.ts'

export interface BackupJob {
  id: string
  kind: 'verify' | 'prune' | 'gc'
  store: string
  schedule: string
  /** Undefined: all namespaces. */
  namespace: string | undefined
  retention: Retention
  comment: string | undefined
  ignoreVerified: boolean
  outdatedAfterDays: number | undefined
  lastTask: DemoTask | undefined
}

/** The jobs of the inventory that the backup server itself runs. */
export const jobsOf = (site: DemoSite): BackupJob[] => site.backup.jobs.flatMap((job) => jobsFrom(site, job))

function jobsFrom(site: DemoSite, job: DemoBackupJob): BackupJob[] {
  switch (job.kind) {
    case 'verify': {
      const { id, ignoreVerified, outdatedAfterDays } = job.detail
      return [{ ...emptyJob(site, id, 'verify', job.schedule), ignoreVerified, outdatedAfterDays }]
    }
    case 'prune':
      return pruneJobs(site, job)
    case 'hostconfig': {
      const schedule = site.backup.jobs.find((it) => it.kind === 'prune')?.schedule ?? '12:00'
      const { namespace } = job.detail
      const retention = { keepDaily: job.keepDays }
      return [{ ...emptyJob(site, `prune-${namespace}`, 'prune', schedule), namespace, retention }]
    }
    case 'gc':
      return [emptyJob(site, job.detail.datastore, 'gc', job.schedule)]
    case 'vzdump':
    case 'pgdump':
      return []
  }
}

/** One job per namespace: the hosts' configuration outlives the guests' backups. */
function pruneJobs(site: DemoSite, job: Extract<DemoBackupJob, { kind: 'prune' }>): BackupJob[] {
  const { id, keepWeekly, keepMonthly } = job.detail
  const longLived = site.backup.jobs.flatMap((it) => (it.kind === 'hostconfig' ? [it.detail.namespace] : []))
  return site.backup.namespaces
    .filter(({ ns }) => !longLived.includes(ns))
    .map(({ ns }, index) => ({
      ...emptyJob(site, index === 0 ? id : `${id}-${ns}`, 'prune', job.schedule),
      namespace: ns,
      retention: { keepDaily: job.keepDaily, keepWeekly, keepMonthly },
    }))
}

function emptyJob(site: DemoSite, id: string, kind: BackupJob['kind'], schedule: string): BackupJob {
  return {
    id,
    kind,
    schedule,
    store: site.backup.datastores[0]?.name ?? '',
    namespace: undefined,
    retention: {},
    comment: undefined,
    ignoreVerified: true,
    outdatedAfterDays: undefined,
    lastTask: undefined,
  }
}
