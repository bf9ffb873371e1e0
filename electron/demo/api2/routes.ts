// The route table of an API2 server: path template and method → handler, parameters and required right. The tables
// themselves live beside their products; this file only types, collects and matches them.
import type { ParameterSpecs, ValuesOf } from './parameters.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

/**
 * Who may call. `world`: without login. `login`: any identity (the handler filters). Otherwise the privileges on a
 * path template; all of them, or one of them when `isAnyEnough`.
 */
export type Requirement =
  | 'world'
  | 'login'
  | { readonly path: string; readonly privileges: readonly string[]; readonly isAnyEnough?: boolean }

type PathNames<T extends string> = T extends `${string}{${infer Name}}${infer Rest}`
  ? Name | PathNames<Rest>
  : never
export type PathValues<T extends string> = { [N in PathNames<T>]: N extends 'vmid' ? number : string }

export interface Route<Call> {
  readonly method: Method
  readonly template: string
  readonly segments: readonly string[]
  readonly needs: Requirement
  readonly parameters: ParameterSpecs
  /** False: refused with 403 for API tokens. */
  readonly isTokenAllowed: boolean
  run(input: Record<string, unknown>, call: Call): unknown
}

export interface RouteOptions<Call, T extends string, P extends ParameterSpecs> {
  needs: Requirement
  parameters?: P
  isTokenAllowed?: boolean
  /** `input` holds path and other parameters, checked. Throws ApiFault; what it returns becomes `data`. */
  run(input: PathValues<T> & ValuesOf<P>, call: Call): unknown
}

/** A function that declares routes for one kind of call context. */
export const routeMaker =
  <Call>() =>
  <const T extends string, const P extends ParameterSpecs = Record<never, never>>(
    method: Method,
    template: T,
    options: RouteOptions<Call, T, P>,
  ): Route<Call> => ({
    method,
    template,
    segments: template.split('/').filter(Boolean),
    needs: options.needs,
    parameters: options.parameters ?? {},
    isTokenAllowed: options.isTokenAllowed ?? true,
    // The server calls `run` only with values that passed verifyParameters for exactly these specs.
    run: (input, call) => options.run(input as PathValues<T> & ValuesOf<P>, call),
  })

export interface Match<Call> {
  route: Route<Call>
  path: Record<string, string>
}

/**
 * Finds routes by method and path below `/api2/json`. A literal segment wins over a `{name}` one. Throws a
 * RangeError at start when two routes share method and template.
 */
export function createRouteTable<Call>(routes: readonly Route<Call>[]) {
  const seen = new Set<string>()
  for (const route of routes) {
    const key = `${route.method} ${route.template.replaceAll(/\{\w+\}/g, '{}')}`
    if (seen.has(key)) throw new RangeError(`The route ${key} is declared twice.`)
    seen.add(key)
  }
  const ordered = [...routes].sort((a, b) => specificity(b).localeCompare(specificity(a)))
  return {
    routes,
    match(method: string, path: string): Match<Call> | undefined {
      const segments = path.split('/').filter(Boolean).map(decodeSegment)
      for (const route of ordered) {
        if (route.method !== method) continue
        const values = matchSegments(route.segments, segments)
        if (values) return { route, path: values }
      }
      return undefined
    },
  }
}

const isVariable = (segment: string): boolean => segment.startsWith('{')

/** One digit a segment, literals above variables: compares position by position. */
const specificity = (route: Route<never>): string =>
  route.segments.map((segment) => (isVariable(segment) ? '1' : '2')).join('')

function matchSegments(
  template: readonly string[],
  actual: readonly string[],
): Record<string, string> | undefined {
  if (template.length !== actual.length) return undefined
  const values: Record<string, string> = {}
  for (const [index, segment] of template.entries()) {
    const given = actual[index] ?? ''
    if (isVariable(segment)) values[segment.slice(1, -1)] = given
    else if (segment !== given) return undefined
  }
  return values
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    return segment
  }
}
