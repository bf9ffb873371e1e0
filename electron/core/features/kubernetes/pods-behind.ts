// The pods that stand behind an object: those it selects, those on it, or itself.
import { fieldAt, listAt, recordAt, textAt } from '#shared/model/kubernetes-fields.ts'
import type { ApiKind } from '../../connectors/kubernetes/kubernetes-discovery.ts'
import { findObjects, type AnyObject } from '../../connectors/kubernetes/kubernetes-objects.ts'
import type { Cluster } from './cluster-desk.ts'

export async function podsBehind(
  cluster: Cluster,
  kind: ApiKind,
  object: AnyObject,
  options: { limit: number; signal?: AbortSignal | undefined },
): Promise<AnyObject[]> {
  const query = selectionOf(kind.kind, object)
  if (!query) return []
  const pods = await cluster.kind('pods', options.signal)
  const namespace = kind.kind === 'Node' ? null : (object.metadata.namespace ?? null)
  const found = await findObjects(cluster.connector(), pods, namespace, { ...query, limit: options.limit }, { signal: options.signal })
  return found.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name, 'en', { numeric: true }))
}

function selectionOf(kind: string, object: AnyObject): { labelSelector?: string; fieldSelector?: string } | undefined {
  switch (kind) {
    case 'Node':
      return { fieldSelector: `spec.nodeName=${object.metadata.name}` }
    case 'Service': {
      const labelSelector = plainSelector(recordAt(object, 'spec.selector'))
      return labelSelector ? { labelSelector } : undefined
    }
    case 'Deployment':
    case 'ReplicaSet':
    case 'StatefulSet':
    case 'DaemonSet':
    case 'Job': {
      const labelSelector = selectorOf(fieldAt(object, 'spec.selector'))
      return labelSelector ? { labelSelector } : undefined
    }
    case 'RayCluster':
      return { labelSelector: `ray.io/cluster=${object.metadata.name}` }
    case 'RayJob': {
      const cluster = textAt(object, 'status.rayClusterName')
      return cluster ? { labelSelector: `ray.io/cluster=${cluster}` } : undefined
    }
    default:
      return undefined
  }
}

const plainSelector = (labels: Record<string, unknown>): string =>
  Object.entries(labels)
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',')

/** A LabelSelector as the text form of a query. */
export function selectorOf(selector: unknown): string {
  const expressions = listAt(selector, 'matchExpressions').map((item) => {
    const key = textAt(item, 'key')
    const values = listAt(item, 'values').join(',')
    switch (textAt(item, 'operator')) {
      case 'In':
        return `${key} in (${values})`
      case 'NotIn':
        return `${key} notin (${values})`
      case 'DoesNotExist':
        return `!${key}`
      default:
        return key
    }
  })
  return [plainSelector(recordAt(selector, 'matchLabels')), ...expressions].filter(Boolean).join(',')
}
