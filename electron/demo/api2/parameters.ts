// Parameters of an API2 call: what a route accepts, and the strict check of what a client sent. Used by the route
// tables of the Proxmox VE and PBS demo servers. Knows the rules of the wire (0/1, yes/no, lists), no single call.

export type ParameterKind = 'string' | 'integer' | 'number' | 'boolean' | 'array'

export interface ParameterSpec {
  readonly kind: ParameterKind
  readonly isOptional?: boolean
  readonly oneOf?: readonly string[]
  readonly pattern?: RegExp
  readonly minimum?: number
  readonly maximum?: number
  /** Another parameter that must be given, too. */
  readonly requires?: string
}

export type ParameterSpecs = Readonly<Record<string, ParameterSpec>>

type Limits = Omit<ParameterSpec, 'kind' | 'isOptional'>

export const text = (limits: Limits = {}) => ({ kind: 'string', ...limits }) as const
export const integer = (limits: Limits = {}) => ({ kind: 'integer', ...limits }) as const
export const decimal = (limits: Limits = {}) => ({ kind: 'number', ...limits }) as const
export const flag = () => ({ kind: 'boolean' }) as const
export const list = () => ({ kind: 'array' }) as const
export const choice = (...oneOf: string[]) => ({ kind: 'string', oneOf }) as const
export const requiring = <S extends ParameterSpec>(requires: string, spec: S) =>
  ({ ...spec, requires }) as const
export const optional = <S extends ParameterSpec>(spec: S) => ({ ...spec, isOptional: true }) as const

type ValueOf<S extends ParameterSpec> = S['kind'] extends 'integer' | 'number'
  ? number
  : S['kind'] extends 'boolean'
    ? boolean
    : S['kind'] extends 'array'
      ? string[]
      : string

/** The checked values of a call, typed by its specs. */
export type ValuesOf<P extends ParameterSpecs> = {
  [K in keyof P as P[K] extends { isOptional: true } ? never : K]: ValueOf<P[K]>
} & { [K in keyof P as P[K] extends { isOptional: true } ? K : never]?: ValueOf<P[K]> }

/** What came over the wire for one name: a form's text, a repeated key, or a JSON value. */
export type RawValue = string | number | boolean | (string | number | boolean)[] | null

export interface Verified {
  values: Record<string, unknown>
  /** Parameter → why it was refused; empty when all is well. */
  errors: Record<string, string>
}

/** Checks raw values against specs; unknown names are refused unless a family such as `net[n]` covers them. */
export function verifyParameters(specs: ParameterSpecs, raw: ReadonlyMap<string, RawValue>): Verified {
  const values: Record<string, unknown> = {}
  const errors: Record<string, string> = {}
  for (const [name, value] of raw) {
    const spec = specs[name] ?? specs[name.replace(/\d+$/, '[n]')]
    if (!spec) {
      errors[name] = 'property is not defined in schema and the schema does not allow additional properties'
      continue
    }
    const outcome = verifyOne(spec, value)
    if ('problem' in outcome) errors[name] = outcome.problem
    else values[name] = outcome.value
  }
  for (const [name, spec] of Object.entries(specs)) {
    if (!spec.isOptional && !raw.has(name)) errors[name] = 'property is missing and it is not optional'
    if (spec.requires && raw.has(name) && !raw.has(spec.requires)) {
      errors[spec.requires] = `missing property - '${name}' requires this property`
    }
  }
  return { values, errors }
}

type Outcome = { value: unknown } | { problem: string }

const truths = new Map([
  ...['1', 'on', 'yes', 'true'].map((word) => [word, true] as const),
  ...['0', 'off', 'no', 'false'].map((word) => [word, false] as const),
])

function verifyOne(spec: ParameterSpec, raw: RawValue): Outcome {
  if (spec.kind === 'array') return { value: (Array.isArray(raw) ? raw : [raw]).map(String) }
  if (Array.isArray(raw)) return { problem: `type check ('${spec.kind}') failed - got ARRAY` }
  const value = raw === null ? '' : String(raw)
  switch (spec.kind) {
    case 'boolean': {
      const truth = truths.get(value.toLowerCase())
      return truth === undefined
        ? { problem: `type check ('boolean') failed - got '${value}'` }
        : { value: truth }
    }
    case 'integer':
    case 'number':
      return verifyNumber(spec, value)
    case 'string':
      return verifyText(spec, value)
  }
}

function verifyNumber(spec: ParameterSpec, value: string): Outcome {
  const isWellFormed = spec.kind === 'integer' ? /^-?\d+$/.test(value) : /^-?\d+(\.\d+)?$/.test(value)
  if (!isWellFormed) return { problem: `type check ('${spec.kind}') failed - got '${value}'` }
  const number = Number(value)
  if (spec.minimum !== undefined && number < spec.minimum) {
    return { problem: `value must have a minimum value of ${spec.minimum}` }
  }
  if (spec.maximum !== undefined && number > spec.maximum) {
    return { problem: `value must have a maximum value of ${spec.maximum}` }
  }
  return { value: number }
}

function verifyText(spec: ParameterSpec, value: string): Outcome {
  if (spec.oneOf && !spec.oneOf.includes(value)) {
    return { problem: `value '${value}' does not have a value in the enumeration '${spec.oneOf.join(', ')}'` }
  }
  if (spec.pattern && !spec.pattern.test(value)) return { problem: 'value does not match the regex pattern' }
  return { value }
}
