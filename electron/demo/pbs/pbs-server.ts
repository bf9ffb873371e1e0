// The demo lab's Proxmox Backup Server 3.4: one HTTPS listener over the backups that the lab's guests and hosts
// write. Started by demo-lab.ts. Errors are bare text, as on the real wire, whatever the content type says.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { ApiFault } from '../api2/api-fault.ts'
import { text, verifyParameters, type ParameterSpecs, type RawValue } from '../api2/parameters.ts'
import { readParameters } from '../api2/request-body.ts'
import { createRouteTable, type Match } from '../api2/routes.ts'
import { createTicketOffice } from '../api2/tickets.ts'
import type { DemoContext, DemoService } from '../context.ts'
import type { LabBackups } from '../world/backups.ts'
import { startDemoHttpsServer } from '../world/https-server.ts'
import { createBackupServer, type BackupServer } from './backup-server.ts'
import { demand, type PbsCall } from './call.ts'
import { callerOfPbsToken, findPbsUser, pbsTokens, type PbsCaller } from './identities.ts'
import { accessRoutes } from './routes/access.ts'
import { datastoreRoutes } from './routes/datastore.ts'
import { hostRoutes } from './routes/host.ts'
import { jobRoutes } from './routes/jobs.ts'
import { nodeRoutes } from './routes/node.ts'
import { securityRoutes } from './routes/security.ts'

/** Every route of the server; the conformance test walks it. */
export const pbsRoutes = [...accessRoutes, ...datastoreRoutes, ...hostRoutes, ...jobRoutes, ...nodeRoutes, ...securityRoutes]

export interface PbsDemo extends DemoService {
  url: string
  server: BackupServer
}

const basePath = '/api2/json'
/** The real server holds a 401 for three seconds and a 403 for half of one; shortened so that tests stay bearable. */
const refusalDelayMs: Record<number, number> = { 401: 200, 403: 50 }

/** Starts the server; ready when it resolves. */
export async function startPbsDemo(context: DemoContext, backups: LabBackups): Promise<PbsDemo> {
  const server = createBackupServer(context, backups)
  const handle = createHandler(context, server)
  const faultBody = (status: 401 | 500) => ({
    contentType: 'application/json;charset=UTF-8',
    body: status === 401 ? 'permission check failed.' : 'unable to open chunk store: Input/output error',
  })
  const listener = await startDemoHttpsServer({ service: 'pbs', context, handle, faultBody })
  return {
    name: 'pbs',
    url: listener.url,
    server,
    drafts: [draft(context, listener.url)],
    async dispose() {
      server.dispose()
      await listener.dispose()
    },
  }
}

function draft(context: DemoContext, url: string): PbsDemo['drafts'][number] {
  const [token] = pbsTokens
  return {
    label: `Proxmox Backup Server ${context.site.backup.server.name}`,
    settings: {
      kind: 'pbs',
      url,
      tls: { mode: 'ca', caPem: context.certificate('pbs').caPem },
      auth: { mode: 'token', tokenId: token.tokenId },
    },
    secrets: { tokenSecret: token.secret },
  }
}

function createHandler(context: DemoContext, server: BackupServer) {
  const table = createRouteTable(pbsRoutes)
  const tickets = createTicketOffice('PBS', server.nowMs)
  const { certPem, fingerprint256 } = context.certificate('pbs')

  const answer = async (request: IncomingMessage): Promise<Record<string, unknown>> => {
    const { path, raw } = await readParameters(request)
    if (!path.startsWith(`${basePath}/`)) throw new ApiFault(404, `Path '${path}' not found.`)
    const match = table.match(request.method ?? 'GET', path.slice(basePath.length))
    const call: PbsCall = {
      server,
      caller: undefined,
      nowMs: server.nowMs(),
      tickets,
      fingerprint256,
      certPem,
      extras: {},
    }
    if (match?.route.needs !== 'world') call.caller = authenticate(request, call)
    if (!match) throw new ApiFault(404, `Path '${path}' not found.`)
    const data = runRoute(match, raw, call)
    return { data: (await data) ?? null, ...call.extras }
  }

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      send(response, 200, JSON.stringify(await answer(request)))
    } catch (error) {
      if (!(error instanceof ApiFault)) throw error
      await delay(refusalDelayMs[error.status] ?? 0)
      send(response, error.status, error.message)
    }
  }
}

function send(response: ServerResponse, status: number, body: string): void {
  if (response.destroyed) return
  response.writeHead(status, {
    'content-type': 'application/json;charset=UTF-8',
    'content-length': Buffer.byteLength(body),
  })
  response.end(body)
}

const noCredentials = () =>
  new ApiFault(401, 'authentication failed - no authentication credentials provided.')
const badCredentials = (reason: string) => new ApiFault(401, `authentication failed - ${reason}`)

/** Cookie first, then API token; a ticket also needs the CSRF header on everything but GET. */
function authenticate(request: IncomingMessage, call: PbsCall): PbsCaller {
  const [, cookie] = /(?:^|;\s*)(?:__Host-)?PBSAuthCookie=([^;]+)/.exec(request.headers.cookie ?? '') ?? []
  if (cookie === undefined) return tokenCaller(request.headers.authorization ?? '')
  const check = call.tickets.check(decode(cookie))
  if (check.state === 'expired') throw badCredentials('invalid ticket - expired')
  if (check.state === 'invalid' || !findPbsUser(check.data)) throw badCredentials('invalid ticket')
  const csrf = String(request.headers['csrfpreventiontoken'] ?? '')
  if (request.method !== 'GET' && !call.tickets.isCsrfValid(csrf, check.data)) {
    throw badCredentials('invalid csrf token')
  }
  return { userId: check.data }
}

/** `PBSAPIToken=user@realm!name:secret`; here the separator is a colon. */
function tokenCaller(authorization: string): PbsCaller {
  const [, credentials] = /^PBSAPIToken[= ](.+)$/.exec(authorization) ?? []
  if (credentials === undefined) throw noCredentials()
  const [, tokenId = '', secret = ''] = /^([^:\s]+@[^:\s]+![^:\s]+):(.*)$/.exec(credentials) ?? []
  const caller = callerOfPbsToken(tokenId, decode(secret))
  if (!caller) throw badCredentials(tokenId === '' ? 'failed to split api token header' : 'invalid API token')
  return caller
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

async function runRoute(match: Match<PbsCall>, raw: Map<string, RawValue>, call: PbsCall): Promise<unknown> {
  const { route, path } = match
  if (call.caller?.tokenId && !route.isTokenAllowed) throw new ApiFault(403, 'permission check failed.')
  for (const [name, value] of Object.entries(path)) raw.set(name, value)
  if (typeof route.needs === 'object') {
    const place = route.needs.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => path[name] ?? '')
    demand(call, place, route.needs.privileges, route.needs.isAnyEnough)
  }
  const { values, errors } = verifyParameters({ ...route.parameters, ...pathSpecs(path) }, raw)
  const faults = Object.entries(errors)
  if (faults.length > 0) throw new ApiFault(400, parameterMessage(faults))
  return route.run(values, call)
}

const pathSpecs = (path: Record<string, string>): ParameterSpecs =>
  Object.fromEntries(Object.keys(path).map((name) => [name, text()]))

/** The backup server's own words for what the shared check found. */
function parameterMessage(faults: [string, string][]): string {
  const inItsWords = (problem: string) =>
    problem
      .replace('property is missing and it is not optional', 'parameter is missing and it is not optional.')
      .replace(/^property is not defined.*/, 'schema does not allow additional properties')
  const [first] = faults
  if (faults.length === 1 && first)
    return `parameter verification failed - '${first[0]}': ${inItsWords(first[1])}`
  return `parameter verification failed:\n${faults.map(([name, problem]) => `- '${name}': ${inItsWords(problem)}`).join('\n')}\n`
}
