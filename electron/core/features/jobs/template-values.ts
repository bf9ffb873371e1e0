// The substitution of templates: `{{ parameters.x }}` in the values of parsed YAML, and nothing else. Text is never
// put together, so a value can become neither a key nor a line nor another expression. Pure.

export type Scope = Readonly<Record<string, Readonly<Record<string, unknown>>>>

export interface Substituted {
  value: unknown
  /** In words; empty when everything was found. */
  problems: string[]
  /** Which parameter stands at which path (`spec.template.spec.containers[0].image`). */
  origins: ReadonlyMap<string, string>
}

/**
 * `{{ group.name }}`; with `?` the value, and the key or item that holds it, is left out where it is not given; with
 * `| text` a number becomes a text, as Kubernetes wants quantities and environment variables.
 */
const expression = /\{\{\s*([a-z]+)\.([A-Za-z][A-Za-z0-9]*)(\?)?\s*(\|\s*text)?\s*\}\}/g
const whole = new RegExp(`^${expression.source}$`)
const leftOut = Symbol('left out')

/** A new value with every expression replaced. A string that is one expression takes the value's own type. */
export function substitute(template: unknown, scope: Scope): Substituted {
  const problems: string[] = []
  const origins = new Map<string, string>()

  const lookUp = (group: string, name: string, path: string): unknown => {
    const values = Object.hasOwn(scope, group) ? scope[group] : undefined
    if (values === undefined) problems.push(`${path}: there is nothing called “${group}” in a template.`)
    return values !== undefined && Object.hasOwn(values, name) ? values[name] : undefined
  }
  const note = (group: string, name: string, path: string): void => {
    if (group === 'parameters') origins.set(path, name)
  }
  function text(value: string, path: string): unknown {
    const [, group = '', name = '', optional, asText] = whole.exec(value) ?? []
    if (group !== '') {
      note(group, name, path)
      const found = lookUp(group, name, path)
      if (found !== undefined && found !== null && found !== '')
        return asText && (typeof found === 'number' || typeof found === 'boolean') ? String(found) : found
      if (optional) return leftOut
      if (found === undefined) problems.push(`${path}: ${group}.${name} has no value.`)
      return found ?? ''
    }
    const replaced = value.replace(expression, (_match, inGroup: string, inName: string, isOptional?: string) => {
      note(inGroup, inName, path)
      const found = lookUp(inGroup, inName, path)
      if (typeof found === 'string' || typeof found === 'number' || typeof found === 'boolean') return String(found)
      if (found === undefined && isOptional) return ''
      problems.push(`${path}: ${inGroup}.${inName} ${found === undefined ? 'has no value' : 'is no single value and cannot stand inside of a text'}.`)
      return ''
    })
    // What is left of braces in the template itself was meant as an expression. Braces in values are the user's own.
    if (value.replace(expression, '').includes('{{')) problems.push(`${path}: “${value.slice(0, 80)}” holds an expression that is not understood.`)
    return replaced
  }
  function walk(value: unknown, path: string): unknown {
    if (typeof value === 'string') return text(value, path)
    if (Array.isArray(value)) return value.map((item, index) => walk(item, `${path}[${index}]`)).filter((item) => item !== leftOut)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([key, item]): [string, unknown] => {
      if (key.includes('{{')) problems.push(`${path || 'the template'}: keys are never substituted (“${key.slice(0, 80)}”).`)
      return [key, walk(item, path ? `${path}.${key}` : key)]
    })
    return Object.fromEntries(entries.filter(([, item]) => item !== leftOut))
  }
  const value = walk(template, '')
  return { value: value === leftOut ? undefined : value, problems, origins }
}
