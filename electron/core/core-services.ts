// What every feature is built from. A composition root fills it once; features take the slice they use.
import type { ConnectorDesk } from './connector-desk.ts'
import type { InventoryExchange } from './inventory-exchange.ts'
import type { Platform } from './platform.ts'
import type { PromptDesk } from './prompt-desk.ts'
import type { ChannelDesk } from './router/channel-desk.ts'
import type { Pipeline } from './router/implement-feature.ts'
import type { StreamDesk } from './router/stream-desk.ts'
import type { SearchRegistry } from './search/search-registry.ts'
import type { AuditLog } from './storage/audit-log.ts'
import type { Database } from './storage/database.ts'
import type { LogBook } from './storage/log-book.ts'
import type { NotificationStore } from './storage/notification-store.ts'
import type { SettingsStore } from './storage/settings-store.ts'
import type { SiteStore } from './storage/site-store.ts'
import type { TaskDesk } from './tasks/task-desk.ts'
import type { Vault } from './vault/vault.ts'

export interface CoreServices {
  platform: Platform
  pipeline: Pipeline
  database: Database
  settings: SettingsStore
  sites: SiteStore
  notifications: NotificationStore
  audit: AuditLog
  logBook: LogBook
  vault: Vault
  /** Connectors by connection, shared by all features, so that logging in happens once. */
  connectors: ConnectorDesk
  /** Long operations of the systems, followed to their end whatever happens to the window that began them. */
  tasks: TaskDesk
  /** Questions of servers that only a person can answer. */
  prompts: PromptDesk
  /** The inventories of the sites, for features that look without a window. */
  inventories: InventoryExchange
  /** Where a feature says how its things are found. */
  search: SearchRegistry
  streams: StreamDesk
  channels: ChannelDesk
}

/** One running feature: its part of the router, and how to end what it holds open. */
export interface Feature<R> {
  router: R
  dispose?(): Promise<void> | void
}
