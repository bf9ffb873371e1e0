// The vault: whether it is open, and how to open it. No secret ever comes back through this contract.
import { z } from 'zod'
import { secretInput } from '../model/connection.ts'
import { command, events, query, timestampMs } from './kernel.ts'

export const vaultStatus = z.object({
  state: z.enum(['uninitialised', 'locked', 'unlocked']),
  /** What guards the vault's key: the operating system, or a passphrase of the user. */
  protection: z.enum(['os-keychain', 'passphrase']),
  /** The keychain's own name where there is one (on Linux several exist). */
  backend: z.string().nullable(),
  /** After wrong passphrases: no attempt is accepted before this time. */
  retryAtMs: timestampMs.nullable(),
  /** Why the OS keychain is not used although the shell has one, as a sentence. */
  note: z.string().nullable(),
})
export type VaultStatus = z.infer<typeof vaultStatus>

const passphrase = secretInput.min(8, 'At least 8 characters').max(1024)

export const vault = {
  status: query({ output: vaultStatus, worksLocked: true }),
  watch: events({ event: vaultStatus, worksLocked: true }),
  create: command({ title: 'Create the vault', input: z.object({ passphrase }), output: vaultStatus, worksLocked: true }),
  unlock: command({
    title: 'Unlock the vault',
    input: z.object({ passphrase: secretInput.max(1024) }),
    output: vaultStatus,
    worksLocked: true,
  }),
  lock: command({ title: 'Lock the vault', output: vaultStatus, worksLocked: true }),
  changePassphrase: command({
    title: 'Change the passphrase',
    input: z.object({ current: secretInput.max(1024), next: passphrase }),
    output: vaultStatus,
  }),
  /** Tells the core that somebody is there, so that the idle lock starts anew. */
  touch: query({ worksLocked: true }),
}
