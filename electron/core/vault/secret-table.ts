// The opened vault in memory: secrets as byte buffers that can be wiped, never as JSON texts. Also their form inside
// the sealed body: for each secret the lengths and bytes of connection id, name and value.
import { secretName, type SecretName } from '#shared/model/connection.ts'
import type { SecretChanges } from './vault.ts'

export type SecretTable = Map<string, Map<SecretName, Buffer>>

export function encodeTable(table: SecretTable): Buffer {
  const parts: Buffer[] = []
  for (const [id, secrets] of table) {
    for (const [name, value] of secrets) {
      const head = Buffer.from(JSON.stringify([id, name]))
      const lengths = Buffer.alloc(8)
      lengths.writeUInt32BE(head.length, 0)
      lengths.writeUInt32BE(value.length, 4)
      parts.push(lengths, head, value)
    }
  }
  return Buffer.concat(parts)
}

/** Throws when the bytes are not a table: they were authenticated, so only a fault of Meridian's own can cause it. */
export function decodeTable(bytes: Buffer): SecretTable {
  const table: SecretTable = new Map()
  let offset = 0
  while (offset < bytes.length) {
    const headLength = bytes.readUInt32BE(offset)
    const valueLength = bytes.readUInt32BE(offset + 4)
    const headEnd = offset + 8 + headLength
    if (headEnd + valueLength > bytes.length)
      throw new RangeError('A secret reaches beyond the end of the vault.')
    const [id, name] = JSON.parse(bytes.toString('utf8', offset + 8, headEnd)) as [unknown, unknown]
    const parsed = secretName.safeParse(name)
    // A name that this version does not know is left out rather than failing the whole vault.
    if (parsed.success && typeof id === 'string')
      secretsOf(table, id).set(parsed.data, Buffer.from(bytes.subarray(headEnd, headEnd + valueLength)))
    offset = headEnd + valueLength
  }
  return table
}

/** Sets what has a text, removes what has an empty one. */
export function applyChanges(table: SecretTable, id: string, changes: SecretChanges): void {
  const secrets = secretsOf(table, id)
  for (const [name, value] of Object.entries(changes) as Array<[SecretName, string | undefined]>) {
    if (value === undefined) continue
    secrets.get(name)?.fill(0)
    if (value === '') secrets.delete(name)
    else secrets.set(name, Buffer.from(value))
  }
  if (secrets.size === 0) table.delete(id)
}

export const copyTable = (table: SecretTable): SecretTable =>
  new Map([...table].map(([id, secrets]) => [id, copySecrets(secrets)]))

export const copySecrets = (secrets: Map<SecretName, Buffer>): Map<SecretName, Buffer> =>
  new Map([...secrets].map(([name, value]) => [name, Buffer.from(value)]))

export function removeSecrets(table: SecretTable, id: string): boolean {
  for (const value of table.get(id)?.values() ?? []) value.fill(0)
  return table.delete(id)
}

/** Overwrites every value and empties the table. */
export function wipeTable(table: SecretTable): void {
  for (const id of [...table.keys()]) removeSecrets(table, id)
}

function secretsOf(table: SecretTable, id: string): Map<SecretName, Buffer> {
  const known = table.get(id)
  if (known) return known
  const made = new Map<SecretName, Buffer>()
  table.set(id, made)
  return made
}
