// Tasks of the demo cluster in Proxmox VE's form: the UPID, and how a task looks in lists and in its status. The
// life of a task itself is api2/tasks.ts.
import { createTaskBoard, type DemoTask, type TaskBoard, type TaskSpec } from '../api2/tasks.ts'
import type { DemoClock } from '../context.ts'
import { hashFraction } from '../world/load.ts'

const hex = (number: number, digits: number): string =>
  number.toString(16).toUpperCase().padStart(digits, '0')

/** A task board whose UPIDs are a function of what started when, so that a restart of the lab shows the same ones. */
export function createPveTasks(clock: DemoClock): TaskBoard {
  return createTaskBoard({ clock, identify })
}

function identify(spec: Required<TaskSpec>, attempt: number) {
  const seconds = Math.floor(spec.startMs / 1000)
  const seed = `${spec.node}:${spec.type}:${spec.id}:${seconds}`
  const pid = 2_000 + Math.floor(hashFraction(`pid${seed}`) * 4_000_000) + attempt
  const pstart = Math.floor(hashFraction(`pstart${seed}`) * 0x1000_0000)
  const upid = `UPID:${spec.node}:${hex(pid, 8)}:${hex(pstart, 8)}:${hex(seconds, 8)}:${spec.type}:${spec.id}:${spec.owner}:`
  return { upid, pid, pstart }
}

export const isUpid = (text: string): boolean =>
  /^UPID:[a-zA-Z0-9-]+:[0-9A-Fa-f]{8}:[0-9A-Fa-f]{8,9}:[0-9A-Fa-f]{8}:[^:\s/]+:[^:\s/]*:[^:\s/]+:$/.test(text)

const ownerFields = (task: DemoTask) => {
  const [user = '', tokenId] = task.owner.split('!')
  return tokenId ? { user, tokenid: tokenId } : { user }
}

const commonFields = (task: DemoTask) => ({
  upid: task.upid,
  node: task.node,
  pid: task.pid,
  pstart: task.pstart,
  starttime: Math.floor(task.startMs / 1000),
  type: task.type,
  id: task.id,
  ...ownerFields(task),
})

const endSeconds = (task: DemoTask) => (task.endMs === undefined ? undefined : Math.floor(task.endMs / 1000))

/** A row of `GET /nodes/{node}/tasks`. */
export const nodeTaskRow = (task: DemoTask) => ({
  ...commonFields(task),
  ...(task.endMs === undefined
    ? { status: 'RUNNING' }
    : { endtime: endSeconds(task), status: task.exitStatus ?? 'unexpected status' }),
})

/** A row of `GET /cluster/tasks`: a running one has neither `endtime` nor `status`. */
export const clusterTaskRow = (task: DemoTask) => ({
  ...commonFields(task),
  ...(task.endMs === undefined
    ? {}
    : { endtime: endSeconds(task), status: task.exitStatus ?? 'unexpected status', saved: '1' }),
})

/** The answer of `GET /nodes/{node}/tasks/{upid}/status`. */
export const taskStatus = (task: DemoTask) => ({
  ...commonFields(task),
  ...(task.endMs === undefined
    ? { status: 'running' }
    : { status: 'stopped', exitstatus: task.exitStatus ?? 'unexpected status' }),
})
