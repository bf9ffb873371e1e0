// The vault: one sealed file in the data directory, a data key that is in memory only while it is open, and a queue
// so that changes follow one another. Made by the host. Secrets leave only through leases; no method logs, throws
// or returns one. What JavaScript keeps as text (a passphrase, a secret just read) it cannot wipe; buffers are wiped.
import { join } from 'node:path'
import type { VaultStatus } from '#shared/contracts/vault.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { ConnectionId, SecretName } from '#shared/model/connection.ts'
import type { Platform } from '../platform.ts'
import { createFeed } from '../router/event-feed.ts'
import type { SettingsStore } from '../storage/settings-store.ts'
import { loadAttemptThrottle, type AttemptThrottle } from './attempt-throttle.ts'
import { sealKey, unsealKey } from './keychain-key.ts'
import { defaultKdf, unwrapKey, wrapKey } from './passphrase-key.ts'
import { newKey } from './sealing.ts'
import {
  applyChanges,
  copySecrets,
  copyTable,
  removeSecrets,
  wipeTable,
  type SecretTable,
} from './secret-table.ts'
import type { KdfParameters, KeyGuard, VaultFile } from './vault-file.ts'
import { loadVaultFile, openTable, vaultFileName, writeVaultFile } from './vault-disk.ts'
import type { SecretChanges, SecretLease, Vault } from './vault.ts'

export interface OpenVaultOptions {
  platform: Pick<Platform, 'paths' | 'log' | 'keychain' | 'keychainNote' | 'now'>
  settings: Pick<SettingsStore, 'get'>
  /** Cheaper parameters for tests. */
  kdf?: KdfParameters
}

const idleCheckMs = 5_000
/** At start nobody may sit before the keychain's own dialog; a later unlock waits longer. */
const keychainStartMs = 15_000
const keychainUnlockMs = 120_000
const minPassphraseLength = 8

/** Reads the vault's file; with a keychain it opens (or is made) by itself. A damaged file is set aside, never lost. */
export async function openVault(options: OpenVaultOptions): Promise<Vault> {
  const { platform } = options
  const throttle = await loadAttemptThrottle(join(platform.paths.data, 'vault-attempts.json'), platform.now)
  const vault = new SealedVault(options, throttle)
  await vault.start()
  return vault
}

class SealedVault implements Vault {
  readonly changes = createFeed<VaultStatus>()
  private readonly options: OpenVaultOptions
  private readonly throttle: AttemptThrottle
  private readonly path: string
  private readonly idleTimer: NodeJS.Timeout
  /** What lies on disk; undefined = there is no vault yet. */
  private file: VaultFile | undefined
  /** There is a file, but one that only a later version may touch. */
  private isForeign = false
  private note: string | null
  private dataKey: Buffer | undefined
  private readonly stored: SecretTable = new Map()
  private readonly ephemeral: SecretTable = new Map()
  /** Which secrets there are: known while locked, too, once the vault has been open. */
  private storedNames = new Map<string, SecretName[]>()
  private lastTouchMs: number
  private tail: Promise<unknown> = Promise.resolve()

  constructor(options: OpenVaultOptions, throttle: AttemptThrottle) {
    this.options = options
    this.throttle = throttle
    this.path = join(options.platform.paths.data, vaultFileName)
    this.note = options.platform.keychainNote
    this.lastTouchMs = options.platform.now()
    this.idleTimer = setInterval(() => this.lockWhenIdle(), idleCheckMs)
    this.idleTimer.unref()
  }

  async start(): Promise<void> {
    const { keychain, log, now, paths } = this.options.platform
    const found = await loadVaultFile(paths.data, log, now)
    this.file = found.file
    this.isForeign = found.isForeign
    this.note = found.note ?? this.note
    if (this.isForeign || this.file?.guard.protection === 'passphrase') return
    try {
      if (this.file) await this.openWithKeychain(keychainStartMs)
      else if (keychain)
        await this.makeNew(await sealKey(keychain, (this.dataKey = newKey()), keychainStartMs))
    } catch (thrown) {
      this.forgetKey()
      this.note = isAppError(thrown)
        ? [thrown.message, thrown.remedy].filter(Boolean).join(' ')
        : 'The keychain could not be used.'
      log.error('The vault could not be opened at start', { reason: this.note })
    }
  }

  status(): VaultStatus {
    const guard = this.file?.guard
    const keychain = this.options.platform.keychain
    const isUninitialised = !this.file && !this.isForeign
    return {
      state: isUninitialised ? 'uninitialised' : this.dataKey ? 'unlocked' : 'locked',
      protection: guard?.protection ?? 'passphrase',
      backend: guard?.protection === 'os-keychain' ? guard.backend : (keychain?.backend ?? null),
      retryAtMs: this.throttle.retryAtMs(),
      note: this.note,
    }
  }

  create(passphrase: string): Promise<VaultStatus> {
    return this.inTurn(async () => {
      if (this.file || this.isForeign)
        throw new AppError('conflict', 'There is a vault already.', {
          remedy: 'Unlock it with its passphrase.',
        })
      requireLength(passphrase)
      this.dataKey = newKey()
      try {
        await this.makeNew(
          await wrapKey(this.kdfWorker, passphrase, this.dataKey, this.options.kdf ?? defaultKdf),
        )
      } catch (error) {
        this.forgetKey()
        throw error
      }
    })
  }

  unlock(passphrase: string): Promise<VaultStatus> {
    return this.inTurn(async () => {
      const file = this.requireFile()
      if (this.dataKey) return
      if (file.guard.protection === 'os-keychain') return this.openWithKeychain(keychainUnlockMs)
      const key = await this.tryPassphrase(passphrase, file.guard, 'The passphrase is not the right one.')
      this.openWith(key, file)
      this.note = this.options.platform.keychainNote
    })
  }

  lock(): VaultStatus {
    if (!this.dataKey || !this.file) return this.status()
    this.forgetKey()
    return this.announce()
  }

  changePassphrase(current: string, next: string): Promise<VaultStatus> {
    return this.inTurn(async () => {
      const { guard } = this.requireFile()
      if (guard.protection !== 'passphrase')
        throw new AppError('conflict', `This vault is guarded by ${guard.backend}, not by a passphrase.`, {
          remedy: 'There is nothing to change: the operating system opens it for you alone.',
        })
      requireLength(next)
      this.requireOpen()
      const key = await this.tryPassphrase(current, guard, 'The current passphrase is not the right one.')
      try {
        const table = copyTable(this.requireOpen())
        const rewrapped = await wrapKey(this.kdfWorker, next, key, this.options.kdf ?? defaultKdf)
        await this.save(rewrapped, key, table)
      } finally {
        key.fill(0)
      }
    })
  }

  touch(): void {
    this.lastTouchMs = this.options.platform.now()
  }

  lease(connectionId: ConnectionId): SecretLease {
    return {
      read: (name) => {
        const passing = this.ephemeral.get(connectionId)?.get(name)
        if (passing) return passing.toString('utf8')
        if (this.file && !this.dataKey) throw lockedError()
        return this.stored.get(connectionId)?.get(name)?.toString('utf8')
      },
    }
  }

  async put(
    connectionId: ConnectionId,
    secrets: SecretChanges,
    options: { isEphemeral?: boolean } = {},
  ): Promise<void> {
    if (options.isEphemeral) return applyChanges(this.ephemeral, connectionId, secrets)
    if (Object.values(secrets).every((value) => value === undefined)) return
    await this.change((table) => applyChanges(table, connectionId, secrets))
  }

  names(connectionId: ConnectionId): SecretName[] {
    const passing = [...(this.ephemeral.get(connectionId)?.keys() ?? [])]
    return [...new Set([...passing, ...(this.storedNames.get(connectionId) ?? [])])]
  }

  async copy(from: ConnectionId, to: ConnectionId): Promise<void> {
    const passing = this.ephemeral.get(from)
    if (passing) this.ephemeral.set(to, copySecrets(passing))
    await this.change(
      (table) => table.set(to, copySecrets(table.get(from) ?? new Map())),
      () => this.holds(from),
    )
  }

  async remove(connectionId: ConnectionId): Promise<void> {
    removeSecrets(this.ephemeral, connectionId)
    await this.change(
      (table) => removeSecrets(table, connectionId),
      () => this.holds(connectionId),
    )
  }

  dispose(): void {
    clearInterval(this.idleTimer)
    this.forgetKey()
    wipeTable(this.ephemeral)
    this.changes.dispose()
  }

  private get kdfWorker(): URL {
    return this.options.platform.paths.worker('vault-kdf')
  }

  /** One at a time: two changes at once would each write a file without the other's. */
  private async inTurn(work: () => Promise<void>): Promise<VaultStatus> {
    const mine = this.tail.then(work)
    this.tail = mine.catch(() => undefined)
    try {
      await mine
    } finally {
      this.announce()
    }
    return this.status()
  }

  private announce(): VaultStatus {
    const status = this.status()
    this.changes.publish(status)
    return status
  }

  private holds(connectionId: ConnectionId): boolean {
    return (this.storedNames.get(connectionId)?.length ?? 0) > 0
  }

  /** `isNeeded` is asked when the change's turn has come. A change that is not needed works without an open vault. */
  private async change(
    edit: (table: SecretTable) => unknown,
    isNeeded: () => boolean = () => true,
  ): Promise<void> {
    await this.inTurn(async () => {
      if (!isNeeded()) return
      const table = copyTable(this.requireOpen())
      edit(table)
      const key = Buffer.from(this.dataKey!)
      try {
        await this.save(this.file!.guard, key, table)
      } finally {
        key.fill(0)
      }
    })
  }

  /** Makes `table` the vault's contents, on disk first. It is wiped when the vault was locked meanwhile. */
  private async save(guard: KeyGuard, key: Buffer, table: SecretTable): Promise<void> {
    const file = await writeVaultFile(this.path, guard, key, table)
    this.file = file
    if (this.dataKey) this.show(table)
    else wipeTable(table)
  }

  private async makeNew(guard: KeyGuard): Promise<void> {
    await this.save(guard, this.dataKey!, new Map())
    this.touch()
  }

  private show(table: SecretTable): void {
    wipeTable(this.stored)
    for (const [id, secrets] of table) this.stored.set(id, secrets)
    this.storedNames = new Map([...table].map(([id, secrets]) => [id, [...secrets.keys()]]))
  }

  private openWith(key: Buffer, file: VaultFile): void {
    this.show(openTable(key, file))
    this.dataKey = key
    this.touch()
  }

  private async openWithKeychain(timeoutMs: number): Promise<void> {
    const file = this.requireFile()
    if (file.guard.protection !== 'os-keychain') return
    this.openWith(await unsealKey(this.options.platform.keychain, file.guard, timeoutMs), file)
    this.note = this.options.platform.keychainNote
  }

  private async tryPassphrase(
    passphrase: string,
    guard: Extract<KeyGuard, { protection: 'passphrase' }>,
    refusal: string,
  ): Promise<Buffer> {
    await this.throttle.begin()
    const key = await unwrapKey(this.kdfWorker, passphrase, guard)
    if (!key)
      throw new AppError('unauthenticated', refusal, {
        remedy: 'Check the keyboard layout and Caps Lock, then try again.',
      })
    await this.throttle.succeed()
    return key
  }

  private requireFile(): VaultFile {
    if (this.file) return this.file
    if (this.isForeign)
      throw new AppError('unsupported', this.note ?? 'The vault was written by a later version of Meridian.')
    throw new AppError('locked', 'There is no vault yet.', {
      remedy: 'Create it: choose a passphrase under Settings → Vault.',
    })
  }

  private requireOpen(): SecretTable {
    this.requireFile()
    if (!this.dataKey) throw lockedError()
    return this.stored
  }

  private lockWhenIdle(): void {
    const idleMs = this.options.settings.get().idleLockMinutes * 60_000
    if (idleMs === 0 || !this.dataKey || this.options.platform.now() - this.lastTouchMs < idleMs) return
    this.options.platform.log.info('The vault was locked: nobody was there')
    this.lock()
  }

  private forgetKey(): void {
    this.dataKey?.fill(0)
    this.dataKey = undefined
    wipeTable(this.stored)
  }
}

const lockedError = (): AppError =>
  new AppError('locked', 'The vault is locked.', { remedy: 'Unlock it to go on.' })

function requireLength(passphrase: string): void {
  if (passphrase.length < minPassphraseLength)
    throw new AppError('invalid-input', `A passphrase needs at least ${minPassphraseLength} characters.`, {
      detail: { kind: 'validation', fields: { passphrase: `At least ${minPassphraseLength} characters` } },
    })
}
