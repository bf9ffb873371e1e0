// The scale subresource: a small autoscaling/v1 view on the replicas of a workload. Read, replaced and patched like
// an object of its own; the write lands in `spec.replicas`.
import { mergePatch } from '../patch/merge-patch.ts'
import { jsonPatch } from '../patch/merge-patch.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { numberAt, recordAt, textAt, valueAt } from '../storage/kube-object.ts'
import { badRequest, invalid, staleVersion } from '../storage/kube-status.ts'
import type { ApiContext } from './api-context.ts'
import { existing, isDryRun, patchTypes } from './object-writes.ts'
import type { ResourceRequest } from './request-info.ts'

const selectorText = (object: KubeObject): string =>
  Object.entries(recordAt(object, 'spec.selector.matchLabels'))
    .map(([key, value]) => `${key}=${String(value)}`)
    .join(',')

/** The Scale of a workload. */
export function scaleOf(object: KubeObject): KubeObject {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  return {
    kind: 'Scale',
    apiVersion: 'autoscaling/v1',
    metadata: Object.fromEntries(
      Object.entries({ name, namespace, uid, resourceVersion, creationTimestamp }).filter(
        ([, value]) => value !== undefined,
      ),
    ) as unknown as KubeObject['metadata'],
    spec: { replicas: numberAt(object, 'spec.replicas') },
    status: { replicas: numberAt(object, 'status.replicas'), selector: selectorText(object) },
  }
}

export function readScale(context: ApiContext, request: ResourceRequest): KubeObject {
  return scaleOf(existing(context, request))
}

/** PUT or PATCH of the scale; a stale version in the body is a conflict. */
export function writeScale(
  context: ApiContext,
  request: ResourceRequest,
  body: unknown,
  contentType: string | undefined,
): KubeObject {
  const object = existing(context, request)
  const { resource } = request
  const current = scaleOf(object)
  const next =
    contentType === undefined
      ? body
      : contentType === patchTypes.json
        ? jsonPatch(current, body)
        : mergePatch(current, body)
  const version = textAt(next, 'metadata.resourceVersion')
  if (version !== '' && version !== object.metadata.resourceVersion)
    throw staleVersion(resource, object.metadata.name)
  const replicas = valueAt(next, 'spec.replicas') ?? 0
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    throw badRequest('spec.replicas must be a whole number')
  if (replicas < 0 || replicas > 1000)
    throw invalid('Scale', 'autoscaling', object.metadata.name, [
      {
        reason: 'FieldValueInvalid',
        message: `Invalid value: ${replicas}: must be between 0 and 1000 in the demo lab`,
        field: 'spec.replicas',
      },
    ])
  const generation =
    (object.metadata.generation ?? 1) + (replicas === numberAt(object, 'spec.replicas') ? 0 : 1)
  const scaled: KubeObject = {
    ...object,
    metadata: { ...object.metadata, generation },
    spec: { ...recordAt(object, 'spec'), replicas },
  }
  return scaleOf(
    isDryRun(request.query) ? scaled : (context.store.update(resource.storeKey, scaled) ?? scaled),
  )
}
