// Volumes for claims (made on the node of the first pod that uses them, as the local-path provisioner does), and the
// used side of resource quotas.
import { shelf } from '../api/resource-table.ts'
import type { Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { listAt, recordAt, textAt } from '../storage/kube-object.ts'
import { printBytes, printCores, quantityOr } from '../storage/quantity.ts'
import type { Cluster, Controller } from './cluster.ts'
import { setStatus } from './cluster.ts'
import { plant } from './pod-factory.ts'
import { isPodOver } from './pod-states.ts'

export const claims = (): Controller => {
  const waiting = new Set<string>()
  return (cluster) => reconcileClaims(cluster, waiting)
}

function reconcileClaims(cluster: Cluster, waiting: Set<string>): void {
  for (const claim of cluster.store.list(shelf.claims)) {
    if (textAt(claim, 'status.phase') !== 'Pending' || claim.metadata.deletionTimestamp !== undefined)
      continue
    const node = nodeOfFirstUser(cluster, claim)
    if (node !== undefined) provision(cluster, claim, node)
    else noteWaiting(cluster, claim, waiting)
  }
  for (const volume of cluster.store.list(shelf.volumes)) {
    const { namespace, name } = recordAt(volume, 'spec.claimRef')
    if (typeof name !== 'string' || cluster.store.get(shelf.claims, String(namespace), name) !== undefined)
      continue
    if (textAt(volume, 'spec.persistentVolumeReclaimPolicy') === 'Delete')
      cluster.store.remove(shelf.volumes, undefined, volume.metadata.name)
    else setStatus(cluster, shelf.volumes, volume, { phase: 'Released' })
  }
}

/** Said once per claim. */
function noteWaiting(cluster: Cluster, claim: KubeObject, waiting: Set<string>): void {
  const { uid = '' } = claim.metadata
  if (waiting.has(uid)) return
  waiting.add(uid)
  cluster.events.record(claim, {
    reason: 'WaitForFirstConsumer',
    message: 'waiting for first consumer to be created before binding',
    component: 'persistentvolume-controller',
  })
}

function nodeOfFirstUser(cluster: Cluster, claim: KubeObject): string | undefined {
  const user = cluster.store
    .list(shelf.pods)
    .map(as<Pod>)
    .find(
      (pod) =>
        pod.metadata.namespace === claim.metadata.namespace &&
        pod.spec.nodeName !== undefined &&
        (pod.spec.volumes ?? []).some(
          (one) => textAt(one, 'persistentVolumeClaim.claimName') === claim.metadata.name,
        ),
    )
  return user?.spec.nodeName
}

function provision(cluster: Cluster, claim: KubeObject, node: string): void {
  const { uid = '', name, namespace = '' } = claim.metadata
  const volumeName = `pvc-${uid}`
  const capacity = { storage: textAt(claim, 'spec.resources.requests.storage') || '1Gi' }
  const storageClassName = textAt(claim, 'spec.storageClassName')
  plant(cluster, {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: {
      name: volumeName,
      annotations: { 'pv.kubernetes.io/provisioned-by': 'rancher.io/local-path' },
      finalizers: [],
    },
    spec: {
      capacity,
      accessModes: listAt(claim, 'spec.accessModes'),
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName,
      volumeMode: 'Filesystem',
      hostPath: {
        path: `/mnt/data/local-path/${volumeName}_${namespace}_${name}`,
        type: 'DirectoryOrCreate',
      },
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', namespace, name, uid },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [
            { matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }] },
          ],
        },
      },
    },
    status: { phase: 'Bound' },
  })
  const spec = { ...recordAt(claim, 'spec'), volumeName }
  cluster.store.update(shelf.claims, {
    ...claim,
    spec,
    status: { phase: 'Bound', accessModes: listAt(claim, 'spec.accessModes'), capacity },
  })
  cluster.events.record(claim, {
    reason: 'ProvisioningSucceeded',
    message: `Successfully provisioned volume ${volumeName}`,
    component: 'rancher.io/local-path',
  })
}

export const quotas = (): Controller => (cluster) => {
  for (const quota of cluster.store.list(shelf.quotas)) {
    const hard = recordAt(quota, 'spec.hard')
    const pods = cluster.store
      .list(shelf.pods)
      .map(as<Pod>)
      .filter((pod) => pod.metadata.namespace === quota.metadata.namespace && !isPodOver(pod))
    const used = Object.fromEntries(
      Object.keys(hard).map((name) => [name, usage(cluster, quota, name, pods)]),
    )
    setStatus(cluster, shelf.quotas, quota, { hard, used })
  }
}

function usage(cluster: Cluster, quota: KubeObject, name: string, pods: Pod[]): string {
  const { namespace } = quota.metadata
  const sum = (side: 'requests' | 'limits', resource: string): number =>
    pods
      .flatMap((pod) => pod.spec.containers)
      .reduce((total, { resources }) => total + quantityOr(resources?.[side]?.[resource], 0), 0)
  const [side = '', resource = ''] = ['cpu', 'memory'].includes(name)
    ? ['requests', name]
    : name.split(/\.(.*)/)
  if (name === 'pods') return String(pods.length)
  if (side === 'requests' || side === 'limits') {
    if (resource === 'cpu') return printCores(sum(side, resource))
    if (resource === 'memory') return printBytes(sum(side, resource))
    if (resource === 'storage') return printBytes(claimedBytes(cluster, namespace))
    return String(sum(side, resource))
  }
  const plural = name.startsWith('count/') ? name.slice(6) : name
  const key = cluster.registry.all().find((row) => row.plural === plural.split('.')[0])?.storeKey
  return String(
    key === undefined
      ? 0
      : cluster.store.list(key).filter((one) => one.metadata.namespace === namespace).length,
  )
}

const claimedBytes = (cluster: Cluster, namespace: string | undefined): number =>
  cluster.store
    .list(shelf.claims)
    .filter((claim) => claim.metadata.namespace === namespace)
    .reduce((total, claim) => total + quantityOr(textAt(claim, 'spec.resources.requests.storage'), 0), 0)
