// Checks requests and answers against the official descriptions of the Proxmox VE and PBS APIs, when a checkout of
// those lies beside the project. Test input only: used by the demo servers' conformance tests and by the connectors'
// tests, never by the product. Absent descriptions are no failure; the tests then skip and say so.
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'

export type ApiName = 'pve' | 'pbs'

export interface Schema {
  type?: string | undefined
  optional?: boolean | number | undefined
  enum?: (string | number)[] | null | undefined
  minimum?: number | undefined
  maximum?: number | undefined
  minLength?: number | undefined
  maxLength?: number | undefined
  pattern?: string | undefined
  format?: string | Record<string, Schema> | undefined
  requires?: string | undefined
  properties?: Record<string, Schema> | undefined
  items?: Schema | undefined
  additionalProperties?: unknown
  /** On a key: it may be given bare. On a PBS wrapper: the name of that key. */
  default_key?: boolean | number | string | undefined
  alias?: string | undefined
  keyAlias?: string | undefined
}

/** PVE maps keys to schemas; PBS wraps the same map into a schema, or describes a list, which is not checked. */
const propertyFormat: z.ZodType<Record<string, Schema> | undefined> = z.lazy(() =>
  z.union([
    z.looseObject({ type: z.string() }).transform((it) => unwrap(schema.parse(it))),
    z.record(z.string(), schema),
  ]),
)

const unwrap = (wrapper: Schema): Record<string, Schema> | undefined =>
  wrapper.properties &&
  Object.fromEntries(
    Object.entries(wrapper.properties).map(([key, spec]) => [
      key,
      key === wrapper.default_key ? { ...spec, default_key: true } : spec,
    ]),
  )

const schema: z.ZodType<Schema> = z.lazy(() =>
  z.looseObject({
    type: z.string().optional(),
    optional: z.union([z.boolean(), z.number()]).optional(),
    enum: z.array(z.union([z.string(), z.number()])).nullish(),
    minimum: z.number().optional(),
    maximum: z.number().optional(),
    minLength: z.number().optional(),
    maxLength: z.number().optional(),
    pattern: z.string().optional(),
    format: z.union([z.string(), propertyFormat]).optional(),
    requires: z.string().optional(),
    properties: z.record(z.string(), schema).optional(),
    items: schema.optional(),
    default_key: z.union([z.boolean(), z.number(), z.string()]).optional(),
    alias: z.string().optional(),
    keyAlias: z.string().optional(),
  }),
)

const operation = z.object({
  path: z.string(),
  method: z.string(),
  parameters: z.record(z.string(), schema).nullish(),
  additionalParameters: z.unknown(),
  returns: schema.nullish(),
  allowtoken: z.boolean().nullish(),
})
export type Operation = z.infer<typeof operation>

export interface ApiDescription {
  name: ApiName
  operations: Operation[]
  /** Named formats that have a pattern. */
  formats: ReadonlyMap<string, RegExp>
}

const folder = new URL('../../../../shared/api/', import.meta.url)

/** The description of an API; undefined when it is not beside this checkout. */
export function loadApiDescription(name: ApiName): ApiDescription | undefined {
  const file = new URL(`${name}.json`, folder)
  if (!existsSync(file)) return undefined
  const operations = z.array(operation).parse(JSON.parse(readFileSync(file, 'utf8')))
  return { name, operations, formats: name === 'pve' ? loadFormats() : new Map() }
}

function loadFormats(): Map<string, RegExp> {
  const file = new URL('pve-formats.json', folder)
  if (!existsSync(file)) return new Map()
  const parsed = z
    .object({ patterns: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(file, 'utf8')))
  return new Map(Object.entries(parsed.patterns).map(([name, pattern]) => [name, new RegExp(pattern)]))
}

export interface OperationMatch {
  operation: Operation
  pathValues: Record<string, string>
}

/** The operation that a method and a path (with or without `/api2/json`) mean; literals win over variables. */
export function findOperation(api: ApiDescription, method: string, path: string): OperationMatch | undefined {
  const segments = (path.replace(/^\/api2\/json/, '').split('?')[0] ?? '')
    .split('/')
    .filter(Boolean)
    .map(decodeURIComponent)
  let best: (OperationMatch & { literals: string }) | undefined
  for (const candidate of api.operations) {
    if (candidate.method !== method) continue
    const matched = matchTemplate(candidate.path, segments)
    if (matched && (!best || matched.literals > best.literals)) best = { operation: candidate, ...matched }
  }
  return best
}

function matchTemplate(template: string, segments: readonly string[]) {
  const parts = template.split('/').filter(Boolean)
  if (parts.length !== segments.length) return undefined
  const pathValues: Record<string, string> = {}
  let literals = ''
  for (const [index, part] of parts.entries()) {
    const given = segments[index] ?? ''
    if (part.startsWith('{')) {
      pathValues[part.slice(1, -1)] = given
      literals += '0'
    } else if (part === given) literals += '1'
    else return undefined
  }
  return { pathValues, literals }
}

/** What is wrong with a request; empty when the description allows it. `parameters` without those of the path. */
export function checkRequest(
  api: ApiDescription,
  method: string,
  path: string,
  parameters: Readonly<Record<string, unknown>> = {},
): string[] {
  const match = findOperation(api, method, path)
  if (!match) return [`${method} ${path}: no such operation`]
  const where = `${method} ${match.operation.path}`
  const specs = match.operation.parameters ?? {}
  const given: Record<string, unknown> = { ...match.pathValues, ...parameters }
  const problems: string[] = []
  for (const [name, value] of Object.entries(given)) {
    const spec = specs[name] ?? specs[name.replace(/\d+$/, '[n]')]
    if (spec) problems.push(...checkValue(api, spec, value, `${where}: ${name}`, 'request'))
    else if (match.operation.additionalParameters === false && !(name in match.pathValues)) {
      problems.push(`${where}: unknown parameter ${name}`)
    }
    if (spec?.requires && !(spec.requires in given))
      problems.push(`${where}: ${name} requires ${spec.requires}`)
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (!spec.optional && !name.endsWith('[n]') && !(name in given))
      problems.push(`${where}: ${name} is missing`)
  }
  return problems
}

/** What is wrong with the `data` of an answer. Known gaps of the descriptions are passed over. */
export function checkResponse(api: ApiDescription, method: string, path: string, data: unknown): string[] {
  const match = findOperation(api, method, path)
  if (!match) return [`${method} ${path}: no such operation`]
  const { returns } = match.operation
  // PBS declares `null` for many calls that do answer something (notes, rrd, indexes).
  if (!returns || (api.name === 'pbs' && returns.type === 'null')) return []
  return checkValue(api, returns, data, `${method} ${match.operation.path}: data`, 'response')
}

type Direction = 'request' | 'response'

const isMissing = (value: unknown): boolean => value === undefined || value === null

function checkValue(
  api: ApiDescription,
  spec: Schema,
  value: unknown,
  where: string,
  direction: Direction,
): string[] {
  switch (spec.type) {
    case 'null':
      return isMissing(value) ? [] : [`${where} should be null`]
    case 'boolean':
      return isBoolean(api, value, direction) ? [] : [`${where} is no boolean: ${JSON.stringify(value)}`]
    case 'integer':
    case 'number':
      return checkNumber(api, spec, value, where, direction)
    case 'array':
      return checkArray(api, spec, value, where, direction)
    case 'object':
      return checkObject(api, spec, value, where, direction)
    case 'string':
      return checkText(api, spec, value, where, direction)
    default:
      return []
  }
}

function isBoolean(api: ApiDescription, value: unknown, direction: Direction): boolean {
  const words = ['0', '1', 'true', 'false', 'yes', 'no', 'on', 'off']
  if (direction === 'request') return typeof value === 'boolean' || words.includes(String(value))
  return api.name === 'pbs'
    ? typeof value === 'boolean'
    : value === 0 || value === 1 || value === '0' || value === '1'
}

function checkNumber(
  api: ApiDescription,
  spec: Schema,
  value: unknown,
  where: string,
  direction: Direction,
): string[] {
  const isText = typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value)
  const isAccepted = typeof value === 'number' || (isText && (direction === 'request' || api.name === 'pve'))
  if (!isAccepted) return [`${where} is no number: ${JSON.stringify(value)}`]
  const number = Number(value)
  if (spec.type === 'integer' && !Number.isInteger(number)) return [`${where} is no integer: ${number}`]
  if (spec.minimum !== undefined && number < spec.minimum)
    return [`${where} is below ${spec.minimum}: ${number}`]
  if (spec.maximum !== undefined && number > spec.maximum)
    return [`${where} is above ${spec.maximum}: ${number}`]
  return []
}

function checkArray(
  api: ApiDescription,
  spec: Schema,
  value: unknown,
  where: string,
  direction: Direction,
): string[] {
  const items = direction === 'request' && !Array.isArray(value) ? [value] : value
  if (!Array.isArray(items)) return [`${where} is no array`]
  const { items: each } = spec
  return each
    ? items.flatMap((item, index) => checkValue(api, each, item, `${where}[${index}]`, direction))
    : []
}

function checkObject(
  api: ApiDescription,
  spec: Schema,
  value: unknown,
  where: string,
  direction: Direction,
): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [`${where} is no object`]
  const given: Record<string, unknown> = { ...value }
  return Object.entries(spec.properties ?? {}).flatMap(([name, property]) => {
    if (name.endsWith('[n]')) {
      const members = Object.keys(given).filter((key) => key.replace(/\d+$/, '[n]') === name)
      return members.flatMap((key) => checkValue(api, property, given[key], `${where}.${key}`, direction))
    }
    if (isMissing(given[name])) return property.optional ? [] : [`${where}.${name} is missing`]
    if (isKnownGap(api, where, name)) return []
    return checkValue(api, property, given[name], `${where}.${name}`, direction)
  })
}

/** PBS says that a snapshot's files are texts; on the wire they are objects. */
const isKnownGap = (api: ApiDescription, where: string, name: string): boolean =>
  api.name === 'pbs' && name === 'files' && where.includes('/snapshots:')

function checkText(
  api: ApiDescription,
  spec: Schema,
  value: unknown,
  where: string,
  direction: Direction,
): string[] {
  const isScalar =
    typeof value === 'string' ||
    (typeof value === 'number' && (api.name === 'pve' || direction === 'request'))
  if (!isScalar) return [`${where} is no text: ${JSON.stringify(value)}`]
  const text = String(value)
  const shown = JSON.stringify(text.slice(0, 80))
  const problems: string[] = []
  if (spec.enum && !spec.enum.map(String).includes(text))
    problems.push(`${where} is not in the enumeration: ${shown}`)
  if (spec.minLength !== undefined && text.length < spec.minLength)
    problems.push(`${where} is too short: ${shown}`)
  if (spec.maxLength !== undefined && text.length > spec.maxLength)
    problems.push(`${where} is too long: ${shown}`)
  if (spec.pattern && !patternOf(api, spec.pattern).test(text))
    problems.push(`${where} breaks its pattern: ${shown}`)
  if (typeof spec.format === 'string') problems.push(...checkFormat(api, spec.format, text, where))
  else if (spec.format && text !== '')
    problems.push(...checkPropertyString(api, spec.format, text, where, direction))
  return problems
}

/** PVE pastes the pattern between anchors without parentheses; PBS patterns are complete. */
const patternOf = (api: ApiDescription, pattern: string): RegExp =>
  new RegExp(api.name === 'pve' ? `^${pattern}$` : pattern)

function checkFormat(api: ApiDescription, format: string, text: string, where: string): string[] {
  const whole = api.formats.get(format)
  if (whole) return whole.test(text) ? [] : [`${where} is no ${format}: ${JSON.stringify(text)}`]
  const each = format.endsWith('-list') ? api.formats.get(format.slice(0, -'-list'.length)) : undefined
  if (!each) return []
  const parts = text.split(text.includes('\0') ? '\0' : /[,;\s]+/).filter(Boolean)
  return parts
    .filter((part) => !each.test(part))
    .map((part) => `${where} holds no ${format}: ${JSON.stringify(part)}`)
}

/** `key=value,key=value`; the default key may be given bare, an alias stands for another key. */
function checkPropertyString(
  api: ApiDescription,
  format: Record<string, Schema>,
  text: string,
  where: string,
  direction: Direction,
): string[] {
  const problems: string[] = []
  const seen = new Set<string>()
  for (const part of text.split(',')) {
    const cut = part.indexOf('=')
    const bare = Object.entries(format).find(([, spec]) => spec.default_key)?.[0]
    const key = cut < 0 ? bare : part.slice(0, cut)
    const spec = key === undefined ? undefined : format[key]
    if (key === undefined || !spec) {
      problems.push(`${where}: unknown part ${JSON.stringify(part)}`)
      continue
    }
    const meant = spec.alias ?? key
    seen.add(meant)
    if (spec.keyAlias) seen.add(spec.keyAlias)
    const target = format[meant] ?? spec
    // Inside a property string everything is text, booleans and numbers included.
    problems.push(...checkValue(api, target, part.slice(cut + 1), `${where}.${meant}`, 'request'))
  }
  for (const [key, spec] of Object.entries(format)) {
    if (!spec.optional && !spec.alias && !seen.has(key))
      problems.push(`${where}.${key} is missing (${direction})`)
  }
  return problems
}
