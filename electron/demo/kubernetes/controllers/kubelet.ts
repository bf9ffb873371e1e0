// The kubelets of the four nodes: images are pulled, containers start, finite ones end, deleted pods stop after their
// grace. Each step happens at a planned lab time. Called by the control loop only.
import { shelf } from '../api/resource-table.ts'
import { hashFraction } from '../../world/load.ts'
import type { Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import { isSameJson, numberAt } from '../storage/kube-object.ts'
import { parseTime } from '../storage/kube-time.ts'
import type { Hindrance } from '../pods/real-containers.ts'
import type { Cluster, Controller } from './cluster.ts'
import { endedStatus, isPodOver, restartedStatus, runningStatus } from './pod-states.ts'
import type { ContainerEnd } from './pod-states.ts'
import { runPlanOf } from './run-plan.ts'

/** The longest a well-behaved container of the lab needs to stop. */
const stopMs = 2_000
/** How often a container that cannot start is tried again. */
const retryMs = 3_000

interface Memory {
  /** Images by node: a second pod does not pull again. */
  pulled: Set<string>
  startAt: Map<string, number>
  stopAt: Map<string, number>
}

export const kubelet = (): Controller => {
  const memory: Memory = { pulled: new Set(), startAt: new Map(), stopAt: new Map() }
  return (cluster) => {
    const pods = cluster.store.list(shelf.pods).map(as<Pod>)
    if (cluster.containers.hasAny) cluster.containers.keepOnly(wantedContainers(cluster, pods))
    for (const pod of pods) {
      if (pod.spec.nodeName === undefined || pod.status.startTime === undefined) {
        if (pod.metadata.deletionTimestamp !== undefined) stop(cluster, pod, memory)
        continue
      }
      if (pod.metadata.deletionTimestamp !== undefined) stop(cluster, pod, memory)
      else if (pod.status.phase === 'Pending') start(cluster, pod, memory)
      else if (pod.status.phase === 'Running') end(cluster, pod)
    }
    forgetGone(memory, pods)
  }
}

function forgetGone(memory: Memory, pods: Pod[]): void {
  if (memory.startAt.size + memory.stopAt.size <= pods.length * 2 + 100) return
  const alive = new Set(pods.map((pod) => pod.metadata.uid))
  for (const plans of [memory.startAt, memory.stopAt])
    for (const uid of plans.keys()) if (!alive.has(uid)) plans.delete(uid)
}

function start(cluster: Cluster, pod: Pod, memory: Memory): void {
  const uid = pod.metadata.uid ?? ''
  const nowMs = cluster.clock.nowMs()
  const node = pod.spec.nodeName ?? ''
  const fresh = pod.spec.containers.filter(({ image }) => !memory.pulled.has(`${node} ${image}`))
  let dueMs = memory.startAt.get(uid)
  if (dueMs === undefined) {
    const pullMs = fresh.length * (1_500 + Math.round(2_500 * hashFraction(pod.metadata.name)))
    dueMs = nowMs + 1_200 + pullMs
    memory.startAt.set(uid, dueMs)
    for (const { name, image } of fresh)
      cluster.events.record(pod, {
        ...from(pod, name),
        reason: 'Pulling',
        message: `Pulling image "${image}"`,
      })
  }
  if (nowMs < dueMs) return cluster.wakeAt(dueMs)
  const hindrance = cluster.containers.isReal(pod.spec)
    ? cluster.containers.start(uid, pod.metadata.namespace ?? '', pod.spec, realOptions(pod))
    : undefined
  if (hindrance !== undefined) {
    hold(cluster, pod, hindrance)
    memory.startAt.set(uid, nowMs + retryMs)
    return cluster.wakeAt(nowMs + retryMs)
  }
  memory.startAt.delete(uid)
  for (const { name, image } of pod.spec.containers) {
    const isFresh = !memory.pulled.has(`${node} ${image}`)
    memory.pulled.add(`${node} ${image}`)
    const message = isFresh
      ? `Successfully pulled image "${image}"`
      : `Container image "${image}" already present on machine`
    cluster.events.record(pod, { ...from(pod, name), reason: 'Pulled', message })
    cluster.events.record(pod, {
      ...from(pod, name),
      reason: 'Created',
      message: `Created container: ${name}`,
    })
    cluster.events.record(pod, {
      ...from(pod, name),
      reason: 'Started',
      message: `Started container ${name}`,
    })
  }
  const address = pod.spec.hostNetwork === true ? (pod.status.hostIP ?? '') : freeAddress(cluster, node)
  cluster.store.update(shelf.pods, { ...pod, status: runningStatus(pod, address, nowMs) })
}

/** Pods that are not over, and Ray jobs, whose drivers are kept under their own uid. */
const wantedContainers = (cluster: Cluster, pods: readonly Pod[]): Set<string> =>
  new Set([...pods.filter((pod) => pod.status.phase !== 'Failed' || hasRealEnd(cluster, pod)), ...cluster.store.list(shelf.rayJobs)].map(({ metadata }) => metadata.uid ?? ''))

/** A pod that failed by its own end keeps its log; one that was evicted loses its process and its log. */
const hasRealEnd = (cluster: Cluster, pod: Pod): boolean => cluster.containers.endOf(pod.metadata.uid ?? '') !== undefined

const realOptions = ({ spec }: Pod): { seconds?: number } => {
  const seconds = Number(spec['activeDeadlineSeconds'] ?? 0)
  return seconds > 0 ? { seconds } : {}
}

/** It cannot start yet: a waiting reason of its container, or an event for a volume that is not there. */
function hold(cluster: Cluster, pod: Pod, { reason, message, isMount = false }: Hindrance): void {
  if (isMount) return cluster.events.record(pod, { component: 'kubelet', host: pod.spec.nodeName ?? '', type: 'Warning', reason, message })
  const containerStatuses = (pod.status.containerStatuses ?? []).map((status) => ({ ...status, state: { waiting: { reason, message } } }))
  if (isSameJson(containerStatuses, pod.status.containerStatuses)) return
  cluster.store.update(shelf.pods, { ...pod, status: { ...pod.status, containerStatuses } })
  cluster.events.record(pod, { ...from(pod, pod.spec.containers[0]?.name ?? ''), type: 'Warning', reason: 'Failed', message: `Error: ${message}` })
}

/** The process has ended: as it said, or because the node took its memory back. */
function endReal(cluster: Cluster, pod: Pod): void {
  const end = cluster.containers.endOf(pod.metadata.uid ?? '')
  if (end === undefined) return
  const reason = end.reason === 'Killed' || end.reason === 'DeadlineExceeded' ? 'Error' : end.reason
  cluster.store.update(shelf.pods, { ...pod, status: endedStatus(pod, { exitCode: end.exitCode, reason }, cluster.clock.nowMs()) })
}

const from = (pod: Pod, container: string) => ({
  component: 'kubelet',
  host: pod.spec.nodeName ?? '',
  container,
})

/** The next free address of the node's part of the pod network. */
function freeAddress(cluster: Cluster, nodeName: string): string {
  const index = Math.max(
    cluster.site.kubernetes.nodes.findIndex((one) => one.name === nodeName),
    0,
  )
  const taken = new Set(cluster.store.list(shelf.pods).map((pod) => as<Pod>(pod).status.podIP))
  const prefix = cluster.site.kubernetes.cluster.podCidr.split('.').slice(0, 2).join('.')
  for (let last = 11; last < 254; last += 1) {
    const address = `${prefix}.${index}.${last}`
    if (!taken.has(address)) return address
  }
  return `${prefix}.${index}.254`
}

/** Ends a finite pod when its time has come; a failed one that may restart does. */
function end(cluster: Cluster, pod: Pod): void {
  if (cluster.containers.isStarted(pod.metadata.uid ?? '')) return endReal(cluster, pod)
  const plan = runPlanOf(pod)
  if (plan === undefined) return
  const startedMs = parseTime(pod.status.containerStatuses?.[0]?.state.running?.startedAt)
  const dueMs = startedMs + plan.durationMs
  const nowMs = cluster.clock.nowMs()
  if (nowMs < dueMs) return cluster.wakeAt(dueMs)
  const isRetried = plan.end.exitCode !== 0 && pod.spec.restartPolicy === 'OnFailure'
  if (isRetried && numberAt(pod, 'status.containerStatuses.0.restartCount') < 6)
    return restartContainer(cluster, pod, pod.spec.containers[0]?.name ?? '', plan.end)
  cluster.store.update(shelf.pods, { ...pod, status: endedStatus(pod, plan.end, nowMs) })
}

/** A container that died and came back: status, and the events that tell of it. */
export function restartContainer(cluster: Cluster, pod: Pod, name: string, end: ContainerEnd): void {
  const image = pod.spec.containers.find((one) => one.name === name)?.image ?? ''
  cluster.store.update(shelf.pods, { ...pod, status: restartedStatus(pod, name, end, cluster.clock.nowMs()) })
  const source = from(pod, name)
  if (end.exitCode !== 0)
    cluster.events.record(pod, {
      ...source,
      type: 'Warning',
      reason: 'BackOff',
      message: `Back-off restarting failed container ${name} in pod ${pod.metadata.name}_${pod.metadata.namespace ?? ''}(${pod.metadata.uid ?? ''})`,
    })
  cluster.events.record(pod, {
    ...source,
    reason: 'Pulled',
    message: `Container image "${image}" already present on machine`,
  })
  cluster.events.record(pod, { ...source, reason: 'Created', message: `Created container: ${name}` })
  cluster.events.record(pod, { ...source, reason: 'Started', message: `Started container ${name}` })
}

function stop(cluster: Cluster, pod: Pod, memory: Memory): void {
  const uid = pod.metadata.uid ?? ''
  const nowMs = cluster.clock.nowMs()
  const graceMs = (pod.metadata.deletionGracePeriodSeconds ?? 30) * 1000
  const isIdle = pod.spec.nodeName === undefined || isPodOver(pod)
  let dueMs = memory.stopAt.get(uid)
  if (dueMs === undefined) {
    dueMs = nowMs + (isIdle ? 0 : Math.min(graceMs, stopMs))
    cluster.containers.kill(uid)
    memory.stopAt.set(uid, dueMs)
    if (!isIdle)
      for (const { name } of pod.spec.containers)
        cluster.events.record(pod, {
          ...from(pod, name),
          reason: 'Killing',
          message: `Stopping container ${name}`,
        })
  }
  if (nowMs < dueMs) return cluster.wakeAt(dueMs)
  if ((pod.metadata.finalizers ?? []).length > 0) return
  memory.stopAt.delete(uid)
  cluster.store.remove(shelf.pods, pod.metadata.namespace, pod.metadata.name)
}
