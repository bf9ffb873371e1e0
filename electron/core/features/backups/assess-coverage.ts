// How each guest and database stands: its newest good backup and verification against its target, what failed, what
// nothing takes care of, and what its schedule can promise. What cannot be seen is `unknown`, never good. Pure.
import type { CoverageProblem, CoverageRow, CoverageVerdict, GroupName } from '#shared/contracts/backups.ts'
import type { BackupTarget } from '#shared/model/backup-policy.ts'
import { clockIn } from '#shared/model/calendar-event.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { formatDuration } from '#shared/model/quantities.ts'
import { dayStrip } from './day-strip.ts'
import { evidenceOfDatabase, judgeRhythm } from './assess-database.ts'
import { jobsOfGuest, knownUntil, skewOf, zoneOf, type Ground, type JobOfGuest, type Part } from './ground.ts'
import type { KeptSnapshot, PbsReading, ProxmoxReading } from './readings.ts'
import { comingRuns, formatHours, judgeSchedule, type ScheduledJob } from './schedule.ts'
import { targetOf } from './targets.ts'

export const hourMs = 3_600_000
/** Clocks of two machines may differ by this much before a backup counts as older than its guest. */
const creationSkewMs = 10 * 60_000
/** A job's run over all guests of a node takes no longer, as a rule. */
const oneRunMs = 3 * hourMs

/** Every guest (templates aside) and every database server. */
export function assessCoverage(ground: Ground): CoverageRow[] {
  return ground.entities.flatMap((entity) => {
    if (entity.kind === 'guest' && entity.facts['isTemplate'] !== true) return [assessGuest(ground, entity)]
    return entity.kind === 'database-server' ? [assessDatabase(ground, entity)] : []
  })
}

/** What is known of the backups of one thing, all times on this computer's clock. */
export interface Holdings {
  groups: readonly GroupName[]
  /** Finished ones, newest first. */
  good: Array<{ snapshot: KeptSnapshot; atMs: number; verifiedAtMs: number | null }>
  failures: Array<{ atMs: number; reason: string }>
  /** The systems that hold its backups, or could. */
  parts: ReadonlyArray<Part<PbsReading>>
}

/** Gathers the snapshots of the groups; those older than the thing itself are of another one with its number. */
export function holdingsOf(
  ground: Ground,
  groups: readonly GroupName[],
  createdAtMs: number | undefined,
): Holdings {
  const good: Holdings['good'] = []
  const failures: Holdings['failures'] = []
  for (const group of groups) {
    const part = ground.pbs.find((it) => it.connectionId === group.connectionId)
    if (!part) continue
    const skewMs = skewOf(part)
    for (const snapshot of ground.snapshotsOf(group)) {
      const atMs = snapshot.backupTime * 1000 - skewMs
      if (snapshot.isRunning || (createdAtMs !== undefined && atMs < createdAtMs - creationSkewMs)) continue
      good.push({
        snapshot,
        atMs,
        verifiedAtMs: snapshot.verifiedAtMs === null ? null : snapshot.verifiedAtMs - skewMs,
      })
    }
    for (const attempt of ground.attemptsOf(group))
      if (attempt.error) failures.push({ atMs: attempt.atMs - skewMs, reason: attempt.error })
  }
  good.sort((a, b) => b.atMs - a.atMs)
  const names = new Set(groups.map((group) => group.connectionId))
  return {
    groups,
    good,
    failures,
    parts: names.size === 0 ? ground.pbs : ground.pbs.filter((it) => names.has(it.connectionId)),
  }
}

function assessGuest(ground: Ground, guest: Entity): CoverageRow {
  const createdAtMs = numberFact(guest, 'createdAtMs')
  const groups = (ground.groupsOf.get(guest.id) ?? []).filter((group) => group.type !== 'host')
  const holdings = holdingsOf(ground, groups, createdAtMs)
  const cluster = ground.proxmox.find((part) => part.connectionId === guest.connectionId)
  const jobs = jobsOfGuest(ground, guest)
  const enabled = jobs.filter(({ job }) => job.isEnabled)
  if (cluster?.reading) holdings.failures = joinFailures(holdings.failures, failuresOf(cluster, guest))
  const scheduled = cluster?.reading ? enabled.map((it) => scheduledJob(ground, it)) : null
  const { target, from } = targetOf(ground.policy, guest)
  const newest = holdings.good[0]
  const problems = [
    ...failureProblems(holdings, ground.nowMs),
    ...jobProblems(cluster, jobs, enabled),
    ...(newest ? [] : [absence(ground, guest, holdings, enabled)]),
    ...ageProblems(ground.nowMs, holdings, target),
    ...leftOutProblems(enabled),
  ]
  const verdict = verdictOf(problems, target)
  return {
    entityId: guest.id,
    kind: 'guest',
    name: guest.name,
    detail: String(guest.facts['vmid'] ?? ''),
    node: textFact(guest, 'node'),
    tags: guest.tags,
    pool: textFact(guest, 'pool'),
    verdict,
    problems,
    target,
    targetFrom: from,
    ...figuresOf(ground.nowMs, holdings, target),
    promise: scheduled
      ? judgeSchedule(scheduled, target.rpoHours)
      : { state: 'unknown', text: 'The backup jobs of its cluster are not known.' },
    jobs: jobs.map(({ job }) => job.id),
    nextRunAtMs: nextRun(scheduled, cluster),
    groups: [...groups],
    days: stripOf(ground, holdings, createdAtMs, scheduled),
    evidence: [],
  }
}

const failuresOf = (cluster: Part<ProxmoxReading>, guest: Entity): Holdings['failures'] =>
  (cluster.reading?.failures ?? [])
    .filter((failure) => failure.vmid === guest.facts['vmid'])
    .map((failure) => ({ atMs: failure.atMs - skewOf(cluster), reason: failure.reason }))

/** Both servers tell of one failure: vzdump's reason is the telling one, the backup server only saw a lost client. */
const joinFailures = (
  onServer: Holdings['failures'],
  ofCluster: Holdings['failures'],
): Holdings['failures'] => [
  ...ofCluster,
  ...onServer.filter((it) => ofCluster.every((other) => Math.abs(other.atMs - it.atMs) > oneRunMs)),
]

function assessDatabase(ground: Ground, server: Entity): CoverageRow {
  const machine = machineOf(ground, server)
  const groups = machine ? (ground.groupsOf.get(machine.id) ?? []) : []
  const dumps = groups.filter((group) => group.type === 'host')
  const holdings = holdingsOf(ground, dumps, undefined)
  const images = holdingsOf(
    ground,
    groups.filter((group) => group.type !== 'host'),
    undefined,
  )
  const { target, from } = targetOf(ground.policy, server)
  const newest = holdings.good[0]
  const problems = [
    ...failureProblems(holdings, ground.nowMs),
    ...(newest ? [] : [absenceOfDumps(holdings, images)]),
    ...ageProblems(ground.nowMs, holdings, target),
  ]
  const databases = ground.entities
    .filter((it) => it.kind === 'database' && it.parentId === server.id)
    .map((it) => it.name)
  const told = ground.databases.find((part) => part.connectionId === server.connectionId)?.reading
  return {
    entityId: server.id,
    kind: 'database',
    name: server.name,
    detail: [...new Set([...(told?.databases ?? []), ...databases])].join(', '),
    node: machine?.name ?? null,
    tags: server.tags,
    pool: null,
    verdict: verdictOf(problems, target),
    problems,
    target,
    targetFrom: from,
    ...figuresOf(ground.nowMs, holdings, target),
    promise: judgeRhythm(holdings, target.rpoHours),
    jobs: [],
    nextRunAtMs: null,
    groups: [...groups],
    days: stripOf(ground, holdings, undefined, null),
    evidence: evidenceOfDatabase(ground, server, machine, holdings, images),
  }
}

/** Where the server runs, as the inventory has it. */
function machineOf(ground: Ground, server: Entity): Entity | undefined {
  const edge = ground.edges.find((it) => it.kind === 'runs-on' && it.from === server.id)
  return edge && ground.entityById.get(edge.to)
}

function scheduledJob(ground: Ground, { part, job }: JobOfGuest): ScheduledJob {
  return { id: job.id, schedule: job.schedule, timeZone: zoneOf(part), nowMs: ground.nowMs + skewOf(part) }
}

function nextRun(scheduled: readonly ScheduledJob[] | null, cluster: Part | undefined): number | null {
  const runs = (scheduled ?? []).flatMap((job) => comingRuns(job)?.[0] ?? [])
  return runs.length > 0 && cluster ? Math.min(...runs) - skewOf(cluster) : null
}

const figuresOf = (nowMs: number, { good, parts }: Holdings, target: BackupTarget) => {
  const newest = good[0]?.atMs ?? null
  const isYoung = newest !== null && nowMs - newest <= target.rpoHours * hourMs
  const canTell = isYoung || parts.every((part) => part.isLive && part.reading)
  return {
    lastBackupAtMs: newest,
    lastVerifiedAtMs: newestVerified(good),
    meetsRpo: canTell ? isYoung : null,
  }
}

const newestVerified = (good: Holdings['good']): number | null =>
  good.reduce<number | null>(
    (newest, { snapshot, verifiedAtMs }) =>
      snapshot.verification === 'ok' && verifiedAtMs !== null ? Math.max(newest ?? 0, verifiedAtMs) : newest,
    null,
  )

/** A failure counts until a good backup has followed it; a damaged one for as long as it is kept. */
function failureProblems({ good, failures }: Holdings, nowMs: number): CoverageProblem[] {
  const newestMs = good[0]?.atMs ?? -Infinity
  const since = failures
    .filter((it) => it.atMs > newestMs && it.atMs <= nowMs)
    .sort((a, b) => b.atMs - a.atMs)
  const last = since[0]
  const damaged = good.filter(({ snapshot }) => snapshot.verification === 'failed')
  return [
    ...(last
      ? [
          {
            kind: 'backup-failed' as const,
            text: `${since.length === 1 ? 'The last backup' : `The last ${since.length} attempts`} failed: ${last.reason}`,
          },
        ]
      : []),
    ...(damaged.length > 0
      ? [
          {
            kind: 'verification-failed' as const,
            text:
              damaged.length === 1
                ? 'One kept backup is damaged: its verification failed.'
                : `${damaged.length} kept backups are damaged: their verification failed.`,
          },
        ]
      : []),
  ]
}

function jobProblems(
  cluster: Part | undefined,
  jobs: JobOfGuest[],
  enabled: JobOfGuest[],
): CoverageProblem[] {
  if (enabled.length > 0) return []
  if (!cluster?.reading)
    return [
      {
        kind: 'not-visible',
        text: `The backup jobs of ${cluster?.label ?? 'its cluster'} have not been read yet.`,
      },
    ]
  const off = jobs[0]
  return off
    ? [{ kind: 'job-off', text: `Its only job, ${off.job.id}, is switched off.` }]
    : [{ kind: 'no-job', text: 'No backup job takes it.' }]
}

/** No backup is known: never made, or not to be seen from here? */
function absence(ground: Ground, guest: Entity, { parts }: Holdings, enabled: JobOfGuest[]): CoverageProblem {
  const unseen = parts.find((part) => !part.reading || !part.isLive)
  if (parts.length === 0)
    return {
      kind: 'not-visible',
      text: 'No backup server is connected: whether it has backups is not known.',
    }
  if (unseen)
    return {
      kind: 'not-visible',
      text: `${unseen.label} ${unseen.reading ? 'does not answer' : 'has not been read'}: whether it has backups is not known.`,
    }
  const unread = parts.flatMap((part) => part.reading?.unread ?? [])[0]
  if (unread !== undefined)
    return {
      kind: 'not-visible',
      text: `The backups in ${unread} cannot be read: whether it has some there is not known.`,
    }
  const elsewhere = enabled.find(
    ({ job }) => !ground.seenStorages.has(`${guest.connectionId}/${job.storage}`),
  )
  if (elsewhere)
    return {
      kind: 'not-visible',
      text: `Its job ${elsewhere.job.id} writes to ${elsewhere.job.storage}, which is no datastore of a connected backup server.`,
    }
  const alike = ground.unlinkedGroups.get(
    `${guest.facts['type'] === 'lxc' ? 'ct' : 'vm'}/${String(guest.facts['vmid'])}`,
  )
  if (alike)
    return {
      kind: 'never-backed-up',
      text: `No backup is known to be its own. There is a group ${alike.type}/${alike.backupId} in ${alike.store}, but nothing shows that it is of this guest and cluster.`,
    }
  return { kind: 'never-backed-up', text: 'No backup of it is known on the connected backup servers.' }
}

function absenceOfDumps({ parts }: Holdings, images: Holdings): CoverageProblem {
  const unseen = parts.find((part) => !part.reading || !part.isLive)
  if (parts.length === 0 || unseen)
    return {
      kind: 'not-visible',
      text: `${unseen?.label ?? 'No backup server'} ${unseen ? 'does not answer' : 'is connected'}: whether there are dumps is not known.`,
    }
  return images.good.length > 0
    ? { kind: 'not-visible', text: 'Only its machine is backed up; no dump of the databases is known.' }
    : { kind: 'never-backed-up', text: 'No backup of it is known: no dump, and no image of its machine.' }
}

function ageProblems(nowMs: number, { good, parts }: Holdings, target: BackupTarget): CoverageProblem[] {
  const newest = good[0]
  if (!newest) return []
  const lost = parts.find((part) => !part.isLive)
  const problems: CoverageProblem[] = []
  const ageMs = nowMs - newest.atMs
  if (ageMs > target.rpoHours * hourMs)
    problems.push(
      lost
        ? {
            kind: 'not-visible',
            text: `Nothing is known of ${lost.label} since ${clockIn(knownUntil(lost, nowMs), zoneOf(lost))}; the newest backup known then is ${formatDuration(ageMs)} old.`,
          }
        : {
            kind: 'stale',
            text: `Its newest backup is ${formatDuration(ageMs)} old; the RPO is ${formatHours(target.rpoHours)}.`,
          },
    )
  const verified = newestVerified(good)
  const verifiedAgeMs = verified === null ? null : nowMs - verified
  if (verifiedAgeMs === null)
    problems.push({ kind: 'never-verified', text: 'None of its kept backups has ever been verified.' })
  else if (verifiedAgeMs > target.verifyAgeHours * hourMs && !lost)
    problems.push({
      kind: 'verification-old',
      text: `The last good verification is ${formatDuration(verifiedAgeMs)} old; at most ${formatHours(target.verifyAgeHours)} are wanted.`,
    })
  return problems
}

function leftOutProblems(enabled: JobOfGuest[]): CoverageProblem[] {
  const told = enabled.flatMap(({ leftOut }) => (leftOut ? [leftOut] : []))
  // A disk is left out when every job that takes the guest leaves it out.
  const missing = (told[0] ?? []).filter((disk) => told.every((list) => list.includes(disk)))
  if (missing.length === 0) return []
  return [
    {
      kind: 'partial',
      text:
        missing.length === 1
          ? `Its disk ${missing[0]} is left out of every backup.`
          : `Its disks ${missing.join(', ')} are left out of every backup.`,
    },
  ]
}

const ranking: ReadonlyArray<[CoverageProblem['kind'], CoverageVerdict]> = [
  ['backup-failed', 'failed'],
  ['verification-failed', 'failed'],
  ['never-backed-up', 'none'],
  ['no-job', 'none'],
  ['job-off', 'none'],
  ['stale', 'stale'],
  ['never-verified', 'unverified'],
  ['verification-old', 'unverified'],
  ['not-visible', 'unknown'],
  ['partial', 'partial'],
]

const absences: ReadonlyArray<CoverageProblem['kind']> = ['never-backed-up', 'never-verified', 'stale']

/** The worst problem decides; what nobody wants backed up is no fault. */
function verdictOf(problems: readonly CoverageProblem[], target: BackupTarget): CoverageVerdict {
  if (!target.isRequired) return 'off'
  const kinds = new Set(problems.map((it) => it.kind))
  // Beside something that is not visible, an absence proves nothing.
  if (kinds.has('not-visible') && absences.some((kind) => kinds.has(kind))) return 'unknown'
  return ranking.find(([kind]) => kinds.has(kind))?.[1] ?? 'ok'
}

function stripOf(
  ground: Ground,
  { groups, parts, failures }: Holdings,
  createdAtMs: number | undefined,
  scheduled: readonly ScheduledJob[] | null,
): CoverageRow['days'] {
  const part = parts[0]
  const skewMs = part ? skewOf(part) : 0
  return dayStrip({
    nowMs: ground.nowMs + skewMs,
    knownUntilMs: part ? knownUntil(part, ground.nowMs) : 0,
    timeZone: part ? zoneOf(part) : 'UTC',
    createdAtMs: createdAtMs === undefined ? undefined : createdAtMs + skewMs,
    snapshots: groups.flatMap((group) => ground.snapshotsOf(group)),
    attempts: groups.flatMap((group) => ground.attemptsOf(group)),
    attemptsFromMs: part?.reading?.attemptsFromMs ?? null,
    failures: failures.map((it) => ({ ...it, atMs: it.atMs + skewMs })),
    jobs: scheduled,
  })
}

const numberFact = (entity: Entity, key: string): number | undefined => {
  const value = entity.facts[key]
  return typeof value === 'number' ? value : undefined
}
const textFact = (entity: Entity, key: string): string | null => {
  const value = entity.facts[key]
  return typeof value === 'string' ? value : null
}
