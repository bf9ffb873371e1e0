// What a shell must supply to the core. Everything that differs between the desktop and the loopback shell is
// one of these capabilities; nothing else in the core or the renderer may ask which shell it is in.
import type { BackupPolicy } from '#shared/model/backup-policy.ts'
import type { ConnectionDraft } from '#shared/model/connection.ts'
import type { DemoStatus } from '#shared/contracts/demo.ts'

/** Seals small secrets (the vault's key) with the operating system's keychain. */
export interface Keychain {
  /** The backend's own name, e.g. `keychain`, `dpapi`, `gnome_libsecret`. */
  backend: string
  seal(plain: Uint8Array): Promise<Uint8Array>
  unseal(sealed: Uint8Array): Promise<Uint8Array>
}

export interface Paths {
  /** Everything that must survive: store, vault, results. Created by the shell with mode 0700. */
  data: string
  /** Read-only files shipped with the application. */
  resources: string
  /** The module of a worker thread, e.g. `arrow-worker`; differs between source and bundle. */
  worker(name: WorkerName): URL
}
export type WorkerName = 'postgres-decode' | 'vault-kdf'

/** The demo lab runs in a process of its own; the core only knows that one can be started. */
export interface DemoLauncher {
  start(options: {
    dataDir: string
    onProgress(step: string, fraction: number): void
    /** Called once if the lab dies after it was ready. */
    onExit(reason: string): void
    signal: AbortSignal
  }): Promise<RunningDemo>
}
export interface RunningDemo {
  siteName: string
  drafts: ConnectionDraft[]
  /** The lab's own backup targets, for a site that has none yet. */
  backupPolicy?: BackupPolicy | undefined
  setFault(service: string, fault: string | null): void
  advanceClock(byMs: number): void
  stop(): Promise<void>
}
export type { DemoStatus }

export interface Log {
  debug(text: string, fields?: Record<string, unknown>): void
  info(text: string, fields?: Record<string, unknown>): void
  warn(text: string, fields?: Record<string, unknown>): void
  error(text: string, fields?: Record<string, unknown>): void
  /** A log whose lines all carry these fields. */
  child(fields: Record<string, unknown>): Log
}

export interface Platform {
  version: string
  paths: Paths
  log: Log
  /** Null where the shell has none, or has one that does not protect (Linux `basic_text`). */
  keychain: Keychain | null
  /** Why there is no keychain although one might be expected; shown on the vault screen. */
  keychainNote: string | null
  demo: DemoLauncher | null
  /** True when the launcher was told to open the demo lab at once. */
  opensDemo: boolean
  hasNativeDialogs: boolean
  /** Shows a notification of the operating system; null where there is none. */
  notify: ((title: string, body: string) => void) | null
  now(): number
}
