// Create, replace, patch and status writes of the demo API server: admission, optimistic locking, dry runs and the
// end of objects whose last finalizer goes. The router calls it with parsed bodies; answers are plain objects.
import { recordAt, textAt } from '../storage/kube-object.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import {
  alreadyExists,
  badRequest,
  conflict,
  KubeError,
  notFound,
  staleVersion,
  unsupportedMedia,
} from '../storage/kube-status.ts'
import { timestamp } from '../storage/kube-time.ts'
import { jsonPatch, mergePatch } from '../patch/merge-patch.ts'
import { serverSideApply } from '../patch/server-side-apply.ts'
import { strategicMerge } from '../patch/strategic-merge.ts'
import { admitCreate, admitStatus, admitUpdate, readObject } from './admission.ts'
import type { ApiContext } from './api-context.ts'
import { completeNew } from './creation-defaults.ts'
import { storedForm, viewOf } from './event-view.ts'
import type { ResourceRequest } from './request-info.ts'
import { queryFlag } from './request-info.ts'
import type { ResourceType } from './resource-table.ts'
import { shelf } from './resource-table.ts'

export interface Written {
  code: 200 | 201
  object: KubeObject
}

/** True for `dryRun=All`; throws on any other value. */
export function isDryRun(query: URLSearchParams): boolean {
  const values = query.getAll('dryRun').filter((value) => value !== '')
  if (values.some((value) => value !== 'All'))
    throw badRequest(`Invalid value: "dryRun": must be All, got ${JSON.stringify(values)}`)
  return values.length > 0
}

/** The object a request names, or 404. */
export function existing(context: ApiContext, request: ResourceRequest): KubeObject {
  const { resource, namespace, name = '' } = request
  const found = context.store.get(resource.storeKey, namespace, name)
  if (found === undefined) throw notFound(resource, name)
  return found
}

export function createObject(context: ApiContext, request: ResourceRequest, body: unknown): Written {
  const { resource, namespace, query } = request
  const given = storedForm(resource, readObject(body, resource, namespace))
  return { code: 201, object: insert(context, resource, given, isDryRun(query)) }
}

function insert(context: ApiContext, resource: ResourceType, given: KubeObject, dryRun: boolean): KubeObject {
  const { store } = context
  checkNamespace(context, given.metadata.namespace)
  const admitted = admitCreate(given, resource)
  if (store.get(resource.storeKey, admitted.metadata.namespace, admitted.metadata.name) !== undefined)
    throw alreadyExists(resource, admitted.metadata.name)
  const complete = completeNew(store, admitted, resource)
  if (dryRun) {
    const metadata = {
      ...complete.metadata,
      uid: complete.metadata.uid ?? '00000000-0000-4000-8000-000000000000',
      creationTimestamp: timestamp(context.clock.nowMs()),
    }
    return viewOf(resource, { ...complete, metadata })
  }
  return viewOf(resource, store.create(resource.storeKey, complete))
}

function checkNamespace({ store }: ApiContext, name: string | undefined): void {
  if (name === undefined) return
  const namespace = store.get(shelf.namespaces, undefined, name)
  if (namespace === undefined) throw notFound({ group: '', plural: 'namespaces' }, name)
  if (namespace.metadata.deletionTimestamp === undefined) return
  throw new KubeError(
    403,
    'Forbidden',
    `unable to create new content in namespace ${name} because it is being terminated`,
    {
      name,
      kind: 'namespaces',
      causes: [
        {
          reason: 'NamespaceTerminating',
          message: `namespace ${name} is being terminated`,
          field: 'metadata.namespace',
        },
      ],
    },
  )
}

export function replaceObject(context: ApiContext, request: ResourceRequest, body: unknown): Written {
  const { resource, namespace, name = '' } = request
  const given = storedForm(resource, readObject(body, resource, namespace))
  if (given.metadata.name !== name)
    throw badRequest(
      `the name of the object (${given.metadata.name}) does not match the name on the URL (${name})`,
    )
  return { code: 200, object: save(context, request, given, existing(context, request)) }
}

/** Stores the next state of `previous` after locking and admission; used by replace and patch alike. */
function save(
  context: ApiContext,
  request: ResourceRequest,
  given: KubeObject,
  previous: KubeObject,
): KubeObject {
  const { resource, query, subresource } = request
  const { metadata } = given
  const version = metadata.resourceVersion ?? ''
  if (version !== '' && version !== previous.metadata.resourceVersion)
    throw staleVersion(resource, previous.metadata.name)
  if (metadata.uid !== undefined && metadata.uid !== '' && metadata.uid !== previous.metadata.uid)
    throw conflict(
      resource,
      previous.metadata.name,
      `Precondition failed: UID in precondition: ${metadata.uid}, UID in object meta: ${previous.metadata.uid ?? ''}`,
    )
  const next =
    subresource === 'status' ? admitStatus(given, previous) : admitUpdate(given, previous, resource)
  if (isDryRun(query)) return viewOf(resource, next)
  const isOver =
    next.metadata.deletionTimestamp !== undefined && (next.metadata.finalizers ?? []).length === 0
  if (isOver && resource.storeKey !== shelf.pods && resource.storeKey !== shelf.namespaces) {
    context.store.remove(resource.storeKey, next.metadata.namespace, next.metadata.name)
    return viewOf(resource, next)
  }
  return viewOf(resource, context.store.update(resource.storeKey, next) ?? next)
}

export const patchTypes = {
  json: 'application/json-patch+json',
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const

/** PATCH by content type. Apply may create; the other types answer 404 for what is not there. */
export function patchObject(
  context: ApiContext,
  request: ResourceRequest,
  body: unknown,
  contentType: string,
): Written {
  const { resource, namespace, name = '' } = request
  if (contentType === patchTypes.apply) return applyObject(context, request, body)
  if (contentType === patchTypes.strategic && resource.isCustom) throw unsupportedMedia(contentType)
  const previous = existing(context, request)
  const patched = readObject(patchedBody(viewOf(resource, previous), body, contentType), resource, namespace)
  if (patched.metadata.name !== name) throw badRequest('the name of an object cannot be changed by a patch')
  return { code: 200, object: save(context, request, storedForm(resource, patched), previous) }
}

function patchedBody(previous: KubeObject, body: unknown, contentType: string): unknown {
  switch (contentType) {
    case patchTypes.json:
      return jsonPatch(previous, body)
    case patchTypes.merge:
      return mergePatch(previous, body)
    case patchTypes.strategic:
      return strategicMerge(previous, body)
    default:
      throw unsupportedMedia(contentType)
  }
}

function applyObject(context: ApiContext, request: ResourceRequest, body: unknown): Written {
  const { resource, namespace, name = '', query } = request
  const manager = query.get('fieldManager') ?? ''
  if (manager === '')
    throw badRequest(
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    )
  const applied = readObject(body, resource, namespace)
  if (textAt(body, 'apiVersion') === '' || textAt(body, 'kind') === '')
    throw badRequest('an applied configuration must carry apiVersion and kind')
  if ((applied.metadata.name ?? name) !== name)
    throw badRequest('the name of the object does not match the name on the URL')
  if ('managedFields' in recordAt(body, 'metadata')) throw badRequest('metadata.managedFields must be nil')
  applied.metadata.name = name
  const options = { manager, force: queryFlag(query, 'force'), time: timestamp(context.clock.nowMs()) }
  const live = context.store.get(resource.storeKey, namespace, name)
  const merged = serverSideApply(live, applied, options)
  if (live === undefined) return { code: 201, object: insert(context, resource, merged, isDryRun(query)) }
  return { code: 200, object: save(context, request, merged, live) }
}
