// What happens in the lab's cluster by itself: the autoscaler breathes, a log shipper is killed now and then, a probe
// times out. By the lab's clock and the cluster's seeded source. Starts when the lab opens.
import { shelf } from '../api/resource-table.ts'
import type { Node, Pod, RayCluster } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import { timestamp } from '../storage/kube-time.ts'
import type { Cluster, Controller } from './cluster.ts'
import { restartContainer } from './kubelet.ts'
import { isPodReady } from './pod-states.ts'
import { resizeGroup } from './ray-clusters.ts'

const minuteMs = 60_000
const heartbeatMs = 5 * minuteMs

interface Happening {
  everyMs: number
  happen(cluster: Cluster): void
}

const happenings: Happening[] = [
  { everyMs: heartbeatMs, happen: beat },
  { everyMs: 23 * minuteMs, happen: breathe },
  { everyMs: 7 * minuteMs, happen: slowProbe },
  { everyMs: 97 * minuteMs, happen: killLogShipper },
]

/** A controller that lets each happening occur at its own pace, beginning one period after the first look. */
export const dailyLife = (): Controller => {
  const next = new Map<Happening, number>()
  return (cluster) => {
    const nowMs = cluster.clock.nowMs()
    for (const happening of happenings) {
      let dueMs = next.get(happening) ?? nowMs + happening.everyMs
      if (dueMs <= nowMs) {
        // A jump over many periods is one occurrence, not a burst.
        dueMs = nowMs + happening.everyMs
        next.set(happening, dueMs)
        happening.happen(cluster)
      } else next.set(happening, dueMs)
      cluster.wakeAt(dueMs)
    }
  }
}

/** The kubelets report that they are there. */
function beat(cluster: Cluster): void {
  const time = timestamp(cluster.clock.nowMs())
  for (const object of cluster.store.list(shelf.nodes)) {
    const node = as<Node>(object)
    const conditions = (node.status.conditions ?? []).map((one) => ({ ...one, lastHeartbeatTime: time }))
    cluster.store.update(shelf.nodes, { ...node, status: { ...node.status, conditions } })
  }
}

/** The Ray autoscaler adds or removes one worker around the site's own number. */
function breathe(cluster: Cluster): void {
  for (const known of cluster.site.kubernetes.rayClusters) {
    const object = cluster.store.get(shelf.rayClusters, known.namespace, known.name)
    if (object === undefined || !known.autoscaling.enabled) continue
    const ray = as<RayCluster>(object)
    for (const group of known.workerGroups) {
      const current =
        ray.spec.workerGroupSpecs.find((one) => one.groupName === group.name)?.replicas ?? group.replicas
      const step =
        current > group.replicas
          ? -1
          : current < group.replicas
            ? 1
            : cluster.random.fraction() < 0.5
              ? -1
              : 1
      resizeGroup(
        cluster,
        ray,
        group.name,
        Math.min(Math.max(current + step, group.minReplicas), group.maxReplicas),
      )
    }
  }
}

const livePods = (cluster: Cluster, matches: (pod: Pod) => boolean): Pod[] =>
  cluster.store
    .list(shelf.pods)
    .map(as<Pod>)
    .filter((pod) => pod.status.phase === 'Running' && isPodReady(pod) && matches(pod))

/** A readiness probe somewhere takes too long. */
export function slowProbe(cluster: Cluster): void {
  const pods = livePods(cluster, (pod) =>
    ['desi-voids', 'monitoring', 'cert-manager', 'portainer'].includes(pod.metadata.namespace ?? ''),
  )
  const pod = pods[cluster.random.below(pods.length)]
  if (pod === undefined) return
  const port = pod.spec.containers[0]?.ports?.[0]?.containerPort ?? 8080
  cluster.events.record(pod, {
    type: 'Warning',
    reason: 'Unhealthy',
    message: `Readiness probe failed: Get "http://${pod.status.podIP ?? ''}:${port}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    component: 'kubelet',
    host: pod.spec.nodeName ?? '',
    container: pod.spec.containers[0]?.name ?? '',
  })
}

/** The log shippers are tight on memory; the kernel takes one from time to time. */
export function killLogShipper(cluster: Cluster): void {
  const pods = livePods(
    cluster,
    (pod) => pod.metadata.namespace === 'monitoring' && pod.metadata.name.startsWith('alloy-'),
  )
  const pod = pods[cluster.random.below(pods.length)]
  if (pod !== undefined)
    restartContainer(cluster, pod, pod.spec.containers[0]?.name ?? '', { exitCode: 137, reason: 'OOMKilled' })
}
