// Moves RayJobs through the operator's states and Ray's own. A job of the site ends as the site says; any other runs a
// minute and succeeds, or fails when its entry point says `exit 1`.
import { shelf } from '../api/resource-table.ts'
import type { RayCluster } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { controlledBy, isOwnedBy, numberAt, recordAt, textAt } from '../storage/kube-object.ts'
import { parseTime, timestamp } from '../storage/kube-time.ts'
import type { Cluster, Controller } from './cluster.ts'
import { setStatus } from './cluster.ts'
import { plant } from './pod-factory.ts'
import { needsOf } from './scheduler.ts'

const minuteMs = 60_000
const terminal = ['Complete', 'Failed']
const startDelayMs = 8_000

export const rayJobs = (): Controller => (cluster) => {
  for (const job of cluster.store.list(shelf.rayJobs)) {
    if (job.metadata.deletionTimestamp !== undefined) continue
    const stage = textAt(job, 'status.jobDeploymentStatus')
    if (terminal.includes(stage)) {
      endCluster(cluster, job)
      continue
    }
    if (job['spec'] !== undefined && recordAt(job, 'spec')['suspend'] === true) suspend(cluster, job)
    else if (stage === '' || stage === 'Suspended') initialize(cluster, job)
    else if (stage === 'Initializing') start(cluster, job)
    else if (stage === 'Running') finish(cluster, job)
  }
}

/** How long a job runs, as its own metadata says; a minute without. */
export const jobDurationMs = (job: KubeObject): number => {
  const minutes = Number(textAt(job, 'spec.metadata.minutes'))
  return minutes > 0 ? minutes * minuteMs : minuteMs
}

const write = (cluster: Cluster, job: KubeObject, status: object): void => {
  setStatus(cluster, shelf.rayJobs, job, {
    ...recordAt(job, 'status'),
    ...status,
    observedGeneration: job.metadata.generation ?? 1,
  })
}

function suspend(cluster: Cluster, job: KubeObject): void {
  write(cluster, job, { jobDeploymentStatus: 'Suspended', jobStatus: '' })
}

function clusterOf(cluster: Cluster, job: KubeObject): RayCluster | undefined {
  const { namespace } = job.metadata
  // The label's own name holds a dot, so it is no path.
  const selected = recordAt(job, 'spec.clusterSelector')['ray.io/cluster']
  const name = textAt(job, 'status.rayClusterName') || (typeof selected === 'string' ? selected : '')
  const found = cluster.store.get(shelf.rayClusters, namespace, name)
  return found === undefined ? undefined : as<RayCluster>(found)
}

function initialize(cluster: Cluster, job: KubeObject): void {
  const { name, namespace } = job.metadata
  const nowMs = cluster.clock.nowMs()
  let ray = clusterOf(cluster, job)
  const ownSpec = recordAt(job, 'spec.rayClusterSpec')
  if (ray === undefined && Object.keys(ownSpec).length > 0)
    ray = as<RayCluster>(
      plant(cluster, {
        apiVersion: 'ray.io/v1',
        kind: 'RayCluster',
        metadata: {
          name: `${name}-${cluster.random.suffix()}`,
          ...(namespace === undefined ? {} : { namespace }),
          labels: { 'ray.io/originated-from-crd': 'RayJob', 'ray.io/originated-from-cr-name': name },
          ownerReferences: [controlledBy(job)],
        },
        spec: ownSpec,
      }),
    )
  if (ray === undefined) {
    const message = 'the RayCluster of spec.clusterSelector does not exist'
    return write(cluster, job, {
      jobDeploymentStatus: 'Failed',
      jobStatus: '',
      reason: 'SubmissionFailed',
      message,
    })
  }
  const service = `${ray.metadata.name}-head-svc.${namespace ?? ''}.svc.${cluster.site.kubernetes.cluster.clusterDomain}`
  write(cluster, job, {
    jobDeploymentStatus: 'Initializing',
    jobId: textAt(job, 'spec.jobId') || `${name}-${cluster.random.suffix()}`,
    jobStatus: '',
    rayClusterName: ray.metadata.name,
    dashboardURL: `${service}:8265`,
    startTime: timestamp(nowMs),
    succeeded: 0,
    failed: 0,
  })
  cluster.wakeAt(nowMs + startDelayMs)
}

function start(cluster: Cluster, job: KubeObject): void {
  const nowMs = cluster.clock.nowMs()
  const dueMs = parseTime(textAt(job, 'status.startTime')) + startDelayMs
  const ray = clusterOf(cluster, job)
  if (nowMs < dueMs) return cluster.wakeAt(dueMs)
  if (ray === undefined || textAt(ray, 'status.state') !== 'ready') return
  const { headGroupSpec, workerGroupSpecs } = ray.spec
  const entrypoint = textAt(job, 'spec.entrypoint')
  if (cluster.containers.isRealEntrypoint(headGroupSpec.template.spec, entrypoint)) {
    const cores = workerGroupSpecs.reduce((sum, group) => sum + group.replicas * needsOf(group.template.spec).cores, 0)
    const hindrance = cluster.containers.start(job.metadata.uid ?? '', job.metadata.namespace ?? '', headGroupSpec.template.spec, {
      entrypoint,
      extra: { MERIDIAN_LAB_RAY_CORES: String(Math.max(1, cores)) },
      ...(numberAt(job, 'spec.activeDeadlineSeconds') > 0 ? { seconds: numberAt(job, 'spec.activeDeadlineSeconds') } : {}),
    })
    if (hindrance !== undefined) return fail(cluster, job, 'SubmissionFailed', hindrance.message)
  }
  write(cluster, job, {
    jobDeploymentStatus: 'Running',
    jobStatus: 'RUNNING',
    message: 'Job is currently running.',
    rayJobInfo: { startTime: timestamp(nowMs) },
  })
  cluster.wakeAt(nowMs + jobDurationMs(job))
}

/** The driver has ended as a process ends. */
function finishReal(cluster: Cluster, job: KubeObject): void {
  const end = cluster.containers.endOf(job.metadata.uid ?? '')
  if (end === undefined) return
  const nowMs = cluster.clock.nowMs()
  const rayJobInfo = { ...recordAt(job, 'status.rayJobInfo'), endTime: timestamp(nowMs) }
  if (end.reason === 'DeadlineExceeded')
    return fail(cluster, job, 'DeadlineExceeded', 'The RayJob has passed the activeDeadlineSeconds.')
  const hasFailed = end.exitCode !== 0
  const lines = cluster.containers.linesOf(job.metadata.uid ?? '') ?? []
  const last = lines.slice(-10).map(({ text }) => text).join('\n')
  const cause = end.reason === 'OOMKilled' ? 'ray.exceptions.OutOfMemoryError: the driver was killed' : last
  write(cluster, job, {
    jobDeploymentStatus: hasFailed ? 'Failed' : 'Complete',
    jobStatus: hasFailed ? 'FAILED' : 'SUCCEEDED',
    ...(hasFailed ? { reason: 'AppFailed' } : {}),
    message: hasFailed
      ? `Job entrypoint command failed with exit code ${end.exitCode}, last available logs (truncated to 20,000 chars): ${cause}`
      : 'Job finished successfully.',
    endTime: timestamp(nowMs),
    rayJobInfo,
    succeeded: hasFailed ? 0 : 1,
    failed: hasFailed ? 1 : 0,
  })
}

function fail(cluster: Cluster, job: KubeObject, reason: string, message: string): void {
  cluster.containers.kill(job.metadata.uid ?? '')
  write(cluster, job, { jobDeploymentStatus: 'Failed', reason, message, endTime: timestamp(cluster.clock.nowMs()), failed: 1 })
}

/** A job with a cluster of its own lets it go when its time is over. */
function endCluster(cluster: Cluster, job: KubeObject): void {
  const spec = recordAt(job, 'spec')
  if (spec['shutdownAfterJobFinishes'] !== true) return
  const ray = clusterOf(cluster, job)
  if (ray === undefined || !isOwnedBy(ray, job)) return
  const dueMs = parseTime(textAt(job, 'status.endTime')) + numberAt(job, 'spec.ttlSecondsAfterFinished') * 1000
  if (cluster.clock.nowMs() < dueMs) return cluster.wakeAt(dueMs)
  cluster.store.remove(shelf.rayClusters, ray.metadata.namespace, ray.metadata.name)
}

function finish(cluster: Cluster, job: KubeObject): void {
  if (cluster.containers.isStarted(job.metadata.uid ?? '')) return finishReal(cluster, job)
  const nowMs = cluster.clock.nowMs()
  const startedMs = parseTime(textAt(job, 'status.rayJobInfo.startTime'))
  const dueMs = startedMs + jobDurationMs(job)
  if (nowMs < dueMs) return cluster.wakeAt(dueMs)
  const planned = cluster.site.kubernetes.rayClusters
    .flatMap((ray) => ray.jobs)
    .find((one) => one.submissionId === textAt(job, 'status.jobId'))
  const hasFailed =
    planned === undefined ? /exit 1/.test(textAt(job, 'spec.entrypoint')) : planned.status === 'FAILED'
  const rayJobInfo = { startTime: timestamp(startedMs), endTime: timestamp(nowMs) }
  const message = hasFailed
    ? `Job entrypoint command failed with exit code 1, last available logs (truncated to 20,000 chars): ${planned?.reason ?? 'command ended with an error'}`
    : 'Job finished successfully.'
  write(cluster, job, {
    jobDeploymentStatus: hasFailed ? 'Failed' : 'Complete',
    jobStatus: hasFailed ? 'FAILED' : 'SUCCEEDED',
    ...(hasFailed ? { reason: 'AppFailed' } : {}),
    message,
    endTime: timestamp(nowMs),
    rayJobInfo,
    succeeded: numberAt(job, 'status.succeeded') + (hasFailed ? 0 : 1),
    failed: numberAt(job, 'status.failed') + (hasFailed ? 1 : 0),
  })
}
