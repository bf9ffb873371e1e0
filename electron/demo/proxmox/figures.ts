// Load of guests, nodes and storages of the demo cluster at a moment, over a step and as counters: the one place
// that turns curves into the figures of status calls, /cluster/resources and RRD data, so that they agree.
import { averageOf, integralOf, nodeCurves, valueAt, type LoadCurve, type NodeCurves } from '../world/load.ts'
import type { DemoNode, DemoStorage } from '../world/site.ts'
import type { Cluster } from './cluster.ts'
import { gibibyte, isUp, usedBytesOf, type Guest } from './guest.ts'

/** A moment, or the mean over a step that ends then. */
export interface Span {
  fromMs: number
  untilMs: number
}

export const momentOf = (atMs: number): Span => ({ fromMs: atMs, untilMs: atMs })

const over = (curve: LoadCurve, span: Span): number =>
  span.untilMs > span.fromMs ? averageOf(curve, span.fromMs, span.untilMs) : valueAt(curve, span.untilMs)

export interface GuestLoad {
  /** Fraction of the guest's own vCPUs. */
  cpu: number
  memBytes: number
  netInBps: number
  netOutBps: number
  diskReadBps: number
  diskWriteBps: number
}

const idle: GuestLoad = { cpu: 0, memBytes: 0, netInBps: 0, netOutBps: 0, diskReadBps: 0, diskWriteBps: 0 }

/** What a guest uses; nothing while it is not running. A running backup shows in its disk reads. */
export function guestLoad(guest: Guest, span: Span): GuestLoad {
  if (!isUp(guest)) return idle
  const { curves } = guest
  const isPaused = guest.state === 'paused'
  return {
    cpu: isPaused ? 0 : Math.min(over(curves.cpu, span), 1),
    memBytes: Math.min(Math.round(over(curves.memBytes, span)), guest.memoryBytes),
    netInBps: over(curves.netInBps, span),
    netOutBps: over(curves.netOutBps, span),
    diskReadBps: over(curves.diskReadBps, span) + (guest.lock === 'backup' ? 110e6 : 0),
    diskWriteBps: over(curves.diskWriteBps, span),
  }
}

/** Counters since boot, as status calls show them. */
export function guestCounters(guest: Guest, atMs: number) {
  const since = (curve: LoadCurve) => (isUp(guest) ? Math.round(integralOf(curve, guest.bootMs, atMs)) : 0)
  const { netInBps, netOutBps, diskReadBps, diskWriteBps } = guest.curves
  return {
    netin: since(netInBps),
    netout: since(netOutBps),
    diskread: since(diskReadBps),
    diskwrite: since(diskWriteBps),
  }
}

export const uptimeSeconds = (guest: Guest, atMs: number): number =>
  isUp(guest) ? Math.max(0, Math.floor((atMs - guest.bootMs) / 1000)) : 0

export interface NodeLoad {
  cpu: number
  ioWait: number
  memBytes: number
  netInBps: number
  netOutBps: number
  rootUsedBytes: number
  loadAverage: number
  swapUsedBytes: number
}

export const nodeMemoryBytes = (node: DemoNode): number => node.memoryGiB * gibibyte
export const nodeSwapBytes = 8 * gibibyte
export const nodeRootBytes = 77.4e9

const hostCurves = new WeakMap<DemoNode, NodeCurves>()

function curvesOf(node: DemoNode): NodeCurves {
  const curves = hostCurves.get(node) ?? nodeCurves(node)
  hostCurves.set(node, curves)
  return curves
}

/** A node's own share plus what the guests on it use. */
export function nodeLoad(cluster: Cluster, node: DemoNode, span: Span): NodeLoad {
  const own = curvesOf(node)
  let cpu = over(own.cpu, span)
  let memBytes = over(own.memBytes, span)
  let netInBps = over(own.netInBps, span)
  let netOutBps = over(own.netOutBps, span)
  for (const guest of cluster.guestsOn(node.name)) {
    const load = guestLoad(guest, span)
    cpu += (load.cpu * guest.vcpu) / node.threads
    memBytes += load.memBytes
    netInBps += load.netInBps
    netOutBps += load.netOutBps
  }
  const used = Math.min(cpu, 0.99)
  return {
    cpu: used,
    ioWait: over(own.ioWait, span),
    memBytes: Math.round(Math.min(memBytes, nodeMemoryBytes(node) * 0.97)),
    netInBps,
    netOutBps,
    rootUsedBytes: Math.round(over(own.rootUsedBytes, span)),
    loadAverage: used * node.threads * 1.08,
    swapUsedBytes: 0,
  }
}

export interface StorageUse {
  totalBytes: number
  usedBytes: number
}

/** Fill of a storage as one node sees it. The backup storage answers for its datastore. */
export function storageUse(cluster: Cluster, storage: DemoStorage, node: string, atMs: number): StorageUse {
  if (storage.type === 'pbs') return cluster.backupUse(atMs)
  const totalBytes = Math.round(
    storage.totalTiB === undefined ? (storage.totalGB ?? 0) * 1e9 : storage.totalTiB * 2 ** 40,
  )
  if (storage.type === 'dir') {
    const owner = cluster.node(node)
    return { totalBytes, usedBytes: nodeLoad(cluster, owner, momentOf(atMs)).rootUsedBytes }
  }
  let usedBytes = 0
  for (const guest of cluster.guestsOn(node)) {
    for (const disk of guest.disks)
      if (disk.storage === storage.id) usedBytes += usedBytesOf(guest, disk, atMs)
  }
  return { totalBytes, usedBytes }
}
