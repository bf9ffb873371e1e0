// What every handler is given beside its input, and the one way in which features build their part of the router.
import type { Log } from '../platform.ts'

/** One window or one browser session. Its signal fires when it is gone: everything it started ends with it. */
export interface Peer {
  readonly id: string
  readonly label: string
  readonly signal: AbortSignal
}

/** The context a carrier passes in for each request. */
export interface CallContext extends Record<PropertyKey, unknown> {
  peer: Peer
  log: Log
  /** The record of the running command; absent for queries and events. */
  audit?: AuditHandle
}

/** How a command tells the audit log what it is aimed at, in words that a person would use. Never a secret. */
export interface AuditHandle {
  readonly recordId: number
  describe(subject: string): void
  /** A task that outlives the call will close the record: the call's own success does not end it. */
  handOver(): void
}
