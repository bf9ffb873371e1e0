// Tasks of the demo cluster's nodes: lists with their filters, one task's status and log, and its stop.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, flag, integer, optional, text } from '../../api2/parameters.ts'
import type { DemoTask } from '../../api2/tasks.ts'
import { demand, route, type PveCall } from '../call.ts'
import { isUpid, nodeTaskRow, taskStatus } from '../pve-tasks.ts'
import { isVisible } from './cluster.ts'

function findTask(call: PveCall, node: string, upid: string): DemoTask {
  call.cluster.node(node)
  if (!isUpid(upid)) {
    throw new ApiFault(400, 'Parameter verification failed.', {
      upid: `unable to parse worker upid '${upid}'`,
    })
  }
  const task = call.cluster.tasks.get(upid)
  if (!task || task.node !== node) throw new ApiFault(500, 'no such task')
  if (task.owner.split('!')[0] !== call.caller?.userId) demand(call, `/nodes/${node}`, ['Sys.Audit'])
  return task
}

/** Which of the status filters a finished task falls under. */
function statusKind(task: DemoTask): string {
  if (task.exitStatus === undefined) return 'unknown'
  if (task.exitStatus === 'OK') return 'ok'
  return task.exitStatus.startsWith('WARNINGS') ? 'warning' : 'error'
}

export const taskRoutes = [
  route('GET', '/nodes/{node}/tasks', {
    needs: 'login',
    parameters: {
      start: optional(integer({ minimum: 0 })),
      limit: optional(integer({ minimum: 0 })),
      errors: optional(flag()),
      since: optional(integer()),
      until: optional(integer()),
      source: optional(choice('archive', 'active', 'all')),
      typefilter: optional(text()),
      userfilter: optional(text()),
      statusfilter: optional(text()),
      vmid: optional(integer({ minimum: 100, maximum: 999_999_999 })),
    },
    run(input, call) {
      call.cluster.node(input.node)
      const source = input.source ?? 'archive'
      const wanted = input.statusfilter?.split(/[,; ]+/).filter(Boolean)
      const found = call.cluster.tasks
        .list()
        .filter((task) => task.node === input.node && isVisible(call, task))
        .filter((task) => source === 'all' || (task.endMs === undefined) === (source === 'active'))
        .filter((task) => !input.errors || (task.endMs !== undefined && statusKind(task) === 'error'))
        .filter((task) => input.since === undefined || task.startMs >= input.since * 1000)
        .filter((task) => input.until === undefined || task.startMs <= input.until * 1000)
        .filter((task) => !input.typefilter || task.type.includes(input.typefilter))
        .filter((task) => !input.userfilter || task.owner.includes(input.userfilter))
        .filter((task) => input.vmid === undefined || task.id === String(input.vmid))
        .filter((task) => !wanted || wanted.includes(statusKind(task)))
      call.extras['total'] = found.length
      const start = input.start ?? 0
      return found.slice(start, start + (input.limit ?? 50)).map(nodeTaskRow)
    },
  }),
  route('GET', '/nodes/{node}/tasks/{upid}', {
    needs: 'login',
    run(input, call) {
      findTask(call, input.node, input.upid)
      return [{ name: 'log' }, { name: 'status' }]
    },
  }),
  route('GET', '/nodes/{node}/tasks/{upid}/status', {
    needs: 'login',
    run: (input, call) => taskStatus(findTask(call, input.node, input.upid)),
  }),
  route('GET', '/nodes/{node}/tasks/{upid}/log', {
    needs: 'login',
    parameters: {
      start: optional(integer({ minimum: 0 })),
      limit: optional(integer({ minimum: 0 })),
      download: optional(flag()),
    },
    run(input, call) {
      const { lines } = findTask(call, input.node, input.upid)
      const shown = lines.length === 0 ? ['no content'] : lines
      const start = input.start ?? 0
      const limit = input.limit ?? 50
      call.extras['total'] = shown.length
      const end = limit === 0 ? shown.length : start + limit
      return shown.slice(start, end).map((line, index) => ({ n: start + index + 1, t: line }))
    },
  }),
  route('DELETE', '/nodes/{node}/tasks/{upid}', {
    needs: 'login',
    run(input, call) {
      const task = findTask(call, input.node, input.upid)
      if (task.owner.split('!')[0] !== call.caller?.userId)
        demand(call, `/nodes/${input.node}`, ['Sys.Modify'])
      call.cluster.tasks.stop(task.upid)
      return null
    },
  }),
]
