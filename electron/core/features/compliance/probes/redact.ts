// Takes secrets out of evidence before it is kept: by the name of a field, by the look of a value, and whatever a
// connection itself logs in with is never part of an answer. What is taken out is counted, so that a reader knows.
// Rules judge the answer before; only what is written down passes through here.
import { maskSecrets } from '../../../storage/log-book.ts'

export interface Redacted {
  text: string
  redactions: number
}

const mark = '[redacted]'
const secretKey =
  /^(.*[_-])?(password|passwd|passphrase|secret|secrets?value|token|apikey|api[_-]key|private[_-]?key|keydata|ticket|csrf.*|cookie|cipassword|sshkeys|authorization|credential)$/i
/** Fields whose names sound secret and which are not: names of things, and switches. */
const publicKeys = new Set(['tokenid', 'token-name', 'secretname', 'tokens', 'automountserviceaccounttoken', 'serviceaccounttoken'])
const secretEnvironment = /password|passwd|secret|token|apikey|api_key|private_key/i
const secretTexts: readonly RegExp[] = [
  /\$(?:1|2[aby]|5|6|7|y|gy|argon2id?)\$[^\s:'"]+/g,
  /SCRAM-SHA-256\$[^\s'"]+/g,
  /\bmd5[0-9a-f]{32}\b/g,
  /(?<="[\w-]*(?:password|passwd|secret|token|apikey|private_?key)"\s*:\s*")[^"]+/gi,
  /\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*/g,
]

/** JSON of a value, fields with secrets replaced, cut off after `maxBytes`. */
export function redactJson(value: unknown, maxBytes: number): Redacted & { isCut: boolean } {
  let redactions = 0
  let budget = maxBytes
  let isCut = false
  const clean = (input: unknown, key: string, depth: number): unknown => {
    if (budget <= 0) {
      isCut = true
      return undefined
    }
    if (typeof input === 'string') {
      budget -= input.length + 8
      if (secretKey.test(key) && !publicKeys.has(key.toLowerCase()) && input !== '') {
        redactions += 1
        return mark
      }
      const { text, redactions: found } = redactText(input)
      redactions += found
      return text
    }
    if (typeof input !== 'object' || input === null) {
      budget -= 12
      return input
    }
    if (depth > 30) return null
    if (Array.isArray(input)) {
      const kept: unknown[] = []
      for (const item of input) {
        if (budget <= 0) {
          isCut = true
          break
        }
        kept.push(clean(item, key, depth + 1))
      }
      return kept
    }
    return cleanRecord(input as Record<string, unknown>, key, depth)
  }
  const cleanRecord = (record: Record<string, unknown>, key: string, depth: number): unknown => {
    const isEnvironment = typeof record['name'] === 'string' && secretEnvironment.test(record['name']) && typeof record['value'] === 'string'
    const isSecretObject = record['kind'] === 'Secret' || key === 'secretData'
    return Object.fromEntries(
      Object.entries(record).map(([name, item]) => {
        budget -= name.length + 4
        const isHidden =
          (isEnvironment && name === 'value' && item !== '') ||
          (isSecretObject && (name === 'data' || name === 'stringData')) ||
          name === 'kubectl.kubernetes.io/last-applied-configuration'
        if (!isHidden) return [name, clean(item, name, depth + 1)]
        redactions += 1
        return [name, mark]
      }),
    )
  }
  const text = JSON.stringify(clean(value, '', 0), null, 1) ?? 'null'
  return { text, redactions, isCut }
}

/** A text with hashes, keys and what follows a credential's name replaced. */
export function redactText(input: string): Redacted {
  let redactions = 0
  let text = input
  for (const pattern of secretTexts)
    text = text.replace(pattern, () => {
      redactions += 1
      return mark
    })
  const masked = maskSecrets(text)
  if (masked !== text) redactions += 1
  return { text: masked, redactions }
}
