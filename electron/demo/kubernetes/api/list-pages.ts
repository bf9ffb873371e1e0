// Lists as the API gives them: selected, in pages of one consistent version, with 410 once that version is forgotten.
// The router asks; nothing here writes.
import type { KubeObject } from '../storage/kube-object.ts'
import { keyOf } from '../storage/kube-object.ts'
import { badRequest, expired, KubeError } from '../storage/kube-status.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { ObjectTest } from '../storage/selectors.ts'
import { parseFieldSelector, parseLabelSelector } from '../storage/selectors.ts'
import type { ResourceRequest } from './request-info.ts'
import { queryNumber } from './request-info.ts'

export interface ListPage {
  items: KubeObject[]
  metadata: { resourceVersion: string; continue?: string; remainingItemCount?: number }
}

/** Everything of a request that decides whether an object is in its list or watch. */
export function objectTest(request: ResourceRequest): ObjectTest {
  const { query, namespace, name, resource } = request
  const labels = parseLabelSelector(query.get('labelSelector') ?? '')
  const fieldText = query.get('fieldSelector') ?? ''
  const fields = parseFieldSelector(fieldText, resource.plural)
  return (object) =>
    (namespace === undefined || object.metadata.namespace === namespace) &&
    (name === undefined || object.metadata.name === name) &&
    labels(object) &&
    fields(object)
}

/** Throws 410 on a page token or an exact version that is older than the store's history. */
export function listPage(store: ObjectStore, request: ResourceRequest): ListPage {
  const { query, resource } = request
  const limit = queryNumber(query, 'limit') ?? 0
  const token = query.get('continue') ?? ''
  const start = token === '' ? undefined : readToken(token)
  const version = start?.version ?? exactVersion(store, query) ?? store.version
  const test = objectTest(request)
  const state =
    version === store.version ? store.list(resource.storeKey) : store.listAt(resource.storeKey, version)
  if (state === undefined) throw expiredList(start !== undefined)
  const rest = state.filter((object) => test(object) && (start === undefined || keyOf(object) > start.after))
  const items = limit === 0 ? rest : rest.slice(0, limit)
  const last = items.at(-1)
  const remaining = rest.length - items.length
  if (remaining === 0 || last === undefined) return { items, metadata: { resourceVersion: String(version) } }
  const hasSelector = (query.get('labelSelector') ?? '') !== '' || (query.get('fieldSelector') ?? '') !== ''
  const metadata = {
    resourceVersion: String(version),
    continue: writeToken({ version, after: keyOf(last) }),
    // Upstream leaves the count out when a selector makes it unknowable.
    ...(hasSelector ? {} : { remainingItemCount: remaining }),
  }
  return { items, metadata }
}

/** `resourceVersionMatch=Exact`; other matches only demand a version that exists. */
function exactVersion(store: ObjectStore, query: URLSearchParams): number | undefined {
  const wanted = readVersion(query)
  checkFuture(store, wanted)
  return query.get('resourceVersionMatch') === 'Exact' ? wanted : undefined
}

/** The version of the query: undefined for "" (most recent), 0 for "any". Throws BadRequest on anything not a number. */
export function readVersion(query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? ''
  if (text === '') return undefined
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`Invalid value: "${text}": resourceVersion: invalid syntax`)
  return Number(text)
}

/** A version that has not happened yet: upstream waits a little, then says 504 with this cause. */
function checkFuture(store: ObjectStore, version: number | undefined): void {
  if (version === undefined || version <= store.version) return
  const message = `Too large resource version: ${version}, current: ${store.version}`
  throw new KubeError(504, 'Timeout', `Timeout: ${message}`, {
    retryAfterSeconds: 1,
    causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
  })
}

const expiredList = (isContinued: boolean): KubeError =>
  isContinued
    ? expired(
        'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter.',
      )
    : expired('The resourceVersion for the provided list is too old.')

interface PageToken {
  version: number
  after: string
}

const writeToken = ({ version, after }: PageToken): string =>
  Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: version, start: after })).toString('base64url')

function readToken(token: string): PageToken {
  try {
    const read = JSON.parse(Buffer.from(token, 'base64url').toString('utf8')) as {
      rv?: unknown
      start?: unknown
    }
    if (typeof read.rv === 'number' && typeof read.start === 'string')
      return { version: read.rv, after: read.start }
  } catch {
    // Falls through to the refusal below.
  }
  throw badRequest('continue key is not valid')
}
