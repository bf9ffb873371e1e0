// What looking after backups asks of Proxmox VE beyond the inventory: jobs with all their options, what they include,
// what failed and why, and vzdump itself. Functions over a slice of the connector; every request is sent once.
import { z } from 'zod'
import type { HttpsCall } from '../https/https-client.ts'
import { wireBoolean, wireNumber, wireText } from './api2-values.ts'
import type { ProxmoxConnector } from './proxmox-connector.ts'

type Calls = Pick<ProxmoxConnector, 'call'>
type Rows = Pick<ProxmoxConnector, 'rows'>

const text = z.string()
const option = z.union([z.string(), z.number(), z.boolean(), z.record(z.string(), z.unknown())])

/** A job with every option it has: what it is run with by hand is what it runs with by itself. */
export const vzdumpJob = z
  .object({
    id: text,
    schedule: text.optional(),
    starttime: text.optional(),
    dow: text.optional(),
    enabled: wireBoolean.optional(),
    storage: text.optional(),
    vmid: wireText.optional(),
    all: wireBoolean.optional(),
    exclude: text.optional(),
    pool: text.optional(),
    node: text.optional(),
    mode: text.optional(),
    comment: text.optional(),
    'next-run': wireNumber.optional(),
  })
  .catchall(option.optional())
export type VzdumpJob = z.infer<typeof vzdumpJob>

const volumes = z.object({
  children: z
    .array(
      z.object({
        id: wireNumber,
        type: text.optional(),
        children: z
          .array(z.object({ id: text, included: wireBoolean.optional(), reason: text.optional() }))
          .default([]),
      }),
    )
    .default([]),
})

const nodeRow = z.object({ node: text, status: text.optional() })
const serverTime = z.object({ time: wireNumber, timezone: text.default('UTC') })
const nodeTask = z.object({
  upid: text,
  starttime: wireNumber,
  endtime: wireNumber.optional(),
  status: text.optional(),
  id: text.optional(),
})
export type NodeTask = z.infer<typeof nodeTask>

export const readVzdumpJobs = (pve: Rows, signal?: AbortSignal) =>
  pve.rows(vzdumpJob, '/cluster/backup', signal)

export const readNodes = (pve: Rows, signal?: AbortSignal) => pve.rows(nodeRow, '/nodes', signal)

export const readNodeTime = (pve: Calls, node: string, signal?: AbortSignal) =>
  pve.call(serverTime, { path: `/nodes/${encodeURIComponent(node)}/time`, signal })

/** Per VMID, which volumes the job takes and which it leaves out. */
export const readIncludedVolumes = (pve: Calls, jobId: string, signal?: AbortSignal) =>
  pve.call(volumes, { path: `/cluster/backup/${encodeURIComponent(jobId)}/included_volumes`, signal })

/** Finished vzdump tasks of a node since then, newest first. */
export const readVzdumpTasks = (pve: Rows, node: string, sinceMs: number, signal?: AbortSignal) =>
  pve.rows(nodeTask, `/nodes/${encodeURIComponent(node)}/tasks`, signal, {
    typefilter: 'vzdump',
    since: Math.floor(sinceMs / 1000),
    limit: 500,
  })

const logLine = z.object({ n: wireNumber, t: text.nullish() })
const longestLog = 20_000

/** Which guests a vzdump task could not back up, and why: its status only says that there were errors. */
export async function readVzdumpFailures(
  pve: Rows,
  node: string,
  upid: string,
  signal?: AbortSignal,
): Promise<Array<{ vmid: number; reason: string }>> {
  const path = `/nodes/${encodeURIComponent(node)}/tasks/${encodeURIComponent(upid)}/log`
  const lines = await pve.rows(logLine, path, signal, { start: 0, limit: longestLog })
  return failuresInLog(lines.map((line) => line.t ?? ''))
}

/** Pure: `ERROR: Backup of VM 2017 failed - …`. */
export const failuresInLog = (lines: readonly string[]): Array<{ vmid: number; reason: string }> =>
  lines.flatMap((line) => {
    const [, vmid, reason] = /^ERROR: Backup of (?:VM|CT) (\d+) failed - (.*)$/.exec(line) ?? []
    return vmid === undefined ? [] : [{ vmid: Number(vmid), reason: (reason ?? '').slice(0, 300) }]
  })

/** Options that say when and where a job runs; vzdump itself knows none of them. */
const ofTheSchedule = new Set([
  'id',
  'type',
  'enabled',
  'schedule',
  'starttime',
  'dow',
  'node',
  'comment',
  'next-run',
  'repeat-missed',
])

/** The call that runs a job's share of one node now, as Proxmox' own page does it. */
export function runJobOnNode(job: VzdumpJob, node: string): HttpsCall {
  const options = Object.entries(job).flatMap(([name, value]) =>
    value === undefined || ofTheSchedule.has(name) ? [] : [[name, wireOption(value)] as const],
  )
  return {
    method: 'POST',
    path: `/nodes/${encodeURIComponent(node)}/vzdump`,
    body: Object.fromEntries(options),
  }
}

/** Flags go as 0 and 1, structured options as a property string. */
function wireOption(value: z.infer<typeof option>): string | number {
  if (typeof value === 'boolean') return value ? 1 : 0
  if (typeof value !== 'object') return value
  return Object.entries(value)
    .map(([key, item]) => `${key}=${String(item)}`)
    .join(',')
}

export const backUpCall = (
  node: string,
  wish: { vmids: readonly number[]; storage: string; mode: string; isProtected: boolean; notes: string },
): HttpsCall => ({
  method: 'POST',
  path: `/nodes/${encodeURIComponent(node)}/vzdump`,
  body: {
    vmid: wish.vmids.join(','),
    storage: wish.storage,
    mode: wish.mode,
    ...(wish.isProtected ? { protected: 1 } : {}),
    ...(wish.notes === '' ? {} : { 'notes-template': wish.notes }),
  },
})

/** vzdump's answer: the task's name, or `OK` when the node had no guest of the selection. */
export const startedVzdump = text
