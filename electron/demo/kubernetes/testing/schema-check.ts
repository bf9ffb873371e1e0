// Checks a JSON value against a schema of the official Kubernetes description (Swagger 2.0 definitions) or of a custom
// resource: types, required fields, references, and no field that the description does not know. For tests only.
import { isRecord } from '../storage/kube-object.ts'

export interface Schema {
  $ref?: string
  type?: string
  format?: string
  required?: string[]
  properties?: Record<string, Schema>
  items?: Schema
  additionalProperties?: Schema | boolean
  enum?: unknown[]
  'x-kubernetes-preserve-unknown-fields'?: boolean
  'x-kubernetes-int-or-string'?: boolean
}

export type Definitions = Record<string, Schema>

/** Definitions whose wire form their schema does not tell. */
const freeForm = [
  'io.k8s.apimachinery.pkg.api.resource.Quantity',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString',
  'io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1',
  'io.k8s.apimachinery.pkg.runtime.RawExtension',
]

/** Every disagreement as `path: what`, the first few of them. */
export function disagreements(value: unknown, schema: Schema, definitions: Definitions): string[] {
  const found: string[] = []
  check(value, schema, definitions, '', found)
  return found.slice(0, 12)
}

function check(
  value: unknown,
  schema: Schema,
  definitions: Definitions,
  path: string,
  found: string[],
): void {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.replace(/^.*#\/definitions\//, '')
    const target = definitions[name]
    if (target === undefined) found.push(`${path}: unknown reference ${name}`)
    else if (freeForm.includes(name)) checkFreeForm(value, path, found)
    else check(value, target, definitions, path, found)
    return
  }
  if (schema['x-kubernetes-int-or-string'] === true) return checkFreeForm(value, path, found)
  if (value === null) return
  if (!isType(value, schema)) {
    found.push(`${path}: ${JSON.stringify(value)?.slice(0, 60)} is not ${schema.type} ${schema.format ?? ''}`)
    return
  }
  if (schema.enum !== undefined && !schema.enum.includes(value))
    found.push(`${path}: ${String(value)} is not in the list`)
  if (Array.isArray(value)) {
    const { items } = schema
    if (items !== undefined)
      value.forEach((part, index) => check(part, items, definitions, `${path}[${index}]`, found))
  } else if (isRecord(value)) checkRecord(value, schema, definitions, path, found)
}

function checkRecord(
  value: Record<string, unknown>,
  schema: Schema,
  definitions: Definitions,
  path: string,
  found: string[],
): void {
  for (const name of schema.required ?? []) if (!(name in value)) found.push(`${path}.${name}: missing`)
  const { properties, additionalProperties } = schema
  for (const [name, part] of Object.entries(value)) {
    const known = properties?.[name]
    if (known !== undefined) check(part, known, definitions, `${path}.${name}`, found)
    else if (typeof additionalProperties === 'object')
      check(part, additionalProperties, definitions, `${path}.${name}`, found)
    else if (
      properties !== undefined &&
      additionalProperties !== true &&
      schema['x-kubernetes-preserve-unknown-fields'] !== true
    )
      found.push(`${path}.${name}: not in the description`)
  }
}

function checkFreeForm(value: unknown, path: string, found: string[]): void {
  if (value === null || value === undefined) found.push(`${path}: empty`)
}

function isType(value: unknown, { type, format }: Schema): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string' && (format !== 'date-time' || !Number.isNaN(Date.parse(value)))
    case 'integer':
      return Number.isInteger(value)
    case 'number':
      return typeof value === 'number'
    case 'boolean':
      return typeof value === 'boolean'
    case 'array':
      return Array.isArray(value)
    case 'object':
      return isRecord(value)
    default:
      return true
  }
}
