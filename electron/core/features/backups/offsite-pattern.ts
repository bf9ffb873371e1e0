// How a site names its off-site copies: a pattern with placeholders, turned into what recognises a key. Pure.
import { AppError } from '#shared/errors.ts'

export interface CopyName {
  cadence: 'weekly' | 'monthly'
  /** `vm`, `ct`, `db`… as the key says. */
  type: string
  backupId: string
  name: string
  cluster: string
  /** Begin of the day in the key; null = the pattern has none. */
  dateMs: number | null
}

const fields: Record<string, string> = {
  cluster: '[^/]+?',
  cadence: 'weekly|monthly',
  type: '[^/]+?',
  id: '[^/]+?',
  name: '[^/.]+?',
  date: '\\d{4}-?\\d{2}-?\\d{2}',
}

export type KeyReader = (key: string) => CopyName | undefined

/** Throws `invalid-input` for a pattern that could not tell copies apart. */
export function createKeyReader(pattern: string): KeyReader {
  const seen = new Set<string>()
  const parts = pattern.split(/(\{[^}]*\}|\*)/).map((part) => {
    if (part === '*') return '.*'
    const name = /^\{(.*)\}$/.exec(part)?.[1]
    if (name === undefined) return part.replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    const field = fields[name]
    if (field === undefined) throw refuse(`The pattern has a placeholder {${name}} that is not known.`)
    if (seen.has(name)) return `\\k<${name}>`
    seen.add(name)
    return `(?<${name}>${field})`
  })
  if (!seen.has('cadence'))
    throw refuse('The pattern needs {cadence}: it tells weekly copies from monthly ones.')
  if (!seen.has('id') && !seen.has('name'))
    throw refuse('The pattern needs {id} or {name}: it tells whose copy it is.')
  const expression = new RegExp(`^${parts.join('')}$`, 's')
  return (key) => {
    const groups = expression.exec(key)?.groups
    if (!groups) return undefined
    const digits = groups['date']?.replaceAll('-', '')
    const dateMs = digits
      ? Date.parse(`${digits.slice(0, 4)}-${digits.slice(4, 6)}-${digits.slice(6, 8)}T00:00:00Z`)
      : null
    if (dateMs !== null && Number.isNaN(dateMs)) return undefined
    return {
      cadence: groups['cadence'] === 'monthly' ? 'monthly' : 'weekly',
      type: groups['type'] ?? 'vm',
      backupId: groups['id'] ?? '',
      name: groups['name'] ?? '',
      cluster: groups['cluster'] ?? '',
      dateMs,
    }
  }
}

const refuse = (message: string): AppError =>
  new AppError('invalid-input', message, {
    remedy: `Known placeholders: ${Object.keys(fields)
      .map((name) => `{${name}}`)
      .join(', ')}; * stands for anything.`,
    detail: { kind: 'validation', fields: { pattern: message } },
  })
