// Why a rule gave no value. `unread` means that a probe it needed could not look: that is unknown, not an error.

export class RuleFault extends Error {
  readonly kind: 'shape' | 'unread'
  constructor(message: string, kind: 'shape' | 'unread' = 'shape') {
    super(message)
    this.kind = kind
  }
}

/** What a value is, as a sentence names it. */
export function typeWord(value: unknown): string {
  if (value === null || value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value === 'object') return 'a record'
  if (typeof value === 'number') return Number.isNaN(value) ? 'something that is no number' : 'a number'
  return typeof value === 'string' ? 'a text' : 'a yes or no'
}
