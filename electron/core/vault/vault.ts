// What the rest of the core sees of the vault. Credentials are put in by the sites feature and read only by
// connectors, through a lease that belongs to one connection. How they are sealed is nobody else's business.
import type { VaultStatus } from '#shared/contracts/vault.ts'
import type { ConnectionId, SecretName } from '#shared/model/connection.ts'
import type { Feed } from '../router/event-feed.ts'

/** Reads the secrets of one connection, for the length of one connector call. */
export interface SecretLease {
  /** Undefined when none is stored. Throws AppError `locked` while the vault is locked. */
  read(name: SecretName): string | undefined
}

export type SecretChanges = Partial<Record<SecretName, string>>

export interface Vault {
  status(): VaultStatus
  readonly changes: Feed<VaultStatus>
  create(passphrase: string): Promise<VaultStatus>
  unlock(passphrase: string): Promise<VaultStatus>
  lock(): VaultStatus
  changePassphrase(current: string, next: string): Promise<VaultStatus>
  /** Starts the idle clock anew. */
  touch(): void
  lease(connectionId: ConnectionId): SecretLease
  /**
   * Stores or (with an empty text) removes secrets. `isEphemeral` keeps them in memory only, readable even while
   * the vault is locked: for the demo lab's throw-away credentials. Throws `locked` when there is no open vault.
   */
  put(connectionId: ConnectionId, secrets: SecretChanges, options?: { isEphemeral?: boolean }): Promise<void>
  names(connectionId: ConnectionId): SecretName[]
  copy(from: ConnectionId, to: ConnectionId): Promise<void>
  remove(connectionId: ConnectionId): Promise<void>
  dispose(): void
}
