// Changes on a backup server. What starts a task becomes one of the task desk; what is done at once is checked by
// reading where its answer was lost. Nothing is ever sent twice.
import type { GroupName, PruneRow, Retention } from '#shared/contracts/backups.ts'
import type { Task } from '#shared/contracts/tasks.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { CoreServices } from '../../core-services.ts'
import type { HttpsCall } from '../../connectors/https/https-client.ts'
import {
  forgetSnapshot,
  garbageCall,
  pruneGroup,
  readNotes,
  readSnapshots,
  runJobCall,
  setNotes,
  setProtection,
  startedTask,
  verifyCall,
  type FullSnapshot,
  type SnapshotOnServer,
} from '../../connectors/pbs/pbs-backups.ts'
import type { PbsConnector, PbsJobKind } from '../../connectors/pbs/pbs-connector.ts'
import type { AuditHandle } from '../../router/call-context.ts'

export type ActionCore = Pick<CoreServices, 'connectors' | 'tasks' | 'sites'>

/** The server forks a worker and answers; a busy one takes its time. */
const beginTimeoutMs = 40_000

export interface Began {
  siteId: SiteId
  connectionId: ConnectionId
  title: string
  subject: string
  entityId: string | null
  audit: AuditHandle | undefined
}

export const groupTitle = ({ type, backupId }: Pick<GroupName, 'type' | 'backupId'>): string =>
  `${type}/${backupId}`

export const placeOf = ({ store, namespace }: Pick<GroupName, 'store' | 'namespace'>): string =>
  namespace === '' ? store : `${store}, namespace ${namespace}`

export function createServerActions(core: ActionCore) {
  const { connectors, tasks } = core

  /** Sends once, and follows the task; a lost answer is resolved by what the task list shows. */
  async function begin(call: HttpsCall, workerTypes: readonly string[], began: Began): Promise<Task> {
    const pbs = connectors.pbs(began.connectionId)
    began.audit?.describe(`${began.title} (${began.subject})`)
    const before = new Set((await pbs.tasks(undefined, 50)).map((task) => task.upid))
    const upid = await startedUpid(pbs, call, workerTypes, before)
    const { siteId, connectionId, title, subject, entityId, audit } = began
    return tasks.begin({
      kind: 'pbs',
      siteId,
      connectionId,
      title,
      subject,
      entityId,
      reference: { upid },
      audit,
    })
  }

  return {
    verify: (
      wish: {
        store: string
        namespace?: string | undefined
        group?: GroupName | undefined
        backupTime?: number | undefined
        isAgain: boolean
      },
      began: Began,
    ) => begin(verifyCall(wish), ['verify', 'verify_group', 'verify_snapshot'], began),
    collectGarbage: (store: string, began: Began) => begin(garbageCall(store), ['garbage_collection'], began),
    runJob: (kind: PbsJobKind, id: string, began: Began) =>
      begin(runJobCall(kind, id), workerTypesOf[kind], began),

    readNotes: async (
      group: GroupName,
      backupTime: number,
      signal: AbortSignal | undefined,
    ): Promise<string> =>
      (await readNotes(connectors.pbs(group.connectionId), { ...group, backupTime }, signal)) ?? '',

    previewPrune: (group: GroupName, keep: Retention, signal: AbortSignal | undefined) =>
      prune(connectors.pbs(group.connectionId), group, keep, true, signal),

    async prune(group: GroupName, keep: Retention): Promise<PruneRow[]> {
      const pbs = connectors.pbs(group.connectionId)
      if (Object.values(keep).every((count) => count === undefined))
        throw new AppError('invalid-input', 'Say how many backups are to be kept.', {
          remedy: 'Without a keep option the server would keep everything.',
        })
      const planned = await prune(pbs, group, keep, true, undefined)
      try {
        return await prune(pbs, group, keep, false, undefined)
      } catch (thrown) {
        const going = planned.filter((row) => !row.isKept)
        return settle(thrown, async () => {
          const left = new Set((await ofGroup(pbs, group)).map((row) => row['backup-time']))
          return going.every((row) => !left.has(row.backupTime)) ? planned : undefined
        })
      }
    },

    protect: (group: GroupName, backupTime: number, isProtected: boolean) =>
      change(
        connectors.pbs(group.connectionId),
        { ...group, backupTime },
        (pbs, snapshot) => setProtection(pbs, snapshot, isProtected),
        (row) => row !== undefined && (row.protected === true) === isProtected,
      ),

    editNotes: (group: GroupName, backupTime: number, notes: string) =>
      change(
        connectors.pbs(group.connectionId),
        { ...group, backupTime },
        (pbs, snapshot) => setNotes(pbs, snapshot, notes),
        (row) => row !== undefined && (row.comment ?? '') === (notes.split('\n')[0] ?? ''),
      ),

    forget: (group: GroupName, backupTime: number) =>
      change(
        connectors.pbs(group.connectionId),
        { ...group, backupTime },
        forgetSnapshot,
        (row) => row === undefined,
      ),
  }
}

const workerTypesOf: Record<PbsJobKind, readonly string[]> = {
  verify: ['verificationjob'],
  prune: ['prunejob'],
  sync: ['syncjob'],
  gc: ['garbage_collection'],
}

async function startedUpid(
  pbs: PbsConnector,
  call: HttpsCall,
  workerTypes: readonly string[],
  before: ReadonlySet<string>,
): Promise<string> {
  try {
    return await pbs.call(startedTask, { ...call, timeoutMs: beginTimeoutMs })
  } catch (thrown) {
    return settle(thrown, async () => {
      const user = pbs.identity
      const found = (await pbs.tasks(undefined, 50)).filter(
        (task) => !before.has(task.upid) && workerTypes.includes(task.worker_type) && task.user === user,
      )
      // Two new ones cannot be told apart: then it stays unknown.
      return found.length === 1 ? found[0]!.upid : undefined
    })
  }
}

/** Resolves a lost answer by reading: `isDone` gives the result when the state shows that it was done. */
async function settle<T>(thrown: unknown, isDone: () => Promise<T | undefined>): Promise<T> {
  if (!isAppError(thrown) || thrown.detail?.kind !== 'outcome-unknown') throw thrown
  const result = await isDone().catch(() => undefined)
  if (result === undefined) throw thrown
  return result
}

async function change(
  pbs: PbsConnector,
  snapshot: SnapshotOnServer,
  work: (pbs: PbsConnector, snapshot: SnapshotOnServer) => Promise<unknown>,
  isDone: (row: FullSnapshot | undefined) => boolean,
): Promise<void> {
  try {
    await work(pbs, snapshot)
  } catch (thrown) {
    await settle(thrown, async () => {
      const row = (await ofGroup(pbs, snapshot)).find((it) => it['backup-time'] === snapshot.backupTime)
      return isDone(row) ? true : undefined
    })
  }
}

const ofGroup = async (
  pbs: PbsConnector,
  group: Omit<SnapshotOnServer, 'backupTime'>,
): Promise<FullSnapshot[]> =>
  (await readSnapshots(pbs, group.store, group.namespace)).filter(
    (row) => row['backup-type'] === group.type && row['backup-id'] === group.backupId,
  )

async function prune(
  pbs: PbsConnector,
  group: GroupName,
  keep: Retention,
  isDryRun: boolean,
  signal: AbortSignal | undefined,
): Promise<PruneRow[]> {
  const rows = await pruneGroup(pbs, { group, keep, isDryRun, signal })
  return rows
    .map((row) => ({ backupTime: row['backup-time'], isKept: row.keep, isProtected: row.protected === true }))
    .sort((a, b) => b.backupTime - a.backupTime)
}
