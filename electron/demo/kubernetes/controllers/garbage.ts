// Removes what nobody owns any more, finishes foreground and orphaning deletions, empties dying namespaces and lets
// old events go. The last word on every deletion that could not happen at once.
import { shelf } from '../api/resource-table.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import type { StoreKey } from '../storage/object-store.ts'
import type { Cluster, Controller } from './cluster.ts'
import { retirePod } from './pod-factory.ts'
import { as } from '../storage/kinds.ts'
import type { Pod } from '../storage/kinds.ts'

export const garbageCollector = (): Controller => (cluster) => {
  const { store } = cluster
  const alive = new Set<string>()
  const owned: { key: StoreKey; object: KubeObject }[] = []
  const dying: { key: StoreKey; object: KubeObject }[] = []
  for (const key of store.keys())
    for (const object of store.list(key)) {
      if (object.metadata.uid !== undefined) alive.add(object.metadata.uid)
      if ((object.metadata.ownerReferences ?? []).length > 0) owned.push({ key, object })
      if (object.metadata.deletionTimestamp !== undefined) dying.push({ key, object })
    }
  for (const { key, object } of owned) {
    const owners = object.metadata.ownerReferences ?? []
    if (!owners.some((owner) => alive.has(owner.uid))) remove(cluster, key, object)
  }
  for (const { key, object } of dying) finishDeletion(cluster, key, object, owned)
}

function remove(cluster: Cluster, key: StoreKey, object: KubeObject): void {
  if (key === shelf.pods) retirePod(cluster, as<Pod>(object))
  else if ((object.metadata.finalizers ?? []).length === 0)
    cluster.store.remove(key, object.metadata.namespace, object.metadata.name)
}

function finishDeletion(
  cluster: Cluster,
  key: StoreKey,
  object: KubeObject,
  owned: { key: StoreKey; object: KubeObject }[],
): void {
  const finalizers = object.metadata.finalizers ?? []
  const dependents = owned.filter((entry) =>
    entry.object.metadata.ownerReferences?.some((one) => one.uid === object.metadata.uid),
  )
  if (finalizers.includes('orphan')) {
    for (const entry of dependents) orphan(cluster, entry.key, entry.object, object.metadata.uid ?? '')
    dropFinalizer(cluster, key, object, 'orphan')
  } else if (finalizers.includes('foregroundDeletion')) {
    for (const entry of dependents) remove(cluster, entry.key, entry.object)
    if (dependents.length === 0) dropFinalizer(cluster, key, object, 'foregroundDeletion')
  }
}

function orphan(cluster: Cluster, key: StoreKey, object: KubeObject, ownerUid: string): void {
  const live = cluster.store.get(key, object.metadata.namespace, object.metadata.name)
  if (live === undefined) return
  const ownerReferences = (live.metadata.ownerReferences ?? []).filter((one) => one.uid !== ownerUid)
  const { ownerReferences: _old, ...metadata } = live.metadata
  cluster.store.update(key, {
    ...live,
    metadata: { ...metadata, ...(ownerReferences.length > 0 ? { ownerReferences } : {}) },
  })
}

function dropFinalizer(cluster: Cluster, key: StoreKey, object: KubeObject, finalizer: string): void {
  const { finalizers = [], ...metadata } = object.metadata
  const rest = finalizers.filter((one) => one !== finalizer)
  if (rest.length === 0 && key !== shelf.pods) cluster.store.remove(key, metadata.namespace, metadata.name)
  else
    cluster.store.update(key, {
      ...object,
      metadata: { ...metadata, ...(rest.length > 0 ? { finalizers: rest } : {}) },
    })
}

/** Every namespace has its account and its copy of the cluster's authority; a dying one loses all it holds. */
export const namespaces = (caPem: string) => (): Controller => (cluster) => {
  for (const namespace of cluster.store.list(shelf.namespaces)) {
    if (namespace.metadata.deletionTimestamp === undefined) furnish(cluster, namespace, caPem)
    else empty(cluster, namespace)
  }
}

function furnish(cluster: Cluster, namespace: KubeObject, caPem: string): void {
  const { name, creationTimestamp = '' } = namespace.metadata
  const metadata = { namespace: name, uid: '', creationTimestamp }
  if (cluster.store.get(shelf.serviceAccounts, name, 'default') === undefined)
    cluster.store.create(shelf.serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { ...metadata, name: 'default', uid: cluster.random.uuid() },
    })
  if (cluster.store.get(shelf.configMaps, name, 'kube-root-ca.crt') === undefined)
    cluster.store.create(shelf.configMaps, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { ...metadata, name: 'kube-root-ca.crt', uid: cluster.random.uuid() },
      data: { 'ca.crt': caPem },
    })
}

function empty(cluster: Cluster, namespace: KubeObject): void {
  const { name } = namespace.metadata
  let left = 0
  for (const key of cluster.store.keys())
    for (const object of cluster.store.list(key)) {
      if (object.metadata.namespace !== name) continue
      left += 1
      remove(cluster, key, object)
    }
  if (left === 0) cluster.store.remove(shelf.namespaces, undefined, name)
}

/** Lets events go an hour after they last happened. */
export const eventExpiry = (): Controller => {
  let nextMs = 0
  return (cluster) => {
    const nowMs = cluster.clock.nowMs()
    if (nowMs < nextMs) return
    const dueMs = cluster.events.purge()
    // A look every three minutes at most: events expire in crowds.
    if (dueMs !== undefined) cluster.wakeAt((nextMs = Math.max(dueMs, nowMs + 180_000)))
  }
}
