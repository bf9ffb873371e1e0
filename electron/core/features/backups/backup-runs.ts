// Backups on demand: a job of Proxmox VE run now, or chosen guests. Proxmox has no call for "run this job"; vzdump is
// started on every node that carries guests of it, as its own page does. Each node's run is a task of the desk.
import type { Task } from '#shared/contracts/tasks.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type { HttpsCall } from '../../connectors/https/https-client.ts'
import {
  backUpCall,
  readIncludedVolumes,
  readNodes,
  readVzdumpJobs,
  readVzdumpTasks,
  runJobOnNode,
  startedVzdump,
} from '../../connectors/proxmox/proxmox-backups.ts'
import type { ProxmoxConnector } from '../../connectors/proxmox/proxmox-connector.ts'
import type { AuditHandle } from '../../router/call-context.ts'
import type { ActionCore } from './server-actions.ts'

const beginTimeoutMs = 40_000

interface Run {
  siteId: SiteId
  connectionId: ConnectionId
  node: string
  call: HttpsCall
  title: string
  subject: string
  entityId: string | null
  audit: AuditHandle | undefined
}

export interface GuestsWish {
  storage: string
  mode: string
  isProtected: boolean
  notes: string
}

export function createBackupRuns({ connectors, tasks }: ActionCore) {
  /** One node's share; null when the node had nothing to do. */
  async function begin(run: Run): Promise<Task | null> {
    const pve = connectors.proxmox(run.connectionId)
    const upid = await startedUpid(pve, run)
    if (upid === null) return null
    const { siteId, connectionId, title, subject, entityId, audit } = run
    return tasks.begin({
      kind: 'proxmox',
      siteId,
      connectionId,
      title,
      subject,
      entityId,
      reference: { upid },
      audit,
    })
  }

  /** One after the other: what has begun is told even when a later node refuses. */
  async function beginAll(runs: readonly Run[]): Promise<Task[]> {
    const begun: Task[] = []
    for (const run of runs) {
      try {
        const task = await begin(run)
        if (task) begun.push(task)
      } catch (thrown) {
        if (begun.length === 0 || !isAppError(thrown)) throw thrown
        throw new AppError(
          thrown.code,
          `Backups run on ${begun.length} of ${runs.length} nodes; ${run.node} refused: ${thrown.message}`,
          {
            remedy: thrown.remedy,
            target: thrown.target,
            detail: thrown.detail,
            cause: thrown,
          },
        )
      }
    }
    return begun
  }

  return {
    async runJob(
      siteId: SiteId,
      connectionId: ConnectionId,
      jobId: string,
      audit: AuditHandle | undefined,
    ): Promise<Task[]> {
      const pve = connectors.proxmox(connectionId)
      const [jobs, nodes] = await Promise.all([readVzdumpJobs(pve), readNodes(pve)])
      const job = jobs.find((it) => it.id === jobId)
      if (!job)
        throw new AppError('not-found', `There is no backup job ${jobId} any more.`, {
          remedy: 'Read the jobs again.',
        })
      const online = nodes.filter((row) => row.status !== 'offline').map((row) => row.node)
      const wanted = job.node === undefined ? online : [job.node]
      const offline = wanted.filter((node) => !online.includes(node))
      if (offline.length > 0)
        throw new AppError('unreachable', `The node ${offline.join(', ')} of the job ${jobId} is offline.`, {
          remedy: 'Bring the node back, then run the job.',
        })
      const carrying = await nodesWithGuests(pve, jobId)
      audit?.describe(`Run the backup job ${jobId}`)
      const begun = await beginAll(
        wanted
          .filter((node) => carrying === null || carrying.has(node))
          .map((node) => ({
            siteId,
            connectionId,
            node,
            audit,
            call: runJobOnNode(job, node),
            title: `Run the backup job ${jobId} on ${node}`,
            subject: jobId,
            entityId: null,
          })),
      )
      if (begun.length === 0) throw nothingToDo(`The job ${jobId} takes no guest that is on an online node.`)
      return begun
    },

    async backUpGuests(
      siteId: SiteId,
      guests: readonly Entity[],
      wish: GuestsWish,
      audit: AuditHandle | undefined,
    ): Promise<Task[]> {
      audit?.describe(`Back up ${guests.map((guest) => guest.name).join(', ')}`.slice(0, 400))
      const places = Map.groupBy(guests, (guest) => `${guest.connectionId}\n${String(guest.facts['node'])}`)
      const begun = await beginAll(
        [...places.values()].map((here) => {
          const [first] = here
          const node = String(first!.facts['node'])
          const names = here.map((guest) => guest.name).join(', ')
          return {
            siteId,
            node,
            audit,
            connectionId: first!.connectionId,
            call: backUpCall(node, { ...wish, vmids: here.map((guest) => Number(guest.facts['vmid'])) }),
            title: here.length === 1 ? `Back up ${names}` : `Back up ${here.length} guests on ${node}`,
            subject: names.slice(0, 200),
            entityId: here.length === 1 ? first!.id : null,
          }
        }),
      )
      if (begun.length === 0)
        throw nothingToDo('None of these guests is where it was: Proxmox VE had nothing to do.')
      return begun
    },
  }
}

const nothingToDo = (message: string): AppError =>
  new AppError('conflict', message, { remedy: 'Look at where the guests are now, then try again.' })

/** Null where it cannot be told: then every node is asked, and answers that it has nothing to do. */
async function nodesWithGuests(pve: ProxmoxConnector, jobId: string): Promise<Set<string> | null> {
  try {
    const [included, resources] = await Promise.all([readIncludedVolumes(pve, jobId), pve.resources()])
    const wanted = new Set(included.children.map((guest) => guest.id))
    return new Set(
      resources.flatMap((row) =>
        row.vmid !== undefined && wanted.has(row.vmid) && row.node ? [row.node] : [],
      ),
    )
  } catch (thrown) {
    if (isAppError(thrown) && thrown.code === 'forbidden') return null
    throw thrown
  }
}

async function startedUpid(pve: ProxmoxConnector, { node, call }: Run): Promise<string | null> {
  const list = async (): Promise<string[]> => (await readVzdumpTasks(pve, node, 0)).map((task) => task.upid)
  const before = new Set(await list())
  try {
    const answer = await pve.call(startedVzdump, { ...call, timeoutMs: beginTimeoutMs })
    return answer.startsWith('UPID:') ? answer : null
  } catch (thrown) {
    if (!isAppError(thrown) || thrown.detail?.kind !== 'outcome-unknown') throw thrown
    const fresh = (await list().catch(() => [])).filter(
      (upid) => !before.has(upid) && upid.includes(`:${pve.identity}:`),
    )
    // Two new ones cannot be told apart: then it stays unknown.
    if (fresh.length !== 1) throw thrown
    return fresh[0]!
  }
}
