// Reading fields of objects whose kind is only known at run time: by path, with nothing where the field is absent or
// of another type. Pure.
import { parseQuantity } from './kubernetes-quantity.ts'

/** `status.conditions.0.type`. */
export function fieldAt(object: unknown, path: string): unknown {
  let value = object
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined
    value = (value as Record<string, unknown>)[step]
  }
  return value
}

export function textAt(object: unknown, path: string): string {
  const value = fieldAt(object, path)
  return typeof value === 'string' ? value : typeof value === 'number' ? String(value) : ''
}
export function numberAt(object: unknown, path: string): number | undefined {
  const value = fieldAt(object, path)
  return typeof value === 'number' ? value : undefined
}
export const flagAt = (object: unknown, path: string): boolean => fieldAt(object, path) === true
export function listAt(object: unknown, path: string): unknown[] {
  const value = fieldAt(object, path)
  return Array.isArray(value) ? value : []
}
export function recordAt(object: unknown, path: string): Record<string, unknown> {
  const value = fieldAt(object, path)
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}
export const textsAt = (object: unknown, path: string): Record<string, string> =>
  Object.fromEntries(Object.entries(recordAt(object, path)).map(([key, value]) => [key, String(value)]))

/** A time of the API in ms; null where there is none. */
export function timeAt(object: unknown, path: string): number | null {
  const ms = Date.parse(textAt(object, path))
  return Number.isNaN(ms) ? null : ms
}
export function quantityAt(object: unknown, path: string): number | undefined {
  const value = fieldAt(object, path)
  return typeof value === 'string' || typeof value === 'number' ? parseQuantity(value) : undefined
}
