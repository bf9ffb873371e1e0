// What the lab keeps off site: a copy of every guest and database each Sunday, and one each month, in Glacier
// Flexible Retrieval. Filled with what would be there by now, added to on the lab's clock. Restores run on it, too.
import type { DemoClock, DemoContext } from '../context.ts'
import { dayMs, gibibyte, planGuestBackup, siteDisks } from '../world/backup-plan.ts'
import { hashFraction } from '../world/load.ts'
import type { DemoSite } from '../world/site.ts'
import { S3Refusal, type Tier } from './s3-answers.ts'

export type StorageClass = 'STANDARD' | 'GLACIER_IR' | 'GLACIER' | 'DEEP_ARCHIVE'

export interface StoredCopy {
  key: string
  sizeBytes: number
  modifiedMs: number
  storageClass: StorageClass
  etag: string
  restore?: { readyMs: number; days: number }
}

export interface OffsiteCopies {
  bucket: string
  region: string
  /** In the order of their keys. */
  list(): StoredCopy[]
  find(key: string): StoredCopy | undefined
  /** True when a readable copy was there already and now stays longer. Throws the S3 refusal. */
  restore(key: string, wish: { days: number; tier: Tier }): boolean
  dispose(): void
}

type Plan = DemoSite['backup']['offsite'][number]

/** How long a retrieval takes, by class and tier; undefined = the class does not know the tier. */
const retrievalHours: Record<'GLACIER' | 'DEEP_ARCHIVE', Record<Tier, number | undefined>> = {
  GLACIER: { Expedited: 4 / 60, Standard: 4, Bulk: 9 },
  DEEP_ARCHIVE: { Expedited: undefined, Standard: 12, Bulk: 48 },
}
/** The guest backups of the morning are done by then; copies of a run follow one another. */
const betweenCopiesMs = 40_000

export function createOffsiteCopies({ site, clock }: Pick<DemoContext, 'site' | 'clock'>): OffsiteCopies {
  const copies = new Map<string, StoredCopy>()
  const [first] = site.backup.offsite
  for (const plan of site.backup.offsite)
    for (const runMs of pastRuns(plan, clock.nowMs())) addRun(site, plan, runMs, clock.nowMs(), copies)
  const stop = keepUp(site, clock, copies)
  return {
    bucket: `${site.site.cluster}-offsite`,
    region: first?.detail.region ?? 'us-east-1',
    list: () => [...copies.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
    find: (key) => copies.get(key),
    restore: (key, wish) => restore(copies, clock.nowMs(), key, wish),
    dispose: stop,
  }
}

/** The newest runs that the plan keeps, oldest first. */
function pastRuns(plan: Plan, nowMs: number): number[] {
  const runs: number[] = []
  for (let back = 0; runs.length < plan.detail.keep && back < 100; back += 1) {
    const runMs = runOfDay(plan, nowMs - back * dayMs)
    if (runMs !== undefined && runMs <= nowMs) runs.unshift(runMs)
  }
  return runs
}

const sunday = 0
const saturday = 6

/** When the plan runs on the day of `onDayMs`, if at all: weekly on Sundays, monthly on the first Saturday. */
function runOfDay(plan: Plan, onDayMs: number): number | undefined {
  const day = new Date(onDayMs)
  const isDue =
    plan.frequency === 'weekly'
      ? day.getUTCDay() === sunday
      : day.getUTCDay() === saturday && day.getUTCDate() <= 7
  if (!isDue) return undefined
  const [, hour = '13', minute = '30'] = /(\d\d):(\d\d)$/.exec(plan.detail.schedule) ?? []
  return Math.floor(onDayMs / dayMs) * dayMs + (Number(hour) * 60 + Number(minute)) * 60_000
}

/** Adds what of a run is there by `untilMs`, and lets go of the oldest run beyond what is kept. */
function addRun(
  site: DemoSite,
  plan: Plan,
  runMs: number,
  untilMs: number,
  copies: Map<string, StoredCopy>,
): void {
  for (const [index, item] of itemsOf(site, plan, runMs).entries()) {
    const modifiedMs = runMs + (index + 1) * betweenCopiesMs
    if (modifiedMs > untilMs) break
    copies.set(item.key, {
      ...item,
      modifiedMs,
      storageClass: 'GLACIER',
      etag: Math.floor(hashFraction(item.key) * 2 ** 48)
        .toString(16)
        .padStart(32, '0'),
    })
  }
  const runs = [
    ...new Set([...copies.keys()].filter((key) => key.includes(`/${plan.frequency}/`)).map(dateOf)),
  ].sort()
  const kept = new Set(runs.slice(-plan.detail.keep))
  for (const key of copies.keys())
    if (key.includes(`/${plan.frequency}/`) && !kept.has(dateOf(key))) copies.delete(key)
}

const dateOf = (key: string): string => /\d{4}-\d\d-\d\d/.exec(key)?.[0] ?? ''

function itemsOf(site: DemoSite, plan: Plan, runMs: number): Array<{ key: string; sizeBytes: number }> {
  const date = new Date(runMs).toISOString().slice(0, 10)
  const root = `${site.site.cluster}/${plan.frequency}`
  const scheduled = new Set(
    site.backup.jobs.flatMap((job) => (job.kind === 'vzdump' ? job.detail.vmids : [])),
  )
  const guests = site.guests
    .filter((guest) => scheduled.has(guest.vmid))
    .map((guest) => {
      const used = planGuestBackup(guest.vmid, siteDisks(guest), runMs).sizeBytes
      const share = 0.25 + 0.2 * hashFraction(`offsite${guest.vmid}`)
      return {
        key: `${root}/vm/${guest.vmid}/${date}/${guest.name}.vma.zst`,
        sizeBytes: Math.round(used * share),
      }
    })
  const hosts = site.backup.jobs.flatMap((job) => (job.kind === 'pgdump' ? job.detail.hosts : []))
  const databases = hosts.map((host) => ({
    key: `${root}/db/${host}/${date}/${host}.pg_dumpall.zst`,
    sizeBytes: Math.round(gibibyte * (4 + 8 * hashFraction(`dump${host}`))),
  }))
  return [...guests, ...databases].sort((a, b) => (a.key < b.key ? -1 : 1))
}

/** Looks every minute of the lab whether a run is due or under way. */
function keepUp(site: DemoSite, clock: DemoClock, copies: Map<string, StoredCopy>): () => void {
  return clock.every(60_000, (dueMs) => {
    for (const plan of site.backup.offsite) {
      const runMs = runOfDay(plan, dueMs)
      if (runMs !== undefined && dueMs >= runMs && dueMs <= runMs + 3_600_000)
        addRun(site, plan, runMs, dueMs, copies)
    }
  })
}

function restore(
  copies: Map<string, StoredCopy>,
  nowMs: number,
  key: string,
  { days, tier }: { days: number; tier: Tier },
): boolean {
  const copy = copies.get(key)
  if (!copy) throw new S3Refusal(404, 'NoSuchKey', 'The specified key does not exist.')
  const { storageClass } = copy
  const isArchived = storageClass === 'GLACIER' || storageClass === 'DEEP_ARCHIVE'
  const hours = isArchived ? retrievalHours[storageClass][tier] : undefined
  if (hours === undefined)
    throw new S3Refusal(
      403,
      'InvalidObjectState',
      "The operation is not valid for the object's storage class",
    )
  if (copy.restore && nowMs < copy.restore.readyMs)
    throw new S3Refusal(409, 'RestoreAlreadyInProgress', 'Object restore is already in progress')
  const isReadable = copy.restore !== undefined && nowMs < expiryOf(copy.restore)
  copy.restore = { readyMs: isReadable ? nowMs : nowMs + hours * 3_600_000, days }
  return isReadable
}

/** A readable copy goes away at the midnight (UTC) after its days. */
export const expiryOf = (wish: { readyMs: number; days: number }): number =>
  Math.ceil((wish.readyMs + wish.days * dayMs) / dayMs) * dayMs
