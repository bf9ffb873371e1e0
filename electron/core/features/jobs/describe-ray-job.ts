// A RayJob as the list shows it: the operator's states and Ray's own, in one sentence. Pure.
import type { JobPodObject, RayJobObject } from '../../connectors/kubernetes/kubernetes-jobs.ts'
import { coresOf } from './describe-kubernetes-job.ts'
import { describePod } from './describe-pod.ts'
import { counted, millisOf, type Observation } from './observation.ts'

/** Name of the part that holds the driver's log. */
export const rayDriver = 'ray-driver'

export function describeRayJob(job: RayJobObject, pods: readonly JobPodObject[]): Observation {
  const status = job.status ?? {}
  const deployment = status.jobDeploymentStatus ?? ''
  const ray = status.jobStatus ?? ''
  const parts = pods.map(describePod).sort((left, right) => left.name.localeCompare(right.name))
  const startedAtMs = millisOf(status.startTime)
  const endedAtMs = millisOf(status.endTime)
  const cluster = job.spec?.rayClusterSpec
  const workers = (cluster?.workerGroupSpecs ?? []).reduce((sum, group) => sum + (group.replicas ?? 0) * (coresOf(group.template.spec.containers) ?? 0), 0)
  const head = cluster ? coresOf(cluster.headGroupSpec.template.spec.containers) : null
  const end = driver(job, startedAtMs, endedAtMs)
  const base = { parts: end === null ? parts : [end, ...parts], progress: null, startedAtMs, endedAtMs, cores: head === null ? null : head + workers }
  if (deployment === 'Complete' || deployment === 'Failed') return { ...base, ...ended(job, ray, deployment, parts) }
  if (deployment === 'Suspended' || deployment === 'Suspending') return { ...base, state: 'queued', words: 'queued: it is suspended' }
  if (deployment === 'Running' && ray !== '' && ray !== 'PENDING') return { ...base, endedAtMs: null, state: 'running', words: 'running on Ray' }
  return { ...base, endedAtMs: null, state: 'queued', words: `queued: ${waiting(parts, deployment)}` }
}

function ended({ status, spec }: RayJobObject, ray: string, deployment: string, parts: Observation['parts']): Pick<Observation, 'state' | 'words'> {
  if (ray === 'SUCCEEDED') return { state: 'succeeded', words: 'succeeded' }
  if (ray === 'STOPPED') return { state: 'stopped', words: 'stopped' }
  const lost = parts.find(({ words }) => words.startsWith('OOM') || words.startsWith('evicted'))
  if (lost) return { state: 'failed', words: `failed: ${lost.words}` }
  if (status?.reason === 'DeadlineExceeded') return { state: 'failed', words: `failed: it was not done within its time limit of ${spec?.activeDeadlineSeconds ?? '?'} s` }
  const message = status?.message ?? ''
  const code = /exit code (\d+)/.exec(message)?.[1]
  if (code === '137' || /OutOfMemory|out of memory/i.test(message)) return { state: 'failed', words: 'failed: killed, out of memory' }
  if (code !== undefined) return { state: 'failed', words: `failed: exit code ${code}` }
  if (deployment === 'Complete' && ray === '') return { state: 'unknown', words: 'ended, but Ray did not say how' }
  return { state: 'failed', words: `failed: ${message.slice(0, 200) || status?.reason || 'no reason is given'}` }
}

function waiting(parts: Observation['parts'], deployment: string): string {
  const held = parts.find(({ state }) => state === 'waiting')
  if (held) return held.words
  const ready = parts.filter(({ state }) => state === 'running').length
  if (parts.length > 0) return `the Ray cluster starts (${ready} of ${counted(parts.length, 'pod')} running)`
  return deployment === '' ? 'the operator has not begun' : 'its Ray cluster is being made'
}

/** Ray's driver is no pod of its own, but its log is the job's. */
function driver({ status }: RayJobObject, startedAtMs: number | null, endedAtMs: number | null): Observation['parts'][number] | null {
  const ray = status?.jobStatus ?? ''
  if (ray === '' || ray === 'PENDING') return null
  const state = ray === 'RUNNING' ? 'running' : ray === 'SUCCEEDED' ? 'succeeded' : 'failed'
  return { name: rayDriver, index: null, state, words: ray.toLowerCase(), node: null, restarts: 0, exitCode: null, startedAtMs, endedAtMs }
}
