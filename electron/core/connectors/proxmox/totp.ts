// Time-based one-time passwords (RFC 6238 over RFC 4226) for logins with a second factor. Pure; the seed comes from
// the vault for one call and is never kept.
import { createHmac } from 'node:crypto'

export interface TotpOptions {
  digits?: number
  stepSeconds?: number
  algorithm?: 'sha1' | 'sha256' | 'sha512'
}

/** The time step that `nowMs` falls into; a code is good for one step. */
export const totpStep = (nowMs: number, stepSeconds = 30): number => Math.floor(nowMs / 1000 / stepSeconds)

/** The code of one time step for a raw key: the dynamic truncation of RFC 4226, section 5.3. */
export function totpCode(
  key: Uint8Array,
  step: number,
  { digits = 6, algorithm = 'sha1' }: TotpOptions = {},
): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const mac = createHmac(algorithm, key).update(counter).digest()
  const offset = mac[mac.length - 1]! & 0x0f
  const binary = mac.readUInt32BE(offset) & 0x7fff_ffff
  return String(binary % 10 ** digits).padStart(digits, '0')
}

/** What a user stores as a seed: a base32 text (blanks and dashes allowed) or a whole otpauth:// address. */
export interface TotpSeed extends TotpOptions {
  key: Uint8Array
}

/** Undefined when the text is not a seed. */
export function parseTotpSeed(text: string): TotpSeed | undefined {
  const trimmed = text.trim()
  if (!/^otpauth:/i.test(trimmed)) {
    const key = decodeBase32(trimmed)
    return key && { key }
  }
  if (!URL.canParse(trimmed)) return undefined
  const { searchParams } = new URL(trimmed)
  const key = decodeBase32(searchParams.get('secret') ?? '')
  if (!key) return undefined
  const algorithm = (searchParams.get('algorithm') ?? 'sha1').toLowerCase()
  const digits = Number(searchParams.get('digits') ?? 6)
  const stepSeconds = Number(searchParams.get('period') ?? 30)
  if (algorithm !== 'sha1' && algorithm !== 'sha256' && algorithm !== 'sha512') return undefined
  if (!Number.isInteger(digits) || digits < 6 || digits > 8 || !(stepSeconds >= 10 && stepSeconds <= 300))
    return undefined
  return { key, algorithm, digits, stepSeconds }
}

/** RFC 4648 base32, without regard to case, blanks, dashes and padding. Undefined for anything else. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const clean = text.replace(/[\s-]/g, '').replace(/=+$/, '').toUpperCase()
  if (clean === '' || !/^[A-Z2-7]+$/.test(clean)) return undefined
  const bytes: number[] = []
  let bits = 0
  let held = 0
  for (const char of clean) {
    held = (held << 5) | 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(char)
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((held >> bits) & 0xff)
    held &= (1 << bits) - 1
  }
  return Uint8Array.from(bytes)
}
