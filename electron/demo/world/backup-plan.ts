// How long a backup takes, how much it moves and which files it leaves: pure functions of guest and day, so that
// the history a fresh lab shows and the runs that happen live come out of one rule. Read by world/backups.ts and
// by the Proxmox VE server's vzdump.
import { diskFillFraction, hashFraction } from './load.ts'
import type { DemoSite } from './site.ts'

export const dayMs = 86_400_000
export const gibibyte = 2 ** 30

export type CryptMode = 'none' | 'encrypt' | 'sign-only'

export interface SnapshotFile {
  filename: string
  sizeBytes: number
  cryptMode: CryptMode
}

export interface BackupPlan {
  durationMs: number
  /** Changed data that crosses the network; the rest is known to the dirty bitmap or to the server. */
  transferredBytes: number
  sizeBytes: number
  files: SnapshotFile[]
}

/** A disk as a backup sees it. */
export interface BackupDisk {
  slot: string
  sizeBytes: number
  isIncluded: boolean
}

/** Days since the epoch, in UTC. */
export const dayIndex = (atMs: number): number => Math.floor(atMs / dayMs)

/** Milliseconds of `hh:mm` on the (UTC) day of `atMs`. */
export function timeOfDay(atMs: number, clockTime: string): number {
  const [hour = 0, minute = 0] = clockTime.split(':').map(Number)
  return dayIndex(atMs) * dayMs + (hour * 60 + minute) * 60_000
}

const throughputBps = 60e6
const blob = (filename: string, sizeBytes: number): SnapshotFile => ({
  filename,
  sizeBytes,
  cryptMode: 'none',
})

/** Plan of one guest's backup on a day. Volumes with `backup=0` are left out, as vzdump does. */
export function planGuestBackup(vmid: number, disks: readonly BackupDisk[], atMs: number): BackupPlan {
  const day = dayIndex(atMs)
  const included = disks.filter((disk) => disk.isIncluded)
  const usedBytes = included.reduce(
    (sum, disk) => sum + disk.sizeBytes * diskFillFraction(vmid, disk.slot, atMs),
    0,
  )
  const changed = 0.002 + 0.018 * hashFraction(`change${vmid}:${day}`)
  const transferredBytes = Math.round(Math.min(usedBytes * changed, 9 * gibibyte))
  const images = included.map((disk) => blob(`drive-${disk.slot}.img.fidx`, disk.sizeBytes))
  const files = [
    ...images,
    blob('drive-efidisk0.img.fidx', 540_672),
    blob('drive-tpmstate0-backup.img.fidx', 4 * 2 ** 20),
    blob('qemu-server.conf.blob', 620 + Math.floor(hashFraction(`conf${vmid}`) * 300)),
    blob('client.log.blob', 1_200 + Math.floor(hashFraction(`log${vmid}:${day}`) * 900)),
    blob('index.json.blob', 640),
  ]
  return {
    durationMs: 18_000 + Math.round((transferredBytes / throughputBps) * 1000),
    transferredBytes,
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    files,
  }
}

/** Plan of a file-level backup (`host` type) that proxmox-backup-client sends, encrypted on the client. */
export function planHostBackup(host: string, usedBytes: number, atMs: number): BackupPlan {
  const changed = 0.01 + 0.04 * hashFraction(`change${host}:${dayIndex(atMs)}`)
  const transferredBytes = Math.round(usedBytes * changed)
  const encrypted = (filename: string, sizeBytes: number): SnapshotFile => ({
    filename,
    sizeBytes,
    cryptMode: 'encrypt',
  })
  const files = [
    encrypted('root.pxar.didx', Math.round(usedBytes)),
    encrypted('catalog.pcat1.didx', 180_000),
    { filename: 'index.json.blob', sizeBytes: 560, cryptMode: 'sign-only' as const },
  ]
  return {
    durationMs: 6_000 + Math.round((transferredBytes / throughputBps) * 1000),
    transferredBytes,
    sizeBytes: files.reduce((sum, file) => sum + file.sizeBytes, 0),
    files,
  }
}

/** The disks of a guest of the inventory. */
export const siteDisks = (guest: DemoSite['guests'][number]): BackupDisk[] =>
  guest.disks.map((disk) => ({
    slot: disk.slot,
    sizeBytes: disk.sizeGiB * gibibyte,
    isIncluded: disk.backup,
  }))

/** Waits that vzdump's job start and the node's lock cost before the first guest of a job. */
export const jobLeadMs = 2_000
/** Pause between two guests of one job on one node. */
export const guestGapMs = 1_000

/** When each guest of a node's job run begins and ends: one after the other, lowest VMID first. */
export function layOutRun<G extends { vmid: number }>(
  guests: readonly G[],
  startMs: number,
  plan: (guest: G, atMs: number) => BackupPlan,
): { guest: G; startMs: number; endMs: number; plan: BackupPlan }[] {
  let atMs = startMs + jobLeadMs
  return [...guests]
    .sort((a, b) => a.vmid - b.vmid)
    .map((guest) => {
      const planned = plan(guest, atMs)
      const entry = { guest, startMs: atMs, endMs: atMs + planned.durationMs, plan: planned }
      atMs = entry.endMs + guestGapMs
      return entry
    })
}
