// Reads one Proxmox VE cluster for the backups page: its vzdump jobs, what each includes, and what failed. Logs of
// failed runs never change once they have ended, so each is read once.
import { isAppError } from '#shared/errors.ts'
import {
  readIncludedVolumes,
  readNodes,
  readNodeTime,
  readVzdumpFailures,
  readVzdumpJobs,
  readVzdumpTasks,
  type VzdumpJob,
} from '../../connectors/proxmox/proxmox-backups.ts'
import type { ProxmoxConnector } from '../../connectors/proxmox/proxmox-connector.ts'
import type { KeptVzdumpJob, ProxmoxReading } from './readings.ts'

const dayMs = 86_400_000
const historyDays = 15
/** Logs of failed runs that are read at once; older ones wait for the next look. */
const logsPerLook = 40
const keptRuns = 400

export type VzdumpFailure = ProxmoxReading['failures'][number]
/** Failures by UPID of a finished task. */
export type KnownFailures = Map<string, VzdumpFailure[]>

type Slice = Pick<ProxmoxConnector, 'call' | 'rows' | 'identity'>

export async function readProxmox(
  pve: Slice,
  known: KnownFailures,
  nowMs: number,
  signal: AbortSignal,
): Promise<ProxmoxReading> {
  const limits = new Set<string>()
  const orLimit = async <T>(what: string, otherwise: T, answer: Promise<T>): Promise<T> => {
    try {
      return await answer
    } catch (error) {
      if (!isAppError(error) || error.code === 'cancelled' || error.code === 'unauthenticated') throw error
      limits.add(
        error.code === 'forbidden' ? `${pve.identity} may not see ${what}.` : `${what}: ${error.message}`,
      )
      return otherwise
    }
  }
  const [jobs, nodes] = await Promise.all([readVzdumpJobs(pve, signal), readNodes(pve, signal)])
  const online = nodes.filter((row) => row.status !== 'offline').map((row) => row.node)
  const [first] = online
  const [time, tasks, included] = await Promise.all([
    first === undefined
      ? undefined
      : orLimit('the clock of the nodes', undefined, readNodeTime(pve, first, signal)),
    Promise.all(
      online.map(async (node) =>
        (
          await orLimit(
            `the tasks of ${node}`,
            [],
            readVzdumpTasks(pve, node, nowMs - historyDays * dayMs, signal),
          )
        ).map((task) => ({ ...task, node })),
      ),
    ),
    Promise.all(
      jobs.map((job) =>
        orLimit(`what ${job.id} includes`, undefined, readIncludedVolumes(pve, job.id, signal)),
      ),
    ),
  ])
  const all = tasks.flat().sort((a, b) => b.starttime - a.starttime)
  const broken = all.filter((task) => task.endtime !== undefined && isBroken(task.status))
  for (const task of broken.filter((it) => !known.has(it.upid)).slice(0, logsPerLook)) {
    const found = await orLimit(
      `the log of a failed backup on ${task.node}`,
      [],
      readVzdumpFailures(pve, task.node, task.upid, signal),
    )
    known.set(
      task.upid,
      found.map((it) => ({ ...it, atMs: task.starttime * 1000 })),
    )
  }
  for (const upid of known.keys()) if (!broken.some((task) => task.upid === upid)) known.delete(upid)
  return {
    kind: 'proxmox',
    readAtMs: nowMs,
    serverAtMs: time ? time.time * 1000 : nowMs,
    timeZone: time?.timezone ?? 'UTC',
    limits: [...limits],
    jobs: jobs.map((job, index) => jobOf(job, included[index])),
    failures: [...known.values()].flat(),
    runs: all.slice(0, keptRuns).map((task) => ({
      node: task.node,
      atMs: task.starttime * 1000,
      endMs: task.endtime === undefined ? null : task.endtime * 1000,
      status: task.status ?? null,
      vmid: task.id ? Number(task.id) : null,
    })),
  }
}

const isBroken = (status: string | undefined): boolean =>
  status !== undefined && status !== 'OK' && !/^WARNINGS/.test(status)

const numbersIn = (list: string | undefined): number[] =>
  (list ?? '')
    .split(/[,; ]+/)
    .map(Number)
    .filter((vmid) => Number.isInteger(vmid) && vmid > 0)

type Included = Awaited<ReturnType<typeof readIncludedVolumes>> | undefined

function jobOf(job: VzdumpJob, included: Included): KeptVzdumpJob {
  return {
    id: job.id,
    isEnabled: job.enabled !== false,
    // Jobs of before version 7 have days and a time of day instead.
    schedule: job.schedule ?? `${job.dow ?? ''} ${job.starttime ?? ''}`.trim(),
    storage: job.storage ?? 'local',
    isAll: job.all === true,
    vmids: numbersIn(job.vmid),
    excluded: numbersIn(job.exclude),
    pool: job.pool ?? null,
    node: job.node ?? null,
    mode: job.mode ?? 'snapshot',
    comment: job.comment ?? '',
    nextRunAtMs: job['next-run'] ? job['next-run'] * 1000 : null,
    guests: included
      ? Object.fromEntries(
          included.children
            .filter((guest) => guest.type !== 'unknown')
            .map((guest) => [
              String(guest.id),
              guest.children.filter((volume) => volume.included === false).map((volume) => volume.id),
            ]),
        )
      : null,
  }
}
