// Follows what was begun on a guest to its end. More than following a task: when the answer to the request was lost it
// finds out by reading whether the task was begun; when high availability only took the request it waits for the guest;
// and when the end stays unknown it says where the guest is and how. Never sends a request again.
import { z } from 'zod'
import { isAppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { pause } from '../../connectors/abortable-pause.ts'
import { followProxmoxTask, pveTaskPath, upidPattern } from '../../connectors/proxmox/follow-task.ts'
import { nodeTask, type NodeTask } from '../../connectors/proxmox/guest-shapes.ts'
import { resourceRow, type ResourceRow } from '../../connectors/proxmox/proxmox-shapes.ts'
import type { CoreServices } from '../../core-services.ts'
import type { TaskDriver, TaskEnding, TaskFollowing } from '../../tasks/task-driver.ts'
import { remedyFor } from './guest-faults.ts'

/** What tells a task of ours from those that were there before. */
const search = z.object({
  node: z.string(),
  vmid: z.number(),
  taskTypes: z.array(z.string()),
  user: z.string(),
  knownUpids: z.array(z.string()),
})
export type TaskSearch = z.infer<typeof search>

const reference = z.object({
  vmid: z.number(),
  /** Null while the answer that would have named it is lost. */
  upid: z.string().regex(upidPattern).nullable(),
  search: search.nullable(),
  /** Where the guest should be in the end; a request to high availability ends long before that. */
  expected: z.object({ status: z.enum(['running', 'stopped']).optional(), node: z.string().optional() }).nullable(),
})
export type GuestTaskReference = z.infer<typeof reference>

export interface GuestDriverTimes {
  /** Between two questions. */
  pauseMs: number
  /** How long a task whose begin was not confirmed may take to show up. */
  graceMs: number
  /** How long a silent cluster is waited for. */
  patienceMs: number
  /** How long high availability may take to do what it has accepted. */
  haPatienceMs: number
}
const defaultTimes: GuestDriverTimes = { pauseMs: 1000, graceMs: 12_000, patienceMs: 5 * 60_000, haPatienceMs: 3 * 60_000 }

export function createGuestTaskDriver(
  connectors: Pick<CoreServices['connectors'], 'proxmox'>,
  times: GuestDriverTimes = defaultTimes,
): TaskDriver<GuestTaskReference> {
  return {
    reference,
    nameOf: ({ upid }) => upid ?? 'The answer was lost',
    async follow(given, following) {
      const connectionId = following.connectionId!
      const asking: Asking = { connectors, connectionId, times, following }
      const found = given.upid ?? (given.search ? await findBegun(asking, given.search) : null)
      if (found === null || typeof found === 'object') return found ?? lostForGood
      const ending = await followProxmoxTask(() => connectors.proxmox(connectionId), found, { ...following, pauseMs: times.pauseMs, patienceMs: times.patienceMs })
      if (ending.state === 'done' && isHaRequest(found) && given.expected) return awaitHa(asking, given)
      if (ending.state === 'unknown') return { ...ending, message: `${ending.message} ${await whereItIs(asking, given.vmid)}`.trim() }
      const remedy = ending.remedy ?? (ending.state === 'failed' ? remedyFor(ending.message) : undefined)
      return remedy === undefined ? ending : { ...ending, remedy }
    },
    async stop({ upid }, connectionId) {
      if (upid === null) return
      await connectors.proxmox(connectionId!).call(z.unknown(), { method: 'DELETE', path: pveTaskPath(upid) })
    },
  }
}

interface Asking {
  connectors: Pick<CoreServices['connectors'], 'proxmox'>
  connectionId: ConnectionId
  times: GuestDriverTimes
  following: TaskFollowing
}

/** Tasks of a guest at a node, newest first, running ones among them. */
export const readGuestTasks = (
  connectors: Pick<CoreServices['connectors'], 'proxmox'>,
  connectionId: ConnectionId,
  { node, vmid, limit = 50, signal }: { node: string; vmid: number; limit?: number; signal?: AbortSignal | undefined },
): Promise<NodeTask[]> =>
  connectors.proxmox(connectionId).rows(nodeTask, `/nodes/${encodeURIComponent(node)}/tasks`, signal, { source: 'all', vmid, limit })

/** The UPID of the task that the lost request became, or how the doubt ends without one. */
async function findBegun(asking: Asking, wanted: TaskSearch): Promise<string | TaskEnding> {
  const { following, times } = asking
  const { signal } = following
  following.report({ message: 'The answer was lost; looking whether it was begun' })
  const sinceMs = performance.now()
  let readSinceMs: number | null = null
  for (;;) {
    try {
      const tasks = await readGuestTasks(asking.connectors, asking.connectionId, { ...wanted, signal })
      const begun = tasks.find(
        (task) => wanted.taskTypes.includes(task.type) && task.user === wanted.user && !wanted.knownUpids.includes(task.upid),
      )
      if (begun) {
        following.append([`The answer to the request was lost; the task list of ${wanted.node} has it as ${begun.upid}`])
        return begun.upid
      }
      readSinceMs ??= performance.now()
      if (performance.now() - readSinceMs > times.graceMs)
        return {
          state: 'failed',
          message: `It was not begun: the answer was lost, and ${wanted.node} has no such task.`,
          remedy: 'Look at the state of the guest, then do it again.',
        }
    } catch (thrown) {
      signal.throwIfAborted()
      const isLocked = isAppError(thrown) && thrown.code === 'locked'
      if (!isLocked && performance.now() - sinceMs > times.patienceMs)
        return { state: 'unknown', message: `Whether it was begun could not be read. ${isAppError(thrown) ? thrown.message : ''}`.trim(), remedy: 'Look at the state of the guest before you do it again.' }
    }
    await pause(times.pauseMs, signal)
  }
}

const lostForGood: TaskEnding = { state: 'unknown', message: 'What was begun is not known.', remedy: 'Look at the state of the guest before you do it again.' }

const isHaRequest = (upid: string): boolean => /^UPID:[^:]*:[^:]*:[^:]*:[^:]*:ha/.test(upid)

/** High availability accepts a request at once and acts seconds later. */
async function awaitHa({ connectors, connectionId, times, following }: Asking, { vmid, expected }: GuestTaskReference): Promise<TaskEnding> {
  const sinceMs = performance.now()
  const wanted = expected!
  following.report({ message: 'High availability has the request; waiting for the guest' })
  let last = 'not known'
  for (;;) {
    try {
      const row = await findRow(connectors, connectionId, vmid, following.signal)
      if (row) last = `${row.status ?? 'unknown'} on ${row.node ?? 'no node'}`
      const isThere = (!wanted.status || row?.status === wanted.status) && (!wanted.node || row?.node === wanted.node)
      if (row && isThere && !row.lock) return { state: 'done', message: `Done by high availability: it is ${last}` }
    } catch (thrown) {
      following.signal.throwIfAborted()
      if (isAppError(thrown) && (thrown.code === 'not-found' || thrown.code === 'forbidden')) break
    }
    if (performance.now() - sinceMs > times.haPatienceMs) break
    await pause(times.pauseMs, following.signal)
  }
  return {
    state: 'warning',
    message: `High availability accepted the request, but the guest is ${last}.`,
    remedy: 'Look at its tasks and at the state of its high-availability resource.',
  }
}

async function findRow(connectors: Pick<CoreServices['connectors'], 'proxmox'>, connectionId: ConnectionId, vmid: number, signal: AbortSignal): Promise<ResourceRow | undefined> {
  const rows = await connectors.proxmox(connectionId).rows(resourceRow, '/cluster/resources', signal, { type: 'vm' })
  return rows.find((row) => row.vmid === vmid)
}

/** One sentence on the guest's present state; empty when nobody answers. */
async function whereItIs({ connectors, connectionId, following }: Asking, vmid: number): Promise<string> {
  try {
    const row = await findRow(connectors, connectionId, vmid, following.signal)
    if (!row) return `The cluster does not know guest ${vmid} now.`
    return `Guest ${vmid} is now ${row.status ?? 'in an unknown state'} on ${row.node}${row.lock ? `, locked (${row.lock})` : ''}.`
  } catch {
    following.signal.throwIfAborted()
    return ''
  }
}
