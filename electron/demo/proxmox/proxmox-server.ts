// The demo lab's Proxmox VE 8.4: the API of a seven-node cluster behind one HTTPS listener, which answers for every
// node as real nodes do. Started by demo-lab.ts; strict about everything a client could get wrong.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiFault } from '../api2/api-fault.ts'
import { integer, text, verifyParameters, type ParameterSpecs, type RawValue } from '../api2/parameters.ts'
import { readParameters } from '../api2/request-body.ts'
import { createRouteTable, type Match } from '../api2/routes.ts'
import { createTicketOffice } from '../api2/tickets.ts'
import type { DemoContext, DemoService } from '../context.ts'
import type { LabBackups } from '../world/backups.ts'
import { startDemoHttpsServer } from '../world/https-server.ts'
import { demand, type PveCall } from './call.ts'
import { createCluster, type Cluster } from './cluster.ts'
import { createConsoleDesk } from './console-desk.ts'
import { createConsoleUpgrade } from './console-upgrade.ts'
import { GuestConsoles } from './guest-consoles.ts'
import { callerOfToken, findUser, type Caller } from './identities.ts'
import { accessRoutes } from './routes/access.ts'
import { backupRoutes } from './routes/backup.ts'
import { clusterRoutes } from './routes/cluster.ts'
import { consoleRoutes } from './routes/consoles.ts'
import { deviceRoutes } from './routes/devices.ts'
import { containerRoutes } from './routes/containers.ts'
import { guestActionRoutes } from './routes/guest-actions.ts'
import { guestRoutes } from './routes/guests.ts'
import { highAvailabilityRoutes } from './routes/high-availability.ts'
import { nodeRoutes } from './routes/nodes.ts'
import { poolRoutes } from './routes/pools.ts'
import { rrdRoutes } from './routes/rrd.ts'
import { securityRoutes } from './routes/security.ts'
import { storageRoutes } from './routes/storage.ts'
import { taskRoutes } from './routes/tasks.ts'
import { replayRoutineTasks } from './task-history.ts'
import { replayScheduledBackups, startScheduledBackups } from './vzdump.ts'

/** Every route of the server; the conformance test walks it. */
export const proxmoxRoutes = [
  ...accessRoutes,
  ...backupRoutes,
  ...clusterRoutes,
  ...consoleRoutes,
  ...deviceRoutes,
  ...containerRoutes,
  ...guestActionRoutes,
  ...guestRoutes,
  ...highAvailabilityRoutes,
  ...nodeRoutes,
  ...poolRoutes,
  ...rrdRoutes,
  ...securityRoutes,
  ...storageRoutes,
  ...taskRoutes,
]

export interface ProxmoxDemo extends DemoService {
  url: string
  cluster: Cluster
}

const basePath = '/api2/json'
/** The real proxy holds a 401 back for three seconds; shortened so that tests and wrong passwords stay bearable. */
const refusalDelayMs = 200
const historyDays = 7

/** Starts the server; ready when it resolves. */
export async function startProxmoxDemo(context: DemoContext, backups: LabBackups): Promise<ProxmoxDemo> {
  const cluster = createCluster(context, backups)
  replayRoutineTasks(cluster, historyDays)
  replayScheduledBackups(cluster, historyDays)
  const stops = [...scheduleBackups(context, cluster), loseNodeOnFault(context, cluster)]
  const { handle, upgrade, dispose } = createHandler(context, cluster)
  const server = await startDemoHttpsServer({ service: 'proxmox', context, handle, upgrade, faultBody })
  return {
    name: 'proxmox',
    url: server.url,
    cluster,
    drafts: [draft(context, server.url)],
    async dispose() {
      for (const stop of stops) stop()
      dispose()
      await server.dispose()
    },
  }
}

/** The fault that this service alone can have: the fourth node, which carries a node of Kubernetes, loses power. */
function loseNodeOnFault(context: DemoContext, cluster: Cluster): () => void {
  const node = cluster.nodes[3]?.name ?? cluster.nodes.at(-1)!.name
  return context.faults.onChange((service, fault) => {
    if (service !== 'proxmox') return
    if (fault === 'node-lost') cluster.loseNode(node)
    else cluster.regainNode(node)
  })
}

function scheduleBackups(context: DemoContext, cluster: Cluster): (() => void)[] {
  const times = new Set(
    context.site.backup.jobs.flatMap((job) => (job.kind === 'vzdump' ? [job.schedule] : [])),
  )
  return [...times].map((time) => {
    const [hour = 9, minute = 0] = time.split(':').map(Number)
    return context.clock.daily(hour, minute, (dueMs) => startScheduledBackups(cluster, dueMs))
  })
}

/** By user and password, not by token: this version gives its text consoles to users only. */
function draft(context: DemoContext, url: string): ProxmoxDemo['drafts'][number] {
  const user = findUser('meridian@pve')
  if (!user) throw new Error('The demo cluster does not know its own user.')
  const [username = '', realm = ''] = user.userId.split('@')
  const { caPem } = context.certificate('proxmox')
  return {
    label: `Proxmox VE ${context.site.site.cluster}`,
    settings: {
      kind: 'proxmox',
      url,
      tls: { mode: 'ca', caPem },
      auth: { mode: 'ticket', username, realm },
    },
    secrets: { password: user.password },
  }
}

const faultBody = (status: 401 | 500) => ({
  contentType: 'application/json;charset=UTF-8',
  body:
    status === 401
      ? ''
      : JSON.stringify({ data: null, message: 'got no worker upid - start worker failed\n' }),
})

function createHandler(context: DemoContext, cluster: Cluster) {
  const table = createRouteTable(proxmoxRoutes)
  const tickets = createTicketOffice('PVE', cluster.nowMs)
  const { certPem, fingerprint256 } = context.certificate('proxmox')
  const consoles = createConsoleDesk()
  const guestConsoles = new GuestConsoles(cluster)

  const answer = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
    const { path, raw } = await readParameters(request)
    if (!path.startsWith(`${basePath}/`) && path !== basePath)
      throw new ApiFault(501, `no such file '${path}'`)
    const place = path.slice(basePath.length)
    const match = table.match(request.method ?? 'GET', place)
    const lostNode = cluster.nodes.find(({ name }) => place.startsWith(`/nodes/${name}/`) && cluster.isLost(name))
    const call: PveCall = {
      cluster,
      caller: undefined,
      nowMs: cluster.nowMs(),
      tickets,
      consoles,
      guestConsoles,
      fingerprint256,
      certPem,
      extras: {},
    }
    if (match?.route.needs !== 'world') call.caller = authenticate(request, call)
    if (!match) throw new ApiFault(501, `Method '${request.method} ${place}' not implemented`)
    // The proxy's own state for a node behind it that does not answer.
    if (lostNode) throw new ApiFault(595, 'No route to host')
    const data = await runRoute(match, raw, call, isTokenCall(request))
    return { data: data ?? null, ...call.extras }
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      send(response, 200, 'OK', await answer(request))
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      if (error.status === 401) await delay(refusalDelayMs)
      const body = {
        data: null,
        message: `${error.message}\n`,
        ...(error.errors ? { errors: error.errors } : {}),
      }
      send(response, error.status, error.message, body)
    }
  }
  const upgrading = createConsoleUpgrade(answer, consoles, basePath)
  return {
    handle,
    upgrade: upgrading.upgrade,
    dispose(): void {
      consoles.dispose()
      guestConsoles.dispose()
      upgrading.dispose()
    },
  }
}

const isTokenCall = (request: IncomingMessage): boolean =>
  /^PVEAPIToken[= ]/.test(request.headers.authorization ?? '')

function send(response: ServerResponse, status: number, reason: string, body: unknown): void {
  if (response.destroyed) return
  const payload = JSON.stringify(body)
  response.writeHead(status, reason.replaceAll(/[^\x20-\x7e]/g, '?'), {
    'content-type': 'application/json;charset=UTF-8',
    'content-length': Buffer.byteLength(payload),
    'cache-control': 'max-age=0',
    server: 'pve-api-daemon/3.0',
  })
  response.end(payload)
}

/** Cookie first, then header ticket, then API token; a ticket also needs the CSRF header on everything but GET. */
function authenticate(request: IncomingMessage, call: PveCall): Caller {
  const ticket = ticketOf(request)
  const authorization = request.headers.authorization ?? ''
  if (ticket === undefined) {
    const [, credentials] = /^PVEAPIToken[= ](.+)$/.exec(authorization) ?? []
    if (credentials === undefined) throw new ApiFault(401, 'No ticket')
    return tokenCaller(decode(credentials))
  }
  const check = call.tickets.check(ticket)
  if (check.state !== 'valid') {
    throw new ApiFault(
      401,
      check.state === 'expired'
        ? 'permission denied - invalid PVE ticket (expired)'
        : 'permission denied - invalid PVE ticket',
    )
  }
  if (!findUser(check.data)) throw new ApiFault(401, 'permission denied - invalid PVE ticket')
  const csrf = String(request.headers['csrfpreventiontoken'] ?? '')
  if (request.method !== 'GET' && !call.tickets.isCsrfValid(csrf, check.data)) {
    throw new ApiFault(401, 'Permission denied - invalid csrf token')
  }
  return { userId: check.data }
}

function tokenCaller(credentials: string): Caller {
  const [, tokenId = '', secret = ''] = /^([^=\s]+@[^=\s]+![^=\s]+)=(.*)$/.exec(credentials) ?? []
  const caller = callerOfToken(tokenId, secret)
  if (!caller) throw new ApiFault(401, tokenId === '' ? 'invalid token name or user' : 'invalid token value!')
  return caller
}

function ticketOf(request: IncomingMessage): string | undefined {
  const [, cookie] = /(?:^|;\s*)PVEAuthCookie=([^;]+)/.exec(request.headers.cookie ?? '') ?? []
  const [, header] = /^PVEAuthCookie=(.+)$/.exec(request.headers.authorization ?? '') ?? []
  const ticket = cookie ?? header
  return ticket === undefined ? undefined : decode(ticket)
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

async function runRoute(
  match: Match<PveCall>,
  raw: Map<string, RawValue>,
  call: PveCall,
  isToken: boolean,
): Promise<unknown> {
  const { route, path } = match
  if (isToken && !route.isTokenAllowed)
    throw new ApiFault(403, 'not available with API token, need proper ticket')
  for (const [name, value] of Object.entries(path)) {
    const repeated = raw.get(name)
    if (repeated !== undefined && String(repeated) !== value) {
      const problem = 'duplicate parameter (already defined in URI) with conflicting values'
      throw new ApiFault(400, 'Parameter verification failed.', { [name]: problem })
    }
    raw.set(name, value)
  }
  if (typeof route.needs === 'object') {
    const place = route.needs.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => path[name] ?? '')
    demand(call, place, route.needs.privileges, route.needs.isAnyEnough)
  }
  const { values, errors } = verifyParameters({ ...route.parameters, ...pathSpecs(path) }, raw)
  if (Object.keys(errors).length > 0) throw new ApiFault(400, 'Parameter verification failed.', errors)
  return route.run(values, call)
}

const pathSpecs = (path: Record<string, string>): ParameterSpecs =>
  Object.fromEntries(
    Object.keys(path).map((name) => [
      name,
      name === 'vmid' ? integer({ minimum: 100, maximum: 999_999_999 }) : text(),
    ]),
  )
