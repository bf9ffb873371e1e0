// The vault's file on disk: read at start, replaced at each change, set aside when it is damaged. Called by
// sealed-vault.ts only; never keeps a key or a secret.
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { AppError } from '#shared/errors.ts'
import type { Log } from '../platform.ts'
import { replaceFile } from '../storage/atomic-file.ts'
import { newNonce, seal, unseal } from './sealing.ts'
import { decodeTable, encodeTable, wipeTable, type SecretTable } from './secret-table.ts'
import {
  decodeVaultFile,
  encodePreamble,
  encodeVaultFile,
  type KeyGuard,
  type VaultFile,
} from './vault-file.ts'

export const vaultFileName = 'vault.meridian'

export interface LoadedVault {
  /** Undefined = there is no vault yet (or not any more). */
  file: VaultFile | undefined
  /** There is a file, but one that only a later version may touch. */
  isForeign: boolean
  /** What is to be said about it. */
  note: string | null
}

/** Reads the file. A damaged one is renamed, so that nothing overwrites it. Rejects when the folder cannot be read. */
export async function loadVaultFile(dataDir: string, log: Log, now: () => number): Promise<LoadedVault> {
  const path = join(dataDir, vaultFileName)
  const bytes = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!bytes) return { file: undefined, isForeign: false, note: null }
  const read = decodeVaultFile(bytes)
  if (read.kind === 'whole') return { file: read.file, isForeign: false, note: null }
  if (read.kind === 'newer') {
    const note = `The vault was written by a later version of Meridian (its format is ${read.version}). Use that version to open it.`
    return { file: undefined, isForeign: true, note }
  }
  const aside = `${vaultFileName}.damaged-${new Date(now()).toISOString().replace(/[:.]/g, '-')}`
  await rename(path, join(dataDir, aside))
  log.error('The vault file was damaged and was set aside', { aside, why: read.why })
  const note = `The vault's file was damaged (${read.why}). It is kept as ${aside}; enter the credentials again, or put back a copy from a backup.`
  return { file: undefined, isForeign: false, note }
}

/** Seals `table` and makes it the file. On failure the old file is there, `table` is wiped and nothing else changed. */
export async function writeVaultFile(
  path: string,
  guard: KeyGuard,
  key: Buffer,
  table: SecretTable,
): Promise<VaultFile> {
  const bodyNonce = newNonce()
  const preamble = encodePreamble(guard, bodyNonce)
  const plain = encodeTable(table)
  const file: VaultFile = { guard, bodyNonce, preamble, body: seal(key, bodyNonce, plain, preamble) }
  plain.fill(0)
  try {
    await replaceFile(path, encodeVaultFile(file))
    return file
  } catch (cause) {
    wipeTable(table)
    const code = String((cause as NodeJS.ErrnoException).code ?? 'fault')
    throw new AppError('internal', `The vault could not be saved (${code}); nothing was changed.`, {
      remedy: 'Check that the disk has room and that the data directory can be written, then try again.',
      cause,
    })
  }
}

/** The contents under the right key. Throws `conflict` (and wipes the key) when somebody else wrote the file. */
export function openTable(key: Buffer, file: VaultFile): SecretTable {
  const plain = unseal(key, file.bodyNonce, file.body, file.preamble)
  if (!plain) {
    key.fill(0)
    throw new AppError(
      'conflict',
      `The vault's file (${vaultFileName}) was changed by something else than Meridian.`,
      {
        remedy: 'Put back a copy of it from a backup, or move it away and enter the credentials again.',
      },
    )
  }
  try {
    return decodeTable(plain)
  } finally {
    plain.fill(0)
  }
}
