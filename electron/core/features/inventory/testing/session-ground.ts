// What an inventory session stands on, for tests and benches: a store in a temporary directory, a vault that gives
// what it is told, settings that can be set. Not part of the application.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Settings } from '#shared/contracts/app.ts'
import type { VaultStatus } from '#shared/contracts/vault.ts'
import { AppError } from '#shared/errors.ts'
import type { ConnectionId, SecretName } from '#shared/model/connection.ts'
import type { CoreServices } from '../../../core-services.ts'
import type { Log, Platform } from '../../../platform.ts'
import { createFeed } from '../../../router/event-feed.ts'
import { openDatabase } from '../../../storage/database.ts'
import { createInventoryStore } from '../../../storage/inventory-store.ts'
import type { Vault } from '../../../vault/vault.ts'

export type SessionCore = Pick<CoreServices, 'vault' | 'platform' | 'settings' | 'connectors'>

export interface SessionGround {
  core: SessionCore
  store: ReturnType<typeof createInventoryStore>
  secrets: Map<ConnectionId, Partial<Record<SecretName, string>>>
  settings: { refreshSeconds: number }
  lines: string[]
  lock(): void
  unlock(): void
  dispose(): void
}

const notOfUse = (): never => {
  throw new Error('The inventory has no business with this.')
}

export function createSessionGround(options: { now?: () => number } = {}): SessionGround {
  const folder = mkdtempSync(join(tmpdir(), 'inventory-session-'))
  const lines: string[] = []
  const write = (text: string, fields?: Record<string, unknown>): void =>
    void lines.push(`${text} ${JSON.stringify(fields ?? {})}`)
  const log: Log = { debug: write, info: write, warn: write, error: write, child: () => log }
  const database = openDatabase(join(folder, 'meridian.sqlite'), log)
  const secrets: SessionGround['secrets'] = new Map()
  const settings = { refreshSeconds: 3600 }
  const changes = createFeed<VaultStatus>()
  let state: VaultStatus['state'] = 'unlocked'
  const status = (): VaultStatus => ({
    state,
    protection: 'passphrase',
    backend: null,
    retryAtMs: null,
    note: null,
  })
  const setState = (next: VaultStatus['state']): void => {
    state = next
    changes.publish(status())
  }
  const vault: Vault = {
    status,
    changes,
    lease: (id) => ({
      read(name) {
        if (state !== 'unlocked')
          throw new AppError('locked', 'The vault is locked.', { remedy: 'Unlock it.' })
        return secrets.get(id)?.[name]
      },
    }),
    create: notOfUse,
    unlock: notOfUse,
    lock: notOfUse,
    changePassphrase: notOfUse,
    touch: notOfUse,
    put: notOfUse,
    names: notOfUse,
    copy: notOfUse,
    remove: notOfUse,
    dispose: notOfUse,
  }
  const platform: Platform = {
    version: '0.0.0',
    paths: { data: folder, resources: folder, worker: notOfUse },
    log,
    keychain: null,
    keychainNote: null,
    demo: null,
    opensDemo: false,
    hasNativeDialogs: false,
    notify: null,
    now: options.now ?? Date.now,
  }
  return {
    core: {
      vault,
      platform,
      connectors: { ssh: notOfUse } as unknown as CoreServices['connectors'],
      settings: { get: () => settings as Settings, update: notOfUse, changes: createFeed<Settings>() },
    },
    store: createInventoryStore(database),
    secrets,
    settings,
    lines,
    lock: () => setState('locked'),
    unlock: () => setState('unlocked'),
    dispose() {
      database.dispose()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
