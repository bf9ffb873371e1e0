// Server-side apply: which manager owns which fields, conflicts between managers, and removal of fields a manager
// no longer applies. Ownership is kept in `metadata.managedFields` in the fieldsV1 form. Pure.
import type { KubeObject, ManagedFields } from '../storage/kube-object.ts'
import { isRecord, isSameJson } from '../storage/kube-object.ts'
import { KubeError } from '../storage/kube-status.ts'
import { mergeKeyOf } from './strategic-merge.ts'

export interface ApplyOptions {
  manager: string
  force: boolean
  time: string
}

type Fields = Record<string, unknown>

/** Never owned by anybody: the server's own fields and the names of the object. */
const unowned = ['apiVersion', 'kind', 'metadata.name', 'metadata.namespace', 'metadata.managedFields']

/** The fieldsV1 set of a configuration: `f:` steps for fields, `k:` steps for keyed list entries. */
export function fieldsOf(value: unknown, path = '', field = ''): Fields {
  if (Array.isArray(value)) {
    const key = mergeKeyOf(field, value as unknown[])
    if (key === undefined || value.length === 0) return {}
    return Object.fromEntries(
      (value as Fields[]).map((entry) => [
        `k:${JSON.stringify({ [key]: entry[key] })}`,
        { '.': {}, ...fieldsOf(entry, `${path}[]`) },
      ]),
    )
  }
  if (!isRecord(value)) return {}
  const entries = Object.entries(value).filter(
    ([name]) => !unowned.includes(path === '' ? name : `${path}.${name}`),
  )
  const fields = entries.map(([name, part]): [string, Fields] => [
    `f:${name}`,
    fieldsOf(part, path === '' ? name : `${path}.${name}`, name),
  ])
  // Metadata that only names the object owns nothing.
  return Object.fromEntries(
    fields.filter(([step, part]) => step !== 'f:metadata' || path !== '' || steps(part).length > 0),
  )
}

/** The object after `applied`; throws 409 with one cause per field that another manager applied differently. */
export function serverSideApply(
  live: KubeObject | undefined,
  applied: KubeObject,
  options: ApplyOptions,
): KubeObject {
  const owners = live?.metadata.managedFields ?? []
  const isMine = (entry: ManagedFields): boolean =>
    entry.manager === options.manager && entry.operation === 'Apply' && entry.subresource === undefined
  const mine = owners.find(isMine)
  const wanted = fieldsOf(applied)
  const others = owners.filter((entry) => !isMine(entry))
  if (live !== undefined && !options.force) refuseConflicts(live, applied, wanted, others)
  const pruned = live === undefined ? undefined : prune(live, mine?.fieldsV1 ?? {}, wanted, others)
  const merged = mergeApplied(pruned ?? {}, applied, '') as KubeObject
  const entry: ManagedFields = {
    manager: options.manager,
    operation: 'Apply',
    apiVersion: applied.apiVersion,
    time: options.time,
    fieldsType: 'FieldsV1',
    fieldsV1: wanted,
  }
  const isUnchanged = mine !== undefined && isSameJson(mine.fieldsV1, wanted)
  const kept = options.force
    ? others.map((other) => ({ ...other, fieldsV1: subtract(other.fieldsV1, wanted, live, applied, '') }))
    : others
  return {
    ...merged,
    metadata: { ...merged.metadata, managedFields: [...kept, isUnchanged ? mine : entry] },
  }
}

function mergeApplied(live: unknown, applied: unknown, field: string): unknown {
  if (Array.isArray(applied)) {
    const current: unknown[] = Array.isArray(live) ? (live as unknown[]) : []
    const key = mergeKeyOf(field, [...current, ...(applied as unknown[])])
    if (key === undefined) return applied
    const result = [...current]
    for (const entry of applied as Fields[]) {
      const index = result.findIndex((one) => isSameJson((one as Fields)[key], entry[key]))
      if (index < 0) result.push(entry)
      else result[index] = mergeApplied(result[index], entry, '')
    }
    return result
  }
  if (!isRecord(applied)) return applied
  const result: Fields = isRecord(live) ? { ...live } : {}
  for (const [name, part] of Object.entries(applied))
    if (part !== null) result[name] = mergeApplied(result[name], part, name)
  return result
}

function refuseConflicts(
  live: KubeObject,
  applied: KubeObject,
  wanted: Fields,
  others: ManagedFields[],
): void {
  const causes = others.flatMap((owner) =>
    differing(wanted, owner.fieldsV1, live, applied, '').map((field) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with "${owner.manager}"${owner.operation === 'Apply' ? '' : ` using ${owner.apiVersion}`}`,
      field,
    })),
  )
  if (causes.length === 0) return
  const [first] = causes
  const text =
    causes.length === 1
      ? `Apply failed with 1 conflict: ${first?.message ?? ''}: ${first?.field ?? ''}`
      : `Apply failed with ${causes.length} conflicts: ${causes.map((cause) => `${cause.message}: ${cause.field}`).join('; ')}`
  throw new KubeError(409, 'Conflict', text, { causes })
}

/** The value a field step points at, in a record or a keyed list. */
function follow(value: unknown, step: string): unknown {
  if (step.startsWith('f:')) return isRecord(value) ? value[step.slice(2)] : undefined
  if (!step.startsWith('k:') || !Array.isArray(value)) return undefined
  const key = JSON.parse(step.slice(2)) as Fields
  return (value as unknown[]).find(
    (entry) =>
      isRecord(entry) && Object.entries(key).every(([name, wanted]) => isSameJson(entry[name], wanted)),
  )
}

const steps = (fields: Fields): string[] => Object.keys(fields).filter((step) => step !== '.')
const printStep = (step: string): string =>
  step.startsWith('f:')
    ? `.${step.slice(2)}`
    : `[${step
        .slice(2)
        .replace(/[{}]/g, '')
        .replace(/"(\w+)":/, '$1=')}]`

function differing(wanted: Fields, owned: Fields, live: unknown, applied: unknown, path: string): string[] {
  return steps(wanted).flatMap((step) => {
    const theirs = owned[step]
    if (!isRecord(theirs)) return []
    const [before, after] = [follow(live, step), follow(applied, step)]
    const mine = wanted[step] as Fields
    const here = `${path}${printStep(step)}`
    if (steps(mine).length > 0) return differing(mine, theirs, before, after, here)
    // An empty map claims the map itself, not what others keep in it.
    const isEmptyMap = isRecord(after) && isRecord(before)
    return isEmptyMap || isSameJson(before, after) ? [] : [here]
  })
}

/** `owned` without the leaf fields that are now applied with another value by a forcing manager. */
function subtract(owned: Fields, wanted: Fields, live: unknown, applied: unknown, path: string): Fields {
  const result: Fields = {}
  for (const [step, fields] of Object.entries(owned)) {
    const mine = wanted[step]
    const [before, after] = [follow(live, step), follow(applied, step)]
    if (!isRecord(mine) || !isRecord(fields) || step === '.') result[step] = fields
    else if (steps(mine).length > 0) result[step] = subtract(fields, mine, before, after, path)
    else if (isSameJson(before, after)) result[step] = fields
  }
  return result
}

/** Drops what this manager owned before, does not apply any more, and nobody else owns. */
function prune(live: KubeObject, before: Fields, wanted: Fields, others: ManagedFields[]): KubeObject {
  const isHeld = (path: string[]): boolean =>
    others.some(
      (owner) =>
        path.reduce<unknown>((at, step) => (isRecord(at) ? at[step] : undefined), owner.fieldsV1) !==
        undefined,
    )
  return dropFields(live, before, wanted, [], isHeld) as KubeObject
}

function dropFields(
  value: unknown,
  before: Fields,
  wanted: Fields,
  path: string[],
  isHeld: (path: string[]) => boolean,
): unknown {
  let result = Array.isArray(value) ? [...(value as unknown[])] : isRecord(value) ? { ...value } : value
  for (const step of steps(before)) {
    const at = [...path, step]
    const was = before[step] as Fields
    const now = wanted[step]
    const part = follow(result, step)
    if (part === undefined) continue
    if (now === undefined && !isHeld(at)) result = removeStep(result, step, part)
    else if (isRecord(now)) result = replaceStep(result, step, part, dropFields(part, was, now, at, isHeld))
  }
  return result
}

function removeStep(value: unknown, step: string, part: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[]).filter((entry) => entry !== part)
  const { [step.slice(2)]: _removed, ...rest } = value as Fields
  return rest
}

function replaceStep(value: unknown, step: string, part: unknown, next: unknown): unknown {
  if (Array.isArray(value)) return (value as unknown[]).map((entry) => (entry === part ? next : entry))
  return { ...(value as Fields), [step.slice(2)]: next }
}
