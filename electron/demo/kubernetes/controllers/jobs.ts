// Moves jobs through their states: pods up to the parallelism, retries after failures, completion, the back-off
// limit, and removal after their time to live.
import { shelf } from '../api/resource-table.ts'
import type { Condition, Job, Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import { textAt } from '../storage/kube-object.ts'
import { parseTime, timestamp } from '../storage/kube-time.ts'
import type { Cluster, Controller } from './cluster.ts'
import { setStatus } from './cluster.ts'
import { podsOf, retirePod, spawnPod } from './pod-factory.ts'
import { isPodReady } from './pod-states.ts'
import { withoutZeros } from './replica-sets.ts'

const indexKey = 'batch.kubernetes.io/job-completion-index'
const failureKey = 'batch.kubernetes.io/job-index-failure-count'

export const jobs = (): Controller => (cluster) => {
  for (const object of cluster.store.list(shelf.jobs)) {
    const job = as<Job>(object)
    if (job.metadata.deletionTimestamp !== undefined) continue
    if (isJobOver(job)) expire(cluster, job)
    else reconcile(cluster, job)
  }
}

export const isJobOver = (job: Job): boolean =>
  (job.status?.conditions ?? []).some(
    ({ type, status }) => (type === 'Complete' || type === 'Failed') && status === 'True',
  )

const isIndexed = (job: Job): boolean => job.spec['completionMode'] === 'Indexed'
const indexOf = (pod: Pod): number => Number(pod.metadata.annotations?.[indexKey] ?? '-1')

interface Tally {
  active: Pod[]
  succeeded: Pod[]
  failed: Pod[]
}

function tally(cluster: Cluster, job: Job): Tally {
  const pods = podsOf(cluster, job)
  return {
    active: pods.filter(
      (pod) =>
        !['Succeeded', 'Failed'].includes(pod.status.phase) && pod.metadata.deletionTimestamp === undefined,
    ),
    succeeded: pods.filter((pod) => pod.status.phase === 'Succeeded'),
    failed: pods.filter((pod) => pod.status.phase === 'Failed'),
  }
}

function reconcile(cluster: Cluster, job: Job): void {
  const { spec } = job
  let counts = tally(cluster, job)
  const wanted = spec.completions ?? 1
  const isSuspended = spec.suspend === true
  const isLate = isOverDeadline(cluster, job)
  const hasFailed = counts.failed.length > spec.backoffLimit || isLate
  const isDone = !hasFailed && counts.succeeded.length >= wanted
  if (hasFailed || isSuspended) counts.active.forEach((pod) => retirePod(cluster, pod))
  else if (!isDone) startMissing(cluster, job, counts, wanted)
  counts = tally(cluster, job)
  const time = timestamp(cluster.clock.nowMs())
  if (isDone || hasFailed) finish(cluster, job, counts, hasFailed, isLate)
  else
    setStatus(cluster, shelf.jobs, job, {
      ...jobCounts(job, counts),
      startTime: textAt(job, 'status.startTime') || time,
      ...(isSuspended ? { conditions: suspended(job, time) } : {}),
    })
}

function suspended(job: Job, time: string): Condition[] {
  const known = job.status?.conditions?.find((one) => one.type === 'Suspended')
  return [
    known ?? {
      type: 'Suspended',
      status: 'True',
      reason: 'JobSuspended',
      message: 'Job suspended',
      lastProbeTime: time,
      lastTransitionTime: time,
    },
  ]
}

function startMissing(cluster: Cluster, job: Job, counts: Tally, wanted: number): void {
  const room = Math.min(job.spec.parallelism, wanted - counts.succeeded.length) - counts.active.length
  if (room <= 0)
    return counts.active.slice(counts.active.length + room).forEach((pod) => retirePod(cluster, pod))
  if (!isIndexed(job)) {
    for (let missing = room; missing > 0; missing -= 1)
      addPod(cluster, job, `${job.metadata.name}-${cluster.random.suffix()}`, {})
    return
  }
  const taken = new Set([...counts.active, ...counts.succeeded].map(indexOf))
  const free = Array.from({ length: wanted }, (_, index) => index).filter((index) => !taken.has(index))
  for (const index of free.slice(0, room)) {
    const failures = counts.failed.filter((pod) => indexOf(pod) === index).length
    addPod(cluster, job, `${job.metadata.name}-${index}-${cluster.random.suffix()}`, {
      [indexKey]: String(index),
      ...(failures > 0 ? { [failureKey]: String(failures) } : {}),
    })
  }
}

function addPod(cluster: Cluster, job: Job, name: string, annotations: Record<string, string>): void {
  const index = annotations[indexKey]
  const labels: Record<string, string> = index === undefined ? {} : { [indexKey]: index }
  const { template } = job.spec
  const containers = template.spec.containers.map((one) =>
    index === undefined
      ? one
      : { ...one, env: [...(one.env ?? []), { name: 'JOB_COMPLETION_INDEX', value: index }] },
  )
  spawnPod(
    cluster,
    job,
    { ...template, spec: { ...template.spec, containers } },
    { name, annotations, labels },
  )
  cluster.events.record(job, {
    reason: 'SuccessfulCreate',
    message: `Created pod: ${name}`,
    component: 'job-controller',
  })
}

const jobCounts = (job: Job, { active, succeeded, failed }: Tally) => ({
  ...withoutZeros({ active: active.length, succeeded: succeeded.length, failed: failed.length }),
  ready: active.filter(isPodReady).length,
  terminating: 0,
  uncountedTerminatedPods: {},
  ...(isIndexed(job) ? { completedIndexes: printIndexes(succeeded.map(indexOf)) } : {}),
})

/** Indexes as ranges: `0-4,6,8-9`. */
export function printIndexes(indexes: number[]): string {
  const sorted = [...new Set(indexes)].sort((left, right) => left - right)
  const ranges: [number, number][] = []
  for (const index of sorted) {
    const last = ranges.at(-1)
    if (last !== undefined && last[1] === index - 1) last[1] = index
    else ranges.push([index, index])
  }
  return ranges.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(',')
}

/** The time a job may take as a whole, from its start. */
function isOverDeadline(cluster: Cluster, job: Job): boolean {
  const seconds = Number(job.spec['activeDeadlineSeconds'] ?? 0)
  const startMs = parseTime(textAt(job, 'status.startTime'))
  if (seconds <= 0 || Number.isNaN(startMs) || job.spec.suspend === true) return false
  const dueMs = startMs + seconds * 1000
  if (cluster.clock.nowMs() >= dueMs) return true
  cluster.wakeAt(dueMs)
  return false
}

function finish(cluster: Cluster, job: Job, counts: Tally, hasFailed: boolean, isLate: boolean): void {
  const time = timestamp(cluster.clock.nowMs())
  const outcome = hasFailed
    ? isLate
      ? { type: 'Failed', reason: 'DeadlineExceeded', message: 'Job was active longer than specified deadline' }
      : { type: 'Failed', reason: 'BackoffLimitExceeded', message: 'Job has reached the specified backoff limit' }
    : { type: 'Complete', reason: 'CompletionsReached', message: 'Reached expected number of succeeded pods' }
  const gate = hasFailed
    ? { type: 'FailureTarget', reason: outcome.reason, message: outcome.message }
    : { type: 'SuccessCriteriaMet', reason: outcome.reason, message: outcome.message }
  const conditions = [gate, outcome].map((one) => ({
    ...one,
    status: 'True',
    lastProbeTime: time,
    lastTransitionTime: time,
  }))
  setStatus(cluster, shelf.jobs, job, {
    ...jobCounts(job, { ...counts, active: [] }),
    startTime: textAt(job, 'status.startTime') || time,
    ...(hasFailed ? {} : { completionTime: time }),
    conditions,
  })
  cluster.events.record(job, {
    type: hasFailed ? 'Warning' : 'Normal',
    reason: hasFailed ? outcome.reason : 'Completed',
    message: hasFailed ? outcome.message : 'Job completed',
    component: 'job-controller',
  })
}

function expire(cluster: Cluster, job: Job): void {
  const seconds = job.spec.ttlSecondsAfterFinished
  if (seconds === undefined) return
  const finished = job.status?.conditions?.find((one) => one.type === 'Complete' || one.type === 'Failed')
  const dueMs = parseTime(finished?.lastTransitionTime ?? undefined) + seconds * 1000
  if (cluster.clock.nowMs() < dueMs) return cluster.wakeAt(dueMs)
  cluster.store.remove(shelf.jobs, job.metadata.namespace, job.metadata.name)
}
