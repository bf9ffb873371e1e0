// The kinds whose rows Meridian makes itself, because it can say more than the server's printed columns: health, needs,
// owners. Each entry is its columns beside what fills them. Every other kind is shown as the server prints it.
import type { z } from 'zod'
import type { Cell, KubeRow, RowColumn } from '#shared/model/kubernetes.ts'
import type { Health } from '#shared/model/inventory.ts'
import {
  judgeKubernetesJob,
  judgeKubernetesNode,
  judgePod,
  judgeRayCluster,
  judgeRayJob,
  judgeWorkload,
  type Verdict,
} from '../../connectors/kubernetes/kubernetes-health.ts'
import * as shapes from '../../connectors/kubernetes/kubernetes-shapes.ts'
import { fieldAt, flagAt, listAt, numberAt, recordAt, textAt, timeAt, quantityAt } from '#shared/model/kubernetes-fields.ts'
import { podNeeds } from './pod-needs.ts'

export interface RowKind {
  columns: RowColumn[]
  judge(object: unknown): Verdict
  cells(object: unknown): Cell[]
  fieldSelector?: string
  keepAtMost?: number
}

const quiet = (health: Health = 'unknown', status = ''): Verdict => ({ health, status })
const column = (key: string, title: string, type: RowColumn['type'] = 'text', isExtra = false): RowColumn =>
  isExtra ? { key, title, type, isExtra } : { key, title, type }
const judged =
  <S extends z.ZodType>(shape: S, judge: (object: z.infer<S>) => Verdict) =>
  (object: unknown): Verdict => {
    const parsed = shape.safeParse(object)
    return parsed.success ? judge(parsed.data) : quiet()
  }
const count = (value: number | undefined): Cell => value ?? 0
const ownerOf = (object: unknown): string => {
  const owner = listAt(object, 'metadata.ownerReferences').find((item) => flagAt(item, 'controller'))
  return owner === undefined ? '' : `${textAt(owner, 'kind')}/${textAt(owner, 'name')}`
}
const imagesOf = (object: unknown): string =>
  listAt(object, 'spec.template.spec.containers')
    .map((item) => textAt(item, 'image'))
    .join(', ')
const selectorOf = (object: unknown, path: string): string =>
  Object.entries(recordAt(object, path))
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(' ')

const pods: RowKind = {
  columns: [
    column('ready', 'Ready'),
    column('restarts', 'Restarts', 'number'),
    column('cpu', 'CPU', 'cpu'),
    column('memory', 'Memory', 'bytes'),
    column('gpu', 'GPU', 'number'),
    column('node', 'Node'),
    column('owner', 'Controlled by', 'text', true),
    column('ip', 'IP', 'text', true),
    column('images', 'Images', 'text', true),
  ],
  judge: judged(shapes.podObject, judgePod),
  cells(pod) {
    const statuses = listAt(pod, 'status.containerStatuses')
    const ready = statuses.filter((item) => flagAt(item, 'ready')).length
    const needs = podNeeds(pod)
    return [
      `${ready}/${listAt(pod, 'spec.containers').length}`,
      statuses.reduce<number>((sum, item) => sum + (numberAt(item, 'restartCount') ?? 0), 0),
      needs.requests.cpu || null,
      needs.requests.memory || null,
      needs.requests.gpu || null,
      textAt(pod, 'spec.nodeName'),
      ownerOf(pod),
      textAt(pod, 'status.podIP'),
      listAt(pod, 'spec.containers')
        .map((item) => textAt(item, 'image'))
        .join(', '),
    ]
  },
}

const nodes: RowKind = {
  columns: [
    column('roles', 'Roles'),
    column('cpu', 'CPU', 'cpu'),
    column('memory', 'Memory', 'bytes'),
    column('gpu', 'GPU', 'number'),
    column('taints', 'Taints', 'number'),
    column('address', 'Internal IP'),
    column('version', 'Version'),
    column('os', 'OS image', 'text', true),
    column('kernel', 'Kernel', 'text', true),
    column('runtime', 'Runtime', 'text', true),
  ],
  judge: judged(shapes.nodeObject, judgeKubernetesNode),
  cells: (node) => [
    rolesOf(node),
    quantityAt(node, 'status.allocatable.cpu') ?? null,
    quantityAt(node, 'status.allocatable.memory') ?? null,
    quantityOf(fieldAt(node, 'status.allocatable'), 'nvidia.com/gpu') || null,
    listAt(node, 'spec.taints').length,
    textAt(
      listAt(node, 'status.addresses').find((item) => textAt(item, 'type') === 'InternalIP'),
      'address',
    ),
    textAt(node, 'status.nodeInfo.kubeletVersion'),
    textAt(node, 'status.nodeInfo.osImage'),
    textAt(node, 'status.nodeInfo.kernelVersion'),
    textAt(node, 'status.nodeInfo.containerRuntimeVersion'),
  ],
}
const quantityOf = (record: unknown, key: string): number => {
  const value = (record as Record<string, unknown> | undefined)?.[key]
  return Number(value ?? 0) || 0
}
export const rolesOf = (node: unknown): string =>
  Object.keys(recordAt(node, 'metadata.labels'))
    .filter((label) => label.startsWith('node-role.kubernetes.io/'))
    .map((label) => label.slice('node-role.kubernetes.io/'.length))
    // The older name of the same role.
    .filter((role, _index, roles) => role !== 'master' || !roles.includes('control-plane'))
    .sort()
    .join(', ') || 'worker'

const deployments: RowKind = {
  columns: [
    column('ready', 'Ready'),
    column('updated', 'Up to date', 'number'),
    column('available', 'Available', 'number'),
    column('images', 'Images'),
    column('selector', 'Selector', 'text', true),
  ],
  judge: judged(shapes.workloadObject, judgeWorkload),
  cells: (object) => [
    `${numberAt(object, 'status.readyReplicas') ?? 0}/${numberAt(object, 'spec.replicas') ?? 1}`,
    count(numberAt(object, 'status.updatedReplicas')),
    count(numberAt(object, 'status.availableReplicas')),
    imagesOf(object),
    selectorOf(object, 'spec.selector.matchLabels'),
  ],
}
const statefulSets: RowKind = {
  columns: [column('ready', 'Ready'), column('service', 'Service'), column('images', 'Images')],
  judge: judged(shapes.workloadObject, judgeWorkload),
  cells: (object) => [
    `${numberAt(object, 'status.readyReplicas') ?? 0}/${numberAt(object, 'spec.replicas') ?? 1}`,
    textAt(object, 'spec.serviceName'),
    imagesOf(object),
  ],
}
const daemonSets: RowKind = {
  columns: [
    column('desired', 'Desired', 'number'),
    column('ready', 'Ready', 'number'),
    column('updated', 'Up to date', 'number'),
    column('nodeSelector', 'Node selector'),
    column('images', 'Images'),
  ],
  judge: judged(shapes.workloadObject, judgeWorkload),
  cells: (object) => [
    count(numberAt(object, 'status.desiredNumberScheduled')),
    count(numberAt(object, 'status.numberReady')),
    count(numberAt(object, 'status.updatedNumberScheduled')),
    selectorOf(object, 'spec.template.spec.nodeSelector'),
    imagesOf(object),
  ],
}
const replicaSets: RowKind = {
  columns: [
    column('desired', 'Desired', 'number'),
    column('ready', 'Ready', 'number'),
    column('owner', 'Controlled by'),
    column('images', 'Images'),
  ],
  judge(object) {
    const desired = numberAt(object, 'spec.replicas') ?? 0
    const ready = numberAt(object, 'status.readyReplicas') ?? 0
    if (desired === 0) return quiet('off', 'scaled to 0')
    return quiet(ready === 0 ? 'error' : ready < desired ? 'warning' : 'ok', `${ready} of ${desired} ready`)
  },
  cells: (object) => [
    count(numberAt(object, 'spec.replicas')),
    count(numberAt(object, 'status.readyReplicas')),
    ownerOf(object),
    imagesOf(object),
  ],
}
const jobs: RowKind = {
  columns: [
    column('completions', 'Completions'),
    column('active', 'Active', 'number'),
    column('failed', 'Failed', 'number'),
    column('started', 'Started', 'age'),
    column('finished', 'Finished', 'age'),
    column('owner', 'Controlled by', 'text', true),
    column('images', 'Images', 'text', true),
  ],
  judge: judged(shapes.jobObject, judgeKubernetesJob),
  cells: (object) => [
    `${numberAt(object, 'status.succeeded') ?? 0}/${numberAt(object, 'spec.completions') ?? 1}`,
    count(numberAt(object, 'status.active')),
    count(numberAt(object, 'status.failed')),
    timeAt(object, 'status.startTime'),
    timeAt(object, 'status.completionTime'),
    ownerOf(object),
    imagesOf(object),
  ],
}
const cronJobs: RowKind = {
  columns: [
    column('schedule', 'Schedule'),
    column('zone', 'Time zone'),
    column('active', 'Active', 'number'),
    column('last', 'Last run', 'age'),
    column('lastSuccess', 'Last success', 'age'),
  ],
  judge: (object) =>
    flagAt(object, 'spec.suspend')
      ? quiet('off', 'Suspended')
      : quiet('ok', listAt(object, 'status.active').length > 0 ? 'Running' : 'Scheduled'),
  cells: (object) => [
    textAt(object, 'spec.schedule'),
    textAt(object, 'spec.timeZone'),
    listAt(object, 'status.active').length,
    timeAt(object, 'status.lastScheduleTime'),
    timeAt(object, 'status.lastSuccessfulTime'),
  ],
}
const namespaces: RowKind = {
  columns: [column('security', 'Pod security')],
  judge: (object) => {
    const phase = textAt(object, 'status.phase')
    return quiet(phase === 'Active' ? 'ok' : phase === '' ? 'unknown' : 'warning', phase)
  },
  cells: (object) => [
    String(recordAt(object, 'metadata.labels')['pod-security.kubernetes.io/enforce'] ?? ''),
  ],
}
const claims: RowKind = {
  columns: [
    column('volume', 'Volume'),
    column('capacity', 'Capacity', 'bytes'),
    column('class', 'Storage class'),
    column('modes', 'Access modes'),
  ],
  judge: (object) => {
    const phase = textAt(object, 'status.phase')
    return quiet(phase === 'Bound' ? 'ok' : phase === 'Lost' ? 'error' : phase === '' ? 'unknown' : 'warning', phase)
  },
  cells: (object) => [
    textAt(object, 'spec.volumeName'),
    quantityAt(object, 'status.capacity.storage') ?? quantityAt(object, 'spec.resources.requests.storage') ?? null,
    textAt(object, 'spec.storageClassName'),
    listAt(object, 'spec.accessModes').join(', '),
  ],
}
const volumes: RowKind = {
  columns: [
    column('capacity', 'Capacity', 'bytes'),
    column('claim', 'Claim'),
    column('class', 'Storage class'),
    column('reclaim', 'Reclaim policy'),
  ],
  judge: (object) => {
    const phase = textAt(object, 'status.phase')
    return quiet(phase === 'Bound' || phase === 'Available' ? 'ok' : phase === 'Failed' ? 'error' : 'warning', phase)
  },
  cells: (object) => {
    const claim = recordAt(object, 'spec.claimRef')
    return [
      quantityAt(object, 'spec.capacity.storage') ?? null,
      claim['name'] ? `${String(claim['namespace'])}/${String(claim['name'])}` : '',
      textAt(object, 'spec.storageClassName'),
      textAt(object, 'spec.persistentVolumeReclaimPolicy'),
    ]
  },
}
const services: RowKind = {
  columns: [
    column('type', 'Type'),
    column('clusterIp', 'Cluster IP'),
    column('external', 'External IP'),
    column('ports', 'Ports'),
    column('selector', 'Selector'),
  ],
  judge: () => quiet(),
  cells: (object) => [
    textAt(object, 'spec.type'),
    textAt(object, 'spec.clusterIP'),
    [
      ...listAt(object, 'spec.externalIPs').map(String),
      ...listAt(object, 'status.loadBalancer.ingress').map((item) => textAt(item, 'ip') || textAt(item, 'hostname')),
      textAt(object, 'spec.externalName'),
    ]
      .filter(Boolean)
      .join(', '),
    listAt(object, 'spec.ports')
      .map((item) => {
        const nodePort = numberAt(item, 'nodePort')
        return `${textAt(item, 'port')}${nodePort ? `:${nodePort}` : ''}/${textAt(item, 'protocol') || 'TCP'}`
      })
      .join(', '),
    selectorOf(object, 'spec.selector'),
  ],
}
const eventsKind: RowKind = {
  keepAtMost: 5000,
  columns: [
    column('last', 'Last seen', 'age'),
    column('reason', 'Reason'),
    column('object', 'Object'),
    column('message', 'Message'),
    column('count', 'Count', 'number'),
    column('source', 'Source', 'text', true),
  ],
  judge: (object) => {
    const type = textAt(object, 'type')
    return quiet(type === 'Warning' ? 'warning' : 'off', type)
  },
  cells: (object) => [
    eventTime(object),
    textAt(object, 'reason'),
    `${textAt(object, 'involvedObject.kind')}/${textAt(object, 'involvedObject.name')}`,
    textAt(object, 'message'),
    eventCount(object),
    textAt(object, 'source.component') || textAt(object, 'reportingComponent'),
  ],
}
export const eventTime = (event: unknown): number | null =>
  timeAt(event, 'series.lastObservedTime') ??
  timeAt(event, 'lastTimestamp') ??
  timeAt(event, 'eventTime') ??
  timeAt(event, 'metadata.creationTimestamp')
export const eventCount = (event: unknown): number =>
  numberAt(event, 'series.count') ?? numberAt(event, 'count') ?? 1

const rayClusters: RowKind = {
  columns: [
    column('workers', 'Workers'),
    column('range', 'Autoscaling'),
    column('cpu', 'CPU', 'cpu'),
    column('memory', 'Memory', 'bytes'),
    column('gpu', 'GPU', 'number'),
    column('version', 'Ray'),
  ],
  judge: judged(shapes.rayClusterObject, judgeRayCluster),
  cells: (object) => [
    `${numberAt(object, 'status.readyWorkerReplicas') ?? numberAt(object, 'status.availableWorkerReplicas') ?? 0}/${numberAt(object, 'status.desiredWorkerReplicas') ?? 0}`,
    flagAt(object, 'spec.enableInTreeAutoscaling')
      ? `${numberAt(object, 'status.minWorkerReplicas') ?? 0} to ${numberAt(object, 'status.maxWorkerReplicas') ?? '?'}`
      : 'off',
    quantityAt(object, 'status.desiredCPU') ?? null,
    quantityAt(object, 'status.desiredMemory') ?? null,
    quantityAt(object, 'status.desiredGPU') || null,
    textAt(object, 'spec.rayVersion'),
  ],
}
const rayJobs: RowKind = {
  columns: [
    column('deployment', 'Deployment'),
    column('cluster', 'Ray cluster'),
    column('started', 'Started', 'age'),
    column('ended', 'Ended', 'age'),
    column('entrypoint', 'Entry point'),
  ],
  judge: judged(shapes.rayJobObject, judgeRayJob),
  cells: (object) => [
    textAt(object, 'status.jobDeploymentStatus'),
    textAt(object, 'status.rayClusterName'),
    timeAt(object, 'status.startTime'),
    timeAt(object, 'status.endTime'),
    textAt(object, 'spec.entrypoint'),
  ],
}

/** By kind id. */
export const rowKinds: Readonly<Record<string, RowKind>> = {
  pods,
  nodes,
  namespaces,
  services,
  persistentvolumeclaims: claims,
  persistentvolumes: volumes,
  events: eventsKind,
  'deployments.apps': deployments,
  'statefulsets.apps': statefulSets,
  'daemonsets.apps': daemonSets,
  'replicasets.apps': replicaSets,
  'jobs.batch': jobs,
  'cronjobs.batch': cronJobs,
  'rayclusters.ray.io': rayClusters,
  'rayjobs.ray.io': rayJobs,
}

/** A row of a kind of ours. */
export function rowOf(kind: RowKind, object: unknown): KubeRow {
  return { ...rowFrame(object), ...kind.judge(object), cells: kind.cells(object) }
}

/** What every row has, of any kind. */
export function rowFrame(object: unknown): Omit<KubeRow, 'cells'> {
  const namespace = textAt(object, 'metadata.namespace') || null
  const name = textAt(object, 'metadata.name')
  return {
    key: namespace === null ? name : `${namespace}/${name}`,
    uid: textAt(object, 'metadata.uid'),
    namespace,
    name,
    createdAtMs: timeAt(object, 'metadata.creationTimestamp'),
    ...quiet(),
    labels: selectorOf(object, 'metadata.labels'),
  }
}
