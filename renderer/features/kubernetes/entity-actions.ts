// The ways from things of the inventory into this screen: nodes, pods and workloads open where they can be acted on.
import { IconFileText, IconHexagons } from '@tabler/icons-react'
import type { EntityActionProvider } from '#client/entity-actions.store.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type { ObjectRef } from '#shared/model/kubernetes.ts'
import { openLogs } from './logs.store.ts'
import { goToKube, goToObject } from './place.ts'

const workloads: Record<string, string> = {
  Deployment: 'deployments.apps',
  StatefulSet: 'statefulsets.apps',
  DaemonSet: 'daemonsets.apps',
}

/** The object behind an entity, by the parts of its id; null for what this screen does not show. */
export function refOfEntity(entity: Entity): ObjectRef | null {
  const { kind, id, name } = entity
  const namespace = id.split('/').at(-2) ?? ''
  switch (kind) {
    case 'kubernetes-node':
      return { kindId: 'nodes', namespace: null, name }
    case 'namespace':
      return { kindId: 'namespaces', namespace: null, name }
    case 'pod':
      return { kindId: 'pods', namespace, name }
    case 'workload': {
      const kindId = workloads[id.split('/').at(-3) ?? '']
      return kindId ? { kindId, namespace, name } : null
    }
    case 'job':
      return { kindId: 'jobs.batch', namespace, name }
    case 'ray-cluster':
      return { kindId: 'rayclusters.ray.io', namespace, name }
    case 'ray-job':
      return { kindId: 'rayjobs.ray.io', namespace, name }
    default:
      return null
  }
}

export const kubernetesActions: EntityActionProvider = (selection, { client, sources }) => {
  const [entity] = selection
  if (!entity || selection.length > 1) return []
  const { connectionId } = entity
  if (entity.kind === 'kubernetes-cluster')
    return [{ id: 'kubernetes open', title: 'Open in Kubernetes', icon: IconHexagons, group: 'Kubernetes', isPrimary: true, run: () => goToKube({ connectionId, kind: 'overview' }) }]
  const ref = refOfEntity(entity)
  if (!ref || sources.find((item) => item.connectionId === connectionId)?.kind !== 'kubernetes') return []
  const open = { id: 'kubernetes open', title: 'Open in Kubernetes', icon: IconHexagons, group: 'Kubernetes', isPrimary: true, run: () => goToObject(connectionId, ref) }
  const { namespace } = ref
  if (namespace === null) return [open]
  const of = ref.kindId === 'pods' ? { pods: [ref.name] } : { workload: ref }
  return [
    open,
    {
      id: 'kubernetes logs',
      title: 'Logs',
      icon: IconFileText,
      group: 'Kubernetes',
      run: () => {
        openLogs(client, { connectionId, namespace, title: entity.name, of })
        goToObject(connectionId, ref)
      },
    },
  ]
}
