// What a pod asks of its node: requests and limits as the scheduler counts them. The largest init container counts
// against the sum of the others; containers that restart beside them (sidecars) count with both. Pure.
import { parseQuantity } from '#shared/model/kubernetes-quantity.ts'
import { listAt, recordAt, textAt } from '#shared/model/kubernetes-fields.ts'

export interface Amounts {
  cpu: number
  memory: number
  gpu: number
}
export interface PodNeeds {
  requests: Amounts
  limits: Amounts
}

export const gpuResource = 'nvidia.com/gpu'
const names = { cpu: 'cpu', memory: 'memory', gpu: gpuResource } as const
const keys = ['cpu', 'memory', 'gpu'] as const

export const noAmounts = (): Amounts => ({ cpu: 0, memory: 0, gpu: 0 })
export function addAmounts(into: Amounts, more: Amounts, sign: 1 | -1 = 1): void {
  for (const key of keys) into[key] += sign * more[key]
}

export function podNeeds(pod: unknown): PodNeeds {
  const inits = listAt(pod, 'spec.initContainers')
  const sidecars = inits.filter((item) => textAt(item, 'restartPolicy') === 'Always')
  const once = inits.filter((item) => textAt(item, 'restartPolicy') !== 'Always')
  const total = (what: 'requests' | 'limits'): Amounts => {
    const sum = noAmounts()
    for (const container of [...listAt(pod, 'spec.containers'), ...sidecars]) addAmounts(sum, amountsOf(container, what))
    for (const container of once) {
      const alone = amountsOf(container, what)
      for (const key of keys) sum[key] = Math.max(sum[key], alone[key])
    }
    const overhead = recordAt(pod, 'spec.overhead')
    for (const key of keys) sum[key] += quantityIn(overhead, names[key])
    return sum
  }
  return { requests: total('requests'), limits: total('limits') }
}

function amountsOf(container: unknown, what: 'requests' | 'limits'): Amounts {
  const stated = recordAt(container, `resources.${what}`)
  const limits = recordAt(container, 'resources.limits')
  const amounts = noAmounts()
  // A limit without a request is a request, too.
  for (const key of keys) amounts[key] = quantityIn(names[key] in stated ? stated : limits, names[key])
  return amounts
}

const quantityIn = (record: Record<string, unknown>, key: string): number => {
  const value = record[key]
  return typeof value === 'string' || typeof value === 'number' ? (parseQuantity(value) ?? 0) : 0
}

/** A pod that has ended holds nothing. */
export const holdsResources = (pod: unknown): boolean => !['Succeeded', 'Failed'].includes(textAt(pod, 'status.phase'))
