// What runs in a Kubernetes cluster: workloads, jobs, Ray clusters and their jobs, pods, and who belongs to whom.
import type { Edge, Entity, EntityKind, Evidence } from '#shared/model/inventory.ts'
import type {
  JobObject,
  ObjectMeta,
  PodObject,
  RayClusterObject,
  RayJobObject,
  WorkloadObject,
} from '../../connectors/kubernetes/kubernetes-shapes.ts'
import {
  judgeKubernetesJob,
  judgePod,
  judgeRayCluster,
  judgeRayJob,
  judgeWorkload,
} from '../../connectors/kubernetes/kubernetes-health.ts'
import { parseQuantity } from '#shared/model/kubernetes-quantity.ts'
import { edgeOf } from './observation.ts'
import { timeOf, warningFacts, warningKey, type KubernetesRound } from './observe-kubernetes.ts'
import { knownFacts } from './steady-facts.ts'

export async function observeWorkloads(round: KubernetesRound): Promise<void> {
  const { objects } = round
  for (const item of objects.deployments) addWorkload(round, 'Deployment', item)
  for (const item of objects.statefulSets) addWorkload(round, 'StatefulSet', item)
  for (const item of objects.daemonSets) addWorkload(round, 'DaemonSet', item)
  for (const item of objects.jobs) {
    addJob(round, item)
    if (round.breather.isDue()) await round.breather.rest()
  }
  for (const item of objects.rayClusters) addRayCluster(round, item)
  for (const item of objects.rayJobs) addRayJob(round, item)
  for (const pod of objects.pods) {
    addPod(round, pod)
    if (round.breather.isDue()) await round.breather.rest()
  }
}

const namespaceId = (round: KubernetesRound, metadata: ObjectMeta): string =>
  `${round.root}/namespace/${metadata.namespace ?? ''}`
const workloadId = (
  round: KubernetesRound,
  kind: string,
  namespace: string | undefined,
  name: string,
): string => `${round.root}/workload/${kind}/${namespace ?? ''}/${name}`
const rayClusterId = (round: KubernetesRound, namespace: string | undefined, name: string): string =>
  `${round.root}/ray-cluster/${namespace ?? ''}/${name}`

/** The frame all namespaced entities share. */
function place(
  round: KubernetesRound,
  id: string,
  kind: EntityKind,
  metadata: ObjectMeta,
): Pick<Entity, 'id' | 'kind' | 'layer' | 'name' | 'parentId' | 'connectionId' | 'tags'> {
  const parentId = namespaceId(round, metadata)
  return {
    id,
    kind,
    layer: 'services',
    name: metadata.name,
    parentId: round.ids.has(parentId) ? parentId : round.root,
    connectionId: round.connectionId,
    tags: [],
  }
}

/** Keeps the entity and its place in a namespace. */
function add(round: KubernetesRound, id: string, metadata: ObjectMeta, entity: Entity): void {
  round.ids.add(id)
  round.entities.push(entity)
  connect(round, id, 'member-of', namespaceId(round, metadata), {
    by: 'api',
    text: `${metadata.name} is in the namespace ${metadata.namespace}`,
  })
}

function connect(
  round: KubernetesRound,
  from: string,
  kind: Edge['kind'],
  to: string,
  evidence: Evidence,
): void {
  if (round.ids.has(to)) round.edges.push(edgeOf(from, kind, to, [evidence]))
}

function addWorkload(round: KubernetesRound, kind: string, item: WorkloadObject): void {
  const { metadata } = item
  const id = workloadId(round, kind, metadata.namespace, metadata.name)
  const warning = round.warnings.get(warningKey(kind, metadata))
  const make = (): Entity => {
    const { desired, ready, ...verdict } = judgeWorkload(item)
    return {
      ...place(round, id, 'workload', metadata),
      ...verdict,
      addresses: [],
      facts: knownFacts({
        workloadKind: kind,
        namespace: metadata.namespace,
        replicas: desired,
        readyReplicas: ready,
        images: imagesOf(item.spec?.template?.spec?.containers),
        createdAtMs: timeOf(metadata.creationTimestamp),
        ...warningFacts(warning),
      }),
    }
  }
  add(round, id, metadata, round.cached(item, warning, make))
}

const imagesOf = (
  containers: ReadonlyArray<{ image?: string | null | undefined }> | null | undefined,
): string[] | undefined => {
  const images = new Set((containers ?? []).flatMap((item) => (item.image ? [item.image] : [])))
  return images.size > 0 ? [...images] : undefined
}

function addJob(round: KubernetesRound, item: JobObject): void {
  const { metadata, spec, status } = item
  const id = workloadId(round, 'Job', metadata.namespace, metadata.name)
  const warning = round.warnings.get(warningKey('Job', metadata))
  const make = (): Entity => ({
    ...place(round, id, 'job', metadata),
    ...judgeKubernetesJob(item),
    addresses: [],
    facts: knownFacts({
      namespace: metadata.namespace,
      completions: spec?.completions ?? undefined,
      parallelism: spec?.parallelism ?? undefined,
      active: status?.active ?? undefined,
      succeeded: status?.succeeded ?? undefined,
      failed: status?.failed ?? undefined,
      startedAtMs: timeOf(status?.startTime),
      endedAtMs: timeOf(status?.completionTime),
      owner: metadata.ownerReferences?.[0]
        ? `${metadata.ownerReferences[0].kind} ${metadata.ownerReferences[0].name}`
        : undefined,
      ...warningFacts(warning),
    }),
  })
  add(round, id, metadata, round.cached(item, warning, make))
}

function addRayCluster(round: KubernetesRound, item: RayClusterObject): void {
  const { metadata, spec, status } = item
  const id = rayClusterId(round, metadata.namespace, metadata.name)
  const warning = round.warnings.get(warningKey('RayCluster', metadata))
  const make = (): Entity => ({
    ...place(round, id, 'ray-cluster', metadata),
    ...judgeRayCluster(item),
    addresses: [],
    facts: knownFacts({
      namespace: metadata.namespace,
      rayVersion: spec?.rayVersion ?? undefined,
      isAutoscaling: spec?.enableInTreeAutoscaling ?? undefined,
      workersWanted: status?.desiredWorkerReplicas ?? undefined,
      workersReady: status?.readyWorkerReplicas ?? undefined,
      workersMin: status?.minWorkerReplicas ?? undefined,
      workersMax: status?.maxWorkerReplicas ?? undefined,
      cpuCount: parseQuantity(status?.desiredCPU),
      memoryTotalBytes: parseQuantity(status?.desiredMemory),
      gpuCount: parseQuantity(status?.desiredGPU),
      headService: status?.head?.serviceName ?? undefined,
      createdAtMs: timeOf(metadata.creationTimestamp),
      ...warningFacts(warning),
    }),
  })
  add(round, id, metadata, round.cached(item, warning, make))
}

function addRayJob(round: KubernetesRound, item: RayJobObject): void {
  const { metadata, spec, status } = item
  const id = `${round.root}/ray-job/${metadata.namespace ?? ''}/${metadata.name}`
  const warning = round.warnings.get(warningKey('RayJob', metadata))
  const clusterName = status?.rayClusterName || spec?.clusterSelector?.['ray.io/cluster']
  const make = (): Entity => ({
    ...place(round, id, 'ray-job', metadata),
    ...judgeRayJob(item),
    addresses: [],
    facts: knownFacts({
      namespace: metadata.namespace,
      rayJobId: status?.jobId ?? undefined,
      rayCluster: clusterName,
      entrypoint: spec?.entrypoint?.slice(0, 300),
      message: status?.message?.slice(0, 300) || undefined,
      startedAtMs: timeOf(status?.startTime),
      endedAtMs: timeOf(status?.endTime),
      ...warningFacts(warning),
    }),
  })
  add(round, id, metadata, round.cached(item, warning, make))
  if (clusterName)
    connect(round, id, 'uses', rayClusterId(round, metadata.namespace, clusterName), {
      by: 'api',
      text: `The job runs on the Ray cluster ${clusterName}`,
    })
}

function addPod(round: KubernetesRound, pod: PodObject): void {
  const { metadata, spec } = pod
  const id = `${round.root}/pod/${metadata.namespace ?? ''}/${metadata.name}`
  const warning = round.warnings.get(warningKey('Pod', metadata))
  round.ids.add(id)
  round.entities.push(round.cached(pod, warning, () => podEntity(round, id, pod, warning)))
  if (spec?.nodeName)
    connect(round, id, 'runs-on', `${round.root}/node/${spec.nodeName}`, {
      by: 'api',
      text: `The pod is scheduled on ${spec.nodeName}`,
    })
  const owner = ownerOf(round, pod)
  if (owner) connect(round, id, 'member-of', owner.id, owner.evidence)
  const rayCluster = metadata.labels?.['ray.io/cluster']
  if (rayCluster && !owner?.id.includes('/ray-cluster/'))
    connect(round, id, 'member-of', rayClusterId(round, metadata.namespace, rayCluster), {
      by: 'label',
      text: `The label ray.io/cluster names ${rayCluster}`,
    })
}

function podEntity(
  round: KubernetesRound,
  id: string,
  pod: PodObject,
  warning: ReturnType<KubernetesRound['warnings']['get']>,
): Entity {
  const { metadata, spec, status } = pod
  const sumOf = (resource: string): number | undefined => {
    const amounts = (spec?.containers ?? []).flatMap(
      (item) => parseQuantity(item.resources?.requests?.[resource]) ?? [],
    )
    return amounts.length > 0 ? amounts.reduce((a, b) => a + b) : undefined
  }
  return {
    ...place(round, id, 'pod', metadata),
    ...judgePod(pod),
    addresses: status?.podIP ? [status.podIP.toLowerCase()] : [],
    facts: knownFacts({
      namespace: metadata.namespace,
      node: spec?.nodeName ?? undefined,
      restarts: (status?.containerStatuses ?? []).reduce((sum, item) => sum + (item.restartCount ?? 0), 0),
      startedAtMs: timeOf(status?.startTime),
      containers: (spec?.containers ?? []).map((item) => item.name),
      images: imagesOf(spec?.containers),
      cpuRequested: sumOf('cpu'),
      memoryRequestedBytes: sumOf('memory'),
      gpuRequested: sumOf('nvidia.com/gpu'),
      rayNodeType: metadata.labels?.['ray.io/node-type'],
      ...warningFacts(warning),
    }),
  }
}

/** The controller above a pod. A ReplicaSet is only a step of its Deployment: its name is that plus the hash. */
function ownerOf(
  round: KubernetesRound,
  { metadata }: PodObject,
): { id: string; evidence: Evidence } | undefined {
  const owner = metadata.ownerReferences?.find((item) => item.controller) ?? metadata.ownerReferences?.[0]
  if (!owner) return undefined
  const text = `It is controlled by the ${owner.kind} ${owner.name}`
  if (owner.kind === 'RayCluster')
    return { id: rayClusterId(round, metadata.namespace, owner.name), evidence: { by: 'api', text } }
  if (owner.kind !== 'ReplicaSet')
    return {
      id: workloadId(round, owner.kind, metadata.namespace, owner.name),
      evidence: { by: 'api', text },
    }
  const hash = metadata.labels?.['pod-template-hash']
  if (!hash || !owner.name.endsWith(`-${hash}`)) return undefined
  return {
    id: workloadId(round, 'Deployment', metadata.namespace, owner.name.slice(0, -hash.length - 1)),
    evidence: { by: 'api', text },
  }
}
