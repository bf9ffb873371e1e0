// What looking after backups asks of Proxmox Backup Server beyond the inventory: whole snapshots, fill over time,
// what was tried, and the changes. Functions over a slice of the connector; every request is sent once.
import { z } from 'zod'
import type { HttpsCall } from '../https/https-client.ts'
import { wireBoolean, wireNumber, wireText } from '../proxmox/api2-values.ts'
import type { PbsConnector, PbsJobKind } from './pbs-connector.ts'
import { jobRow } from './pbs-shapes.ts'

type Calls = Pick<PbsConnector, 'call'>
type Rows = Pick<PbsConnector, 'rows'>

const text = z.string()
const backupType = z.enum(['vm', 'ct', 'host'])

export const serverTime = z.object({ time: wireNumber, timezone: text.default('UTC') })

/** A snapshot with its files; those of a running backup have no sizes. */
export const fullSnapshot = z.object({
  'backup-type': backupType,
  'backup-id': wireText,
  'backup-time': wireNumber,
  size: wireNumber.nullish(),
  protected: wireBoolean.optional(),
  owner: text.nullish(),
  comment: text.nullish(),
  fingerprint: text.nullish(),
  verification: z.object({ state: text, upid: text.optional() }).nullish(),
  files: z
    .array(
      z.union([
        z.object({ filename: text, size: wireNumber.nullish(), 'crypt-mode': text.nullish() }),
        text.transform((filename) => ({ filename, size: undefined, 'crypt-mode': undefined })),
      ]),
    )
    .default([]),
})
export type FullSnapshot = z.infer<typeof fullSnapshot>

export const usageHistory = z.object({
  store: text,
  total: wireNumber.optional(),
  used: wireNumber.optional(),
  error: text.nullish(),
  'estimated-full-date': wireNumber.nullish(),
  history: z.array(wireNumber.nullable()).nullish(),
  'history-start': wireNumber.nullish(),
  'history-delta': wireNumber.nullish(),
})
export type UsageHistory = z.infer<typeof usageHistory>

export const garbageRow = jobRow.extend({
  'disk-bytes': wireNumber.optional(),
  'index-data-bytes': wireNumber.optional(),
  'removed-bytes': wireNumber.optional(),
  'pending-bytes': wireNumber.optional(),
  'still-bad': wireNumber.optional(),
})
export type GarbageRow = z.infer<typeof garbageRow>

export const backupTask = z.object({
  upid: text,
  worker_type: text,
  worker_id: text.nullish(),
  starttime: wireNumber,
  endtime: wireNumber.nullish(),
  status: text.nullish(),
})
export type BackupTask = z.infer<typeof backupTask>

/** One group, as PBS names it. */
export interface GroupOnServer {
  store: string
  namespace: string
  type: 'vm' | 'ct' | 'host'
  backupId: string
}
export interface SnapshotOnServer extends GroupOnServer {
  /** Unix seconds. */
  backupTime: number
}

export interface Keep {
  last?: number | undefined
  hourly?: number | undefined
  daily?: number | undefined
  weekly?: number | undefined
  monthly?: number | undefined
  yearly?: number | undefined
}

const storePath = (store: string): string => `/admin/datastore/${encodeURIComponent(store)}`
/** The root namespace is the absent parameter. */
const inNamespace = (namespace: string | undefined) => (namespace ? { ns: namespace } : {})
const ofGroup = ({ namespace, type, backupId }: GroupOnServer) => ({
  ...inNamespace(namespace),
  'backup-type': type,
  'backup-id': backupId,
})
const ofSnapshot = (it: SnapshotOnServer) => ({ ...ofGroup(it), 'backup-time': it.backupTime })
const keepOptions = (keep: Keep) => ({
  'keep-last': keep.last,
  'keep-hourly': keep.hourly,
  'keep-daily': keep.daily,
  'keep-weekly': keep.weekly,
  'keep-monthly': keep.monthly,
  'keep-yearly': keep.yearly,
})

export const readServerTime = (pbs: Calls, signal?: AbortSignal) =>
  pbs.call(serverTime, { path: '/nodes/localhost/time', signal })

export const readUsage = (pbs: Rows, signal?: AbortSignal) =>
  pbs.rows(usageHistory, '/status/datastore-usage', signal)

export const readGarbage = (pbs: Rows, signal?: AbortSignal) => pbs.rows(garbageRow, '/admin/gc', signal)

export const readSnapshots = (pbs: Rows, store: string, namespace: string, signal?: AbortSignal) =>
  pbs.rows(fullSnapshot, `${storePath(store)}/snapshots`, signal, inNamespace(namespace))

/** Every backup that was tried since then, failed ones included. */
export const readBackupTasks = (pbs: Rows, sinceMs: number, signal?: AbortSignal) =>
  pbs.rows(backupTask, '/nodes/localhost/tasks', signal, {
    typefilter: 'backup',
    since: Math.floor(sinceMs / 1000),
    limit: 0,
  })

export const readNotes = (pbs: Calls, snapshot: SnapshotOnServer, signal?: AbortSignal) =>
  pbs.call(text.nullable(), {
    path: `${storePath(snapshot.store)}/notes`,
    query: ofSnapshot(snapshot),
    signal,
  })

/** What a change is, as one call; the UPID of the task that it starts, where it starts one. */
const change = (method: 'POST' | 'PUT', path: string, body: HttpsCall['body'] & object): HttpsCall => ({
  method,
  path,
  body,
})

export const verifyCall = (wish: {
  store: string
  namespace?: string | undefined
  group?: GroupOnServer | undefined
  backupTime?: number | undefined
  isAgain: boolean
}): HttpsCall =>
  change('POST', `${storePath(wish.store)}/verify`, {
    ...(wish.group ? ofGroup(wish.group) : inNamespace(wish.namespace)),
    ...(wish.group && wish.backupTime !== undefined ? { 'backup-time': wish.backupTime } : {}),
    'ignore-verified': wish.isAgain ? 0 : 1,
  })

export const garbageCall = (store: string): HttpsCall => change('POST', `${storePath(store)}/gc`, {})

export const runJobCall = (kind: PbsJobKind, id: string): HttpsCall =>
  kind === 'gc' ? garbageCall(id) : change('POST', `/admin/${kind}/${encodeURIComponent(id)}/run`, {})

const prunedRow = z.object({
  'backup-time': wireNumber,
  keep: wireBoolean,
  protected: wireBoolean.optional(),
})
const noAnswer = z.unknown()
/** The name of the task that a call has started. */
export const startedTask = text.regex(/^UPID:/)

/** What a prune of the group keeps. With `isDryRun` nothing goes. */
export const pruneGroup = async (
  pbs: Calls,
  wish: { group: GroupOnServer; keep: Keep; isDryRun: boolean; signal?: AbortSignal | undefined },
) => {
  const body = { ...ofGroup(wish.group), ...keepOptions(wish.keep), 'dry-run': wish.isDryRun ? 1 : 0 }
  return pbs.call(z.array(prunedRow), {
    ...change('POST', `${storePath(wish.group.store)}/prune`, body),
    signal: wish.signal,
  })
}

export const setProtection = (pbs: Calls, snapshot: SnapshotOnServer, isProtected: boolean) =>
  pbs.call(
    noAnswer,
    change('PUT', `${storePath(snapshot.store)}/protected`, {
      ...ofSnapshot(snapshot),
      protected: isProtected ? 1 : 0,
    }),
  )

export const setNotes = (pbs: Calls, snapshot: SnapshotOnServer, notes: string) =>
  pbs.call(noAnswer, change('PUT', `${storePath(snapshot.store)}/notes`, { ...ofSnapshot(snapshot), notes }))

export const forgetSnapshot = (pbs: Calls, snapshot: SnapshotOnServer) =>
  pbs.call(noAnswer, {
    method: 'DELETE',
    path: `${storePath(snapshot.store)}/snapshots`,
    query: ofSnapshot(snapshot),
  })

/** The start of a task, which its UPID carries as hexadecimal Unix seconds. */
export function upidStartMs(upid: string | undefined): number | undefined {
  const seconds = parseInt(upid?.split(':')[5] ?? '', 16)
  return Number.isNaN(seconds) ? undefined : seconds * 1000
}

/** `store:type/id`, or `store:namespace:type/id`, as backup tasks are called. */
export function groupOfTask(workerId: string): GroupOnServer | undefined {
  const [, store, namespace, type, backupId] =
    /^([^:]+):(?:(.+):)?(vm|ct|host)\/([^/]+)$/.exec(workerId) ?? []
  return store && type && backupId
    ? { store, namespace: namespace ?? '', type: type as GroupOnServer['type'], backupId }
    : undefined
}
