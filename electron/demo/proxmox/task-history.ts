// What else happened on the demo cluster in the past days besides backups: package lists fetched, guests restarted,
// consoles opened, one migration that could not be. Fixed by date, so that every start of the lab tells one story.
import { dayIndex, dayMs } from '../world/backup-plan.ts'
import { hashFraction } from '../world/load.ts'
import type { Cluster } from './cluster.ts'
import type { Guest } from './guest.ts'

const minuteMs = 60_000

/** Adds the tasks of the last `days` days, and of today as far as it is past. */
export function replayRoutineTasks(cluster: Cluster, days: number): void {
  const today = dayIndex(cluster.nowMs())
  for (let day = today - days; day <= today; day++) {
    for (const node of cluster.nodes) packageRefresh(cluster, node.name, day)
    for (const guest of cluster.guests()) guestEvents(cluster, guest, day)
    if (hashFraction(`failed migration ${day}`) < 0.25) failedMigration(cluster, day)
  }
}

interface PastTask {
  node: string
  type: string
  id: string
  owner: string
  startMs: number
  durationMs: number
  lines: string[]
  failure?: string
}

function record(cluster: Cluster, past: PastTask): void {
  if (past.startMs + past.durationMs > cluster.nowMs()) return
  cluster.tasks.start(past, (run) => {
    run.at(0, () => past.lines)
    run.end(past.durationMs, () => past.failure)
  })
}

function packageRefresh(cluster: Cluster, node: string, day: number): void {
  const minute = 120 + Math.floor(hashFraction(`apt${node}${day}`) * 180)
  record(cluster, {
    node,
    type: 'aptupdate',
    id: '',
    owner: 'root@pam',
    startMs: day * dayMs + minute * minuteMs,
    durationMs: 6_000,
    lines: ['starting apt-get update', 'Hit: bookworm InRelease', 'Reading package lists...'],
  })
}

function guestEvents(cluster: Cluster, guest: Guest, day: number): void {
  const chance = hashFraction(`event${guest.vmid}:${day}`)
  const startMs =
    day * dayMs + (780 + Math.floor(hashFraction(`minute${guest.vmid}:${day}`) * 240)) * minuteMs
  if (guest.isTemplate || guest.state !== 'running') return
  const common = { node: guest.node, id: String(guest.vmid), startMs }
  if (chance < 0.03) {
    record(cluster, { ...common, type: 'vncproxy', owner: 'operator@pve', durationMs: 340_000, lines: [] })
  } else if (chance < 0.045) {
    const lines = guest.disks.map(
      (disk) => `snapshotting 'drive-${disk.slot}' (${disk.storage}:${disk.volume})`,
    )
    record(cluster, { ...common, type: 'qmsnapshot', owner: 'operator@pve', durationMs: 3_000, lines })
    record(cluster, {
      ...common,
      startMs: startMs + 95 * minuteMs,
      type: 'qmdelsnapshot',
      owner: 'operator@pve',
      durationMs: 2_000,
      lines: [],
    })
  }
}

function failedMigration(cluster: Cluster, day: number): void {
  const guest = cluster.findGuest(2021)
  if (!guest) return
  record(cluster, {
    node: guest.node,
    type: 'qmigrate',
    id: String(guest.vmid),
    owner: 'operator@pve',
    startMs: day * dayMs + 15 * 60 * minuteMs,
    durationMs: 1_400,
    lines: [`starting migration of VM ${guest.vmid} to node 'node01'`],
    failure: "can't live migrate attached local disks without with-local-disks option",
  })
}
