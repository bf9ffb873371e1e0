// How long the containers of a pod run and how they end, read from what the pod is: the lab's grid models take hours,
// a `sleep 20` takes twenty seconds, a service never ends. Pure.
import { hashFraction } from '../../world/load.ts'
import type { Pod } from '../storage/kinds.ts'
import type { ContainerEnd } from './pod-states.ts'

export interface RunPlan {
  durationMs: number
  end: ContainerEnd
}

const minuteMs = 60_000
const completed: ContainerEnd = { exitCode: 0, reason: 'Completed' }

/** Undefined for pods that run until somebody stops them. */
export function runPlanOf(pod: Pod): RunPlan | undefined {
  if (pod.spec.restartPolicy === 'Always') return undefined
  const [container] = pod.spec.containers
  const image = container?.image ?? ''
  if (image.includes('/cloudy:')) return gridModelPlan(pod)
  const command = [...(container?.command ?? []), ...(container?.args ?? [])].join(' ')
  const exit = /\bexit (\d+)/.exec(command)?.[1] ?? (/\bfalse\b/.test(command) ? '1' : '0')
  const exitCode = Number(exit) & 255
  const end = exitCode === 0 ? completed : { exitCode, reason: 'Error' }
  const sleep = /\bsleep (\d+)/.exec(command)?.[1]
  if (sleep !== undefined) return { durationMs: Number(sleep) * 1000, end }
  if (image.includes('/desi-etl:'))
    return { durationMs: (11 + 14 * hashFraction(pod.metadata.name)) * minuteMs, end }
  return { durationMs: 20_000, end }
}

/** The first models of the grid are the quick ones; model 5 ran out of its iteration limit at the first attempt. */
function gridModelPlan(pod: Pod): RunPlan {
  const index = Number(pod.metadata.annotations?.['batch.kubernetes.io/job-completion-index'] ?? '0')
  const isRetry = pod.metadata.annotations?.['batch.kubernetes.io/job-index-failure-count'] !== undefined
  const spread = hashFraction(`${pod.metadata.annotations?.['lab.radioastronomy.io/grid'] ?? ''}#${index}`)
  if (index === 5 && !isRetry) return { durationMs: 95 * minuteMs, end: { exitCode: 1, reason: 'Error' } }
  const isQuick = index < 19 && !isRetry
  return { durationMs: (isQuick ? 70 + 80 * spread : 215 + 120 * spread) * minuteMs, end: completed }
}
