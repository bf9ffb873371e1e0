// Speaks to one Kubernetes API server: lists in pages, watches with bookmarks, reviews of what this identity may do.
// Used by the inventory (through the reflector) and by the connection test. Never caches answers.
import { z } from 'zod'
import { AppError, isAppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import type { Log } from '../../platform.ts'
import type { SecretLease } from '../../vault/vault.ts'
import { createHttpsClient, type HttpsCall, type HttpsClient } from '../https/https-client.ts'
import { badJson, unexpectedShape, type ErrorText } from '../https/https-faults.ts'
import type { KindSpec } from './kubernetes-kinds.ts'
import { openKubernetesLogin } from './kubernetes-login.ts'
import { tableAccept, tableItems } from './kubernetes-table.ts'

const system = 'Kubernetes'
/** The server ends a watch after this; the reader gives up a little later. */
const watchSeconds = 290
const watchIdleMs = (watchSeconds + 30) * 1000

const listAnswer = z.object({
  metadata: z.object({ resourceVersion: z.string().optional(), continue: z.string().optional() }).optional(),
  items: z.array(z.unknown()).nullish(),
  columnDefinitions: z.unknown().optional(),
  rows: z.array(z.unknown()).nullish(),
})
const watchLine = z.object({ type: z.string(), object: z.unknown() })
const versionOnly = z.object({ metadata: z.object({ resourceVersion: z.string() }) })
const statusObject = z.object({
  code: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
})
const versionAnswer = z.object({ gitVersion: z.string() })
const reviewAnswer = z.object({
  status: z.object({ userInfo: z.object({ username: z.string().optional() }).optional() }).optional(),
})
const accessAnswer = z.object({ status: z.object({ allowed: z.boolean() }) })

export interface ListPage {
  items: unknown[]
  resourceVersion: string
  /** Undefined after the last page. */
  next: string | undefined
}
export type WatchEvent =
  | { type: 'put' | 'remove'; object: unknown; resourceVersion: string }
  | { type: 'bookmark'; resourceVersion: string }

export type KubernetesConnector = ReturnType<typeof createKubernetesConnector>

/** Throws `locked`, `unauthenticated` (no kubeconfig) or `invalid-input` (one that cannot be used). */
export function createKubernetesConnector(
  settings: SettingsOf<'kubernetes'>,
  lease: SecretLease,
  options: { log: Log; now: () => number },
) {
  const login = openKubernetesLogin(settings, lease, options.now)
  const client = createHttpsClient({ system, url: login.server, tls: login.tls, errorText: statusText })

  async function json<S extends z.ZodType>(schema: S, call: HttpsCall): Promise<z.infer<S>> {
    const attempt = async (): Promise<unknown> =>
      client.json({ ...call, headers: { ...call.headers, ...(await login.headers(call.signal)) } })
    let answer: unknown
    try {
      answer = await attempt()
    } catch (error) {
      if (
        !isAppError(error) ||
        error.code !== 'unauthenticated' ||
        error.detail?.kind !== 'http' ||
        !login.forget()
      )
        throw error
      answer = await attempt()
    }
    const parsed = schema.safeParse(answer)
    if (!parsed.success)
      throw unexpectedShape(
        client.party,
        call,
        parsed.error.issues[0]?.path.map(String).join('.') || 'another type',
      )
    return parsed.data
  }
  const post = <S extends z.ZodType>(
    schema: S,
    path: string,
    body: unknown,
    signal?: AbortSignal,
  ): Promise<z.infer<S>> =>
    json(schema, {
      method: 'POST',
      path,
      signal,
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    })

  return {
    party: client.party,
    server: login.server,
    clusterName: login.clusterName,
    namespace: login.namespace,
    user: login.user,
    version: async (signal?: AbortSignal) =>
      (await json(versionAnswer, { path: '/version', signal, timeoutMs: 10_000 })).gitVersion,

    /** One page. A `continue` token that is too old rejects with HTTP 410: begin again. */
    async list(
      kind: KindSpec<unknown>,
      where: { namespace?: string | undefined; limit: number; next?: string | undefined },
      signal?: AbortSignal,
    ): Promise<ListPage> {
      const query = { limit: where.limit, continue: where.next, fieldSelector: kind.fieldSelector }
      const answer = await json(listAnswer, {
        path: pathOf(kind, where.namespace),
        query,
        signal,
        timeoutMs: 30_000,
        ...(kind.isTable ? { headers: { accept: tableAccept } } : {}),
      })
      return {
        items: answer.items ?? tableItems(answer),
        resourceVersion: answer.metadata?.resourceVersion ?? '',
        next: answer.metadata?.continue || undefined,
      }
    },

    /** Events after `resourceVersion` until the server ends the watch (which is not an error). 410 rejects with that status. */
    async *watch(
      kind: KindSpec<unknown>,
      where: { namespace?: string | undefined; resourceVersion: string },
      signal: AbortSignal,
    ): AsyncGenerator<WatchEvent, void, void> {
      const query = {
        watch: '1',
        allowWatchBookmarks: 'true',
        resourceVersion: where.resourceVersion,
        timeoutSeconds: watchSeconds,
        fieldSelector: kind.fieldSelector,
      }
      const call = {
        path: pathOf(kind, where.namespace),
        query,
        signal,
        headers: { ...(await login.headers(signal)), ...(kind.isTable ? { accept: tableAccept } : {}) },
        idleMs: watchIdleMs,
      }
      for await (const line of client.lines(call)) yield toWatchEvent(line, call)
    },

    /** Who the server takes us for; undefined where it does not tell (before Kubernetes 1.28). */
    async whoAmI(signal?: AbortSignal): Promise<string | undefined> {
      const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }
      try {
        return (await post(reviewAnswer, '/apis/authentication.k8s.io/v1/selfsubjectreviews', body, signal))
          .status?.userInfo?.username
      } catch (error) {
        if (isAppError(error) && (error.code === 'not-found' || error.code === 'forbidden')) return undefined
        throw error
      }
    },

    async mayList(
      kind: KindSpec<unknown>,
      namespace: string | undefined,
      signal?: AbortSignal,
    ): Promise<boolean> {
      const group = kind.base.startsWith('/apis/') ? kind.base.split('/')[2] : ''
      const resourceAttributes = {
        verb: 'list',
        group,
        resource: kind.plural,
        ...(namespace ? { namespace } : {}),
      }
      const body = {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SelfSubjectAccessReview',
        spec: { resourceAttributes },
      }
      return (
        await post(accessAnswer, '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', body, signal)
      ).status.allowed
    },
    /** Any call, its answer checked by `schema`. Files beside this one build on it. */
    call: json,
    /** The lines of a body as they come: logs. */
    lines: async function* (call: HttpsCall & { idleMs: number }): AsyncGenerator<string, void, void> {
      yield* client.lines({ ...call, headers: { ...call.headers, ...(await login.headers(call.signal)) } })
    },
    bytes: async function* (call: HttpsCall & { idleMs: number }): AsyncGenerator<Uint8Array, void, void> {
      yield* client.bytes({ ...call, headers: { ...call.headers, ...(await login.headers(call.signal)) } })
    },
    /** A WebSocket of the API server: exec, attach, port-forward. */
    socket: async (call: Parameters<HttpsClient['socket']>[0]) =>
      client.socket({ ...call, headers: { ...call.headers, ...(await login.headers(call.signal)) } }),
    dispose: () => client.dispose(),
  }

  function toWatchEvent(line: string, call: HttpsCall): WatchEvent {
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch (cause) {
      throw badJson(client.party, call, cause)
    }
    const parsed = watchLine.safeParse(value)
    if (!parsed.success) throw unexpectedShape(client.party, call, 'watch event')
    const { type, object: sent } = parsed.data
    if (type === 'ERROR') throw watchFault(sent)
    const version = versionOnly.safeParse(sent)
    if (!version.success) throw unexpectedShape(client.party, call, 'metadata.resourceVersion')
    const { resourceVersion } = version.data.metadata
    const object = toItem(sent)
    if (type === 'BOOKMARK') return { type: 'bookmark', resourceVersion }
    if (type === 'ADDED' || type === 'MODIFIED') return { type: 'put', object, resourceVersion }
    if (type === 'DELETED') return { type: 'remove', object, resourceVersion }
    throw unexpectedShape(client.party, call, 'watch event type')
  }

  function watchFault(object: unknown): AppError {
    const status = statusObject.safeParse(object)
    const code = status.success ? (status.data.code ?? 0) : 0
    const message = status.success ? (status.data.message ?? status.data.reason ?? '') : ''
    return new AppError(
      code === 410 ? 'conflict' : 'upstream',
      `Kubernetes at ${client.party.endpoint} ended a watch: ${message.slice(0, 300) || 'without a reason'}.`,
      {
        target: client.party,
        detail: { kind: 'http', status: code, reason: message.slice(0, 300) },
        retryable: true,
      },
    )
  }
}

/** A watch of tables sends a table of one row for each event. */
function toItem(sent: unknown): unknown {
  const table = listAnswer.safeParse(sent)
  return table.success && table.data.rows ? (tableItems(table.data)[0] ?? sent) : sent
}

const pathOf = (kind: KindSpec<unknown>, namespace: string | undefined): string =>
  kind.isNamespaced && namespace
    ? `${kind.base}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`
    : `${kind.base}/${kind.plural}`

/** `message` of the Status object that Kubernetes answers failures with. */
const statusText: ErrorText = ({ reason, text }) => {
  try {
    const status = statusObject.safeParse(JSON.parse(text))
    return (status.success && status.data.message) || reason
  } catch {
    return reason
  }
}

/** The history that a watch or a page refers to is gone: list again. */
export const isGone = (error: unknown): boolean =>
  isAppError(error) && error.detail?.kind === 'http' && error.detail.status === 410
