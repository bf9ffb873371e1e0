// Tasks of the demo backup server in PBS's form: a UPID of eight fields with an escaped worker id, log lines that
// begin with their time, lists that say worker_type where Proxmox VE says type.
import { createTaskBoard, type DemoTask, type TaskBoard, type TaskSpec } from '../api2/tasks.ts'
import type { DemoClock } from '../context.ts'
import { hashFraction } from '../world/load.ts'

const hex = (number: number): string => number.toString(16).toUpperCase().padStart(8, '0')

/** A task board of the backup server; UPIDs are a function of what started when. */
export const createPbsTasks = (clock: DemoClock): TaskBoard =>
  createTaskBoard({ clock, identify, formatLine: (line, atMs) => `${stamp(atMs)}: ${line}` })

const stamp = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 19)}+00:00`

function identify(spec: Required<TaskSpec>, attempt: number) {
  const seconds = Math.floor(spec.startMs / 1000)
  const seed = `${spec.type}:${spec.id}:${seconds}`
  const pid = 700 + Math.floor(hashFraction('proxmox-backup-proxy') * 400)
  const pstart = Math.floor(hashFraction('pstart of proxmox-backup-proxy') * 0x10000)
  const taskId = Math.floor(hashFraction(`task${seed}`) * 0x7fff_fff0) + attempt
  const worker = escapeUnit(spec.id)
  const upid = `UPID:${spec.node}:${hex(pid)}:${hex(pstart)}:${hex(taskId)}:${hex(seconds)}:${spec.type}:${worker}:${spec.owner}:`
  return { upid, pid, pstart }
}

/** Escapes as systemd does for unit names: `/` becomes `-`, other special characters `\xNN`. */
export const escapeUnit = (text: string): string =>
  [...text]
    .map((letter, index) => {
      if (letter === '/') return '-'
      if (/[A-Za-z0-9_]/.test(letter) || (letter === '.' && index > 0)) return letter
      return [...Buffer.from(letter)].map((byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')
    })
    .join('')

/** A row of `GET /nodes/{node}/tasks`. */
export const pbsTaskRow = (task: DemoTask) => ({
  upid: task.upid,
  node: task.node,
  pid: task.pid,
  pstart: task.pstart,
  starttime: Math.floor(task.startMs / 1000),
  worker_type: task.type,
  ...(task.id ? { worker_id: task.id } : {}),
  user: task.owner,
  ...(task.endMs === undefined
    ? {}
    : { endtime: Math.floor(task.endMs / 1000), status: task.exitStatus ?? 'unknown' }),
})

/** The answer of `GET /nodes/{node}/tasks/{upid}/status`. */
export function pbsTaskStatus(task: DemoTask) {
  const [user = '', tokenId] = task.owner.split('!')
  return {
    upid: task.upid,
    node: task.node,
    pid: task.pid,
    pstart: task.pstart,
    starttime: Math.floor(task.startMs / 1000),
    type: task.type,
    id: task.id,
    user,
    ...(tokenId ? { tokenid: tokenId } : {}),
    ...(task.endMs === undefined
      ? { status: 'running' }
      : { status: 'stopped', exitstatus: task.exitStatus ?? 'unknown' }),
  }
}
