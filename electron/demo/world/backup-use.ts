// How full the backup server is at a moment: grows a little every day, jumps with the 09:00 backups, shrinks with
// the 12:00 garbage collection. Pure; read by the PBS server and by the Proxmox VE storage on top of it.
import { dayIndex, dayMs } from './backup-plan.ts'
import type { DemoSite } from './site.ts'

const morningJumpBytes = 14e9
const backupStart = 9 / 24
const backupEnd = 9.4 / 24
const collectionAt = 12.2 / 24

export interface DatastoreUse {
  totalBytes: number
  usedBytes: number
  /** Bytes that all indexes refer to, before deduplication. */
  indexBytes: number
  chunkCount: number
  /** Unix seconds at which the store is full if it grows on as now. */
  fullAtSeconds: number
}

/** Use of the lab's datastore; the inventory's figures hold on the day of `startMs`. */
export function datastoreUse(site: DemoSite, startMs: number, atMs: number): DatastoreUse {
  const [store] = site.backup.datastores
  if (!store) throw new Error('The demo inventory has no datastore.')
  const totalBytes = store.totalTB * 1e12
  const growthPerDay = (totalBytes - store.usage.usedTB * 1e12) / store.usage.estimatedFullDays
  const days = dayIndex(atMs) - dayIndex(startMs)
  const base = store.usage.usedTB * 1e12 + days * growthPerDay
  const usedBytes = Math.round(base + morningJumpBytes * morningShare((atMs % dayMs) / dayMs))
  return {
    totalBytes,
    usedBytes,
    indexBytes: Math.round(usedBytes * store.usage.deduplication),
    chunkCount: Math.round((store.usage.chunkCount * usedBytes) / (store.usage.usedTB * 1e12)),
    fullAtSeconds: Math.floor((startMs + (store.usage.estimatedFullDays - days) * dayMs) / 1000),
  }
}

/** 0 before the backups, 1 between their end and the collection, a ramp while they run. */
function morningShare(dayFraction: number): number {
  if (dayFraction < backupStart || dayFraction >= collectionAt) return 0
  return Math.min((dayFraction - backupStart) / (backupEnd - backupStart), 1)
}
