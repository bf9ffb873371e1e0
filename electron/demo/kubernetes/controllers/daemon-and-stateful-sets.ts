// Daemon sets put one pod on every eligible node; stateful sets keep numbered pods, each with its own claims. Both
// replace pods one at a time when their template changes.
import { shelf } from '../api/resource-table.ts'
import type { DaemonSet, Node, Pod, StatefulSet } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { listAt, recordAt, textAt } from '../storage/kube-object.ts'
import type { Cluster, Controller } from './cluster.ts'
import { setStatus } from './cluster.ts'
import { plant, podsOf, retirePod, spawnPod } from './pod-factory.ts'
import { isPodOver, isPodReady } from './pod-states.ts'
import { stableHash } from './random.ts'
import { withoutZeros } from './replica-sets.ts'

const revisionLabel = 'controller-revision-hash'

export const daemonSets = (): Controller => (cluster) => {
  for (const object of cluster.store.list(shelf.daemonSets)) {
    const set = as<DaemonSet>(object)
    if (set.metadata.deletionTimestamp === undefined) reconcileDaemonSet(cluster, set)
  }
}

const isEligible = (set: DaemonSet, node: Node): boolean =>
  Object.entries(set.spec.template.spec.nodeSelector ?? {}).every(
    ([key, value]) => node.metadata.labels?.[key] === value,
  )

const homeOf = (pod: Pod): string =>
  pod.spec.nodeName ??
  textAt(
    pod,
    'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms.0.matchFields.0.values.0',
  )

function reconcileDaemonSet(cluster: Cluster, set: DaemonSet): void {
  const hash = stableHash(set.spec.template)
  const nodes = cluster.store
    .list(shelf.nodes)
    .map(as<Node>)
    .filter((node) => isEligible(set, node))
  const pods = podsOf(cluster, set).filter((pod) => !isPodOver(pod))
  for (const node of nodes) {
    const here = pods.filter((pod) => homeOf(pod) === node.metadata.name)
    if (here.length > 0) continue
    const name = `${set.metadata.name}-${cluster.random.suffix()}`
    const nodeName = node.metadata.name
    spawnPod(cluster, set, set.spec.template, { name, nodeName, labels: { [revisionLabel]: hash } })
    cluster.events.record(set, {
      reason: 'SuccessfulCreate',
      message: `Created pod: ${name}`,
      component: 'daemonset-controller',
    })
  }
  const names = new Set(nodes.map((node) => node.metadata.name))
  for (const pod of pods) if (!names.has(homeOf(pod))) retirePod(cluster, pod)
  replaceOneOld(cluster, pods, hash)
  const kept = podsOf(cluster, set).filter(
    (pod) => pod.metadata.deletionTimestamp === undefined && !isPodOver(pod),
  )
  const ready = kept.filter(isPodReady).length
  const updated = kept.filter((pod) => pod.metadata.labels?.[revisionLabel] === hash).length
  setStatus(cluster, shelf.daemonSets, set, {
    currentNumberScheduled: kept.length,
    desiredNumberScheduled: nodes.length,
    numberMisscheduled: 0,
    numberReady: ready,
    observedGeneration: set.metadata.generation ?? 1,
    ...withoutZeros({
      updatedNumberScheduled: updated,
      numberAvailable: ready,
      numberUnavailable: Math.max(nodes.length - ready, 0),
    }),
  })
}

/** One pod of an old revision at a time, and only while all others are ready. */
function replaceOneOld(cluster: Cluster, pods: Pod[], hash: string): void {
  if (pods.some((pod) => !isPodReady(pod))) return
  const old = pods.find((pod) => pod.metadata.labels?.[revisionLabel] !== hash)
  if (old !== undefined) retirePod(cluster, old)
}

export const statefulSets = (): Controller => (cluster) => {
  for (const object of cluster.store.list(shelf.statefulSets)) {
    const set = as<StatefulSet>(object)
    if (set.metadata.deletionTimestamp === undefined) reconcileStatefulSet(cluster, set)
  }
}

const ordinalOf = (pod: Pod): number => Number(/-(\d+)$/.exec(pod.metadata.name)?.[1] ?? '0')

function reconcileStatefulSet(cluster: Cluster, set: StatefulSet): void {
  const hash = `${set.metadata.name}-${stableHash(set.spec.template)}`
  const pods = podsOf(cluster, set).sort((left, right) => ordinalOf(left) - ordinalOf(right))
  const isAllReady = pods.every(isPodReady)
  const next = Array.from({ length: set.spec.replicas }, (_, ordinal) => ordinal).find(
    (ordinal) => !pods.some((pod) => ordinalOf(pod) === ordinal),
  )
  const last = pods.at(-1)
  if (next !== undefined && isAllReady) addOrdinal(cluster, set, next, hash)
  else if (next === undefined && last !== undefined && ordinalOf(last) >= set.spec.replicas)
    retirePod(cluster, last)
  else replaceOneOld(cluster, [...pods].reverse(), hash)
  const kept = podsOf(cluster, set).filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const ready = kept.filter(isPodReady).length
  setStatus(cluster, shelf.statefulSets, set, {
    observedGeneration: set.metadata.generation ?? 1,
    replicas: kept.length,
    availableReplicas: ready,
    ...withoutZeros({ readyReplicas: ready, currentReplicas: kept.length, updatedReplicas: kept.length }),
    currentRevision: hash,
    updateRevision: hash,
    collisionCount: 0,
  })
}

function addOrdinal(cluster: Cluster, set: StatefulSet, ordinal: number, hash: string): void {
  const name = `${set.metadata.name}-${ordinal}`
  const { namespace } = set.metadata
  const volumes = listAt(set, 'spec.volumeClaimTemplates').map((claim) => {
    const claimName = `${textAt(claim, 'metadata.name')}-${name}`
    if (cluster.store.get(shelf.claims, namespace, claimName) === undefined)
      plantClaim(cluster, set, claim, claimName)
    return { name: textAt(claim, 'metadata.name'), persistentVolumeClaim: { claimName } }
  })
  const { template } = set.spec
  const spec = { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...volumes] }
  spawnPod(
    cluster,
    set,
    { ...template, spec },
    {
      name,
      hostname: name,
      subdomain: set.spec.serviceName,
      labels: {
        [revisionLabel]: hash,
        'statefulset.kubernetes.io/pod-name': name,
        'apps.kubernetes.io/pod-index': String(ordinal),
      },
    },
  )
  cluster.events.record(set, {
    reason: 'SuccessfulCreate',
    message: `create Pod ${name} in StatefulSet ${set.metadata.name} successful`,
    component: 'statefulset-controller',
  })
}

function plantClaim(cluster: Cluster, set: KubeObject, claim: unknown, name: string): void {
  const { namespace } = set.metadata
  plant(cluster, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      name,
      ...(namespace === undefined ? {} : { namespace }),
      labels: recordAt(set, 'spec.selector.matchLabels') as Record<string, string>,
    },
    spec: recordAt(claim, 'spec'),
  })
}
