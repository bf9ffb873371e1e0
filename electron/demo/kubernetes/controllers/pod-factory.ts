// Makes pods and other objects for the controllers and the seeds: the same admission as for API clients, with names
// and uids from the cluster's seeded source.
import { admitCreate } from '../api/admission.ts'
import { completeNew } from '../api/creation-defaults.ts'
import { apiVersionOf, shelf } from '../api/resource-table.ts'
import type { Pod, PodTemplate } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { cloneOf, controlledBy } from '../storage/kube-object.ts'
import { timestamp } from '../storage/kube-time.ts'
import type { Cluster } from './cluster.ts'

/** Admits and stores an object of any kind. Throws when the cluster itself made something unsound. */
export function plant(cluster: Cluster, object: KubeObject): KubeObject {
  const resource = cluster.registry.ofKind(object.apiVersion, object.kind)
  if (resource === undefined)
    throw new Error(`The demo cluster serves no ${object.apiVersion} ${object.kind}.`)
  const { status } = object
  const admitted = admitCreate({ ...object, apiVersion: apiVersionOf(resource) }, resource)
  const withUid = { ...admitted, metadata: { ...admitted.metadata, uid: cluster.random.uuid() } }
  const complete = completeNew(cluster.store, withUid, resource)
  return cluster.store.create(resource.storeKey, status === undefined ? complete : { ...complete, status })
}

export interface PodPlan {
  name: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  /** Pins the pod to one node, as the DaemonSet controller does. */
  nodeName?: string
  hostname?: string
  subdomain?: string
}

/** Creates a pod from its owner's template and notes it in the owner's events. */
export function spawnPod(cluster: Cluster, owner: KubeObject, template: PodTemplate, plan: PodPlan): Pod {
  const spec = cloneOf(template.spec)
  if (plan.nodeName !== undefined) spec['affinity'] = pinnedTo(plan.nodeName)
  if (plan.hostname !== undefined) spec['hostname'] = plan.hostname
  if (plan.subdomain !== undefined && plan.subdomain !== '') spec['subdomain'] = plan.subdomain
  const annotations = { ...template.metadata?.annotations, ...plan.annotations }
  const { namespace } = owner.metadata
  const pod = plant(cluster, {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: plan.name,
      generateName: plan.name.replace(/[^-]+$/, ''),
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...template.metadata?.labels, ...plan.labels },
      ...(Object.keys(annotations).length > 0 ? { annotations } : {}),
      ownerReferences: [controlledBy(owner)],
    },
    spec,
  })
  return as<Pod>(pod)
}

const pinnedTo = (nodeName: string) => ({
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: [nodeName] }] }],
    },
  },
})

/** The pods an object controls, oldest first. */
export function podsOf(cluster: Cluster, owner: KubeObject): Pod[] {
  return cluster.store
    .list(shelf.pods)
    .filter((pod) =>
      pod.metadata.ownerReferences?.some((one) => one.controller === true && one.uid === owner.metadata.uid),
    )
    .map(as<Pod>)
    .sort((left, right) => createdAt(left).localeCompare(createdAt(right)))
}

const createdAt = (object: KubeObject): string => object.metadata.creationTimestamp ?? ''

/** Asks for a pod's end, with its grace period. */
export function retirePod(cluster: Cluster, pod: Pod): void {
  if (pod.metadata.deletionTimestamp !== undefined) return
  if (pod.spec.nodeName === undefined || pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') {
    cluster.store.remove(shelf.pods, pod.metadata.namespace, pod.metadata.name)
    return
  }
  const seconds = Number(pod.spec['terminationGracePeriodSeconds'] ?? 30)
  const deletionTimestamp = timestamp(cluster.clock.nowMs() + seconds * 1000)
  cluster.store.update(shelf.pods, {
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp, deletionGracePeriodSeconds: seconds },
  })
}
