// Speaks to one Proxmox Backup Server: authentication, shapes, errors. Used by the inventory and by the connection
// test. Failed answers carry bare text although they call themselves JSON. Never caches answers.
import { z } from 'zod'
import { isAppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { Log } from '../../platform.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { createHttpsClient, type HttpsCall, type HttpsClient } from '../https/https-client.ts'
import { unexpectedShape, type ErrorText } from '../https/https-faults.ts'
import { createApi2Session, pbsFlavour } from '../proxmox/api2-session.ts'
import { parseRows } from '../proxmox/api2-values.ts'
import * as shapes from './pbs-shapes.ts'

export type PbsConnector = ReturnType<typeof createPbsConnector>
export type PbsJobKind = 'verify' | 'prune' | 'sync' | 'gc'

const envelope = z.object({ data: z.unknown() })
const permissions = z.record(z.string(), z.record(z.string(), z.unknown()))

/** A connector for one connection. Secrets are read from `lease` call by call. Throws `invalid-input` for a bad address. */
export function createPbsConnector(
  settings: SettingsOf<'pbs'>,
  lease: SecretLease,
  options: { log: Log; now: () => number; client?: HttpsClient },
) {
  const client =
    options.client ??
    createHttpsClient({
      system: pbsFlavour.system,
      url: settings.url,
      tls: { trust: settings.tls },
      errorText: pbsErrorText,
    })
  const session = createApi2Session({
    client,
    flavour: pbsFlavour,
    auth: settings.auth,
    lease,
    now: options.now,
  })

  async function send(call: HttpsCall): Promise<unknown> {
    const attempt = async (): Promise<unknown> => {
      const headers = { ...call.headers, ...(await session.headers(call.method ?? 'GET', call.signal)) }
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
        system: pbsFlavour.system,
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
  ): Promise<z.infer<S>> {
    const parsed = schema.safeParse(await send({ path, signal }))
    if (!parsed.success)
      throw unexpectedShape(
        client.party,
        { path },
        parsed.error.issues[0]?.path.map(String).join('.') || 'another type',
      )
    return parsed.data
  }
  async function rows<S extends z.ZodType>(
    schema: S,
    path: string,
    signal?: AbortSignal,
    query?: HttpsCall['query'],
  ): Promise<z.infer<S>[]> {
    const found = await parseRows(schema, await send({ path, signal, query }))
    if (!found) throw unexpectedShape(client.party, { path }, 'no list')
    return found
  }
  const storePath = (store: string): string => `/admin/datastore/${encodeURIComponent(store)}`
  /** The root namespace is the absent parameter. */
  const inNamespace = (ns: string): { ns?: string } => (ns === '' ? {} : { ns })

  return {
    party: client.party,
    identity: session.identity,
    version: (signal?: AbortSignal) => one(shapes.pbsVersion, '/version', signal),
    permissions: (signal?: AbortSignal) => one(permissions, '/access/permissions', signal),
    nodeStatus: (signal?: AbortSignal) => one(shapes.pbsNodeStatus, '/nodes/localhost/status', signal),
    nodeNetwork: (signal?: AbortSignal) => rows(shapes.pbsInterface, '/nodes/localhost/network', signal),
    /** Newest first. */
    tasks: (signal?: AbortSignal, limit = 50) =>
      rows(shapes.pbsTask, '/nodes/localhost/tasks', signal, { limit }),
    datastores: (signal?: AbortSignal) => rows(shapes.datastore, '/admin/datastore', signal),
    usage: (signal?: AbortSignal) => rows(shapes.datastoreUsage, '/status/datastore-usage', signal),
    /** Every level; the root is the empty text. */
    namespaces: (store: string, signal?: AbortSignal) =>
      rows(shapes.namespaceRow, `${storePath(store)}/namespace`, signal),
    groups: (store: string, ns: string, signal?: AbortSignal) =>
      rows(shapes.groupRow, `${storePath(store)}/groups`, signal, inNamespace(ns)),
    /** All snapshots of a namespace, or those of one group. */
    snapshots: (store: string, ns: string, group?: { type: string; id: string }, signal?: AbortSignal) =>
      rows(shapes.snapshotRow, `${storePath(store)}/snapshots`, signal, {
        ...inNamespace(ns),
        ...(group ? { 'backup-type': group.type, 'backup-id': group.id } : {}),
      }),
    jobs: (kind: PbsJobKind, signal?: AbortSignal) => rows(shapes.jobRow, `/admin/${kind}`, signal),
    /** Any call, its `data` checked by `schema`. Files beside this one build on it; paths are below /api2/json. */
    call: async <S extends z.ZodType>(schema: S, call: HttpsCall): Promise<z.infer<S>> => {
      const parsed = schema.safeParse(await send(call))
      if (!parsed.success)
        throw unexpectedShape(client.party, call, parsed.error.issues[0]?.path.map(String).join('.') || 'another type')
      return parsed.data
    },
    /** Any call whose `data` is a list; rows of another shape are left out. */
    rows,
    dispose: () => client.dispose(),
  }
}

/** The body is the message itself; a JSON one with `message` is understood as well. */
export const pbsErrorText: ErrorText = ({ reason, text }) => {
  const plain = text.trim()
  if (plain === '') return reason
  if (!plain.startsWith('{')) return plain
  try {
    const { message } = JSON.parse(plain) as { message?: unknown }
    return typeof message === 'string' ? message : reason
  } catch {
    return plain
  }
}
