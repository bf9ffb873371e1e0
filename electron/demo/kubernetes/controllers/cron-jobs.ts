// Starts the jobs of CronJobs at their times and keeps only the last few of them.
import { shelf } from '../api/resource-table.ts'
import type { CronJob, Job } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { cloneOf, controlledBy, isOwnedBy, recordAt, textAt } from '../storage/kube-object.ts'
import { parseTime, timestamp } from '../storage/kube-time.ts'
import type { Cluster, Controller } from './cluster.ts'
import { setStatus } from './cluster.ts'
import { nextRun, parseSchedule } from './cron-schedule.ts'
import { isJobOver } from './jobs.ts'
import { plant } from './pod-factory.ts'

export const cronJobs = (): Controller => (cluster) => {
  for (const object of cluster.store.list(shelf.cronJobs)) {
    const cron = as<CronJob>(object)
    if (cron.metadata.deletionTimestamp !== undefined) continue
    const live = cron.spec.suspend === true ? cron : runDue(cluster, cron)
    tidy(cluster, live)
  }
}

const ownJobs = (cluster: Cluster, cron: KubeObject): Job[] =>
  cluster.store
    .list(shelf.jobs)
    .filter((job) => isOwnedBy(job, cron))
    .map(as<Job>)

function runDue(cluster: Cluster, cron: CronJob): CronJob {
  const schedule = parseSchedule(cron.spec.schedule)
  if (schedule === undefined) return cron
  const nowMs = cluster.clock.nowMs()
  let lastMs = parseTime(cron.status?.lastScheduleTime ?? cron.metadata.creationTimestamp)
  let dueMs = nextRun(schedule, lastMs)
  // After a long jump of the clock only the latest missed run is made up for.
  for (let next = dueMs; next !== undefined && next <= nowMs; next = nextRun(schedule, lastMs))
    dueMs = lastMs = next
  if (dueMs === undefined) return cron
  if (dueMs > nowMs) {
    cluster.wakeAt(dueMs)
    return cron
  }
  const running = ownJobs(cluster, cron).filter((job) => !isJobOver(job))
  if (running.length === 0 || cron.spec.concurrencyPolicy === 'Allow') startJob(cluster, cron, dueMs)
  const following = nextRun(schedule, dueMs)
  if (following !== undefined) cluster.wakeAt(following)
  return as<CronJob>(
    setStatus(cluster, shelf.cronJobs, cron, { ...cron.status, lastScheduleTime: timestamp(dueMs) }),
  )
}

function startJob(cluster: Cluster, cron: CronJob, dueMs: number): void {
  const { name, namespace } = cron.metadata
  const jobName = `${name}-${Math.floor(dueMs / 60_000)}`
  if (cluster.store.get(shelf.jobs, namespace, jobName) !== undefined) return
  const { jobTemplate } = cron.spec
  plant(cluster, {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName,
      ...(namespace === undefined ? {} : { namespace }),
      labels: recordAt(jobTemplate, 'metadata.labels') as Record<string, string>,
      annotations: { 'batch.kubernetes.io/cronjob-scheduled-timestamp': timestamp(dueMs) },
      ownerReferences: [controlledBy(cron)],
    },
    spec: cloneOf(jobTemplate.spec),
  })
  cluster.events.record(cron, {
    reason: 'SuccessfulCreate',
    message: `Created job ${jobName}`,
    component: 'cronjob-controller',
  })
}

function tidy(cluster: Cluster, cron: CronJob): void {
  const mine = ownJobs(cluster, cron).sort((left, right) =>
    (right.metadata.creationTimestamp ?? '').localeCompare(left.metadata.creationTimestamp ?? ''),
  )
  const isFailed = (job: Job): boolean => (job.status?.conditions ?? []).some((one) => one.type === 'Failed')
  const done = mine.filter(isJobOver)
  const old = [
    ...done.filter((job) => !isFailed(job)).slice(cron.spec.successfulJobsHistoryLimit),
    ...done.filter(isFailed).slice(cron.spec.failedJobsHistoryLimit),
  ]
  for (const job of old) cluster.store.remove(shelf.jobs, job.metadata.namespace, job.metadata.name)
  // Without the job's version, which moves with every count and would never let the status settle.
  const active = mine
    .filter((job) => !isJobOver(job))
    .map(({ metadata: { name, namespace, uid } }) => ({
      apiVersion: 'batch/v1',
      kind: 'Job',
      name,
      namespace,
      uid,
    }))
  const lastSuccess = done.find((job) => !isFailed(job))
  setStatus(cluster, shelf.cronJobs, cron, {
    ...withoutActive(cron.status),
    ...(active.length === 0 ? {} : { active }),
    ...(lastSuccess === undefined
      ? {}
      : { lastSuccessfulTime: textAt(lastSuccess, 'status.completionTime') }),
  })
}

function withoutActive(status: CronJob['status']): Record<string, unknown> {
  const { active: _gone, ...rest } = status ?? {}
  return rest
}
