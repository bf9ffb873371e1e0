// The eviction subresource of pods, with which `kubectl drain` empties a node: a deletion that a disruption budget
// may refuse with 429. The demo lab has no budgets of its own, users may create some.
import type { KubeStatus } from '../storage/kube-status.ts'
import { KubeError } from '../storage/kube-status.ts'
import { listAt, numberAt, textAt, valueAt } from '../storage/kube-object.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { matchesSelector } from '../storage/selectors.ts'
import type { ApiContext } from './api-context.ts'
import { deletionOptions, requestDeletion } from './object-deletion.ts'
import { existing } from './object-writes.ts'
import type { ResourceRequest } from './request-info.ts'

/** Marks the pod for deletion; throws 429 when a budget needs it to stay. */
export function evictPod(context: ApiContext, request: ResourceRequest, body: unknown): KubeStatus {
  const pod = existing(context, request)
  const budgets = context.store.list('policy/poddisruptionbudgets')
  const blocking = budgets.find((budget) => isBlocking(context, budget, pod))
  if (blocking !== undefined)
    throw new KubeError(
      429,
      'TooManyRequests',
      "Cannot evict pod as it would violate the pod's disruption budget.",
      {
        causes: [
          {
            reason: 'DisruptionBudget',
            message: `The disruption budget ${blocking.metadata.name} needs its pods to stay`,
          },
        ],
      },
    )
  requestDeletion(
    context,
    request.resource,
    pod,
    deletionOptions(request.query, valueAt(body, 'deleteOptions')),
  )
  return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 }
}

function isBlocking({ store }: ApiContext, budget: KubeObject, pod: KubeObject): boolean {
  const { namespace } = pod.metadata
  const selector = valueAt(budget, 'spec.selector')
  const isMatch = (one: KubeObject): boolean =>
    one.metadata.namespace === namespace && matchesSelector(selector, one.metadata.labels ?? {})
  if (budget.metadata.namespace !== namespace || !isMatch(pod)) return false
  const healthy = store.list('/pods').filter((one) => isMatch(one) && isReady(one)).length
  const wanted = numberAt(
    budget,
    'spec.minAvailable',
    Math.max(healthy - numberAt(budget, 'spec.maxUnavailable', 0), 0),
  )
  return healthy - 1 < wanted
}

const isReady = (pod: KubeObject): boolean =>
  listAt(pod, 'status.conditions').some(
    (one) => textAt(one, 'type') === 'Ready' && textAt(one, 'status') === 'True',
  )
