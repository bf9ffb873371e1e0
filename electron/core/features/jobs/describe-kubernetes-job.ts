// A Kubernetes Job and its pods as the list shows them. Pure.
import { parseQuantity } from '#shared/model/kubernetes-quantity.ts'
import type { JobObject, JobPodObject } from '../../connectors/kubernetes/kubernetes-jobs.ts'
import { describePod } from './describe-pod.ts'
import { counted, millisOf, type Observation } from './observation.ts'

export function describeKubernetesJob(job: JobObject, pods: readonly JobPodObject[]): Observation {
  const { spec, status } = job
  const parts = pods.map(describePod).sort((left, right) => (left.index ?? 0) - (right.index ?? 0) || left.name.localeCompare(right.name))
  const total = spec.completions ?? 1
  const done = status?.succeeded ?? 0
  const isTrue = (type: string) => status?.conditions?.find((one) => one.type === type && one.status === 'True')
  const complete = isTrue('Complete')
  const failed = isTrue('Failed')
  const base = {
    parts,
    progress: total > 1 ? { done, total } : null,
    startedAtMs: millisOf(status?.startTime),
    endedAtMs: millisOf(status?.completionTime ?? complete?.lastTransitionTime ?? failed?.lastTransitionTime),
    cores: coresOf(spec.template.spec.containers),
  }
  const unit: [one: string, many: string] = spec.completionMode === 'Indexed' ? ['index', 'indexes'] : ['pod', 'pods']
  if (complete) return { ...base, state: 'succeeded', words: total > 1 ? `succeeded, all ${counted(total, ...unit)}` : 'succeeded' }
  if (failed) return { ...base, state: 'failed', words: `failed: ${whyFailed(job, failed, parts)}` }
  if (spec.suspend) return { ...base, state: 'queued', words: 'queued: it is suspended' }
  return { ...base, endedAtMs: null, ...current(parts, done, total, status?.failed ?? 0, unit[1]) }
}

function current(parts: Observation['parts'], done: number, total: number, failures: number, unit: string): Pick<Observation, 'state' | 'words'> {
  const running = parts.filter(({ state }) => state === 'running')
  const waiting = parts.filter(({ state }) => state === 'waiting')
  const lost = parts.filter(({ state }) => state === 'failed')
  const hurt = failures > 0 || lost.length > 0 ? `; ${counted(Math.max(failures, lost.length), 'pod')} lost: ${lost.at(-1)?.words ?? 'see the events'}` : ''
  if (running.length > 0 || done > 0) {
    const share = total > 1 ? `, ${done} of ${total} ${unit} done` : ''
    const held = waiting.length > 0 && running.length === 0 ? `; ${counted(waiting.length, 'pod')} waiting: ${waiting[0]?.words}` : ''
    return { state: 'running', words: `running${share}${held}${hurt}` }
  }
  if (waiting[0]) return { state: 'queued', words: `queued: ${waiting[0].words}${hurt}` }
  return { state: 'queued', words: `queued: its pods are not made yet${hurt}` }
}

function whyFailed(job: JobObject, condition: { reason?: string | null | undefined; message?: string | null | undefined }, parts: Observation['parts']): string {
  const failed = parts.filter(({ state }) => state === 'failed')
  const worst = failed.find(({ words }) => words.startsWith('OOM') || words.startsWith('evicted')) ?? failed.at(-1)
  if (condition.reason === 'DeadlineExceeded') return `it was not done within its time limit of ${job.spec.activeDeadlineSeconds ?? '?'} s`
  if (!worst) return condition.message ?? condition.reason ?? 'no reason is given'
  const which = worst.index === null ? '' : `index ${worst.index} `
  return `${which}${worst.words}`
}

/** What one pod asks for. */
export function coresOf(containers: readonly { resources?: { requests?: Record<string, string | number> | null | undefined } | null | undefined }[]): number | null {
  const asked = containers.map(({ resources }) => parseQuantity(resources?.requests?.['cpu']))
  return asked.every((value) => value === undefined) ? null : asked.reduce<number>((sum, value) => sum + (value ?? 0), 0)
}
