// JSON merge patch (RFC 7386) and JSON patch (RFC 6902) on plain values. Pure; the write path uses both.
import { cloneOf, isRecord, isSameJson } from '../storage/kube-object.ts'
import { badRequest, KubeError } from '../storage/kube-status.ts'

/** RFC 7386: null removes, records merge, everything else replaces. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return cloneOf(patch)
  const result: Record<string, unknown> = isRecord(target) ? { ...target } : {}
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key]
    else result[key] = mergePatch(result[key], value)
  }
  return result
}

type Holder = Record<string, unknown> | unknown[]

/** RFC 6902 with all six operations. Throws 400 on a malformed patch, 422 on one that does not apply. */
export function jsonPatch(target: unknown, patch: unknown): unknown {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is an array of operations')
  const root = { document: cloneOf(target) }
  for (const step of patch as unknown[]) {
    if (!isRecord(step) || typeof step['op'] !== 'string' || typeof step['path'] !== 'string')
      throw badRequest('every operation of a JSON patch needs op and path')
    applyStep(root, step['op'], step['path'], step)
  }
  return root.document
}

function applyStep(
  root: { document: unknown },
  op: string,
  path: string,
  step: Record<string, unknown>,
): void {
  switch (op) {
    case 'add':
      return put(root, path, cloneOf(step['value']), true)
    case 'replace':
      if (read(root, path) === undefined)
        throw cannotApply(`replace operation does not apply: ${path} is missing`)
      return put(root, path, cloneOf(step['value']), false)
    case 'remove':
      take(root, path)
      return
    case 'move':
      return put(root, path, take(root, String(step['from'])), true)
    case 'copy':
      return put(root, path, cloneOf(read(root, String(step['from']))), true)
    case 'test':
      if (!isSameJson(read(root, path), step['value'])) throw cannotApply(`testing path ${path} value failed`)
      return
    default:
      throw badRequest(`unexpected kind of JSON patch operation: ${op}`)
  }
}

const cannotApply = (why: string): KubeError =>
  new KubeError(422, 'Invalid', `the server rejected our request due to an error in our request: ${why}`)

const stepsOf = (path: string): string[] => {
  if (path !== '' && !path.startsWith('/'))
    throw badRequest(`the path ${path} of a JSON patch must start with /`)
  return ['document', ...path.split('/').slice(1)].map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'))
}

function holderOf(root: Holder, path: string): { holder: Holder; last: string } {
  const steps = stepsOf(path)
  let holder: unknown = root
  for (const step of steps.slice(0, -1)) {
    holder = Array.isArray(holder) ? holder[Number(step)] : isRecord(holder) ? holder[step] : undefined
    if (!isRecord(holder) && !Array.isArray(holder)) throw cannotApply(`doc is missing path: ${path}`)
  }
  return { holder: holder as Holder, last: steps.at(-1) ?? 'document' }
}

function read(root: Holder, path: string): unknown {
  const { holder, last } = holderOf(root, path)
  return Array.isArray(holder) ? holder[Number(last)] : holder[last]
}

function put(root: Holder, path: string, value: unknown, inserts: boolean): void {
  const { holder, last } = holderOf(root, path)
  if (!Array.isArray(holder)) {
    if (last === '__proto__') throw badRequest('a JSON patch may not touch __proto__')
    holder[last] = value
    return
  }
  const index = last === '-' ? holder.length : Number(last)
  if (!Number.isInteger(index) || index < 0 || index > holder.length)
    throw cannotApply(`the index of ${path} is out of bounds`)
  holder.splice(index, inserts ? 0 : 1, value)
}

function take(root: Holder, path: string): unknown {
  const { holder, last } = holderOf(root, path)
  const value = Array.isArray(holder) ? holder[Number(last)] : holder[last]
  if (value === undefined) throw cannotApply(`remove operation does not apply: ${path} is missing`)
  if (Array.isArray(holder)) holder.splice(Number(last), 1)
  else Reflect.deleteProperty(holder, last)
  return value
}
