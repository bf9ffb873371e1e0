// The gate every written object passes: name, kind and namespace agree with the path, the spec of a known kind is
// sound and gets its defaults, and what only the server may set stays as it was. Throws a KubeError; writes nothing.
import { randomInt } from 'node:crypto'
import type { KubeObject, ObjectMeta } from '../storage/kube-object.ts'
import { isRecord, isSameJson, recordAt, textAt, valueAt } from '../storage/kube-object.ts'
import type { StatusCause } from '../storage/kube-status.ts'
import { badRequest, invalid } from '../storage/kube-status.ts'
import { matchesSelector } from '../storage/selectors.ts'
import { firstStatus, selectingKinds, specSchemas } from './admission-schemas.ts'
import type { ResourceType } from './resource-table.ts'
import { apiVersionOf } from './resource-table.ts'

const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/
const nameRule =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
const suffixLetters = 'bcdfghjklmnpqrstvwxz2456789'

/** The letters that follow a `generateName`: five, from the alphabet that Kubernetes uses. */
export const randomSuffix = (length = 5): string =>
  Array.from({ length }, () => suffixLetters[randomInt(suffixLetters.length)]).join('')

/** A parsed body as an object of the wanted kind. The path wins where the body is silent, and refuses where it differs. */
export function readObject(body: unknown, resource: ResourceType, namespace: string | undefined): KubeObject {
  if (!isRecord(body)) throw badRequest('the body of the request is not an object')
  const apiVersion = apiVersionOf(resource)
  if (
    (body['kind'] ?? resource.kind) !== resource.kind ||
    (body['apiVersion'] ?? apiVersion) !== apiVersion
  ) {
    const given = `${textAt(body, 'apiVersion')}, Kind=${textAt(body, 'kind')}`
    throw badRequest(
      `${given} in the body does not match ${apiVersion}, Kind=${resource.kind} of the request`,
    )
  }
  if (body['metadata'] !== undefined && !isRecord(body['metadata']))
    throw badRequest('metadata is not an object')
  const metadata = { ...recordAt(body, 'metadata') } as unknown as ObjectMeta
  checkMetadata(metadata)
  if (resource.namespaced) {
    if (metadata.namespace !== undefined && metadata.namespace !== namespace)
      throw badRequest(
        `the namespace of the provided object does not match the namespace sent on the request`,
      )
    if (namespace === undefined) throw badRequest('an empty namespace may not be set during creation')
    metadata.namespace = namespace
  } else delete metadata.namespace
  return { ...body, apiVersion, kind: resource.kind, metadata }
}

const metadataFields: Record<string, (value: unknown) => boolean> = {
  name: (value) => typeof value === 'string',
  generateName: (value) => typeof value === 'string',
  namespace: (value) => typeof value === 'string',
  labels: isTextMap,
  annotations: isTextMap,
  finalizers: (value) => Array.isArray(value) && value.every((entry) => typeof entry === 'string'),
  ownerReferences: (value) => Array.isArray(value) && value.every(isRecord),
  resourceVersion: (value) => typeof value === 'string',
}

function isTextMap(value: unknown): boolean {
  return isRecord(value) && Object.values(value).every((entry) => typeof entry === 'string')
}

function checkMetadata(metadata: ObjectMeta): void {
  for (const [field, isSound] of Object.entries(metadataFields)) {
    const value = (metadata as unknown as Record<string, unknown>)[field]
    if (value === null) delete (metadata as unknown as Record<string, unknown>)[field]
    else if (value !== undefined && !isSound(value))
      throw badRequest(`json: cannot unmarshal the value of ObjectMeta.metadata.${field}`)
  }
}

/** A new object ready for the store: named, checked, defaulted, with its first status. */
export function admitCreate(object: KubeObject, resource: ResourceType): KubeObject {
  const given = object.metadata
  const metadata: ObjectMeta = { ...given, name: given.name ?? '' }
  if (metadata.name === '' && metadata.generateName !== undefined)
    metadata.name = `${metadata.generateName}${randomSuffix()}`
  if (given.resourceVersion !== undefined && given.resourceVersion !== '')
    throw badRequest('resourceVersion should not be set on objects to be created')
  for (const field of ['uid', 'creationTimestamp', 'deletionTimestamp', 'resourceVersion'] as const)
    delete metadata[field]
  const { status: _given, ...rest } = object
  const status = resource.isCustom ? undefined : firstStatus[resource.storeKey]
  const fresh: KubeObject = { ...rest, metadata }
  if (fresh['spec'] !== undefined || specSchemas[resource.storeKey] !== undefined) metadata.generation = 1
  const admitted = admitSpec(fresh, resource)
  return status === undefined ? admitted : { ...admitted, status }
}

/** The next state of an object: server-owned fields kept from `previous`, generation raised when the spec changed. */
export function admitUpdate(object: KubeObject, previous: KubeObject, resource: ResourceType): KubeObject {
  const kept = previous.metadata
  const metadata: ObjectMeta = { ...object.metadata, name: kept.name }
  for (const field of [
    'uid',
    'creationTimestamp',
    'deletionTimestamp',
    'deletionGracePeriodSeconds',
    'generation',
    'namespace',
  ] as const) {
    if (kept[field] === undefined) delete metadata[field]
    else Object.assign(metadata, { [field]: kept[field] })
  }
  const hasStatus = resource.subresources.includes('status')
  const { status: given, ...rest } = object
  const status = hasStatus ? previous['status'] : given
  const admitted = admitSpec({ ...rest, metadata, ...(status === undefined ? {} : { status }) }, resource)
  checkImmutable(admitted, previous, resource)
  if (kept.generation !== undefined && !isSameJson(admitted['spec'], previous['spec']))
    metadata.generation = kept.generation + 1
  return admitted
}

/** The next state when only `status` may change. */
export function admitStatus(object: KubeObject, previous: KubeObject): KubeObject {
  const status = valueAt(object, 'status')
  if (status !== undefined && !isRecord(status)) throw badRequest('status is not an object')
  return { ...previous, ...(status === undefined ? {} : { status }) }
}

function admitSpec(object: KubeObject, resource: ResourceType): KubeObject {
  const causes: StatusCause[] = []
  const { name } = object.metadata
  if (name === '')
    causes.push({
      reason: 'FieldValueRequired',
      message: 'Required value: name or generateName is required',
      field: 'metadata.name',
    })
  else if ((name.length > 253 || !subdomain.test(name)) && !isFreelyNamed(resource))
    causes.push({
      reason: 'FieldValueInvalid',
      message: `Invalid value: ${JSON.stringify(name)}: ${nameRule}`,
      field: 'metadata.name',
    })
  const schema = specSchemas[resource.storeKey]
  let spec = object['spec']
  if (schema !== undefined) {
    const parsed = schema.safeParse(spec)
    if (parsed.success) spec = parsed.data
    else
      causes.push(
        ...parsed.error.issues.map((issue) => ({
          reason: 'FieldValueInvalid',
          message: `Invalid value: ${issue.message}`,
          field: ['spec', ...issue.path].join('.'),
        })),
      )
  }
  if (causes.length === 0 && selectingKinds.includes(resource.storeKey)) {
    const labels = recordAt(spec, 'template.metadata.labels') as Record<string, string>
    if (
      Object.keys(recordAt(spec, 'selector')).length === 0 ||
      !matchesSelector(valueAt(spec, 'selector'), labels)
    )
      causes.push({
        reason: 'FieldValueInvalid',
        message: '`selector` does not match template `labels`',
        field: 'spec.template.metadata.labels',
      })
  }
  if (causes.length > 0) throw invalid(resource.kind, resource.group, name, causes)
  return spec === undefined ? object : { ...object, spec }
}

/** Names of access rules may hold colons. */
const isFreelyNamed = ({ group }: ResourceType): boolean => group === 'rbac.authorization.k8s.io'

const fixedFields: Record<string, string[]> = {
  'apps/deployments': ['spec.selector'],
  'apps/replicasets': ['spec.selector'],
  'apps/daemonsets': ['spec.selector'],
  'apps/statefulsets': ['spec.selector', 'spec.serviceName'],
  'batch/jobs': ['spec.selector', 'spec.template', 'spec.completions'],
  '/pods': ['spec.nodeName', 'spec.restartPolicy'],
}

function checkImmutable(object: KubeObject, previous: KubeObject, resource: ResourceType): void {
  const causes = (fixedFields[resource.storeKey] ?? [])
    .filter((path) => !isSameJson(valueAt(object, path), valueAt(previous, path)))
    .map((field) => ({
      reason: 'FieldValueInvalid',
      message: 'Invalid value: field is immutable',
      field,
    }))
  if (causes.length > 0) throw invalid(resource.kind, resource.group, previous.metadata.name, causes)
}
