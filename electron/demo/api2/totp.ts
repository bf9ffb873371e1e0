// Time-based one-time passwords (RFC 6238, SHA-1, six digits, 30 seconds), as the demo identities' second factor.
// Works on real time, not on the lab's clock: the client's authenticator knows nothing of the lab's jumps.
import { createHmac } from 'node:crypto'

const stepSeconds = 30
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The code of a base32 seed at a moment (milliseconds since the epoch). */
export function totpCode(seedBase32: string, atMs: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 1000 / stepSeconds)))
  const digest = createHmac('sha1', decodeBase32(seedBase32)).update(counter).digest()
  const offset = (digest.at(-1) ?? 0) & 0x0f
  const number = digest.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 1_000_000).padStart(6, '0')
}

/** True for the code of this step and of its neighbours. */
export const isTotpValid = (seedBase32: string, code: string, nowMs: number): boolean =>
  [-1, 0, 1].some((steps) => totpCode(seedBase32, nowMs + steps * stepSeconds * 1000) === code)

function decodeBase32(text: string): Buffer {
  let bits = ''
  for (const letter of text.toUpperCase().replaceAll('=', '')) {
    bits += alphabet.indexOf(letter).toString(2).padStart(5, '0')
  }
  const bytes = bits.match(/.{8}/g) ?? []
  return Buffer.from(bytes.map((byte) => Number.parseInt(byte, 2)))
}
