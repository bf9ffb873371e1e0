// Objects of any kind: read, changed and deleted over their own paths. Every change carries what it is based on, so
// that two admins at once are told and not lost.
import { z } from 'zod'
import type { HttpsCall } from '../https/https-client.ts'
import type { ApiKind } from './kubernetes-discovery.ts'
import type { KubernetesConnector } from './kubernetes-connector.ts'

export type ObjectCalls = Pick<KubernetesConnector, 'call'>

export const anyObject = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    creationTimestamp: z.string().nullish(),
    deletionTimestamp: z.string().nullish(),
    labels: z.record(z.string(), z.string()).nullish(),
    annotations: z.record(z.string(), z.string()).nullish(),
    ownerReferences: z
      .array(
        z.looseObject({
          apiVersion: z.string(),
          kind: z.string(),
          name: z.string(),
          uid: z.string().optional(),
          controller: z.boolean().nullish(),
        }),
      )
      .nullish(),
  }),
})
export type AnyObject = z.infer<typeof anyObject>
const anyList = z.object({ items: z.array(anyObject).nullish() })
const anything = z.unknown()

type Place = Pick<ApiKind, 'base' | 'plural' | 'isNamespaced'>
export interface Where {
  namespace: string | null
  name: string
}
type Limits = { signal?: AbortSignal | undefined; timeoutMs?: number }

export const collectionPath = (kind: Place, namespace: string | null): string =>
  kind.isNamespaced && namespace !== null
    ? `${kind.base}/namespaces/${encodeURIComponent(namespace)}/${kind.plural}`
    : `${kind.base}/${kind.plural}`
export const objectPath = (kind: Place, where: Where, subresource = ''): string =>
  `${collectionPath(kind, where.namespace)}/${encodeURIComponent(where.name)}${subresource && `/${subresource}`}`

export const getObject = (connector: ObjectCalls, kind: Place, where: Where, limits: Limits = {}): Promise<AnyObject> =>
  connector.call(anyObject, { path: objectPath(kind, where), ...limits })

/** The first `limit` objects that fit; for events and pods of one owner. */
export async function findObjects(
  connector: ObjectCalls,
  kind: Place,
  namespace: string | null,
  query: { labelSelector?: string | undefined; fieldSelector?: string | undefined; limit: number },
  limits: Limits = {},
): Promise<AnyObject[]> {
  const answer = await connector.call(anyList, { path: collectionPath(kind, namespace), query, ...limits })
  return answer.items ?? []
}

export type PatchType = 'merge' | 'strategic' | 'json' | 'apply'
const patchTypes: Record<PatchType, string> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
}
/** How the server knows our changes apart from kubectl's. */
export const fieldManager = 'meridian'

export interface WriteOptions extends Limits {
  isDryRun?: boolean
}
const dryRun = (options: WriteOptions): HttpsCall['query'] => (options.isDryRun ? { dryRun: 'All' } : {})

export const replaceObject = (
  connector: ObjectCalls,
  kind: Place,
  where: Where,
  object: unknown,
  options: WriteOptions = {},
): Promise<AnyObject> =>
  connector.call(anyObject, {
    method: 'PUT',
    path: objectPath(kind, where),
    query: { fieldManager, fieldValidation: 'Strict', ...dryRun(options) },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(object),
    signal: options.signal,
  })

export const patchObject = (
  connector: ObjectCalls,
  kind: Place,
  where: Where,
  patch: { type: PatchType; body: unknown; subresource?: string; isForced?: boolean },
  options: WriteOptions = {},
): Promise<AnyObject> =>
  connector.call(anyObject, {
    method: 'PATCH',
    path: objectPath(kind, where, patch.subresource),
    query: {
      fieldManager,
      ...(patch.type === 'apply' ? { fieldValidation: 'Strict', force: patch.isForced === true } : {}),
      ...dryRun(options),
    },
    headers: { 'content-type': patchTypes[patch.type] },
    body: JSON.stringify(patch.body),
    signal: options.signal,
  })

export const createObject = (
  connector: ObjectCalls,
  kind: Place,
  where: { namespace: string | null; name?: string; subresource?: string },
  object: unknown,
  options: WriteOptions = {},
): Promise<unknown> =>
  connector.call(anything, {
    method: 'POST',
    path:
      where.name === undefined
        ? collectionPath(kind, where.namespace)
        : objectPath(kind, { namespace: where.namespace, name: where.name }, where.subresource),
    query: { fieldManager, ...dryRun(options) },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(object),
    signal: options.signal,
  })

/** `uid` is the one that was looked at: a new object under the same name is not deleted in its place. */
export const deleteObject = (
  connector: ObjectCalls,
  kind: Place,
  where: Where,
  options: { propagation: 'Background' | 'Foreground' | 'Orphan'; uid: string; signal?: AbortSignal | undefined },
): Promise<unknown> =>
  connector.call(anything, {
    method: 'DELETE',
    path: objectPath(kind, where),
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      propagationPolicy: options.propagation,
      ...(options.uid === '' ? {} : { preconditions: { uid: options.uid } }),
    }),
    signal: options.signal,
  })
