// Strategic merge patch and the structural merge of server-side apply: lists of named things are merged by their key
// instead of replaced. The keys are those of the upstream API types, by field name. Pure.
import { cloneOf, isRecord, isSameJson } from '../storage/kube-object.ts'
import { badRequest } from '../storage/kube-status.ts'

/** The field that names an entry, per list. `finalizers` and the like hold bare values and merge as sets. */
const mergeKeys: Record<string, string[]> = {
  containers: ['name'],
  initContainers: ['name'],
  ephemeralContainers: ['name'],
  env: ['name'],
  volumes: ['name'],
  volumeMounts: ['mountPath'],
  volumeDevices: ['devicePath'],
  ports: ['containerPort', 'port'],
  imagePullSecrets: ['name'],
  hostAliases: ['ip'],
  conditions: ['type'],
  addresses: ['type'],
  taints: ['key'],
  ownerReferences: ['uid'],
  secrets: ['name'],
  topologySpreadConstraints: ['topologyKey'],
  workerGroupSpecs: ['groupName'],
}
const setLists = ['finalizers']

/** The key by which entries of this list are told apart; undefined when the list is replaced as a whole. */
export function mergeKeyOf(field: string, entries: unknown[]): string | undefined {
  return mergeKeys[field]?.find((key) =>
    entries.every((entry) => isRecord(entry) && entry[key] !== undefined),
  )
}

/** Applies a strategic merge patch, `$patch` and `$deleteFromPrimitiveList` directives included. */
export function strategicMerge(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) throw badRequest('a strategic merge patch is an object')
  return mergeRecord(target, patch)
}

function mergeRecord(target: unknown, patch: Record<string, unknown>): unknown {
  if (patch['$patch'] === 'replace') {
    const { $patch: _directive, ...rest } = patch
    return cloneOf(rest)
  }
  if (patch['$patch'] === 'delete') return {}
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    const list = /^\$deleteFromPrimitiveList\/(.+)$/.exec(key)?.[1]
    if (list !== undefined) result[list] = without(result[list], value)
    else if (key.startsWith('$retainKeys')) continue
    else if (key.startsWith('$setElementOrder/')) continue
    else if (value === null) delete result[key]
    else if (Array.isArray(value)) result[key] = mergeList(key, result[key], value as unknown[])
    else if (isRecord(value)) result[key] = mergeRecord(result[key], value)
    else result[key] = value
  }
  retainKeys(result, patch['$retainKeys'])
  return result
}

function retainKeys(result: Record<string, unknown>, keys: unknown): void {
  if (!Array.isArray(keys)) return
  for (const key of Object.keys(result)) if (!keys.includes(key)) Reflect.deleteProperty(result, key)
}

const without = (list: unknown, removed: unknown): unknown[] =>
  Array.isArray(list) && Array.isArray(removed)
    ? (list as unknown[]).filter((entry) => !removed.includes(entry))
    : []

function mergeList(field: string, target: unknown, patch: unknown[]): unknown[] {
  const current: unknown[] = Array.isArray(target) ? (target as unknown[]) : []
  if (setLists.includes(field)) return [...current, ...patch.filter((entry) => !current.includes(entry))]
  const isReplace = patch.some((entry) => isRecord(entry) && entry['$patch'] === 'replace')
  const entries = patch.filter((entry) => !(isRecord(entry) && entry['$patch'] === 'replace'))
  const key = mergeKeyOf(field, [...entries, ...current])
  if (isReplace || key === undefined) return entries.map(cloneOf)
  const result = [...current]
  for (const entry of entries as Record<string, unknown>[]) {
    const index = result.findIndex((one) => isSameJson((one as Record<string, unknown>)[key], entry[key]))
    if (entry['$patch'] === 'delete') {
      if (index >= 0) result.splice(index, 1)
    } else if (index < 0) result.push(cloneOf(entry))
    else result[index] = mergeRecord(result[index], entry)
  }
  return result
}
