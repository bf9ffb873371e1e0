// Brings the demo cluster to its present by living its last nine days in fast motion: seeds are planted at their
// times and the very controllers of the running lab act on them. So ages, owners, events and histories agree.
import type { DemoSite } from '../../world/site.ts'
import type { Cluster, ControlLoop } from '../controllers/cluster.ts'
import { killLogShipper, slowProbe } from '../controllers/daily-life.ts'
import { restartContainer } from '../controllers/kubelet.ts'
import { plant } from '../controllers/pod-factory.ts'
import { resizeGroup } from '../controllers/ray-clusters.ts'
import { shelf } from '../api/resource-table.ts'
import type { Node, Pod, RayCluster } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { timestamp } from '../storage/kube-time.ts'
import { accessSeeds } from './access-seeds.ts'
import { classSeeds, namespaceSeeds, nodeSeeds } from './cluster-seeds.ts'
import { networkSeeds } from './network-seeds.ts'
import { sinSeeds } from './sin-seeds.ts'
import { definitionSeeds, rayClusterSeeds, rayJobSeeds } from './ray-seeds.ts'
import { gridSeeds, workloadSeeds } from './workload-seeds.ts'

const minuteMs = 60_000
const dayMs = 24 * 60 * minuteMs
const historyDays = 9

/** A clock that the replay sets by hand and the lab's own clock takes over from. */
export interface SeedingClock {
  nowMs(): number
  set(atMs: number): void
}

interface Step {
  atMs: number
  run(cluster: Cluster): void
}

/** When the cluster of a lab that opens at `nowMs` was installed. */
export const installedMs = (nowMs: number): number =>
  Math.floor(nowMs / dayMs) * dayMs - historyDays * dayMs + 551 * minuteMs

/** Plays everything up to `nowMs`. */
export function replayHistory(cluster: Cluster, loop: ControlLoop, clock: SeedingClock, nowMs: number): void {
  const steps = historyOf(cluster.site, nowMs).sort((left, right) => left.atMs - right.atMs)
  for (const step of steps) {
    advance(loop, clock, step.atMs)
    step.run(cluster)
    loop.settle()
  }
  advance(loop, clock, nowMs)
  clock.set(nowMs)
}

function advance(loop: ControlLoop, clock: SeedingClock, untilMs: number): void {
  for (let due = loop.takeNext(untilMs); due !== undefined; due = loop.takeNext(untilMs)) {
    clock.set(Math.max(clock.nowMs(), due))
    loop.settle()
  }
  clock.set(Math.max(clock.nowMs(), untilMs))
}

const plantAll =
  (objects: KubeObject[]): Step['run'] =>
  (cluster) =>
    objects.forEach((object) => plant(cluster, object))

function historyOf(site: DemoSite, nowMs: number): Step[] {
  const bornMs = installedMs(nowMs)
  const failed = rayJobSeeds(site).find((job) => job.hasFailed)
  return [
    { atMs: bornMs, run: plantAll([...namespaceSeeds(site), ...accessSeeds(), ...classSeeds(site)]) },
    ...nodeSeeds(site, bornMs).map((node, index) => ({
      atMs: bornMs + index * 4 * minuteMs,
      run: plantAll([node]),
    })),
    { atMs: bornMs + 20 * minuteMs, run: plantAll([...definitionSeeds(), ...networkSeeds(site)]) },
    ...workloadSeeds(site).map((one, index) => ({
      atMs: bornMs + (22 + index) * minuteMs,
      run: plantAll([one]),
    })),
    { atMs: bornMs + 90 * minuteMs, run: plantAll(sinSeeds(site)) },
    { atMs: bornMs + dayMs, run: plantAll(rayClusterSeeds(site)) },
    ...rayJobSeeds(site).map((job) => ({ atMs: nowMs - job.agoMs, run: plantAll([job.object]) })),
    ...(failed === undefined
      ? []
      : [{ atMs: nowMs - failed.agoMs + 183 * minuteMs, run: killWorker(site, 'proj-k8s02') }]),
    { atMs: nowMs - 180 * minuteMs, run: plantAll(gridSeeds(site)) },
    ...[3 * 24 * 60, 31 * 60, 26].map((minutes) => ({
      atMs: nowMs - minutes * minuteMs,
      run: killLogShipper,
    })),
    ...[52, 37, 21, 8].map((minutes) => ({ atMs: nowMs - minutes * minuteMs, run: slowProbe })),
    { atMs: nowMs - 41 * minuteMs, run: resize(site, 1) },
    { atMs: nowMs - 18 * minuteMs, run: resize(site, 0) },
    { atMs: nowMs - minuteMs, run: reportNodes },
  ]
}

/** The worker on that node (or any other) runs out of memory, which ends the job of the day. */
const killWorker =
  (site: DemoSite, nodeName: string): Step['run'] =>
  (cluster) => {
    const workers = cluster.store
      .list(shelf.pods)
      .map(as<Pod>)
      .filter(
        (pod) =>
          pod.metadata.labels?.['ray.io/node-type'] === 'worker' &&
          pod.metadata.namespace === site.kubernetes.rayClusters[0]?.namespace,
      )
    const victim = workers.find((pod) => pod.spec.nodeName === nodeName) ?? workers[0]
    if (victim !== undefined)
      restartContainer(cluster, victim, 'ray-worker', { exitCode: 137, reason: 'OOMKilled' })
  }

/** The autoscaler's worker count relative to the site's own number. */
const resize =
  (site: DemoSite, extra: number): Step['run'] =>
  (cluster) => {
    for (const ray of site.kubernetes.rayClusters) {
      const object = cluster.store.get(shelf.rayClusters, ray.namespace, ray.name)
      const [group] = ray.workerGroups
      if (object !== undefined && group !== undefined)
        resizeGroup(cluster, as<RayCluster>(object), group.name, group.replicas + extra)
    }
  }

function reportNodes(cluster: Cluster): void {
  const time = timestamp(cluster.clock.nowMs())
  for (const object of cluster.store.list(shelf.nodes)) {
    const node = as<Node>(object)
    const conditions = node.status.conditions.map((one) => ({ ...one, lastHeartbeatTime: time }))
    cluster.store.update(shelf.nodes, { ...node, status: { ...node.status, conditions } })
  }
}
