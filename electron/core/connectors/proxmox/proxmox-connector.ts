// Speaks to one Proxmox VE cluster through any of its nodes: authentication, shapes, errors. Used by the inventory
// and by the connection test. Written against the wire; the npm package proxmox-api is GPL-3.0 and must never be
// imported here (tests may use it as a peer). Never caches answers: what to ask and how often is the caller's choice.
import { z } from 'zod'
import { AppError, isAppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { Log } from '../../platform.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { createHttpsClient, type HttpsCall, type HttpsClient } from '../https/https-client.ts'
import { unexpectedShape, type ErrorText } from '../https/https-faults.ts'
import { createApi2Session, pveFlavour } from './api2-session.ts'
import { parseRows } from './api2-values.ts'
import * as shapes from './proxmox-shapes.ts'

export type GuestType = 'qemu' | 'lxc'
type Query = HttpsCall['query']

export type ProxmoxConnector = ReturnType<typeof createProxmoxConnector>

export interface ProxmoxOptions {
  log: Log
  now: () => number
  /** Another way to reach the server; tests only. */
  client?: HttpsClient
}

const envelope = z.object({ data: z.unknown() })

/** A connector for one connection. Secrets are read from `lease` call by call. Throws `invalid-input` for a bad address. */
export function createProxmoxConnector(
  settings: SettingsOf<'proxmox'>,
  lease: SecretLease,
  options: ProxmoxOptions,
) {
  const client =
    options.client ??
    createHttpsClient({
      system: pveFlavour.system,
      url: settings.url,
      tls: { trust: settings.tls },
      errorText: pveErrorText,
    })
  const session = createApi2Session({
    client,
    flavour: pveFlavour,
    auth: settings.auth,
    lease,
    now: options.now,
  })

  async function send(call: HttpsCall): Promise<unknown> {
    const signal = call.signal
    const attempt = async (): Promise<unknown> => {
      const headers = { ...call.headers, ...(await session.headers(call.method ?? 'GET', signal)) }
      return client.json({ ...call, path: `/api2/json${call.path}`, headers })
    }
    let answer: unknown
    try {
      answer = await attempt()
    } catch (error) {
      if (
        !isAppError(error) ||
        error.code !== 'unauthenticated' ||
        error.detail?.kind !== 'http' ||
        !session.forget()
      )
        throw error
      options.log.debug('The ticket was refused; logging in anew', {
        system: pveFlavour.system,
        identity: session.identity,
      })
      answer = await attempt()
    }
    const parsed = envelope.safeParse(answer)
    if (!parsed.success) throw unexpectedShape(client.party, call, 'no data')
    return parsed.data.data
  }
  async function one<S extends z.ZodType>(
    schema: S,
    path: string,
    signal?: AbortSignal,
    more: Partial<HttpsCall> = {},
  ): Promise<z.infer<S>> {
    const parsed = schema.safeParse(await send({ path, signal, ...more }))
    if (!parsed.success) throw unexpectedShape(client.party, { path }, firstIssue(parsed.error))
    return parsed.data
  }
  async function rows<S extends z.ZodType>(
    schema: S,
    path: string,
    signal?: AbortSignal,
    query?: Query,
  ): Promise<z.infer<S>[]> {
    const found = await parseRows(schema, await send({ path, signal, query }))
    if (!found) throw unexpectedShape(client.party, { path }, 'no list')
    return found
  }
  const guestPath = (node: string, type: GuestType, vmid: number): string =>
    `/nodes/${encodeURIComponent(node)}/${type}/${vmid}`
  const nodePath = (node: string): string => `/nodes/${encodeURIComponent(node)}`

  return {
    party: client.party,
    identity: session.identity,
    version: (signal?: AbortSignal) => one(shapes.pveVersion, '/version', signal),
    permissions: (signal?: AbortSignal) => one(shapes.permissions, '/access/permissions', signal),
    clusterStatus: (signal?: AbortSignal) => rows(shapes.clusterMember, '/cluster/status', signal),
    /** The overview of everything this identity may see; up to ten seconds old on the server's side. */
    resources: (signal?: AbortSignal) => rows(shapes.resourceRow, '/cluster/resources', signal),
    /** Recent tasks of all nodes, running ones included. */
    tasks: (signal?: AbortSignal) => rows(shapes.clusterTask, '/cluster/tasks', signal),
    nodeStatus: (node: string, signal?: AbortSignal) =>
      one(shapes.nodeStatus, `${nodePath(node)}/status`, signal),
    nodeNetwork: (node: string, signal?: AbortSignal) =>
      rows(shapes.nodeInterface, `${nodePath(node)}/network`, signal),
    /** Without bridges, memory and processors, which the server leaves out by itself. */
    nodePci: (node: string, signal?: AbortSignal) =>
      rows(shapes.pciDevice, `${nodePath(node)}/hardware/pci`, signal),
    guestConfig: (node: string, type: GuestType, vmid: number, signal?: AbortSignal) =>
      one(shapes.guestConfig, `${guestPath(node, type, vmid)}/config`, signal),
    guestInterfaces: async (
      node: string,
      type: GuestType,
      vmid: number,
      signal?: AbortSignal,
    ): Promise<shapes.GuestInterface[]> => {
      const path = guestPath(node, type, vmid)
      if (type === 'lxc')
        return (await rows(shapes.containerInterface, `${path}/interfaces`, signal)).map(fromContainer)
      // An agent that hangs answers late or never: it must not hold up the rest for long.
      const answer = await one(shapes.agentInterfaces, `${path}/agent/network-get-interfaces`, signal, {
        timeoutMs: 8_000,
      })
      return answer.result.map((item) => ({
        name: item.name,
        mac: item['hardware-address']?.toLowerCase(),
        addresses: (item['ip-addresses'] ?? []).map((address) => address['ip-address'].toLowerCase()),
      }))
    },
    storages: (signal?: AbortSignal) => rows(shapes.storageConfig, '/storage', signal),
    pools: (signal?: AbortSignal) => rows(shapes.pool, '/pools', signal),
    pciMappings: (signal?: AbortSignal) => rows(shapes.pciMapping, '/cluster/mapping/pci', signal),
    backupJobs: (signal?: AbortSignal) => rows(shapes.backupJob, '/cluster/backup', signal),
    /** Any call, its `data` checked by `schema`. Files beside this one build on it; paths are below /api2/json. */
    call: async <S extends z.ZodType>(schema: S, call: HttpsCall): Promise<z.infer<S>> => {
      const parsed = schema.safeParse(await send(call))
      if (!parsed.success) throw unexpectedShape(client.party, call, firstIssue(parsed.error))
      return parsed.data
    },
    /** Any call whose `data` is a list; rows of another shape are left out. */
    rows,
    /** A WebSocket of the API (`vncwebsocket`), with this session's credentials. */
    socket: async (call: Parameters<HttpsClient['socket']>[0]) =>
      client.socket({
        ...call,
        path: `/api2/json${call.path}`,
        headers: { ...call.headers, ...(await session.headers('GET', call.signal)) },
      }),
    dispose: () => client.dispose(),
  }
}

function fromContainer(item: z.infer<typeof shapes.containerInterface>): shapes.GuestInterface {
  const addresses = [item.inet, item.inet6].flatMap((cidr) =>
    cidr ? [cidr.split('/')[0]!.toLowerCase()] : [],
  )
  return { name: item.name, mac: item.hwaddr?.toLowerCase(), addresses }
}

const firstIssue = (error: z.ZodError): string =>
  error.issues[0]?.path.map(String).join('.') || 'another type'

/** `message` and `errors` of the body where there is one, else the status line, which carries the message too. */
export const pveErrorText: ErrorText = ({ reason, text, isJson }) => {
  if (!isJson || text === '') return reason
  try {
    const body = JSON.parse(text) as { message?: unknown; errors?: unknown }
    const parts = [typeof body.message === 'string' ? body.message.trim() : reason]
    if (typeof body.errors === 'object' && body.errors !== null)
      for (const [field, why] of Object.entries(body.errors)) parts.push(`${field}: ${String(why).trim()}`)
    return parts.filter((part) => part !== '').join(' ')
  } catch {
    return reason
  }
}

/** What a probe shows of anything thrown. */
export const asAppError = (error: unknown): AppError =>
  isAppError(error)
    ? error
    : new AppError('internal', 'Meridian could not read the answer of Proxmox VE.', { cause: error })
