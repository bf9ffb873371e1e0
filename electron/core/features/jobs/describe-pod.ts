// One pod of a job in words: why it waits, and how it ended. An eviction and a kill for memory are told apart from a
// program's own failure, because what to do about them differs. Pure.
import type { JobPodObject } from '../../connectors/kubernetes/kubernetes-jobs.ts'
import { millisOf, type Observation } from './observation.ts'

type Part = Observation['parts'][number]
const indexKey = 'batch.kubernetes.io/job-completion-index'

export function describePod(pod: JobPodObject): Part {
  const { metadata, spec, status } = pod
  const [container] = status?.containerStatuses ?? []
  const ended = container?.state?.terminated
  const indexText = metadata.annotations?.[indexKey] ?? metadata.labels?.[indexKey]
  const phase = status?.phase ?? 'Pending'
  const base = {
    name: metadata.name,
    index: indexText === undefined ? null : Number(indexText),
    node: spec.nodeName ?? null,
    restarts: container?.restartCount ?? 0,
    exitCode: ended?.exitCode ?? null,
    startedAtMs: millisOf(ended?.startedAt ?? container?.state?.running?.startedAt),
    endedAtMs: millisOf(ended?.finishedAt),
  }
  if (phase === 'Succeeded') return { ...base, state: 'succeeded', words: 'done' }
  if (phase === 'Failed' || status?.reason === 'Evicted') return { ...base, state: 'failed', words: failureOf(pod) }
  if (metadata.deletionTimestamp) return { ...base, state: 'failed', words: lossOf(pod) ?? 'being removed' }
  if (phase === 'Running' && !container?.state?.waiting?.reason) return { ...base, state: 'running', words: 'running' }
  return { ...base, state: 'waiting', words: waitOf(pod) }
}

/** Why a pod failed, in words. */
export function failureOf(pod: JobPodObject): string {
  const { status, spec } = pod
  const lost = lossOf(pod)
  if (lost !== null) return lost
  if (status?.reason === 'DeadlineExceeded') return 'stopped at its time limit'
  const [container] = status?.containerStatuses ?? []
  const ended = container?.state?.terminated ?? container?.lastState?.terminated
  if (ended?.reason === 'OOMKilled') {
    const limit = spec.containers.find(({ name }) => name === container?.name)?.resources?.limits?.['memory']
    return `OOM-killed: it used more memory than its limit${limit === undefined ? '' : ` of ${limit}`}`
  }
  if (ended?.exitCode === 137) return 'killed (exit code 137)'
  if (ended?.exitCode === 143) return 'terminated (exit code 143)'
  if (ended?.reason && !['Error', 'Completed'].includes(ended.reason)) return `${ended.reason}${ended.message ? `: ${ended.message.slice(0, 200)}` : ''}`
  return ended?.exitCode === undefined || ended.exitCode === null ? (status?.message ?? 'failed') : `exit code ${ended.exitCode}`
}

/** The cluster took the pod away: evicted, preempted, its node gone. Null when it did not. */
function lossOf({ status }: JobPodObject): string | null {
  if (status?.reason === 'Evicted') return `evicted${status.message ? `: ${status.message.trim().slice(0, 200)}` : ''}`
  if (status?.reason === 'NodeLost' || status?.reason === 'NodeShutdown' || status?.reason === 'Shutdown') return 'lost with its node'
  const disruption = status?.conditions?.find(({ type, status: isTrue }) => type === 'DisruptionTarget' && isTrue === 'True')
  if (!disruption) return null
  const why: Record<string, string> = {
    EvictionByEvictionAPI: 'evicted: its node was drained',
    DeletionByPodGC: 'lost with its node',
    DeletionByTaintManager: 'evicted: its node is not fit for it any more',
    PreemptionByScheduler: 'evicted for a job of higher priority',
    TerminationByKubelet: 'evicted: its node was short of resources or shut down',
  }
  return why[disruption.reason ?? ''] ?? `evicted: ${disruption.message ?? disruption.reason ?? ''}`
}

/** Why a pod is not running yet, in words. */
export function waitOf({ status, spec }: JobPodObject): string {
  const scheduled = status?.conditions?.find(({ type }) => type === 'PodScheduled')
  if (scheduled?.status === 'False') return `no node has room for it: ${roomWords(scheduled.message ?? '')}`
  const waiting = status?.containerStatuses?.map(({ state }) => state?.waiting).find((one) => one?.reason)
  const image = spec.containers[0]?.image ?? ''
  switch (waiting?.reason) {
    case 'ImagePullBackOff':
    case 'ErrImagePull':
    case 'InvalidImageName':
      return `the image ${image} cannot be pulled`
    case 'CreateContainerConfigError':
      return `its configuration is not there: ${waiting.message ?? 'a secret or ConfigMap is missing'}`
    case 'CreateContainerError':
    case 'RunContainerError':
      return `it cannot be started: ${waiting.message ?? waiting.reason}`
    case 'CrashLoopBackOff':
      return 'it fails again and again'
    default:
      return 'its image is being pulled and its volumes mounted'
  }
}

/** `0/4 nodes are available: 1 Insufficient cpu, 3 Insufficient memory. preemption: …` in plain words. */
function roomWords(message: string): string {
  const [, listed = message] = /nodes are available: ([^]*?)(?:\. preemption|\.$|$)/.exec(message) ?? []
  return listed
    .split(', ')
    .map((part) =>
      part
        .replace(/^(\d+) Insufficient nvidia\.com\/gpu/, '$1 without a free GPU')
        .replace(/^(\d+) Insufficient (\S+)/, '$1 without enough $2')
        .replace(/^(\d+) node\(s\) /, '$1 '),
    )
    .join(', ')
    .slice(0, 300)
}
