// The shape every Kubernetes object of the demo lab has, and the small questions asked of it (owner, key, path).
// Used by the store, the API and the controllers. Objects from the store are frozen: clone before changing.

export interface OwnerReference {
  apiVersion: string
  kind: string
  name: string
  uid: string
  controller?: boolean
  blockOwnerDeletion?: boolean
}

export interface ObjectMeta {
  name: string
  namespace?: string
  generateName?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  deletionGracePeriodSeconds?: number
  labels?: Record<string, string>
  annotations?: Record<string, string>
  ownerReferences?: OwnerReference[]
  finalizers?: string[]
  managedFields?: ManagedFields[]
}

export interface ManagedFields {
  manager: string
  operation: string
  apiVersion: string
  time: string
  fieldsType: string
  fieldsV1: Record<string, unknown>
  subresource?: string
}

export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
  [field: string]: unknown
}

export type JsonRecord = Record<string, unknown>

export const isRecord = (value: unknown): value is JsonRecord =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The value at a dotted path, or undefined as soon as a step is missing. Array steps are numbers. */
export function valueAt(object: unknown, path: string): unknown {
  let value: unknown = object
  for (const step of path.split('.')) {
    if (Array.isArray(value)) value = value[Number(step)]
    else if (isRecord(value)) value = value[step]
    else return undefined
  }
  return value
}

export const textAt = (object: unknown, path: string): string => {
  const value = valueAt(object, path)
  return typeof value === 'string'
    ? value
    : typeof value === 'number' || typeof value === 'boolean'
      ? String(value)
      : ''
}

export const numberAt = (object: unknown, path: string, otherwise = 0): number => {
  const value = valueAt(object, path)
  return typeof value === 'number' ? value : otherwise
}

export const listAt = (object: unknown, path: string): unknown[] => {
  const value = valueAt(object, path)
  return Array.isArray(value) ? (value as unknown[]) : []
}

export const recordAt = (object: unknown, path: string): JsonRecord => {
  const value = valueAt(object, path)
  return isRecord(value) ? value : {}
}

/** `namespace/name`, or the bare name for cluster-wide kinds; also the sort order of every list. */
export const keyOf = (object: KubeObject): string =>
  objectKey(object.metadata.namespace, object.metadata.name)

export const objectKey = (namespace: string | undefined, name: string): string =>
  namespace === undefined || namespace === '' ? name : `${namespace}/${name}`

/** The owner that manages the object, when there is one. */
export const controllerOf = (object: KubeObject): OwnerReference | undefined =>
  object.metadata.ownerReferences?.find((owner) => owner.controller === true)

export const isOwnedBy = (object: KubeObject, owner: KubeObject): boolean =>
  object.metadata.ownerReferences?.some((reference) => reference.uid === owner.metadata.uid) ?? false

/** The reference with which a controller marks what it made. */
export const controlledBy = (owner: KubeObject): OwnerReference => ({
  apiVersion: owner.apiVersion,
  kind: owner.kind,
  name: owner.metadata.name,
  uid: owner.metadata.uid ?? '',
  controller: true,
  blockOwnerDeletion: true,
})

/** A copy that may be changed, whatever was frozen. */
export const cloneOf = <T>(object: T): T => structuredClone(object)

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}

/** Structural equality of JSON values; key order does not matter. */
export function isSameJson(left: unknown, right: unknown): boolean {
  if (left === right) return true
  if (Array.isArray(left) && Array.isArray(right))
    return left.length === right.length && left.every((part, index) => isSameJson(part, right[index]))
  if (!isRecord(left) || !isRecord(right)) return false
  const keys = Object.keys(left).filter((key) => left[key] !== undefined)
  const others = Object.keys(right).filter((key) => right[key] !== undefined)
  return (
    keys.length === others.length && keys.every((key) => key in right && isSameJson(left[key], right[key]))
  )
}
