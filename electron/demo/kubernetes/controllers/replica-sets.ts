// Deployments make replica sets, replica sets make pods. Rolling updates bring the new set up and the old ones down
// as the new pods become ready.
import { shelf } from '../api/resource-table.ts'
import type { Condition, Deployment, Pod, ReplicaSet } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { cloneOf, controlledBy, isOwnedBy, numberAt } from '../storage/kube-object.ts'
import { timestamp } from '../storage/kube-time.ts'
import type { Cluster, Controller } from './cluster.ts'
import { setStatus } from './cluster.ts'
import { plant, podsOf, retirePod, spawnPod } from './pod-factory.ts'
import { isPodOver, isPodReady } from './pod-states.ts'
import { stableHash } from './random.ts'

const revision = 'deployment.kubernetes.io/revision'

export const deployments = (): Controller => (cluster) => {
  for (const object of cluster.store.list(shelf.deployments)) {
    const deployment = as<Deployment>(object)
    if (deployment.metadata.deletionTimestamp === undefined) reconcileDeployment(cluster, deployment)
  }
}

const setsOf = (cluster: Cluster, deployment: Deployment): ReplicaSet[] =>
  cluster.store
    .list(shelf.replicaSets)
    .filter((set) => isOwnedBy(set, deployment))
    .map(as<ReplicaSet>)

function reconcileDeployment(cluster: Cluster, deployment: Deployment): void {
  const hash = stableHash(deployment.spec.template)
  const sets = setsOf(cluster, deployment)
  const newest = sets.find((set) => set.metadata.labels?.['pod-template-hash'] === hash)
  const current =
    newest ?? (deployment.spec.paused === true ? undefined : newSet(cluster, deployment, hash, sets))
  if (current !== undefined) {
    scaleSet(cluster, deployment, current, deployment.spec.replicas)
    const ready = numberAt(current, 'status.readyReplicas')
    for (const old of sets)
      if (old.metadata.name !== current.metadata.name && old.spec.replicas > 0)
        scaleSet(
          cluster,
          deployment,
          old,
          Math.max(Math.min(old.spec.replicas, deployment.spec.replicas - ready), 0),
        )
  }
  writeDeploymentStatus(cluster, deployment, hash)
}

function newSet(cluster: Cluster, deployment: Deployment, hash: string, sets: ReplicaSet[]): ReplicaSet {
  const number = 1 + Math.max(0, ...sets.map((set) => Number(set.metadata.annotations?.[revision] ?? '0')))
  const { metadata, spec } = deployment
  const labels = { ...spec.template.metadata?.labels, 'pod-template-hash': hash }
  const annotated = { ...metadata, annotations: { ...metadata.annotations, [revision]: String(number) } }
  const live = cluster.store.update(shelf.deployments, { ...deployment, metadata: annotated }) ?? deployment
  const selector = {
    ...spec.selector,
    matchLabels: { ...(spec.selector['matchLabels'] as object), 'pod-template-hash': hash },
  }
  return as<ReplicaSet>(
    plant(cluster, {
      apiVersion: 'apps/v1',
      kind: 'ReplicaSet',
      metadata: {
        name: `${metadata.name}-${hash}`,
        ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
        labels,
        annotations: {
          [revision]: String(number),
          'deployment.kubernetes.io/desired-replicas': String(spec.replicas),
        },
        ownerReferences: [controlledBy(live)],
      },
      spec: {
        replicas: 0,
        selector,
        template: { ...cloneOf(spec.template), metadata: { ...spec.template.metadata, labels } },
      },
    }),
  )
}

function scaleSet(cluster: Cluster, deployment: Deployment, set: ReplicaSet, replicas: number): void {
  const live = cluster.store.get(shelf.replicaSets, set.metadata.namespace, set.metadata.name)
  if (live === undefined || as<ReplicaSet>(live).spec.replicas === replicas) return
  const from = as<ReplicaSet>(live).spec.replicas
  const generation = (live.metadata.generation ?? 1) + 1
  cluster.store.update(shelf.replicaSets, {
    ...live,
    metadata: { ...live.metadata, generation },
    spec: { ...as<ReplicaSet>(live).spec, replicas },
  })
  cluster.events.record(deployment, {
    reason: 'ScalingReplicaSet',
    message: `Scaled ${replicas > from ? 'up' : 'down'} replica set ${set.metadata.name} from ${from} to ${replicas}`,
    component: 'deployment-controller',
  })
}

/** Keeps the time of a condition as long as its status stays. */
export function keepTransition(previous: unknown, next: Condition): Condition {
  const known = (Array.isArray(previous) ? (previous as Condition[]) : []).find(
    (one) => one.type === next.type,
  )
  if (known?.status !== next.status) return next
  const { lastTransitionTime, lastUpdateTime } = known
  return {
    ...next,
    ...(lastTransitionTime === undefined ? {} : { lastTransitionTime }),
    ...(lastUpdateTime === undefined ? {} : { lastUpdateTime }),
  }
}

function writeDeploymentStatus(cluster: Cluster, stale: Deployment, hash: string): void {
  const object = cluster.store.get(shelf.deployments, stale.metadata.namespace, stale.metadata.name)
  if (object === undefined) return
  const deployment = as<Deployment>(object)
  const sets = setsOf(cluster, deployment)
  const current = sets.find((set) => set.metadata.labels?.['pod-template-hash'] === hash)
  const sum = (path: string): number => sets.reduce((total, set) => total + numberAt(set, path), 0)
  const ready = sum('status.readyReplicas')
  const wanted = deployment.spec.replicas
  const time = timestamp(cluster.clock.nowMs())
  const isAvailable = ready >= Math.ceil(wanted * 0.75)
  const isDone = numberAt(current, 'status.readyReplicas') >= wanted
  const setName = current?.metadata.name ?? ''
  const conditions: Condition[] = [
    {
      type: 'Available',
      status: isAvailable ? 'True' : 'False',
      reason: isAvailable ? 'MinimumReplicasAvailable' : 'MinimumReplicasUnavailable',
      message: `Deployment ${isAvailable ? 'has' : 'does not have'} minimum availability.`,
      lastTransitionTime: time,
      lastUpdateTime: time,
    },
    {
      type: 'Progressing',
      status: 'True',
      reason: isDone ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated',
      message: `ReplicaSet "${setName}" ${isDone ? 'has successfully progressed' : 'is progressing'}.`,
      lastTransitionTime: time,
      lastUpdateTime: time,
    },
  ]
  const counts = {
    replicas: sum('status.replicas'),
    updatedReplicas: numberAt(current, 'status.replicas'),
    readyReplicas: ready,
    availableReplicas: ready,
    unavailableReplicas: Math.max(wanted - ready, 0),
  }
  setStatus(cluster, shelf.deployments, deployment, {
    observedGeneration: deployment.metadata.generation ?? 1,
    ...withoutZeros(counts),
    conditions: conditions.map((one) => keepTransition(deployment.status?.['conditions'], one)),
  })
}

/** Counters at zero are absent on the wire. */
export const withoutZeros = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0))

export const replicaSets = (): Controller => (cluster) => {
  for (const object of cluster.store.list(shelf.replicaSets)) {
    const set = as<ReplicaSet>(object)
    if (set.metadata.deletionTimestamp !== undefined) continue
    const alive = podsOf(cluster, set).filter(
      (pod) => !isPodOver(pod) && pod.metadata.deletionTimestamp === undefined,
    )
    for (let missing = set.spec.replicas - alive.length; missing > 0; missing -= 1)
      alive.push(addPod(cluster, set))
    for (const pod of surplus(alive, set.spec.replicas)) removePod(cluster, set, pod)
    const kept = podsOf(cluster, set).filter(
      (pod) => !isPodOver(pod) && pod.metadata.deletionTimestamp === undefined,
    )
    const ready = kept.filter(isPodReady).length
    setStatus(cluster, shelf.replicaSets, set, {
      replicas: kept.length,
      ...withoutZeros({ fullyLabeledReplicas: kept.length, readyReplicas: ready, availableReplicas: ready }),
      observedGeneration: set.metadata.generation ?? 1,
    })
  }
}

function addPod(cluster: Cluster, set: ReplicaSet): Pod {
  const pod = spawnPod(cluster, set, set.spec.template, {
    name: `${set.metadata.name}-${cluster.random.suffix()}`,
  })
  note(cluster, set, 'SuccessfulCreate', `Created pod: ${pod.metadata.name}`)
  return pod
}

function removePod(cluster: Cluster, set: KubeObject, pod: Pod): void {
  retirePod(cluster, pod)
  note(cluster, set, 'SuccessfulDelete', `Deleted pod: ${pod.metadata.name}`)
}

const note = (cluster: Cluster, set: KubeObject, reason: string, message: string): void =>
  cluster.events.record(set, { reason, message, component: 'replicaset-controller' })

/** Not-ready pods go first, then the youngest. */
export function surplus(pods: Pod[], wanted: number): Pod[] {
  const rank = (pod: Pod): string => `${isPodReady(pod) ? 0 : 1}${pod.metadata.creationTimestamp ?? ''}`
  return pods.length <= wanted
    ? []
    : [...pods].sort((left, right) => rank(right).localeCompare(rank(left))).slice(0, pods.length - wanted)
}
