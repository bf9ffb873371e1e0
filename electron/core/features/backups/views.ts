// Datastores, groups and jobs as the page shows them, from the last readings. Pure; times on this computer's clock.
import type { DatastoreView, GroupName, GroupView, JobView, SnapshotView } from '#shared/contracts/backups.ts'
import { skewOf, wholeName, zoneOf, type Ground, type Part } from './ground.ts'
import {
  groupKey,
  type KeptSnapshot,
  type KeptVzdumpJob,
  type PbsReading,
  type ProxmoxReading,
} from './readings.ts'
import { comingRuns, scheduleText } from './schedule.ts'

const minus = (atMs: number | null, skewMs: number): number | null => (atMs === null ? null : atMs - skewMs)

export function datastoreViews(ground: Ground): DatastoreView[] {
  return ground.pbs.flatMap((part) =>
    (part.reading?.datastores ?? []).map((store) => {
      const skewMs = skewOf(part)
      const snapshots = part.reading!.snapshots.filter((it) => it.store === store.store && !it.isRunning)
      const count = (state: KeptSnapshot['verification']): number =>
        snapshots.filter((it) => it.verification === state).length
      const gc = part.reading!.jobs.find((job) => job.kind === 'gc' && job.store === store.store)
      const entity = ground.entities.find(
        (it) => it.kind === 'datastore' && it.connectionId === part.connectionId && it.name === store.store,
      )
      return {
        connectionId: part.connectionId,
        entityId: entity?.id ?? null,
        store: store.store,
        comment: store.comment,
        maintenance: store.maintenance,
        error: store.error,
        usedBytes: store.usedBytes,
        totalBytes: store.totalBytes,
        history: store.history && { ...store.history, startMs: store.history.startMs - skewMs },
        fullAtMs: minus(store.fullAtMs, skewMs),
        deduplication: store.deduplication,
        garbage: gc
          ? {
              lastRunAtMs: minus(gc.lastRunAtMs, skewMs),
              lastState: gc.lastState,
              nextRunAtMs: minus(gc.nextRunAtMs, skewMs),
              schedule: gc.schedule || null,
              removedBytes: store.removedBytes,
              pendingBytes: store.pendingBytes,
              badChunks: store.badChunks,
            }
          : null,
        namespaces: store.namespaces.map((name) => {
          const own = snapshots.filter((it) => it.namespace === name)
          return { name, groups: new Set(own.map(groupKey)).size, snapshots: own.length }
        }),
        snapshotCount: snapshots.length,
        verifiedCount: count('ok'),
        failedCount: count('failed'),
        unverifiedCount: count('none'),
        rights: store.rights,
      }
    }),
  )
}

export function groupViews(ground: Ground): GroupView[] {
  const owners = new Map<string, string>()
  for (const [entityId, groups] of ground.groupsOf)
    for (const group of groups) owners.set(wholeName(group), entityId)
  return ground.pbs.flatMap((part) => {
    const skewMs = skewOf(part)
    const groups = Map.groupBy(part.reading?.snapshots ?? [], groupKey)
    return [...groups.values()].map((snapshots) => {
      const [first] = snapshots
      const name: GroupName = {
        connectionId: part.connectionId,
        store: first!.store,
        namespace: first!.namespace,
        type: first!.type,
        backupId: first!.backupId,
      }
      const newestFirst = snapshots.filter((it) => !it.isRunning).sort((a, b) => b.backupTime - a.backupTime)
      const newest = newestFirst[0]
      const owner = owners.get(wholeName(name))
      return {
        ...name,
        entityId: ground.groupEntities.get(wholeName(name))?.id ?? null,
        ofEntityId: owner ?? null,
        ofName: (owner === undefined ? undefined : ground.entityById.get(owner)?.name) ?? null,
        owner: first!.owner,
        snapshotCount: snapshots.length,
        lastBackupAtMs: newest ? newest.backupTime * 1000 - skewMs : null,
        sizeBytes: newest?.sizeBytes ?? null,
        verification: newestFirst.some((it) => it.verification === 'failed')
          ? ('failed' as const)
          : (newest?.verification ?? ('none' as const)),
        protectedCount: snapshots.filter((it) => it.isProtected).length,
        isEncrypted: newest?.encryption === 'encrypt',
        comment: newest?.comment ?? '',
      }
    })
  })
}

/** The snapshots of one group, newest first. */
export function snapshotViews(ground: Ground, group: GroupName): SnapshotView[] {
  const part = ground.pbs.find((it) => it.connectionId === group.connectionId)
  const skewMs = part ? skewOf(part) : 0
  return [...ground.snapshotsOf(group)]
    .sort((a, b) => b.backupTime - a.backupTime)
    .map(({ store: _store, namespace: _namespace, type: _type, backupId: _id, ...snapshot }) => ({
      ...snapshot,
      verifiedAtMs: minus(snapshot.verifiedAtMs, skewMs),
    }))
}

export function jobViews(ground: Ground): JobView[] {
  return [
    ...ground.proxmox.flatMap((part) =>
      (part.reading?.jobs ?? []).map((job) => vzdumpView(part, part.reading!, job)),
    ),
    ...ground.pbs.flatMap((part) =>
      (part.reading?.jobs ?? []).map((job) => serverJobView(part, part.reading!, job)),
    ),
  ]
}

function vzdumpView(part: Part<ProxmoxReading>, reading: ProxmoxReading, job: KeptVzdumpJob): JobView {
  const skewMs = skewOf(part)
  const guests = job.guests ? Object.keys(job.guests).length : job.vmids.length
  const last = lastRunOf(reading, job)
  const next = comingRuns({
    id: job.id,
    schedule: job.schedule,
    timeZone: zoneOf(part),
    nowMs: reading.serverAtMs,
  })?.[0]
  return {
    connectionId: part.connectionId,
    kind: 'vzdump',
    id: job.id,
    isEnabled: job.isEnabled,
    schedule: job.schedule,
    scheduleText: scheduleText(job.schedule),
    selection: job.isAll
      ? `All guests${job.excluded.length > 0 ? ` but ${job.excluded.join(', ')}` : ''}`
      : job.pool !== null
        ? `Pool ${job.pool}`
        : `${guests} guests`,
    target: `${job.storage}, ${job.mode}`,
    comment: job.comment,
    lastRunAtMs: last ? last.atMs - skewMs : null,
    lastState: last?.state ?? null,
    nextRunAtMs: job.isEnabled ? minus(job.nextRunAtMs ?? next ?? null, skewMs) : null,
  }
}

const oneRunMs = 3_600_000

/**
 * How a job last went. The wire does not say which job a task was of: the newest runs of whole nodes are taken
 * together, and what their logs say of guests decides, because another job's failure is not this one's.
 */
function lastRunOf(reading: ProxmoxReading, job: KeptVzdumpJob): { atMs: number; state: string } | undefined {
  const runs = reading.runs.filter((run) => run.vmid === null && run.endMs !== null)
  const newest = runs[0]
  if (!newest) return undefined
  const isTogether = ({ atMs }: { atMs: number }): boolean => Math.abs(newest.atMs - atMs) < oneRunMs
  const failures = reading.failures.filter(isTogether)
  const takes = (vmid: number): boolean =>
    job.guests ? job.guests[String(vmid)] !== undefined : job.isAll || job.vmids.includes(vmid)
  const own = failures.filter((failure) => takes(failure.vmid))
  if (own.length > 0) return { atMs: newest.atMs, state: `${own.length} of its guests failed` }
  const broken = runs
    .filter(isTogether)
    .find((run) => run.status !== 'OK' && !/^WARNINGS/.test(run.status ?? ''))
  return { atMs: newest.atMs, state: broken && failures.length === 0 ? (broken.status ?? 'unknown') : 'OK' }
}

function serverJobView(
  part: Part<PbsReading>,
  _reading: PbsReading,
  job: PbsReading['jobs'][number],
): JobView {
  const skewMs = skewOf(part)
  const place =
    job.namespace === null
      ? 'all namespaces'
      : job.namespace === ''
        ? 'root namespace'
        : `namespace ${job.namespace}`
  return {
    connectionId: part.connectionId,
    kind: job.kind,
    id: job.id,
    isEnabled: job.isEnabled,
    schedule: job.schedule,
    scheduleText: scheduleText(job.schedule),
    selection:
      job.kind === 'gc' ? 'the whole datastore' : job.remote ? `from ${job.remote}, ${place}` : place,
    target: job.store,
    comment: [job.comment, job.keep].filter((text) => text !== '').join('; '),
    lastRunAtMs: minus(job.lastRunAtMs, skewMs),
    lastState: job.lastState,
    nextRunAtMs: job.isEnabled ? minus(job.nextRunAtMs, skewMs) : null,
  }
}
