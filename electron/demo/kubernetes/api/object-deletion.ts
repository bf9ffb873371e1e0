// DELETE in all its ways: preconditions, grace periods, finalizers and propagation. What must go later is only marked
// here; the garbage collector and the kubelet of the controllers finish it.
import type { ObjectMeta } from '../storage/kube-object.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { isRecord, textAt, valueAt } from '../storage/kube-object.ts'
import type { KubeStatus } from '../storage/kube-status.ts'
import { badRequest, conflict, success } from '../storage/kube-status.ts'
import { timestamp } from '../storage/kube-time.ts'
import type { ApiContext } from './api-context.ts'
import { viewOf } from './event-view.ts'
import { listPage } from './list-pages.ts'
import { existing, isDryRun } from './object-writes.ts'
import type { ResourceRequest } from './request-info.ts'
import type { ResourceType } from './resource-table.ts'
import { shelf } from './resource-table.ts'

export interface DeletionOptions {
  propagation: string
  graceSeconds: number | undefined
  uid: string
  resourceVersion: string
  dryRun: boolean
}

const propagations = ['Background', 'Foreground', 'Orphan']

/** Options from the query and the optional DeleteOptions body. */
export function deletionOptions(query: URLSearchParams, body: unknown): DeletionOptions {
  const pick = (name: string): string => textAt(body, name) || (query.get(name) ?? '')
  const propagation = pick('propagationPolicy')
  const grace = pick('gracePeriodSeconds')
  if (propagation !== '' && !propagations.includes(propagation))
    throw badRequest(
      `invalid propagationPolicy ${propagation}: needs to be one of ${propagations.join(', ')}`,
    )
  if (grace !== '' && !/^\d+$/.test(grace))
    throw badRequest('gracePeriodSeconds must be a whole number, not negative')
  const inBody = valueAt(body, 'dryRun')
  return {
    propagation: propagation === '' ? 'Background' : propagation,
    graceSeconds: grace === '' ? undefined : Number(grace),
    uid: textAt(body, 'preconditions.uid'),
    resourceVersion: textAt(body, 'preconditions.resourceVersion'),
    dryRun: isDryRun(query) || (isRecord(body) && Array.isArray(inBody) && inBody.includes('All')),
  }
}

/** Deletes one object; the answer is the object while it still lives on, a Status once it is gone. */
export function deleteObject(
  context: ApiContext,
  request: ResourceRequest,
  body: unknown,
): KubeObject | KubeStatus {
  const options = deletionOptions(request.query, body)
  const object = existing(context, request)
  const { resource } = request
  if (options.uid !== '' && options.uid !== object.metadata.uid)
    throw conflict(
      resource,
      object.metadata.name,
      `Precondition failed: UID in precondition: ${options.uid}, UID in object meta: ${object.metadata.uid ?? ''}`,
    )
  if (options.resourceVersion !== '' && options.resourceVersion !== object.metadata.resourceVersion)
    throw conflict(
      resource,
      object.metadata.name,
      'Precondition failed: ResourceVersion in precondition differs',
    )
  const rest = requestDeletion(context, resource, object, options)
  if (rest !== undefined) return viewOf(resource, rest)
  const { name, uid = '' } = object.metadata
  return success({
    name,
    ...(resource.group === '' ? {} : { group: resource.group }),
    kind: resource.plural,
    uid,
  })
}

/** Deletes everything a list would give; answers that list. */
export function deleteCollection(context: ApiContext, request: ResourceRequest, body: unknown) {
  const options = deletionOptions(request.query, body)
  const page = listPage(context.store, request)
  for (const object of page.items) requestDeletion(context, request.resource, object, options)
  return page
}

/** Removes the object, or marks it and returns what is left of it for now. */
export function requestDeletion(
  context: Pick<ApiContext, 'store' | 'clock'>,
  resource: Pick<ResourceType, 'storeKey'>,
  object: KubeObject,
  options: DeletionOptions,
): KubeObject | undefined {
  const { store, clock } = context
  const metadata: ObjectMeta = { ...object.metadata }
  const finalizers = (metadata.finalizers ?? []).filter(
    (one) => one !== 'foregroundDeletion' && one !== 'orphan',
  )
  if (options.propagation === 'Foreground') finalizers.push('foregroundDeletion')
  if (options.propagation === 'Orphan') finalizers.push('orphan')
  const grace = graceSeconds(resource, object, options)
  const isNamespace = resource.storeKey === shelf.namespaces
  if (finalizers.length === 0 && grace === 0 && !isNamespace) {
    if (!options.dryRun) store.remove(resource.storeKey, metadata.namespace, metadata.name)
    return undefined
  }
  const isMarked = metadata.deletionTimestamp !== undefined
  metadata.deletionTimestamp ??= timestamp(clock.nowMs() + grace * 1000)
  metadata.deletionGracePeriodSeconds = isMarked
    ? Math.min(metadata.deletionGracePeriodSeconds ?? grace, grace)
    : grace
  if (finalizers.length > 0) metadata.finalizers = finalizers
  const marked: KubeObject = { ...object, metadata }
  if (isNamespace)
    marked['status'] = { ...(isRecord(object['status']) ? object['status'] : {}), phase: 'Terminating' }
  return options.dryRun ? marked : (store.update(resource.storeKey, marked) ?? marked)
}

/** Only a pod that runs somewhere gets time to stop. */
function graceSeconds(
  resource: Pick<ResourceType, 'storeKey'>,
  object: KubeObject,
  options: DeletionOptions,
): number {
  if (resource.storeKey !== shelf.pods) return 0
  const phase = textAt(object, 'status.phase')
  if (textAt(object, 'spec.nodeName') === '' || phase === 'Succeeded' || phase === 'Failed') return 0
  return options.graceSeconds ?? Number(textAt(object, 'spec.terminationGracePeriodSeconds') || '30')
}
