// /nodes of the demo backup server: its state, tasks, certificate, clock, and the round-robin data of host and store.
import { X509Certificate } from 'node:crypto'
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, flag, integer, list, optional, text } from '../../api2/parameters.ts'
import type { DemoTask } from '../../api2/tasks.ts'
import { averageOf, loadCurve, valueAt } from '../../world/load.ts'
import { demand, may, openStore, route, type PbsCall } from '../call.ts'
import { pbsTaskRow, pbsTaskStatus } from '../pbs-tasks.ts'

const gigabyte = 1e9
const systemAudit = { path: '/system/status', privileges: ['Sys.Audit'] } as const
const cpuCurve = loadCurve('pbs cpu', 0.07)
const memoryCurve = loadCurve('pbs memory', 3.1e9, 0.2)
const networkCurve = loadCurve('pbs network', 90_000)
const readCurve = loadCurve('pbs read', 1.1e6)
const rootUsedBytes = 9.4e9
/** Started at a fixed hour of a fixed day before the present one. */
const uptimeSeconds = (call: PbsCall): number => 23 * 86_400 + Math.floor((call.nowMs % 86_400_000) / 1000)

/** `localhost` means any backup server, as does its real name. */
export function checkNode(call: PbsCall, node: string): void {
  if (node !== 'localhost' && node !== call.server.nodeName) throw new ApiFault(400, `no such node '${node}'`)
}

/** Load while backups come in or are verified, on top of the quiet curve. */
const isBusy = (call: PbsCall): boolean => call.server.tasks.list().some((task) => task.endMs === undefined)

function nodeStatus(call: PbsCall) {
  const { server } = call.server.site.backup
  const memoryTotal = server.memoryGB * gigabyte
  const memoryUsed = Math.round(valueAt(memoryCurve, call.nowMs))
  const cpu = Math.min(valueAt(cpuCurve, call.nowMs) + (isBusy(call) ? 0.45 : 0), 1)
  const rootTotal = server.bootDiskGB * gigabyte
  return {
    cpu,
    wait: isBusy(call) ? 0.06 : 0.002,
    uptime: uptimeSeconds(call),
    loadavg: [cpu * server.threads, cpu * server.threads * 0.96, cpu * server.threads * 0.9].map(
      (it) => Math.round(it * 100) / 100,
    ),
    cpuinfo: { model: server.cpu, sockets: 1, cpus: server.threads },
    memory: { total: memoryTotal, used: memoryUsed, free: memoryTotal - memoryUsed },
    swap: { total: 4 * gigabyte, used: 0, free: 4 * gigabyte },
    root: { total: rootTotal, used: rootUsedBytes, avail: rootTotal - rootUsedBytes },
    kversion: 'Linux 6.8.12-12-pve #1 SMP PREEMPT_DYNAMIC PMX 6.8.12-12',
    'current-kernel': {
      sysname: 'Linux',
      release: '6.8.12-12-pve',
      version: '#1 SMP PREEMPT_DYNAMIC PMX',
      machine: 'x86_64',
    },
    'boot-info': { mode: 'efi', secureboot: true },
    info: { fingerprint: call.fingerprint256.toLowerCase() },
  }
}

function certificates(call: PbsCall) {
  const leaf = new X509Certificate(call.certPem)
  const seconds = (date: string) => Math.floor(Date.parse(date) / 1000)
  return [
    {
      filename: 'proxy.pem',
      fingerprint: call.fingerprint256.toLowerCase(),
      subject: leaf.subject,
      issuer: leaf.issuer,
      san: (leaf.subjectAltName ?? '').split(', ').map((entry) => entry.replace(/^[^:]+:/, '')),
      notbefore: seconds(leaf.validFrom),
      notafter: seconds(leaf.validTo),
      'public-key-type': 'id-ecPublicKey',
      'public-key-bits': 256,
      pem: call.certPem,
    },
  ]
}

const isTaskVisible = (call: PbsCall, task: DemoTask): boolean =>
  task.owner.split('!')[0] === call.caller?.userId || may(call, '/system/tasks', ['Sys.Audit'])

function findTask(call: PbsCall, node: string, upid: string): DemoTask {
  checkNode(call, node)
  if (!upid.startsWith('UPID:'))
    throw new ApiFault(400, "parameter verification failed - 'upid': unable to parse UPID")
  const task = call.server.tasks.get(upid)
  if (!task) throw new ApiFault(400, 'no such task')
  if (!isTaskVisible(call, task)) demand(call, '/system/tasks', ['Sys.Audit'])
  return task
}

function statusKind(task: DemoTask): string {
  if (task.exitStatus === undefined) return 'unknown'
  if (task.exitStatus === 'OK') return 'ok'
  return task.exitStatus.startsWith('WARNINGS') ? 'warning' : 'error'
}

const taskRoutes = [
  route('GET', '/nodes/{node}/tasks', {
    needs: 'login',
    parameters: {
      start: optional(integer({ minimum: 0 })),
      limit: optional(integer({ minimum: 0 })),
      running: optional(flag()),
      errors: optional(flag()),
      since: optional(integer()),
      until: optional(integer()),
      store: optional(text()),
      typefilter: optional(text()),
      userfilter: optional(text()),
      statusfilter: optional(list()),
    },
    run(input, call) {
      checkNode(call, input.node)
      const found = call.server.tasks
        .list()
        .filter((task) => isTaskVisible(call, task))
        .filter((task) => !input.running || task.endMs === undefined)
        .filter((task) => !input.errors || (task.endMs !== undefined && statusKind(task) === 'error'))
        .filter((task) => input.since === undefined || task.startMs >= input.since * 1000)
        .filter((task) => input.until === undefined || task.startMs <= input.until * 1000)
        .filter((task) => input.store === undefined || task.id.split(':')[0] === input.store)
        .filter((task) => !input.typefilter || task.type.includes(input.typefilter))
        .filter((task) => !input.userfilter || task.owner.includes(input.userfilter))
        .filter((task) => !input.statusfilter || input.statusfilter.includes(statusKind(task)))
      call.extras['total'] = found.length
      const start = input.start ?? 0
      const limit = input.limit ?? 50
      return found.slice(start, limit === 0 ? undefined : start + limit).map(pbsTaskRow)
    },
  }),
  route('GET', '/nodes/{node}/tasks/{upid}/status', {
    needs: 'login',
    run: (input, call) => pbsTaskStatus(findTask(call, input.node, input.upid)),
  }),
  route('GET', '/nodes/{node}/tasks/{upid}/log', {
    needs: 'login',
    parameters: {
      start: optional(integer({ minimum: 0 })),
      limit: optional(integer({ minimum: 0 })),
      'test-status': optional(flag()),
      download: optional(flag()),
    },
    run(input, call) {
      const task = findTask(call, input.node, input.upid)
      // Unlike Proxmox VE, `start` is the number of the first line wanted, not the count of lines to skip.
      const first = Math.max(input.start ?? 0, 1)
      const limit = input.limit ?? 50
      call.extras['total'] = task.lines.length
      call.extras['success'] = 1
      if (input['test-status']) call.extras['active'] = task.endMs === undefined
      const lines = task.lines.slice(first - 1, limit === 0 ? undefined : first - 1 + limit)
      return lines.map((line, index) => ({ n: first + index, t: line }))
    },
  }),
  route('DELETE', '/nodes/{node}/tasks/{upid}', {
    needs: 'login',
    run(input, call) {
      const task = findTask(call, input.node, input.upid)
      if (task.owner.split('!')[0] !== call.caller?.userId) demand(call, '/system/tasks', ['Sys.Modify'])
      call.server.tasks.stop(task.upid)
      return null
    },
  }),
]

/** Length and resolution of each archive, seconds. */
const archives: Record<string, { spanSeconds: number; stepSeconds: number }> = {
  hour: { spanSeconds: 3_600, stepSeconds: 60 },
  day: { spanSeconds: 86_400, stepSeconds: 60 },
  week: { spanSeconds: 7 * 86_400, stepSeconds: 1_800 },
  month: { spanSeconds: 30 * 86_400, stepSeconds: 1_800 },
  year: { spanSeconds: 365 * 86_400, stepSeconds: 21_600 },
  decade: { spanSeconds: 3_660 * 86_400, stepSeconds: 7 * 86_400 },
}
const rrdParameters = {
  timeframe: choice('hour', 'day', 'week', 'month', 'year', 'decade'),
  cf: choice('MAX', 'AVERAGE'),
}
/** The server is younger than its longest archives: points before this many days are empty. */
const installedDaysAgo = 420

function series(
  call: PbsCall,
  timeframe: string,
  valuesOf: (fromMs: number, untilMs: number) => Record<string, number>,
) {
  const { spanSeconds, stepSeconds } = archives[timeframe] ?? { spanSeconds: 3_600, stepSeconds: 60 }
  const newest = Math.floor(call.nowMs / 1000 / stepSeconds) * stepSeconds
  const count = Math.floor(spanSeconds / stepSeconds)
  return Array.from({ length: count }, (_, index) => {
    const time = newest - (count - 1 - index) * stepSeconds
    const isKnown = time < newest && time * 1000 > call.nowMs - installedDaysAgo * 86_400_000
    return { time, ...(isKnown ? valuesOf(time * 1000, (time + stepSeconds) * 1000) : {}) }
  })
}

const rrdRoutes = [
  route('GET', '/nodes/{node}/rrd', {
    needs: systemAudit,
    parameters: rrdParameters,
    run(input, call) {
      checkNode(call, input.node)
      const { server } = call.server.site.backup
      return series(call, input.timeframe, (from, until) => ({
        cpu: averageOf(cpuCurve, from, until),
        iowait: 0.003,
        loadavg: averageOf(cpuCurve, from, until) * server.threads,
        memtotal: server.memoryGB * gigabyte,
        memused: averageOf(memoryCurve, from, until),
        swaptotal: 4 * gigabyte,
        swapused: 0,
        total: server.bootDiskGB * gigabyte,
        used: rootUsedBytes,
        netin: averageOf(networkCurve, from, until),
        netout: averageOf(networkCurve, from, until) * 0.6,
      }))
    },
  }),
  route('GET', '/admin/datastore/{store}/rrd', {
    needs: {
      path: '/datastore/{store}',
      privileges: ['Datastore.Audit', 'Datastore.Backup'],
      isAnyEnough: true,
    },
    parameters: rrdParameters,
    run(input, call) {
      openStore(call, input.store, ['Datastore.Audit', 'Datastore.Backup'])
      return series(call, input.timeframe, (from, until) => {
        const use = call.server.use(until)
        const readBps = averageOf(readCurve, from, until)
        return {
          total: use.totalBytes,
          used: use.usedBytes,
          read_bytes: readBps,
          read_ios: readBps / 131_072,
          write_bytes: readBps * 0.7,
          write_ios: (readBps * 0.7) / 131_072,
        }
      })
    },
  }),
]

export const nodeRoutes = [
  route('GET', '/nodes', {
    needs: 'login',
    run: () => [{ node: 'localhost' }],
  }),
  route('GET', '/nodes/{node}/status', {
    needs: systemAudit,
    run(input, call) {
      checkNode(call, input.node)
      return nodeStatus(call)
    },
  }),
  route('GET', '/nodes/{node}/certificates/info', {
    needs: { path: '/system/certificates', privileges: ['Sys.Modify'] },
    run(input, call) {
      checkNode(call, input.node)
      return certificates(call)
    },
  }),
  route('GET', '/nodes/{node}/time', {
    needs: 'login',
    run(input, call) {
      checkNode(call, input.node)
      const seconds = Math.floor(call.nowMs / 1000)
      return { time: seconds, localtime: seconds, timezone: 'UTC' }
    },
  }),
  route('GET', '/nodes/{node}/subscription', {
    needs: 'login',
    run(input, call) {
      checkNode(call, input.node)
      return {
        status: 'notfound',
        message: 'There is no subscription key',
        url: 'https://www.proxmox.com/proxmox-backup-server/pricing',
      }
    },
  }),
  ...taskRoutes,
  ...rrdRoutes,
]
