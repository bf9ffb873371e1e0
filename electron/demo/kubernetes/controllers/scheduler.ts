// Places pods on nodes: selectors, taints, pinning and free CPU and memory decide, the emptiest node wins. What fits
// nowhere stays pending with the reason on it, as in a real cluster.
import { shelf } from '../api/resource-table.ts'
import type { ContainerSpec, Node, Pod, PodSpec } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import { isSameJson, listAt, textAt } from '../storage/kube-object.ts'
import { quantityOr } from '../storage/quantity.ts'
import type { Cluster, Controller } from './cluster.ts'
import { creatingStatus, isPodOver, unscheduledStatus } from './pod-states.ts'

export interface Needs {
  cores: number
  bytes: number
  extended: Record<string, number>
}

/** The sum of the requests (or else limits) of a pod's containers. */
export function needsOf(spec: PodSpec): Needs {
  const needs: Needs = { cores: 0, bytes: 0, extended: {} }
  for (const { resources } of spec.containers as ContainerSpec[]) {
    const wanted = { ...resources?.limits, ...resources?.requests }
    for (const [name, quantity] of Object.entries(wanted)) {
      const amount = quantityOr(quantity, 0)
      if (name === 'cpu') needs.cores += amount
      else if (name === 'memory') needs.bytes += amount
      else if (name.includes('/')) needs.extended[name] = (needs.extended[name] ?? 0) + amount
    }
  }
  return needs
}

const pinnedNode = (spec: PodSpec): string | undefined => {
  const terms = listAt(
    spec,
    'affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms',
  )
  const fields = terms.flatMap((term) => listAt(term, 'matchFields'))
  const pin = fields.find((field) => textAt(field, 'key') === 'metadata.name')
  return pin === undefined ? undefined : String(listAt(pin, 'values')[0])
}

function isTolerated(pod: Pod, taint: { key: string; value?: string; effect: string }): boolean {
  return (pod.spec.tolerations ?? []).some(
    ({ key, operator, effect, value }) =>
      (effect === undefined || effect === '' || effect === taint.effect) &&
      (key === undefined
        ? operator === 'Exists'
        : key === taint.key && (operator === 'Exists' || value === taint.value)),
  )
}

/** Why a pod cannot go on a node; undefined when it can. */
function obstacle(cluster: Cluster, pod: Pod, node: Node): string | undefined {
  const pin = pinnedNode(pod.spec)
  if (pin !== undefined && pin !== node.metadata.name)
    return "node(s) didn't match Pod's node affinity/selector"
  const labels = node.metadata.labels ?? {}
  if (Object.entries(pod.spec.nodeSelector ?? {}).some(([key, value]) => labels[key] !== value))
    return "node(s) didn't match Pod's node affinity/selector"
  const isDaemon = pin !== undefined
  if (node.spec.unschedulable === true && !isDaemon) return 'node(s) were unschedulable'
  const taint = (node.spec.taints ?? []).find(
    (one) => one.effect !== 'PreferNoSchedule' && !isTolerated(pod, one),
  )
  if (taint !== undefined) return `node(s) had untolerated taint {${taint.key}: ${taint.value ?? ''}}`
  const free = freeOn(cluster, node)
  const needs = needsOf(pod.spec)
  if (needs.cores > free.cores) return 'Insufficient cpu'
  if (needs.bytes > free.bytes) return 'Insufficient memory'
  const missing = Object.entries(needs.extended).find(
    ([name, amount]) => amount > quantityOr(node.status.allocatable[name], 0),
  )
  return missing === undefined ? undefined : `Insufficient ${missing[0]}`
}

function freeOn(cluster: Cluster, node: Node): { cores: number; bytes: number } {
  const free = {
    cores: quantityOr(node.status.allocatable['cpu'], 0),
    bytes: quantityOr(node.status.allocatable['memory'], 0),
  }
  for (const object of cluster.store.list(shelf.pods)) {
    const pod = as<Pod>(object)
    if (pod.spec.nodeName !== node.metadata.name || isPodOver(pod)) continue
    const needs = needsOf(pod.spec)
    free.cores -= needs.cores
    free.bytes -= needs.bytes
  }
  return free
}

/** Binds every pending pod that fits somewhere. */
export const scheduler = (): Controller => (cluster) => {
  for (const object of cluster.store.list(shelf.pods)) {
    const pod = as<Pod>(object)
    if (pod.metadata.deletionTimestamp !== undefined || isPodOver(pod)) continue
    if (pod.spec.nodeName === undefined) place(cluster, pod)
    else if (pod.status.startTime === undefined) startOn(cluster, pod, pod.spec.nodeName)
  }
}

function place(cluster: Cluster, pod: Pod): void {
  const obstacles = new Map<string, number>()
  const candidates: { node: Node; cores: number }[] = []
  const nodes = cluster.store.list(shelf.nodes).map(as<Node>)
  for (const node of nodes) {
    const why = obstacle(cluster, pod, node)
    if (why === undefined) candidates.push({ node, cores: freeOn(cluster, node).cores })
    else obstacles.set(why, (obstacles.get(why) ?? 0) + 1)
  }
  candidates.sort((left, right) => right.cores - left.cores)
  const best = candidates[0]?.node
  if (best === undefined) return refuse(cluster, pod, nodes.length, obstacles)
  const { name } = best.metadata
  const bound = as<Pod>(
    cluster.store.update(shelf.pods, { ...pod, spec: { ...pod.spec, nodeName: name } }) ?? pod,
  )
  cluster.events.record(bound, {
    reason: 'Scheduled',
    message: `Successfully assigned ${pod.metadata.namespace ?? ''}/${pod.metadata.name} to ${name}`,
    component: 'default-scheduler',
  })
  startOn(cluster, bound, name)
}

function startOn(cluster: Cluster, pod: Pod, nodeName: string): void {
  const node = cluster.store.get(shelf.nodes, undefined, nodeName)
  if (node === undefined) return
  const address = as<Node>(node).status.addresses.find((one) => one.type === 'InternalIP')?.address ?? ''
  cluster.store.update(shelf.pods, { ...pod, status: creatingStatus(pod, address, cluster.clock.nowMs()) })
}

function refuse(cluster: Cluster, pod: Pod, nodeCount: number, obstacles: Map<string, number>): void {
  const reasons = [...obstacles].map(([why, count]) => `${count} ${why}`).join(', ')
  const message = `0/${nodeCount} nodes are available: ${reasons}.`
  const known = pod.status.conditions?.find((one) => one.type === 'PodScheduled')?.message
  if (isSameJson(known, message)) return
  cluster.store.update(shelf.pods, { ...pod, status: unscheduledStatus(pod, cluster.clock.nowMs(), message) })
  cluster.events.record(pod, {
    type: 'Warning',
    reason: 'FailedScheduling',
    message,
    component: 'default-scheduler',
  })
}
