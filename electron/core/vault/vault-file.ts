// The vault's file, byte by byte: magic, length and JSON of the header, the sealed body, and a SHA-256 over all of
// it. The digest finds accidents before any key is there; GCM, which covers the header too, finds intent.
//   "MERIDIAN VAULT\n" | u32 header length | header JSON | body (cipher text + tag) | SHA-256
import { createHash } from 'node:crypto'
import { z } from 'zod'

const magic = Buffer.from('MERIDIAN VAULT\n', 'ascii')
const formatVersion = 1
const digestBytes = 32
const maxHeaderBytes = 64 * 1024

const base64 = z
  .string()
  .max(16_384)
  .regex(/^[A-Za-z0-9+/]+={0,2}$/)

/** Argon2id's cost. The bounds keep a forged file from asking for the whole machine. */
export const kdfParameters = z.object({
  algorithm: z.literal('argon2id'),
  memoryKiB: z.number().int().min(64).max(1_048_576),
  iterations: z.number().int().min(1).max(20),
  parallelism: z.number().int().min(1).max(8),
})
export type KdfParameters = z.infer<typeof kdfParameters>

/** How the data key is kept: wrapped by a key from a passphrase, or sealed by the operating system. */
const keyGuard = z.discriminatedUnion('protection', [
  z.object({
    protection: z.literal('passphrase'),
    kdf: kdfParameters.extend({ salt: base64 }),
    nonce: base64,
    wrappedKey: base64,
  }),
  z.object({ protection: z.literal('os-keychain'), backend: z.string().max(100), sealedKey: base64 }),
])
export type KeyGuard = z.infer<typeof keyGuard>

const header = z.object({ version: z.literal(formatVersion), guard: keyGuard, bodyNonce: base64 })

export interface VaultFile {
  guard: KeyGuard
  bodyNonce: Buffer
  body: Buffer
  /** Everything before the body: what the body is bound to. */
  preamble: Buffer
}

export type ReadVaultFile =
  | { kind: 'whole'; file: VaultFile }
  | { kind: 'damaged'; why: string }
  /** Written by a later Meridian: not to be touched. */
  | { kind: 'newer'; version: number }

/** The readable beginning of a file: what `body` will be sealed under. */
export function encodePreamble(guard: KeyGuard, bodyNonce: Buffer): Buffer {
  const text = Buffer.from(
    JSON.stringify({ version: formatVersion, guard, bodyNonce: bodyNonce.toString('base64') }),
  )
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([magic, length, text])
}

export function encodeVaultFile(file: VaultFile): Buffer {
  const whole = Buffer.concat([file.preamble, file.body])
  return Buffer.concat([whole, digestOf(whole)])
}

/** Never throws: a file of any content is one of three things. */
export function decodeVaultFile(bytes: Buffer): ReadVaultFile {
  const damaged = (why: string): ReadVaultFile => ({ kind: 'damaged', why })
  const headerStart = magic.length + 4
  if (bytes.length < headerStart + digestBytes) return damaged('it is too short')
  if (!bytes.subarray(0, magic.length).equals(magic)) return damaged('it does not begin as a vault does')
  const whole = bytes.subarray(0, bytes.length - digestBytes)
  if (!digestOf(whole).equals(bytes.subarray(whole.length))) return damaged('its checksum does not match')
  const headerLength = whole.readUInt32BE(magic.length)
  const bodyStart = headerStart + headerLength
  if (headerLength > maxHeaderBytes || bodyStart > whole.length)
    return damaged('its header has an impossible length')
  const parsed = parseHeader(whole.subarray(headerStart, bodyStart))
  if (typeof parsed === 'string') return damaged(parsed)
  if (typeof parsed === 'number') return { kind: 'newer', version: parsed }
  return {
    kind: 'whole',
    file: {
      guard: parsed.guard,
      bodyNonce: Buffer.from(parsed.bodyNonce, 'base64'),
      body: whole.subarray(bodyStart),
      preamble: whole.subarray(0, bodyStart),
    },
  }
}

/** A number is a version from the future, a text is what is wrong. */
function parseHeader(bytes: Buffer): z.infer<typeof header> | number | string {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    const version = z.object({ version: z.number().int() }).safeParse(value).data?.version
    if (version !== undefined && version > formatVersion) return version
    const parsed = header.safeParse(value)
    return parsed.success ? parsed.data : 'its header is not understood'
  } catch {
    return 'its header is not understood'
  }
}

/** What the wrapped key is bound to: nobody can lower the cost of guessing and keep the key. */
export const guardContext = (kdf: KdfParameters & { salt: string }): Buffer =>
  Buffer.from(
    [
      'meridian vault key',
      formatVersion,
      kdf.algorithm,
      kdf.memoryKiB,
      kdf.iterations,
      kdf.parallelism,
      kdf.salt,
    ].join('|'),
  )

const digestOf = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest()
