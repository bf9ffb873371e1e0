// What every controller works on, and the control loop that runs them until nothing changes any more. A controller is
// a function that looks at the store and makes the next step; it plans the future only through `wakeAt`.
import type { DemoClock } from '../../context.ts'
import type { DemoSite } from '../../world/site.ts'
import type { ResourceRegistry } from '../api/resource-registry.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { isSameJson } from '../storage/kube-object.ts'
import type { ObjectStore, StoreKey } from '../storage/object-store.ts'
import type { RealContainers } from '../pods/real-containers.ts'
import type { EventRecorder } from './event-recorder.ts'
import type { SeededRandom } from './random.ts'

export interface Cluster {
  store: ObjectStore
  registry: ResourceRegistry
  site: DemoSite
  random: SeededRandom
  events: EventRecorder
  clock: Pick<DemoClock, 'nowMs'>
  /** Containers that really run. */
  containers: RealContainers
  /** Makes the loop run again at that lab time. Cheap; asking twice for one time is one wake-up. */
  wakeAt(atMs: number): void
}

export type Controller = (cluster: Cluster) => void

/** Writes `status` when it differs from what is there; returns the object as it then is. */
export function setStatus(cluster: Cluster, key: StoreKey, object: KubeObject, status: unknown): KubeObject {
  if (isSameJson(object['status'], status)) return object
  return cluster.store.update(key, { ...object, status }) ?? object
}

/** A controller with memory of its own is made per cluster. */
export type ControllerMaker = () => Controller

/** Runs the controller only when one of the resources it looks at has changed since its last look. */
export const whenChanged =
  (keys: readonly StoreKey[], make: ControllerMaker): ControllerMaker =>
  () =>
    watchful(make(), (store) => Math.max(...keys.map((key) => store.lastChangeOf(key))))

/** The same for a controller that looks at everything but a few resources that change all the time. */
export const whenOthersChanged =
  (but: readonly StoreKey[], make: ControllerMaker): ControllerMaker =>
  () =>
    watchful(make(), (store) =>
      Math.max(
        0,
        ...store
          .keys()
          .filter((key) => !but.includes(key))
          .map((key) => store.lastChangeOf(key)),
      ),
    )

function watchful(controller: Controller, versionOf: (store: ObjectStore) => number): Controller {
  let seen = -1
  return (cluster) => {
    const version = versionOf(cluster.store)
    if (version === seen) return
    // Noted before the run, so that what the controller itself writes makes it look again.
    seen = version
    controller(cluster)
  }
}

const roundsLimit = 60

export class ControlLoop {
  private readonly cluster: Cluster
  private readonly controllers: Controller[]
  private readonly due = new Set<number>()
  private clock: DemoClock | undefined
  private stopTimer: (() => void) | undefined
  private stopListening: (() => void) | undefined
  private readonly log: (line: string) => void
  private isSettling = false
  private isQueued = false

  constructor(
    makeCluster: (wakeAt: (atMs: number) => void) => Cluster,
    makers: ControllerMaker[],
    log: (line: string) => void = () => {},
  ) {
    this.log = log
    this.cluster = makeCluster((atMs) => this.plan(atMs))
    this.controllers = makers.map((make) => make())
  }

  /** Runs every controller until a whole round changes nothing. */
  settle(): void {
    if (this.isSettling) return
    this.isSettling = true
    try {
      const { store } = this.cluster
      for (let round = 0; round < roundsLimit; round += 1) {
        const before = store.version
        for (const controller of this.controllers) this.runOne(controller)
        if (store.version === before) return
      }
      this.log(`kubernetes: the controllers did not settle in ${roundsLimit} rounds`)
    } finally {
      this.isSettling = false
    }
  }

  /** An object that one controller stumbles over must not stop the lab: it is logged, the others go on. */
  private runOne(controller: Controller): void {
    try {
      controller(this.cluster)
    } catch (error) {
      this.log(`kubernetes: a controller failed: ${String(error)}`)
    }
  }

  /** The earliest planned wake-up not after `untilMs`, taken off the plan. */
  takeNext(untilMs: number): number | undefined {
    const next = Math.min(...this.due)
    if (!(next <= untilMs)) return undefined
    this.due.delete(next)
    return next
  }

  /** From now on the lab's clock drives the loop, and every write from outside wakes it. */
  attach(clock: DemoClock): void {
    this.clock = clock
    this.stopListening = this.cluster.store.subscribe(() => this.queue())
    this.settle()
    this.arm()
  }

  dispose(): void {
    this.stopListening?.()
    this.stopTimer?.()
    this.clock = undefined
  }

  private plan(atMs: number): void {
    if (this.due.has(atMs)) return
    const isEarlier = !(Math.min(...this.due) <= atMs)
    this.due.add(atMs)
    if (isEarlier) this.arm()
  }

  private arm(): void {
    const { clock } = this
    if (clock === undefined) return
    this.stopTimer?.()
    this.stopTimer = undefined
    if (this.due.size === 0) return
    const next = Math.min(...this.due)
    this.stopTimer = clock.after(Math.max(next - clock.nowMs(), 0), () => this.fire())
  }

  private fire(): void {
    if (this.clock === undefined) return
    while (this.takeNext(this.clock.nowMs()) !== undefined);
    this.settle()
    this.arm()
  }

  /** Writes of the API settle after the answer is on its way, so that a client sees its own object first. */
  private queue(): void {
    if (this.isSettling || this.isQueued) return
    this.isQueued = true
    setImmediate(() => {
      this.isQueued = false
      if (this.clock !== undefined) this.settle()
    })
  }
}
