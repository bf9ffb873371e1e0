// The KubeRay operator of the lab: head and worker pods and the head service of a RayCluster, its status, and the
// scaling of worker groups. Names and labels follow KubeRay 1.4.
import { shelf } from '../api/resource-table.ts'
import type { Pod, PodTemplate, RayCluster, WorkerGroup } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import { cloneOf, controlledBy, numberAt, recordAt, textAt } from '../storage/kube-object.ts'
import { timestamp } from '../storage/kube-time.ts'
import { printBytes, printCores } from '../storage/quantity.ts'
import type { Cluster, Controller } from './cluster.ts'
import { setStatus } from './cluster.ts'
import { plant, podsOf, retirePod, spawnPod } from './pod-factory.ts'
import { isPodOver, isPodReady } from './pod-states.ts'
import { keepTransition, surplus } from './replica-sets.ts'
import { needsOf } from './scheduler.ts'

export const rayClusters = (): Controller => (cluster) => {
  for (const object of cluster.store.list(shelf.rayClusters)) {
    const ray = as<RayCluster>(object)
    if (ray.metadata.deletionTimestamp !== undefined) continue
    ensureHeadService(cluster, ray)
    const alive = podsOf(cluster, ray).filter(
      (pod) => pod.metadata.deletionTimestamp === undefined && !isPodOver(pod),
    )
    if (ray.spec.suspend === true) alive.forEach((pod) => retirePod(cluster, pod))
    else {
      if (!alive.some((pod) => nodeType(pod) === 'head')) addHead(cluster, ray)
      for (const group of ray.spec.workerGroupSpecs) scaleGroup(cluster, ray, group, alive)
    }
    writeStatus(cluster, ray)
  }
}

const nodeType = (pod: Pod): string => pod.metadata.labels?.['ray.io/node-type'] ?? ''
const groupOf = (pod: Pod): string => pod.metadata.labels?.['ray.io/group'] ?? ''
const headServiceName = (ray: RayCluster): string => `${ray.metadata.name}-head-svc`

const rayLabels = (ray: RayCluster, type: string, group: string): Record<string, string> => ({
  'app.kubernetes.io/created-by': 'kuberay-operator',
  'app.kubernetes.io/name': 'kuberay',
  'ray.io/cluster': ray.metadata.name,
  'ray.io/group': group,
  'ray.io/identifier': `${ray.metadata.name}-${type}`,
  'ray.io/is-ray-node': 'yes',
  'ray.io/node-type': type,
})

function ensureHeadService(cluster: Cluster, ray: RayCluster): void {
  const { namespace, name } = ray.metadata
  const serviceName = headServiceName(ray)
  if (cluster.store.get(shelf.services, namespace, serviceName) !== undefined) return
  const port = (label: string, number: number) => ({
    name: label,
    port: number,
    targetPort: number,
    appProtocol: 'tcp',
  })
  const labels = { ...rayLabels(ray, 'head', 'headgroup') }
  plant(cluster, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name: serviceName,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, 'ray.io/identifier': `${name}-head` },
      ownerReferences: [controlledBy(ray)],
    },
    spec: {
      type: 'ClusterIP',
      clusterIP: 'None',
      selector: { 'ray.io/cluster': name, 'ray.io/node-type': 'head', 'ray.io/identifier': `${name}-head` },
      ports: [
        port('client', 10001),
        port('dashboard', 8265),
        port('gcs-server', 6379),
        port('metrics', 8080),
        port('serve', 8000),
      ],
    },
  })
  cluster.events.record(ray, {
    reason: 'CreatedService',
    message: `Created service ${namespace ?? ''}/${serviceName}`,
    component: 'raycluster-controller',
  })
}

function addHead(cluster: Cluster, ray: RayCluster): void {
  const { template } = ray.spec.headGroupSpec
  const name = `${ray.metadata.name}-head-${cluster.random.suffix()}`
  spawnPod(cluster, ray, withRayEnvironment(ray, template), {
    name,
    labels: rayLabels(ray, 'head', 'headgroup'),
  })
  cluster.events.record(ray, {
    reason: 'CreatedHeadPod',
    message: `Created head Pod ${ray.metadata.namespace ?? ''}/${name}`,
    component: 'raycluster-controller',
  })
}

function withRayEnvironment(ray: RayCluster, template: PodTemplate): PodTemplate {
  const address = `${headServiceName(ray)}.${ray.metadata.namespace ?? ''}.svc.cluster.local`
  const added = [
    { name: 'RAY_CLUSTER_NAME', value: ray.metadata.name },
    { name: 'FQ_RAY_IP', value: address },
    { name: 'RAY_ADDRESS', value: `${address}:6379` },
    { name: 'RAY_USAGE_STATS_KUBERAY_IN_USE', value: '1' },
  ]
  const spec = cloneOf(template.spec)
  return {
    ...template,
    spec: {
      ...spec,
      containers: spec.containers.map((one) => ({ ...one, env: [...(one.env ?? []), ...added] })),
    },
  }
}

function scaleGroup(cluster: Cluster, ray: RayCluster, group: WorkerGroup, alive: Pod[]): void {
  const mine = alive.filter((pod) => nodeType(pod) === 'worker' && groupOf(pod) === group.groupName)
  const wanted =
    group['suspend'] === true ? 0 : Math.min(Math.max(group.replicas, group.minReplicas), group.maxReplicas)
  for (let missing = wanted - mine.length; missing > 0; missing -= 1) {
    const name = `${ray.metadata.name}-${group.groupName}-worker-${cluster.random.suffix()}`
    spawnPod(cluster, ray, withRayEnvironment(ray, group.template), {
      name,
      labels: rayLabels(ray, 'worker', group.groupName),
    })
    cluster.events.record(ray, {
      reason: 'CreatedWorkerPod',
      message: `Created worker Pod ${ray.metadata.namespace ?? ''}/${name}`,
      component: 'raycluster-controller',
    })
  }
  for (const pod of surplus(mine, wanted)) {
    retirePod(cluster, pod)
    cluster.events.record(ray, {
      reason: 'DeletedWorkerPod',
      message: `Deleted pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name}`,
      component: 'raycluster-controller',
    })
  }
}

function writeStatus(cluster: Cluster, stale: RayCluster): void {
  const object = cluster.store.get(shelf.rayClusters, stale.metadata.namespace, stale.metadata.name)
  if (object === undefined) return
  const ray = as<RayCluster>(object)
  const pods = podsOf(cluster, ray).filter((pod) => pod.metadata.deletionTimestamp === undefined)
  const head = pods.find((pod) => nodeType(pod) === 'head')
  const workers = pods.filter((pod) => nodeType(pod) === 'worker')
  const isUp =
    head !== undefined && isPodReady(head) && workers.every(isPodReady) && ray.spec.suspend !== true
  const next = {
    ...recordAt(ray, 'status'),
    ...counts(ray, workers),
    state:
      ray.spec.suspend === true
        ? pods.length === 0
          ? 'suspended'
          : ''
        : isUp || textAt(ray, 'status.state') === 'ready'
          ? 'ready'
          : '',
    conditions: conditions(cluster, ray, head, isUp),
    endpoints: { client: '10001', dashboard: '8265', 'gcs-server': '6379', metrics: '8080', serve: '8000' },
    head: {
      serviceName: headServiceName(ray),
      ...(head?.status.podIP === undefined ? {} : { podIP: head.status.podIP, serviceIP: head.status.podIP }),
      ...(head === undefined ? {} : { podName: head.metadata.name }),
    },
    observedGeneration: ray.metadata.generation ?? 1,
  }
  const time = timestamp(cluster.clock.nowMs())
  const isReadyNow = next.state === 'ready' && textAt(ray, 'status.state') !== 'ready'
  const transitions = isReadyNow
    ? { ...recordAt(ray, 'status.stateTransitionTimes'), ready: time }
    : undefined
  const written = setStatus(cluster, shelf.rayClusters, ray, {
    ...next,
    ...(transitions === undefined ? {} : { stateTransitionTimes: transitions }),
  })
  if (written !== object)
    setStatus(cluster, shelf.rayClusters, written, { ...recordAt(written, 'status'), lastUpdateTime: time })
}

function counts(ray: RayCluster, workers: Pod[]) {
  const groups = ray.spec.workerGroupSpecs
  const desired = groups.reduce((sum, group) => sum + Math.max(group.replicas, group.minReplicas), 0)
  const templates = [
    { spec: ray.spec.headGroupSpec.template.spec, times: 1 },
    ...groups.map((group) => ({
      spec: group.template.spec,
      times: Math.max(group.replicas, group.minReplicas),
    })),
  ]
  const total = (pick: (needs: ReturnType<typeof needsOf>) => number): number =>
    templates.reduce((sum, { spec, times }) => sum + times * pick(needsOf(spec)), 0)
  return {
    desiredWorkerReplicas: desired,
    availableWorkerReplicas: workers.filter((pod) => pod.status.phase === 'Running').length,
    readyWorkerReplicas: workers.filter(isPodReady).length,
    minWorkerReplicas: groups.reduce((sum, group) => sum + group.minReplicas, 0),
    maxWorkerReplicas: groups.reduce((sum, group) => sum + group.maxReplicas, 0),
    desiredCPU: printCores(total((needs) => needs.cores)),
    desiredMemory: printBytes(total((needs) => needs.bytes)),
    desiredGPU: String(total((needs) => needs.extended['nvidia.com/gpu'] ?? 0)),
    desiredTPU: '0',
  }
}

function conditions(cluster: Cluster, ray: RayCluster, head: Pod | undefined, isUp: boolean) {
  const time = timestamp(cluster.clock.nowMs())
  const isHeadReady = head !== undefined && isPodReady(head)
  const known = ray.status?.['conditions']
  const wasProvisioned =
    Array.isArray(known) &&
    known.some((one) => textAt(one, 'type') === 'RayClusterProvisioned' && textAt(one, 'status') === 'True')
  const make = (type: string, isTrue: boolean, reason: string, message: string) =>
    keepTransition(known, {
      type,
      status: isTrue ? 'True' : 'False',
      reason,
      message,
      lastTransitionTime: time,
    })
  return [
    make('HeadPodReady', isHeadReady, isHeadReady ? 'HeadPodRunningAndReady' : 'HeadPodNotFound', ''),
    make(
      'RayClusterProvisioned',
      isUp || wasProvisioned,
      isUp || wasProvisioned ? 'AllPodRunningAndReadyFirstTime' : 'RayClusterPodsProvisioning',
      isUp || wasProvisioned
        ? 'All Ray Pods are ready for the first time'
        : 'RayCluster Pods are being provisioned for first time',
    ),
    make('RayClusterSuspended', ray.spec.suspend === true, 'RayClusterSuspended', ''),
    make('RayClusterSuspending', false, 'RayClusterSuspending', ''),
  ]
}

/** Sets the size of a worker group, as the autoscaler does. */
export function resizeGroup(cluster: Cluster, ray: RayCluster, groupName: string, replicas: number): void {
  const spec = cloneOf(ray.spec)
  const group = spec.workerGroupSpecs.find((one) => one.groupName === groupName)
  if (group === undefined || group.replicas === replicas) return
  group.replicas = replicas
  const generation = numberAt(ray, 'metadata.generation', 1) + 1
  cluster.store.update(shelf.rayClusters, { ...ray, metadata: { ...ray.metadata, generation }, spec })
}
