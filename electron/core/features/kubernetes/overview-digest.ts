// What the overview needs of each pod, node and warning beyond its row: kept instead of the whole object, so that ten
// thousand pods stay small in memory.
import { explainPod } from '#shared/model/kubernetes-explain.ts'
import { explainObject } from '#shared/model/kubernetes-explain-others.ts'
import { fieldAt, listAt, quantityAt, textAt } from '#shared/model/kubernetes-fields.ts'
import { parseQuantity } from '#shared/model/kubernetes-quantity.ts'
import type { KubeEvent } from '#shared/model/kubernetes.ts'
import { gpuResource, holdsResources, podNeeds, type Amounts, type PodNeeds } from './pod-needs.ts'
import { eventCount, eventTime, rolesOf } from './row-kinds.ts'

export interface PodDigest {
  phase: string
  node: string
  /** Null when it has ended and holds nothing. */
  needs: PodNeeds | null
  why: string | null
}
export interface NodeDigest {
  roles: string
  version: string
  capacity: Amounts
  allocatable: Amounts
  why: string | null
}
export interface WorkloadDigest {
  why: string | null
}

type Digest = (object: unknown) => unknown
const digests: Readonly<Record<string, Digest>> = {
  pods: (pod): PodDigest => ({
    phase: textAt(pod, 'status.phase') || 'Unknown',
    node: textAt(pod, 'spec.nodeName'),
    needs: holdsResources(pod) ? podNeeds(pod) : null,
    why: explainPod({ pod, events: [], nowMs: Date.now() })[0]?.what ?? null,
  }),
  nodes: (node): NodeDigest => ({
    roles: rolesOf(node),
    version: textAt(node, 'status.nodeInfo.kubeletVersion'),
    capacity: amountsAt(node, 'capacity'),
    allocatable: amountsAt(node, 'allocatable'),
    why: explainObject({ kind: 'Node', object: node, events: [], nowMs: Date.now() })[0]?.what ?? null,
  }),
  events: (event): KubeEvent => toEvent(event),
  'deployments.apps': workload('Deployment'),
  'statefulsets.apps': workload('StatefulSet'),
  'daemonsets.apps': workload('DaemonSet'),
  'jobs.batch': workload('Job'),
}

/** Undefined for kinds of which the row says enough. */
export const digestOf = (kindId: string): Digest | undefined => digests[kindId]

function workload(kind: string): Digest {
  return (object): WorkloadDigest => ({ why: explainObject({ kind, object, events: [], nowMs: 0 })[0]?.what ?? null })
}

export function amountsAt(node: unknown, which: 'capacity' | 'allocatable'): Amounts {
  const gpu = (fieldAt(node, `status.${which}`) as Record<string, string> | undefined)?.[gpuResource]
  return {
    cpu: quantityAt(node, `status.${which}.cpu`) ?? 0,
    memory: quantityAt(node, `status.${which}.memory`) ?? 0,
    gpu: parseQuantity(gpu) ?? 0,
  }
}

export function toEvent(event: unknown): KubeEvent {
  const namespace = textAt(event, 'involvedObject.namespace')
  return {
    type: textAt(event, 'type'),
    reason: textAt(event, 'reason'),
    message: textAt(event, 'message').slice(0, 1000),
    count: eventCount(event),
    lastAtMs: eventTime(event),
    source: textAt(event, 'source.component') || textAt(event, 'reportingComponent'),
    object: `${textAt(event, 'involvedObject.kind')} ${namespace ? `${namespace}/` : ''}${textAt(event, 'involvedObject.name')}`,
  }
}

export const conditionsOf = (object: unknown): unknown[] => listAt(object, 'status.conditions')
