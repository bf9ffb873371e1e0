// What the engine needs of a system: a few ways to look, each read-only, each under a limit. Implementations stand beside
// this file; tests bring their own.
import type { ConnectionId } from '#shared/model/connection.ts'
import type { RunSystem } from '#shared/contracts/compliance.ts'

export interface LookOptions {
  signal: AbortSignal
  timeoutMs: number
}
export interface CommandAnswer {
  out: string
  err: string
  code: number
}

export interface AuditedSystem {
  targetId: string
  label: string
  kind: RunSystem['kind']
  connectionId: ConnectionId | null
  /** As whom it is asked: `user@realm!token`, a role, an account. */
  identity: string
  /** Calls that may be on the way at once. */
  parallel: number
  /** Variables that rules see as `target`. */
  facts: Readonly<Record<string, unknown>>
  get?(path: string, options: LookOptions): Promise<unknown>
  list?(path: string, options: LookOptions & { metadataOnly: boolean }): Promise<unknown[]>
  sql?(statement: string, options: LookOptions & { everyDatabase: boolean }): Promise<Record<string, unknown>[]>
  /** `failureIsAnswer`: a missing program or file is an answer; else it is a thing that could not be looked at. */
  run?(command: string, options: LookOptions & { failureIsAnswer: boolean }): Promise<CommandAnswer>
  anonymous?(path: string, options: LookOptions): Promise<{ status: number }>
  tls?(options: LookOptions): Promise<Record<string, unknown>>
  /** The host's own name, for hosts. */
  hostname?(options: LookOptions): Promise<string>
  /** What the host is used for: `hypervisor`, `kubernetes`, `containers`. */
  roles?(options: LookOptions): Promise<string[]>
  dispose?(): Promise<void>
}
