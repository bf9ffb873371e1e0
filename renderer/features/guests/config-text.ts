// A guest's configuration as text to edit (YAML, every value a text), and what an edited text changes. Pure.
import { Document, parse } from 'yaml'
import { AppError } from '#shared/errors.ts'

export interface ConfigChanges {
  set: Record<string, string>
  remove: string[]
}

/** What people look for first stands first; the rest by name. */
const first = ['name', 'hostname', 'description', 'tags', 'cores', 'sockets', 'cpu', 'memory', 'balloon', 'swap', 'onboot']
const rank = (key: string): number => (first.includes(key) ? first.indexOf(key) : first.length)

export function toConfigText(values: Readonly<Record<string, string>>): string {
  const keys = Object.keys(values).sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, 'en', { numeric: true }))
  return new Document(Object.fromEntries(keys.map((key) => [key, values[key]])), { schema: 'failsafe' }).toString({ lineWidth: 0 })
}

/** Throws `invalid-input` with the line for a text that is none. */
export function parseConfigText(text: string): Record<string, string> {
  let parsed: unknown
  try {
    parsed = parse(text, { schema: 'failsafe' })
  } catch (thrown) {
    throw new AppError('invalid-input', `This cannot be read: ${(thrown as Error).message.split('\n')[0]}`, { remedy: 'Each line is an option, a colon, a space and its value.' })
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new AppError('invalid-input', 'This is no list of options.')
  const values: Record<string, string> = {}
  for (const [key, value] of Object.entries(parsed)) {
    if (typeof value !== 'string') throw new AppError('invalid-input', `The value of ${key} must be on one line, or a text.`)
    values[key] = value
  }
  return values
}

export function changesBetween(before: Readonly<Record<string, string>>, after: Readonly<Record<string, string>>): ConfigChanges {
  return {
    set: Object.fromEntries(Object.entries(after).filter(([key, value]) => before[key] !== value)),
    remove: Object.keys(before).filter((key) => after[key] === undefined),
  }
}

export const countChanges = ({ set, remove }: ConfigChanges): number => Object.keys(set).length + remove.length
