// What the server adds to a new object beyond its schema's defaults: cluster addresses of services, selectors and
// labels of jobs, tolerations, token volume and QoS class of pods. Called by the write path and by the controllers.
import { randomUUID } from 'node:crypto'
import type { ContainerSpec, JobSpec, Pod, PodSpec } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { listAt, recordAt, textAt } from '../storage/kube-object.ts'
import { invalid } from '../storage/kube-status.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { randomSuffix } from './admission.ts'
import { shelf, type ResourceType } from './resource-table.ts'

/** The object with what only the server knows filled in; throws 422 for a cluster address that is taken. */
export function completeNew(store: ObjectStore, object: KubeObject, resource: ResourceType): KubeObject {
  switch (resource.storeKey) {
    case shelf.pods:
      return completePod(object as Pod)
    case shelf.jobs:
      return completeJob(object)
    case shelf.services:
      return completeService(store, object)
    case shelf.claims:
      return completeClaim(store, object)
    case shelf.secrets:
      return completeSecret(object)
    case shelf.namespaces:
      return withLabel(object, 'kubernetes.io/metadata.name', object.metadata.name)
    default:
      return object
  }
}

const withLabel = (object: KubeObject, label: string, value: string): KubeObject => ({
  ...object,
  metadata: { ...object.metadata, labels: { ...object.metadata.labels, [label]: value } },
})

const patience = (key: string) => ({ key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 })

function completePod(pod: Pod): Pod {
  const tolerations = pod.spec.tolerations ?? []
  const added = ['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']
    .filter(
      (key) =>
        !tolerations.some((one) => one.key === key || (one.key === undefined && one.operator === 'Exists')),
    )
    .map(patience)
  const spec = withTokenVolume({
    ...pod.spec,
    tolerations: [...tolerations, ...added],
    preemptionPolicy: 'PreemptLowerPriority',
    priority: 0,
  })
  return { ...pod, spec, status: { ...pod.status, qosClass: qosClass(spec.containers) } }
}

function withTokenVolume(spec: PodSpec): PodSpec {
  if (spec['automountServiceAccountToken'] === false) return spec
  const name = `kube-api-access-${randomSuffix()}`
  const mount = { name, readOnly: true, mountPath: '/var/run/secrets/kubernetes.io/serviceaccount' }
  const sources = [
    { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
    { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
    {
      downwardAPI: {
        items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
      },
    },
  ]
  return {
    ...spec,
    volumes: [...(spec.volumes ?? []), { name, projected: { sources, defaultMode: 420 } }],
    containers: spec.containers.map((one) => ({
      ...one,
      volumeMounts: [...listAt(one, 'volumeMounts'), mount],
    })),
  }
}

function qosClass(containers: ContainerSpec[]): string {
  const needs = containers.map(({ resources }) => resources ?? {})
  if (needs.every(({ requests, limits }) => requests === undefined && limits === undefined))
    return 'BestEffort'
  const isExact = needs.every(({ requests, limits }) =>
    ['cpu', 'memory'].every(
      (name) => limits?.[name] !== undefined && (requests?.[name] ?? limits[name]) === limits[name],
    ),
  )
  return isExact ? 'Guaranteed' : 'Burstable'
}

function completeJob(job: KubeObject): KubeObject {
  const spec = job['spec'] as JobSpec
  if (spec.selector !== undefined) return job
  const uid = job.metadata.uid ?? randomUUID()
  const { name } = job.metadata
  const labels = {
    ...spec.template.metadata?.labels,
    'batch.kubernetes.io/controller-uid': uid,
    'batch.kubernetes.io/job-name': name,
    'controller-uid': uid,
    'job-name': name,
  }
  return {
    ...job,
    metadata: { ...job.metadata, uid },
    spec: {
      ...spec,
      ...(spec.completions === undefined && spec.parallelism === 1 ? { completions: 1 } : {}),
      selector: { matchLabels: { 'batch.kubernetes.io/controller-uid': uid } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  }
}

function completeService(store: ObjectStore, service: KubeObject): KubeObject {
  const spec = recordAt(service, 'spec')
  if (spec['type'] === 'ExternalName') return service
  const wanted = textAt(spec, 'clusterIP')
  const taken = new Set(store.list(shelf.services).map((one) => textAt(one, 'spec.clusterIP')))
  if (wanted !== '' && wanted !== 'None' && taken.has(wanted))
    throw invalid('Service', '', service.metadata.name, [
      {
        reason: 'FieldValueInvalid',
        message: `Invalid value: "${wanted}": failed to allocate IP ${wanted}: provided IP is already allocated`,
        field: 'spec.clusterIP',
      },
    ])
  const clusterIP = wanted === '' ? freeAddress(taken) : wanted
  const ports = listAt(spec, 'ports').map((port) => ({
    ...(port as object),
    targetPort: recordAt({ port }, 'port')['targetPort'] ?? Number(textAt(port, 'port')),
  }))
  return {
    ...service,
    spec: { ...spec, clusterIP, clusterIPs: [clusterIP], ...(ports.length > 0 ? { ports } : {}) },
  }
}

function freeAddress(taken: Set<string>): string {
  for (let index = 256; index < 65_000; index += 97) {
    const address = `10.43.${index >> 8}.${index & 255}`
    if ((index & 255) !== 0 && !taken.has(address)) return address
  }
  return '10.43.255.254'
}

function completeClaim(store: ObjectStore, claim: KubeObject): KubeObject {
  if (textAt(claim, 'spec.storageClassName') !== '') return claim
  const preset = store
    .list(shelf.storageClasses)
    .find((one) => one.metadata.annotations?.['storageclass.kubernetes.io/is-default-class'] === 'true')
  if (preset === undefined) return claim
  return { ...claim, spec: { ...recordAt(claim, 'spec'), storageClassName: preset.metadata.name } }
}

/** `stringData` is write-only: it becomes base64 `data`. */
function completeSecret(secret: KubeObject): KubeObject {
  const { stringData: _plain, ...rest } = secret
  const plain = Object.entries(recordAt(secret, 'stringData')).map(([key, value]): [string, string] => [
    key,
    Buffer.from(String(value)).toString('base64'),
  ])
  const data = { ...recordAt(secret, 'data'), ...Object.fromEntries(plain) }
  return { ...rest, type: secret['type'] ?? 'Opaque', ...(Object.keys(data).length > 0 ? { data } : {}) }
}
