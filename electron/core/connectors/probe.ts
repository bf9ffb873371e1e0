// What a connector offers the connection test, after DNS, TCP and TLS have been looked at: can it log in, may it
// see enough, and is the version one that Meridian knows.
import type { Duplex } from 'node:stream'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionKind, SettingsOf } from '#shared/model/connection.ts'
import type { Log } from '../platform.ts'
import type { SecretLease } from '../vault/vault.ts'

export interface ProbeStep {
  step: 'authentication' | 'permission' | 'version'
  state: 'passed' | 'failed' | 'skipped'
  /** A sentence: who was logged in, what it may see, which version answered. */
  finding: string
  error?: AppError
}

/** Yields its steps in order and stops at the first failure. Never throws for a system's fault; `signal` ends it. */
export type Probe<K extends ConnectionKind> = (
  settings: SettingsOf<K>,
  secrets: SecretLease,
  options: {
    signal: AbortSignal
    log: Log
    /** The way to a host that is behind another one. */
    openHop?: (signal: AbortSignal) => Promise<Duplex>
  },
) => AsyncIterable<ProbeStep>
