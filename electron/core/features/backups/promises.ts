// What the site promises, beside what its schedules and the last backups say. A promise that no schedule can keep is
// said to be broken, however green today is. Pure.
import type { BackupPromise, CoverageRow, OffsiteRow } from '#shared/contracts/backups.ts'
import { dayIn, instantOf } from '#shared/model/calendar-event.ts'
import { knownUntil, skewOf, zoneOf, type Ground } from './ground.ts'
import { formatHours, runsDailyAt } from './schedule.ts'

const hourMs = 3_600_000
/** What is promised for 09:00 may take until it is done. */
const runTimeMs = 2 * hourMs

export function judgePromises(
  ground: Ground,
  rows: readonly CoverageRow[],
  offsite: readonly OffsiteRow[],
): BackupPromise[] {
  const wanted = rows.filter((row) => row.target.isRequired)
  const { policy } = ground
  return [
    ...(policy.backupAt === null ? [] : [backupPromise(ground, wanted, policy.backupAt)]),
    ...(policy.verifiedAt === null ? [] : [verifyPromise(ground, policy.verifiedAt)]),
    ...rpoPromises(wanted),
    ...(ground.offsite.length === 0 ? [] : offsitePromises(ground, offsite)),
  ]
}

/** Begin of today's promised time on a server's clock, as an instant of that clock. */
function todayAt(nowMs: number, timeZone: string, clockTime: string): number {
  const [hour = 0, minute = 0] = clockTime.split(':').map(Number)
  return instantOf(
    Date.parse(`${dayIn(nowMs, timeZone)}T00:00:00Z`) + (hour * 60 + minute) * 60_000,
    timeZone,
  )
}

function backupPromise(ground: Ground, wanted: readonly CoverageRow[], clockTime: string): BackupPromise {
  const title = `Every guest is backed up daily at ${clockTime}`
  const part = ground.pbs[0]
  const guests = wanted.filter((row) => row.kind === 'guest')
  if (!part?.reading || ground.proxmox.every((it) => !it.reading))
    return { title, state: 'unknown', text: 'The jobs, or the backups, have not been read.' }
  const scheduled = new Set(
    ground.proxmox.flatMap((cluster) =>
      (cluster.reading?.jobs ?? []).flatMap((job) =>
        job.isEnabled &&
        runsDailyAt(
          {
            id: job.id,
            schedule: job.schedule,
            timeZone: zoneOf(cluster),
            nowMs: ground.nowMs + skewOf(cluster),
          },
          clockTime,
        )
          ? [job.id]
          : [],
      ),
    ),
  )
  const unscheduled = guests.filter((row) => !row.jobs.some((id) => scheduled.has(id)))
  const zone = zoneOf(part)
  const serverNowMs = ground.nowMs + skewOf(part)
  const today = todayAt(serverNowMs, zone, clockTime)
  const due = serverNowMs < today + runTimeMs ? todayAt(serverNowMs - 24 * hourMs, zone, clockTime) : today
  const isToday = due === today
  const since = due - skewOf(part) - hourMs / 2
  const done = guests.filter((row) => row.lastBackupAtMs !== null && row.lastBackupAtMs >= since)
  const evidence = `${isToday ? 'Today' : 'Yesterday'} ${done.length} of ${guests.length} were.`
  if (knownUntil(part, ground.nowMs) < due + runTimeMs)
    return {
      title,
      state: 'unknown',
      text: `${part.label} does not answer: what happened since is not known. ${evidence}`,
    }
  if (unscheduled.length > 0)
    return {
      title,
      state: 'broken',
      text: `${counted(unscheduled.length, 'guest')} ${unscheduled.length === 1 ? 'is' : 'are'} in no job of that time (${namesOf(unscheduled)}). ${evidence}`,
    }
  if (done.length < guests.length) {
    const missing = guests.filter((row) => !done.includes(row))
    return { title, state: 'broken', text: `${evidence} Missing: ${namesOf(missing)}.` }
  }
  return { title, state: 'kept', text: `All are scheduled so. ${evidence}` }
}

function verifyPromise(ground: Ground, clockTime: string): BackupPromise {
  const title = `Every backup is verified daily at ${clockTime}`
  const parts = ground.pbs.filter((part) => part.reading)
  if (parts.length === 0) return { title, state: 'unknown', text: 'No backup server has been read.' }
  const unscheduled = parts.flatMap((part) =>
    part
      .reading!.datastores.filter(
        ({ store }) =>
          !part.reading!.jobs.some(
            (job) =>
              job.kind === 'verify' &&
              job.store === store &&
              job.isEnabled &&
              job.namespace === null &&
              runsDailyAt(
                {
                  id: job.id,
                  schedule: job.schedule,
                  timeZone: zoneOf(part),
                  nowMs: ground.nowMs + skewOf(part),
                },
                clockTime,
              ),
          ),
      )
      .map(({ store }) => store),
  )
  if (unscheduled.length > 0)
    return {
      title,
      state: 'broken',
      text: `No verification of all of ${unscheduled.join(', ')} is scheduled at that time.`,
    }
  const lost = parts.find((part) => !part.isLive)
  if (lost)
    return {
      title,
      state: 'unknown',
      text: `It is scheduled so; ${lost.label} does not answer, so what was verified since is not known.`,
    }
  let unverified = 0
  let failed = 0
  for (const part of parts) {
    const serverNowMs = ground.nowMs + skewOf(part)
    const zone = zoneOf(part)
    const today = todayAt(serverNowMs, zone, clockTime)
    const due = serverNowMs < today + hourMs ? todayAt(serverNowMs - 24 * hourMs, zone, clockTime) : today
    for (const snapshot of part.reading!.snapshots) {
      if (snapshot.isRunning || snapshot.backupTime * 1000 > due - hourMs / 2) continue
      if (snapshot.verification === 'none') unverified += 1
      if (snapshot.verification === 'failed') failed += 1
    }
  }
  if (failed > 0)
    return { title, state: 'broken', text: `It is scheduled so, and ${counted(failed, 'backup')} failed it.` }
  if (unverified > 0)
    return {
      title,
      state: 'broken',
      text: `It is scheduled so, but ${counted(unverified, 'backup')} from before its last run were never verified.`,
    }
  return {
    title,
    state: 'kept',
    text: 'It is scheduled so, and everything from before its last run is verified.',
  }
}

/** One promise for each objective that the targets name. */
function rpoPromises(wanted: readonly CoverageRow[]): BackupPromise[] {
  const byHours = Map.groupBy(wanted, (row) => row.target.rpoHours)
  return [...byHours]
    .sort(([a], [b]) => a - b)
    .map(([hours, rows]) => {
      const title = `At most ${formatHours(hours)} of work are lost (RPO)`
      const broken = rows.filter((row) => row.promise.state === 'broken')
      const unknown = rows.filter((row) => row.promise.state === 'unknown')
      if (broken.length > 0) {
        const [first] = broken
        const isAll = broken.length === rows.length
        return {
          title,
          state: 'broken' as const,
          text: `${isAll ? 'No schedule here' : `For ${broken.length} of ${rows.length} the schedule`} ${isAll ? 'can keep it' : 'cannot keep it'}. ${first!.promise.text} ${remedy(hours)}`,
        }
      }
      if (unknown.length > 0) return { title, state: 'unknown' as const, text: unknown[0]!.promise.text }
      return { title, state: 'kept' as const, text: 'The schedules can keep it.' }
    })
}

const remedy = (hours: number): string => {
  const whole = Math.floor(hours)
  if (whole < 1 || whole > 12) return ''
  const step = [1, 2, 3, 4, 6, 8, 12].filter((value) => value <= whole).at(-1) ?? 1
  return `A schedule such as 0/${step}:00 would.`
}

/** How long S3 itself takes before a copy can be read, by class: the standard way. */
export const retrievalHours: Record<string, number> = { GLACIER: 5, DEEP_ARCHIVE: 12 }

function offsitePromises(ground: Ground, rows: readonly OffsiteRow[]): BackupPromise[] {
  const { offsite } = ground.policy
  if (!offsite.isRequired) return []
  const title = `Off-site copies: weekly (${offsite.weeklyMaxAgeDays} d) and monthly (${offsite.monthlyMaxAgeDays} d)`
  const read = ground.offsite.filter((part) => part.reading)
  if (read.length === 0) return [{ title, state: 'unknown', text: 'The object store has not been read.' }]
  const lacking = rows.filter((row) => row.verdict !== 'ok' && row.entityId !== null)
  const lost = read.find((part) => !part.isLive)
  const copies: BackupPromise = lost
    ? { title, state: 'unknown', text: `${lost.label} does not answer: copies made since are not known.` }
    : lacking.length === 0
      ? { title, state: 'kept', text: `${counted(rows.length, 'set')} of copies, all in time.` }
      : {
          title,
          state: 'broken',
          text: `${lacking.length} of ${rows.length} lack a copy in time: ${namesOf(lacking)}.`,
        }
  if (offsite.recoveryHours === null) return [copies]
  const slowest = rows
    .flatMap((row) => row.copies)
    .reduce((hours, copy) => Math.max(hours, retrievalHours[copy.storageClass] ?? 0), 0)
  const recovery: BackupPromise =
    slowest >= offsite.recoveryHours
      ? {
          title: recoveryTitle(offsite.recoveryHours),
          state: 'broken',
          text: `A standard retrieval of the slowest class alone takes up to ${slowest} h.`,
        }
      : {
          title: recoveryTitle(offsite.recoveryHours),
          state: 'unknown',
          text: `A standard retrieval of the slowest class takes up to ${slowest} h. What download and restore add has not been tested.`,
        }
  return [copies, recovery]
}

const recoveryTitle = (hours: number): string => `Recovery from off site within ${formatHours(hours)}`

export const counted = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

/** A few names, then how many more. */
export function namesOf(rows: ReadonlyArray<{ name: string }>): string {
  const shown = rows.slice(0, 4).map((row) => row.name)
  return rows.length > shown.length
    ? `${shown.join(', ')} and ${rows.length - shown.length} more`
    : shown.join(', ')
}
