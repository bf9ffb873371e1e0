// Snapshots of guests on the demo cluster: take, roll back, delete, each as a task that holds the guest's lock for
// its length. The tree of snapshots is kept as the hypervisor does: every one knows its parent.
import { runtimeFault } from '../api2/api-fault.ts'
import type { Cluster } from './cluster.ts'
import { lockRefusal, parameterFault } from './cluster.ts'
import { configOf, gibibyte, isUp, taskTypeOf, type Guest, type GuestLock } from './guest.ts'
import { applyPower, setConfig, startPowerTask } from './guest-power.ts'

export interface SnapshotRequest {
  name: string
  description: string
  hasVmState: boolean
  owner: string
}

/** Takes a snapshot; returns the UPID. Reserved names are refused at once, a taken name fails the task. */
export function takeSnapshot(cluster: Cluster, guest: Guest, request: SnapshotRequest): string {
  if (request.name === 'current' || request.name === 'pending') {
    throw parameterFault('snapname', `unable to use snapshot name '${request.name}' (reserved name)`)
  }
  if (guest.isTemplate) throw runtimeFault('unable to snapshot a template')
  const withState = request.hasVmState && isUp(guest)
  return lockedTask(cluster, guest, {
    type: taskTypeOf(guest, 'snapshot'),
    lock: 'snapshot',
    owner: request.owner,
    durationMs: 3_000 + (withState ? (guest.memoryBytes / gibibyte) * 700 : 0),
    refuse: () =>
      guest.snapshots.some((it) => it.name === request.name)
        ? `snapshot name '${request.name}' already used`
        : undefined,
    lines: () => [
      ...(withState
        ? [`saving VM state and RAM using storage '${guest.disks[0]?.storage ?? 'local-lvm'}'`]
        : []),
      ...guest.disks.map((disk) => `snapshotting 'drive-${disk.slot}' (${disk.storage}:${disk.volume})`),
    ],
    finish(atMs) {
      const { lock: _lock, digest: _digest, parent: _parent, ...config } = configOf(guest)
      guest.snapshots.push({
        name: request.name,
        description: request.description,
        timeSeconds: Math.floor(atMs / 1000),
        hasVmState: withState,
        parent: guest.currentParent,
        config,
      })
      guest.currentParent = request.name
    },
  })
}

/** Goes back to a snapshot; a running guest stops, and starts again when asked or when memory was saved. */
export function rollBack(
  cluster: Cluster,
  guest: Guest,
  request: { name: string; isStarting: boolean; owner: string },
): string {
  return lockedTask(cluster, guest, {
    type: taskTypeOf(guest, 'rollback'),
    lock: 'rollback',
    owner: request.owner,
    durationMs: 5_000,
    refuse: () => missing(guest, request.name),
    lines: () =>
      guest.disks.map((disk) => `rolling back '${disk.storage}:${disk.volume}' to '${request.name}'`),
    finish(atMs) {
      const snapshot = guest.snapshots.find((it) => it.name === request.name)
      if (!snapshot) return
      applyPower(guest, 'stop', atMs)
      for (const key of ['name', 'hostname', 'cores', 'memory', 'balloon', 'tags'])
        if (key in snapshot.config || key === 'tags') setConfig(guest, key, snapshot.config[key])
      guest.currentParent = snapshot.name
      if (snapshot.hasVmState) applyPower(guest, 'start', atMs)
      else if (request.isStarting) startPowerTask(cluster, guest, 'start', { owner: request.owner })
    },
  })
}

/** Deletes a snapshot; its children become children of its parent. */
export function deleteSnapshot(
  cluster: Cluster,
  guest: Guest,
  request: { name: string; owner: string },
): string {
  return lockedTask(cluster, guest, {
    type: taskTypeOf(guest, 'delsnapshot'),
    lock: 'snapshot-delete',
    owner: request.owner,
    durationMs: 2_500,
    refuse: () => missing(guest, request.name),
    lines: () =>
      guest.disks.map((disk) => `Logical volume "snap_${disk.volume}_${request.name}" successfully removed.`),
    finish() {
      const gone = guest.snapshots.find((it) => it.name === request.name)
      guest.snapshots = guest.snapshots.filter((it) => it !== gone)
      for (const child of guest.snapshots) if (child.parent === request.name) child.parent = gone?.parent
      if (guest.currentParent === request.name) guest.currentParent = gone?.parent
    },
  })
}

const missing = (guest: Guest, name: string): string | undefined =>
  guest.snapshots.some((it) => it.name === name) ? undefined : `snapshot '${name}' does not exist`

interface LockedWork {
  type: string
  lock: GuestLock
  owner: string
  durationMs: number
  /** A reason not to begin; looked at when the task runs, as the worker does. */
  refuse(): string | undefined
  lines(): string[]
  finish(atMs: number): void
}

/** A task that holds a lock on the guest from its beginning to its end. */
export function lockedTask(cluster: Cluster, guest: Guest, work: LockedWork): string {
  const task = cluster.tasks.start(
    { node: guest.node, type: work.type, id: String(guest.vmid), owner: work.owner },
    (run) => {
      let refusal: string | undefined
      run.at(0, () => {
        refusal = guest.lock ? lockRefusal(guest) : work.refuse()
        if (refusal !== undefined) return undefined
        guest.lock = work.lock
        return work.lines()
      })
      run.onStop(() => {
        if (refusal === undefined) guest.lock = undefined
      })
      run.end(refusal === undefined ? work.durationMs : 200, (atMs) => {
        if (refusal !== undefined) return refusal
        guest.lock = undefined
        work.finish(atMs)
        return undefined
      })
    },
  )
  return task.upid
}
