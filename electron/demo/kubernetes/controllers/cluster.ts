// What every controller works on, and the control loop that runs them until nothing changes any more. A controller is
// a function that looks at the store and makes the next step; it plans the future only through `wakeAt`.
import type { DemoClock } from '../../context.ts'
import type { DemoSite } from '../../world/site.ts'
import type { ResourceRegistry } from '../api/resource-registry.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { isSameJson } from '../storage/kube-object.ts'
import type { ObjectStore, StoreKey } from '../storage/object-store.ts'
import type { EventRecorder } from './event-recorder.ts'
import type { SeededRandom } from './random.ts'

export interface Cluster {
  store: ObjectStore
  registry: ResourceRegistry
  site: DemoSite
  random: SeededRandom
  events: EventRecorder
  clock: Pick<DemoClock, 'nowMs'>
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

const roundsLimit = 60

export class ControlLoop {
  private readonly cluster: Cluster
  private readonly controllers: Controller[]
  private readonly due = new Set<number>()
  private clock: DemoClock | undefined
  private stopTimer: (() => void) | undefined
  private stopListening: (() => void) | undefined
  private isSettling = false
  private isQueued = false

  constructor(makeCluster: (wakeAt: (atMs: number) => void) => Cluster, makers: ControllerMaker[]) {
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
        for (const controller of this.controllers) controller(this.cluster)
        if (store.version === before) break
      }
    } finally {
      this.isSettling = false
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
