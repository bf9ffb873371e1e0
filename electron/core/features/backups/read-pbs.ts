// Reads one Proxmox Backup Server for the backups page: everything that can be judged, in one look. What this identity
// may not see becomes a limit, said beside the result, and never an empty list that looks like peace.
import { isAppError } from '#shared/errors.ts'
import type { PbsConnector, PbsJobKind } from '../../connectors/pbs/pbs-connector.ts'
import {
  groupOfTask,
  readBackupTasks,
  readGarbage,
  readServerTime,
  readSnapshots,
  readUsage,
  upidStartMs,
  type FullSnapshot,
} from '../../connectors/pbs/pbs-backups.ts'
import type { JobRow } from '../../connectors/pbs/pbs-shapes.ts'
import {
  groupKey,
  type KeptDatastore,
  type KeptServerJob,
  type KeptSnapshot,
  type PbsReading,
} from './readings.ts'

const dayMs = 86_400_000
/** As far back as the page's calendar shows. */
const attemptDays = 15
const shownFiles = 40

type Slice = Pick<
  PbsConnector,
  'call' | 'rows' | 'datastores' | 'namespaces' | 'jobs' | 'identity' | 'permissions'
>

export async function readPbs(pbs: Slice, nowMs: number, signal: AbortSignal): Promise<PbsReading> {
  const limits = new Set<string>()
  const orLimit = async <T>(what: string, otherwise: T, answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (error) {
      if (!isAppError(error) || (error.code !== 'forbidden' && !isMissing(error))) throw error
      // A list that an older server has not got is no limit of this identity.
      if (error.code === 'forbidden') limits.add(`${pbs.identity} may not see ${what}.`)
      else if (error.code !== 'not-found') limits.add(`Not to be read: ${what}. ${error.message}`)
      return otherwise
    }
  }
  const stores = await pbs.datastores(signal)
  const [rights, time, usage, garbage, attempts, jobs] = await Promise.all([
    orLimit('its own rights', undefined, pbs.permissions(signal)),
    orLimit('the clock of the server', undefined, readServerTime(pbs, signal)),
    orLimit('how full the datastores are', [], readUsage(pbs, signal)),
    orLimit('the state of garbage collections', [], readGarbage(pbs, signal)),
    orLimit('the tasks of others', undefined, readBackupTasks(pbs, nowMs - attemptDays * dayMs, signal)),
    Promise.all(
      (['verify', 'prune', 'sync'] as const).map(async (kind) =>
        (await orLimit(`${kind} jobs`, [], pbs.jobs(kind, signal))).map((row) => jobOf(kind, row)),
      ),
    ),
  ])
  const snapshots: KeptSnapshot[] = []
  const unread: string[] = []
  const datastores: KeptDatastore[] = []
  for (const { store, comment, maintenance } of stores) {
    const named = await orLimit(`the namespaces of ${store}`, [], pbs.namespaces(store, signal))
    const namespaces = [...new Set(['', ...named.map((row) => row.ns)])]
    for (const namespace of namespaces) {
      const where = namespace === '' ? store : `${store}, namespace ${namespace}`
      const rows = await orLimit(
        `the backups in ${where}`,
        undefined,
        readSnapshots(pbs, store, namespace, signal),
      )
      if (!rows) unread.push(where)
      for (const row of rows ?? []) snapshots.push(snapshotOf(store, namespace, row))
    }
    const use = usage.find((row) => row.store === store)
    const gc = garbage.find((row) => row.store === store)
    datastores.push({
      store,
      comment: comment ?? '',
      maintenance: maintenance ?? null,
      error: use?.error ?? null,
      usedBytes: use?.used ?? null,
      totalBytes: use?.total ?? null,
      history:
        use?.history && use['history-start'] && use['history-delta']
          ? {
              startMs: use['history-start'] * 1000,
              stepMs: use['history-delta'] * 1000,
              fractions: use.history,
            }
          : null,
      fullAtMs: use?.['estimated-full-date'] ? use['estimated-full-date'] * 1000 : null,
      deduplication:
        gc?.['disk-bytes'] && gc['index-data-bytes'] !== undefined
          ? gc['index-data-bytes'] / gc['disk-bytes']
          : null,
      removedBytes: gc?.['removed-bytes'] ?? null,
      pendingBytes: gc?.['pending-bytes'] ?? null,
      badChunks: gc?.['still-bad'] ?? null,
      rights: rights ? rightsOn(rights, store) : null,
      namespaces,
    })
  }
  const kept = attempts?.flatMap((task) => {
    const group = task.worker_type === 'backup' && task.worker_id ? groupOfTask(task.worker_id) : undefined
    if (!group) return []
    const isRunning = task.endtime === null || task.endtime === undefined
    const isGood = isRunning || task.status === 'OK' || /^WARNINGS/.test(task.status ?? '')
    const error = isGood ? null : (task.status ?? 'unknown').slice(0, 300)
    return [{ group: groupKey(group), atMs: task.starttime * 1000, error, isRunning }]
  })
  return {
    kind: 'pbs',
    readAtMs: nowMs,
    serverAtMs: time ? time.time * 1000 : nowMs,
    timeZone: time?.timezone ?? 'UTC',
    limits: [...limits],
    datastores,
    snapshots,
    jobs: [...jobs.flat(), ...garbage.map((row) => jobOf('gc', row))],
    attempts: kept ?? [],
    unread,
    attemptsFromMs:
      kept && kept.length > 0 ? kept.reduce((first, it) => Math.min(first, it.atMs), Infinity) : null,
  }
}

/** A rule on a deeper path replaces those above it. */
function rightsOn(rights: Record<string, Record<string, unknown>>, store: string): string[] {
  const rule = rights[`/datastore/${store}`] ?? rights['/datastore'] ?? rights['/']
  return Object.keys(rule ?? {})
}

/** Datastores in maintenance, and lists that an older server has not got. */
const isMissing = (error: { detail?: { kind: string; status?: number } | undefined }): boolean =>
  error.detail?.kind === 'http' && (error.detail.status === 400 || error.detail.status === 404)

function snapshotOf(store: string, namespace: string, row: FullSnapshot): KeptSnapshot {
  const modes = new Set(row.files.flatMap((file) => file['crypt-mode'] ?? []))
  // The list of files is signed at most; what counts is the data.
  if (modes.size > 1) modes.delete('sign-only')
  const [mode] = modes
  const { verification } = row
  return {
    store,
    namespace,
    type: row['backup-type'],
    backupId: row['backup-id'],
    backupTime: row['backup-time'],
    sizeBytes: row.size ?? null,
    isRunning: row.size === null || row.size === undefined,
    isProtected: row.protected === true,
    owner: row.owner ?? '',
    comment: (row.comment ?? '').slice(0, 300),
    encryption:
      modes.size === 0
        ? 'unknown'
        : modes.size > 1
          ? 'mixed'
          : mode === 'encrypt' || mode === 'sign-only'
            ? mode
            : 'none',
    keyFingerprint: row.fingerprint ?? null,
    verification: verification?.state === 'ok' ? 'ok' : verification ? 'failed' : 'none',
    verifiedAtMs: upidStartMs(verification?.upid) ?? null,
    files: row.files
      .slice(0, shownFiles)
      .map((file) => ({ name: file.filename, sizeBytes: file.size ?? null })),
  }
}

function jobOf(kind: PbsJobKind, row: JobRow): KeptServerJob {
  const seconds = (value: number | null | undefined): number | null => (value ? value * 1000 : null)
  const keep = (['keep-last', 'keep-daily', 'keep-weekly', 'keep-monthly'] as const).flatMap((name) =>
    row[name] ? [`${row[name]} ${name.slice('keep-'.length)}`] : [],
  )
  return {
    kind,
    id: row.id ?? row.store,
    store: row.store,
    namespace: row.ns ?? null,
    remote: row.remote ?? null,
    isEnabled: row.disable !== true,
    schedule: row.schedule ?? '',
    comment: row.comment ?? '',
    keep: keep.length > 0 ? `keeps ${keep.join(', ')}` : '',
    lastRunAtMs: seconds(row['last-run-endtime']),
    lastState: row['last-run-state'] ?? null,
    nextRunAtMs: seconds(row['next-run']),
  }
}
