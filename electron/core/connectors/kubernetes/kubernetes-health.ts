// What Kubernetes objects say about their own state, as health: pure rules, in the words that kubectl shows.
import type {
  JobObject,
  NodeObject,
  PodObject,
  RayClusterObject,
  RayJobObject,
  WorkloadObject,
} from './kubernetes-shapes.ts'
import type { Health } from '#shared/model/inventory.ts'

export interface Verdict {
  health: Health
  /** The word that kubectl would show. */
  status: string
}

const brokenReasons = new Set([
  'CrashLoopBackOff',
  'ImagePullBackOff',
  'ErrImagePull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'OOMKilled',
  'Error',
])

/** The word of kubectl's STATUS column, and what it means. */
export function judgePod(pod: PodObject): Verdict {
  const { status, metadata } = pod
  const phase = status?.phase ?? 'Unknown'
  if (metadata.deletionTimestamp) return { health: 'warning', status: 'Terminating' }
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])]
  const waiting = containers
    .map((item) => item.state?.waiting?.reason)
    .find((reason) => reason && brokenReasons.has(reason))
  if (waiting) return { health: 'error', status: waiting }
  if (phase === 'Failed') return { health: 'error', status: status?.reason ?? failureOf(pod) ?? 'Failed' }
  if (phase === 'Succeeded') return { health: 'off', status: 'Completed' }
  if (phase === 'Pending') return { health: 'warning', status: pendingReason(pod) }
  if (phase !== 'Running') return { health: 'unknown', status: phase }
  const crashed = status?.containerStatuses?.find(
    (item) => item.state?.terminated && item.state.terminated.exitCode !== 0,
  )
  if (crashed) return { health: 'error', status: crashed.state?.terminated?.reason ?? 'Error' }
  const running = (status?.containerStatuses ?? []).filter((item) => !item.state?.terminated)
  const ready = running.filter((item) => item.ready).length
  return ready === running.length
    ? { health: 'ok', status: 'Running' }
    : { health: 'warning', status: `Running, ${ready} of ${running.length} ready` }
}

const failureOf = (pod: PodObject): string | undefined => {
  const ended = pod.status?.containerStatuses
    ?.map((item) => item.state?.terminated)
    .find((item) => item && item.exitCode !== 0)
  return ended ? (ended.reason ?? `exit ${ended.exitCode}`) : undefined
}

function pendingReason({ status }: PodObject): string {
  const unscheduled = status?.conditions?.find(
    (item) => item.type === 'PodScheduled' && item.status === 'False',
  )
  if (unscheduled) return `Pending, ${unscheduled.reason ?? 'not scheduled'}`
  const reason = status?.containerStatuses?.map((item) => item.state?.waiting?.reason).find(Boolean)
  return reason ? `Pending, ${reason}` : 'Pending'
}

export function judgeKubernetesNode({ status, spec }: NodeObject): Verdict {
  const conditions = status?.conditions ?? []
  const ready = conditions.find((item) => item.type === 'Ready')
  if (!ready || ready.status === 'Unknown')
    return { health: 'error', status: ready ? 'NotReady, the node does not report' : 'Unknown' }
  if (ready.status !== 'True')
    return { health: 'error', status: `NotReady${ready.reason ? `, ${ready.reason}` : ''}` }
  const pressures = conditions
    .filter((item) => item.type !== 'Ready' && item.status === 'True')
    .map((item) => item.type)
  if (pressures.length > 0) return { health: 'warning', status: `Ready, ${pressures.join(', ')}` }
  return spec?.unschedulable
    ? { health: 'warning', status: 'Ready, cordoned' }
    : { health: 'ok', status: 'Ready' }
}

/** `desired` replicas against ready ones. */
export function judgeWorkload(workload: WorkloadObject): Verdict & { desired: number; ready: number } {
  const { spec, status } = workload
  const desired = status?.desiredNumberScheduled ?? spec?.replicas ?? 1
  const ready = status?.numberReady ?? status?.readyReplicas ?? 0
  const told = `${ready} of ${desired} ready`
  const stuck = status?.conditions?.find((item) => item.type === 'Progressing' && item.status === 'False')
  if (desired === 0) return { health: 'off', status: 'scaled to 0', desired, ready }
  if (stuck)
    return { health: 'error', status: `${told}, ${stuck.reason ?? 'not progressing'}`, desired, ready }
  if (ready === 0) return { health: 'error', status: told, desired, ready }
  return { health: ready < desired ? 'warning' : 'ok', status: told, desired, ready }
}

export function judgeKubernetesJob({ spec, status }: JobObject): Verdict {
  const done = status?.succeeded ?? 0
  const wanted = spec?.completions ?? 1
  const failed = status?.conditions?.find((item) => item.type === 'Failed' && item.status === 'True')
  if (failed) return { health: 'error', status: `Failed${failed.reason ? `, ${failed.reason}` : ''}` }
  if (status?.conditions?.some((item) => item.type === 'Complete' && item.status === 'True'))
    return { health: 'ok', status: 'Complete' }
  if (spec?.suspend) return { health: 'off', status: 'Suspended' }
  const told = `${done} of ${wanted} done`
  return (status?.failed ?? 0) > 0
    ? { health: 'warning', status: `${told}, ${status?.failed} failed` }
    : { health: 'ok', status: told }
}

export function judgeRayCluster({ spec, status }: RayClusterObject): Verdict {
  const state = status?.state ?? ''
  const wanted = status?.desiredWorkerReplicas ?? 0
  const ready = status?.readyWorkerReplicas ?? status?.availableWorkerReplicas ?? 0
  const failure = status?.conditions?.find((item) => item.type === 'ReplicaFailure' && item.status === 'True')
  if (failure || state === 'failed')
    return { health: 'error', status: failure?.reason ?? status?.reason ?? 'failed' }
  if (spec?.suspend || state === 'suspended') return { health: 'off', status: 'suspended' }
  if (state !== 'ready') return { health: 'warning', status: state === '' ? 'starting' : state }
  return ready < wanted
    ? { health: 'warning', status: `ready, ${ready} of ${wanted} workers` }
    : { health: 'ok', status: `ready, ${ready} workers` }
}

export function judgeRayJob({ status }: RayJobObject): Verdict {
  const job = status?.jobStatus ?? ''
  const deployment = status?.jobDeploymentStatus ?? ''
  const told = job || deployment || 'not started'
  if (job === 'FAILED' || deployment === 'Failed')
    return { health: 'error', status: status?.reason ? `${told}, ${status.reason}` : told }
  if (job === 'STOPPED') return { health: 'off', status: told }
  if (job === 'RUNNING' || job === 'SUCCEEDED' || deployment === 'Complete')
    return { health: 'ok', status: told }
  return { health: 'warning', status: told }
}
