// Every route of the demo Proxmox VE server, called over HTTPS, its request and answer checked against the official
// description. Skipped without one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compareParameters } from '../testing/parameter-comparison.ts'
import { call, formOf } from '../testing/api-client.ts'
import { checkRequest, checkResponse, loadApiDescription } from '../testing/api-description.ts'
import { createTestContext, type TestContext } from '../testing/demo-context.ts'
import { createLabBackups } from '../world/backups.ts'
import { createContainer } from './container.ts'
import { demoTokens } from './identities.ts'
import { proxmoxRoutes, startProxmoxDemo, type ProxmoxDemo } from './proxmox-server.ts'

const api = loadApiDescription('pve')
const reason = api ? '' : ' (skipped: no API description beside this checkout)'

/** Parameters that make each route answer with as much as it can. Path values first, the rest are parameters. */
const samples: Record<string, Record<string, unknown>> = {
  'POST /access/ticket': { username: 'root@pam', password: 'meridian-demo-root' },
  'GET /access/permissions': { path: '/vms/1002' },
  'GET /access/users': { full: 1 },
  'POST /nodes/{node}/vzdump': { vmid: '2002', storage: 'pbs01', mode: 'snapshot', protected: 1 },
  'GET /cluster/mapping/pci': { 'check-node': 'node07' },
  'GET /nodes/{node}/disks/smart': { disk: '/dev/nvme0n1' },
  'GET /nodes/{node}/tasks': { source: 'all', limit: 500 },
  'GET /nodes/{node}/tasks/{upid}/log': { limit: 0 },
  'GET /nodes/{node}/qemu': { full: 1 },
  'GET /nodes/{node}/qemu/{vmid}/feature': { feature: 'snapshot' },
  'POST /nodes/{node}/qemu/{vmid}/snapshot': { snapname: 'second', description: 'x', vmstate: 1 },
  'POST /nodes/{node}/qemu/{vmid}/clone': { newid: 5001, full: 1, name: 'clone-one' },
  'POST /nodes/{node}/qemu/{vmid}/migrate': { target: 'node01', online: 1, 'with-local-disks': 1 },
  'PUT /nodes/{node}/qemu/{vmid}/config': { cores: 12, tags: 'db;proj' },
  'POST /nodes/{node}/qemu/{vmid}/config': { description: 'changed' },
  'PUT /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config': { description: 'y' },
  'GET /nodes/{node}/lxc/{vmid}/feature': { feature: 'snapshot' },
  'POST /nodes/{node}/lxc/{vmid}/snapshot': { snapname: 'second', description: 'x' },
  'POST /nodes/{node}/lxc/{vmid}/clone': { newid: 5101, full: 1, hostname: 'clone-ct' },
  'POST /nodes/{node}/lxc/{vmid}/migrate': { target: 'node01', restart: 1, timeout: 60 },
  'PUT /nodes/{node}/lxc/{vmid}/config': { cores: 4, memory: 1024 },
  'PUT /cluster/ha/resources/{sid}': { comment: 'kept' },
  'POST /nodes/{node}/qemu/{vmid}/vncproxy': { websocket: 1, 'generate-password': 1 },
  'POST /nodes/{node}/qemu/{vmid}/termproxy': { serial: 'serial0' },
  'POST /nodes/{node}/termproxy': { cmd: 'login' },
}
const rrd = { timeframe: 'day', cf: 'AVERAGE' }

const pathSamples: Record<string, string> = {
  node: 'node06',
  vmid: '2014',
  storage: 'nvmethin01',
  snapname: 'first',
  userid: 'auditor@pve',
  poolid: 'database',
  id: 'rtx-a4000',
  group: 'db',
  sid: 'vm:2002',
}

/** Routes whose sample needs another guest or place than the usual one. */
const pathOverrides: Record<string, Record<string, string>> = {
  '/cluster/backup/{id}': { id: 'backup-daily-vm' },
  '/cluster/firewall/groups/{group}': { group: 'management' },
  '/cluster/backup/{id}/included_volumes': { id: 'backup-daily-vm' },
  '/nodes/{node}/qemu/{vmid}/clone': { node: 'node02', vmid: '9001' },
  'DELETE /nodes/{node}/qemu/{vmid}': { node: 'node01', vmid: '2022' },
  'POST /nodes/{node}/qemu/{vmid}/migrate': { vmid: '2018' },
}

/** Put in by this test: the lab's own site has no containers. */
const containerId = 5100

describe.skipIf(!api)(`Proxmox VE demo server against the official description${reason}`, () => {
  let context: TestContext
  let demo: ProxmoxDemo
  const token = demoTokens[0]
  const headers = { authorization: `PVEAPIToken=${token?.tokenId}=${token?.secret}` }

  beforeAll(async () => {
    context = await createTestContext()
    demo = await startProxmoxDemo(context, createLabBackups(context.site, context.clock))
    const container = createContainer({ vmid: containerId, name: 'proj-ct01', node: 'node06', storage: 'nvmethin01', startedMs: context.clock.nowMs() })
    demo.cluster.addGuest(container)
    for (const guest of [demo.cluster.findGuest(2014), container])
      guest?.snapshots.push({
      name: 'first',
      description: 'before the change',
      timeSeconds: 1_750_000_000,
      hasVmState: true,
      parent: undefined,
      config: { cores: 6, memory: '24576' },
    })
  })
  afterAll(async () => {
    await demo?.dispose()
    await context?.dispose()
  })

  /** Lets earlier writes come to their end, and puts the sample guest back to where every action is possible. */
  const settle = () => {
    context.clock.advance(600_000)
    for (const guest of [demo.cluster.findGuest(2014), demo.cluster.findGuest(containerId)])
      if (guest) Object.assign(guest, { node: 'node06', state: 'running', lock: undefined, stoppedSinceMs: undefined })
  }

  /** What a console's WebSocket is opened with: it comes from the proxy that was started before. */
  const consoleTicket = async (path: string): Promise<Record<string, unknown>> => {
    const url = `${demo.url}/api2/json${path.replace('vncwebsocket', 'termproxy')}`
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const answer = await call(url, context.certificate('proxmox').caPem, 'POST', { headers: { ...headers, ...form }, body: '' })
    const { port, ticket } = answer.data as { port: number; ticket: string }
    return { port, vncticket: ticket }
  }

  // Reads first: the writes lock guests on their way.
  const ordered = [...proxmoxRoutes].sort((a, b) => Number(a.method !== 'GET') - Number(b.method !== 'GET'))
  it.each(ordered.map((route) => [`${route.method} ${route.template}`, route] as const))(
    '%s',
    async (key, route) => {
      if (!api) return
      const isContainer = route.template.includes('/lxc/{vmid}')
      const values: Record<string, string> = {
        ...pathSamples,
        ...(isContainer ? { vmid: String(containerId) } : {}),
        ...pathOverrides[route.template],
        ...pathOverrides[key],
      }
      if (route.method !== 'GET') settle()
      const upid = demo.cluster.tasks
        .list()
        .find((task) => task.type === 'vzdump' && task.node === values['node'])?.upid
      const path = route.template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(name === 'upid' ? (upid ?? '') : (values[name] ?? '')),
      )
      const parameters = path.endsWith('/vncwebsocket')
        ? await consoleTicket(path)
        : (samples[key] ?? (route.template.endsWith('/rrddata') ? rrd : {}))
      expect(checkRequest(api, route.method, path, parameters)).toEqual([])
      const isQuery = route.method === 'GET' || route.method === 'DELETE'
      const answer = await call(
        `${demo.url}/api2/json${path}${isQuery ? `?${formOf(parameters)}` : ''}`,
        context.certificate('proxmox').caPem,
        route.method,
        key === 'POST /access/ticket'
          ? { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: formOf(parameters) }
          : isQuery
            ? { headers }
            : {
                headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
                body: formOf(parameters),
              },
      )
      expect([answer.status, answer.text.slice(0, 300)]).toEqual([200, expect.any(String)])
      expect(checkResponse(api, route.method, path, answer.data)).toEqual([])
    },
  )

  it.each(proxmoxRoutes.map((route) => [`${route.method} ${route.template}`, route] as const))(
    'declares the parameters of %s as the description does',
    (_key, route) => {
      if (!api) return
      expect(compareParameters(api, route)).toEqual([])
    },
  )
})
