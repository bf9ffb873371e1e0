// Looking for secrets in bytes, in every coat in which they could travel: plain, base64 and base64url at each of the
// three alignments, hex of either case, UTF-16. Secrets are random letters and digits, so URL- and JSON-encoding
// leave them as they are.
import { randomBytes } from 'node:crypto'

export interface Sentinels {
  /** A new secret that no other text can contain by chance. `what` names it in a finding. */
  plant(what: string): string
  /** Which secrets are in these bytes, and in which coat. */
  search(bytes: Buffer): string[]
}

export function createSentinels(): Sentinels {
  const coats: Array<{ what: string; coat: string; needle: Buffer }> = []
  return {
    plant(what) {
      const secret = `Zq${randomBytes(12).toString('hex')}7X`
      for (const [coat, text] of coatsOf(secret))
        coats.push({ what, coat, needle: Buffer.from(text, 'latin1') })
      return secret
    },
    search: (bytes) =>
      coats.filter(({ needle }) => bytes.includes(needle)).map(({ what, coat }) => `${what} (${coat})`),
  }
}

function coatsOf(secret: string): Array<[string, string]> {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  const base64 = [0, 1, 2].map((shift): [string, string] => {
    // Letters that depend on the neighbours are cut off at both ends.
    const text = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/, '')
    return [`base64 at ${shift}`, text.slice(shift === 0 ? 0 : shift + 1, -2)]
  })
  return [
    ['plain', secret],
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['UTF-16', Buffer.from(secret, 'utf16le').toString('latin1')],
    ...base64,
  ]
}
