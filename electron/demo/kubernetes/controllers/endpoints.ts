// Keeps the endpoints of services equal to their ready pods, in both forms (Endpoints and EndpointSlice). Services
// without a selector are left alone: somebody else says where they lead.
import { shelf } from '../api/resource-table.ts'
import type { Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { controlledBy, isSameJson, listAt, recordAt, textAt, valueAt } from '../storage/kube-object.ts'
import type { Cluster, Controller } from './cluster.ts'
import { plant } from './pod-factory.ts'
import { isPodReady } from './pod-states.ts'

export const endpoints = (): Controller => (cluster) => {
  for (const service of cluster.store.list(shelf.services)) {
    const selector = recordAt(service, 'spec.selector')
    if (Object.keys(selector).length === 0 || service.metadata.deletionTimestamp !== undefined) continue
    const pods = cluster.store
      .list(shelf.pods)
      .map(as<Pod>)
      .filter(
        (pod) => pod.metadata.namespace === service.metadata.namespace && pod.status.podIP !== undefined,
      )
      .filter((pod) => Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value))
      .filter((pod) => pod.status.phase === 'Running')
    writeEndpoints(cluster, service, pods)
    writeSlice(cluster, service, pods)
  }
  for (const object of cluster.store.list(shelf.endpoints)) {
    const { namespace, name } = object.metadata
    if (cluster.store.get(shelf.services, namespace, name) === undefined)
      cluster.store.remove(shelf.endpoints, namespace, name)
  }
}

interface Port {
  name?: string
  port: number
  protocol: string
}

function portsOf(service: KubeObject, pods: Pod[]): Port[] {
  return listAt(service, 'spec.ports').map((entry) => {
    const target = valueAt(entry, 'targetPort') ?? valueAt(entry, 'port')
    const named = pods
      .flatMap((pod) => pod.spec.containers)
      .flatMap((container) => container.ports ?? [])
      .find((port) => port.name === target)
    const port = typeof target === 'number' ? target : (named?.containerPort ?? Number(textAt(entry, 'port')))
    const name = textAt(entry, 'name')
    return { ...(name === '' ? {} : { name }), port, protocol: textAt(entry, 'protocol') || 'TCP' }
  })
}

const reference = (pod: Pod) => ({
  kind: 'Pod',
  namespace: pod.metadata.namespace,
  name: pod.metadata.name,
  uid: pod.metadata.uid,
})

function writeEndpoints(cluster: Cluster, service: KubeObject, pods: Pod[]): void {
  const address = (pod: Pod) => ({
    ip: pod.status.podIP,
    nodeName: pod.spec.nodeName,
    targetRef: reference(pod),
  })
  const [ready, unready] = [pods.filter(isPodReady), pods.filter((pod) => !isPodReady(pod))]
  const ports = portsOf(service, pods)
  const subsets =
    pods.length === 0
      ? undefined
      : [
          {
            ...(ready.length > 0 ? { addresses: ready.map(address) } : {}),
            ...(unready.length > 0 ? { notReadyAddresses: unready.map(address) } : {}),
            ...(ports.length > 0 ? { ports } : {}),
          },
        ]
  const { name, namespace } = service.metadata
  const known = cluster.store.get(shelf.endpoints, namespace, name)
  if (known !== undefined && isSameJson(known['subsets'], subsets)) return
  const body = subsets === undefined ? {} : { subsets }
  if (known === undefined)
    plant(cluster, { apiVersion: 'v1', kind: 'Endpoints', metadata: { name, ...place(namespace) }, ...body })
  else {
    const { subsets: _old, ...rest } = known
    cluster.store.update(shelf.endpoints, { ...rest, ...body })
  }
}

const place = (namespace: string | undefined) => (namespace === undefined ? {} : { namespace })

function writeSlice(cluster: Cluster, service: KubeObject, pods: Pod[]): void {
  const { name, namespace } = service.metadata
  const label = 'kubernetes.io/service-name'
  const slices = cluster.store.list(shelf.endpointSlices)
  const known = slices.find(
    (one) => one.metadata.namespace === namespace && one.metadata.labels?.[label] === name,
  )
  const entries = pods.map((pod) => ({
    addresses: [pod.status.podIP],
    conditions: {
      ready: isPodReady(pod),
      serving: isPodReady(pod),
      terminating: pod.metadata.deletionTimestamp !== undefined,
    },
    nodeName: pod.spec.nodeName,
    targetRef: reference(pod),
  }))
  const ports = portsOf(service, pods)
  if (known !== undefined) {
    if (!isSameJson(known['endpoints'], entries) || !isSameJson(known['ports'], ports))
      cluster.store.update(shelf.endpointSlices, { ...known, endpoints: entries, ports })
    return
  }
  plant(cluster, {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-${cluster.random.suffix()}`,
      generateName: `${name}-`,
      ...place(namespace),
      labels: { [label]: name, 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' },
      ownerReferences: [controlledBy(service)],
    },
    addressType: 'IPv4',
    endpoints: entries,
    ports,
  })
}
