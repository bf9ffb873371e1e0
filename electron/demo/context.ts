// The seams of the demo lab: what every demo server gets, and what it gives back. The lab is a test bed that
// connectors cannot tell from real systems; the core never imports this room, only the shells' launcher starts it.
import type { ConnectionDraft } from '#shared/model/connection.ts'
import type { LabRunner } from './containers/lab-runner.ts'
import type { DemoSite } from './world/site.ts'

/** What can be made to go wrong, per service, at any time. */
export type FaultKind = 'slow' | 'cut' | 'unauthorized' | 'server-error' | 'expired-certificate' | 'garbage' | 'node-lost'
export type FaultService = 'proxmox' | 'pbs' | 'kubernetes' | 'postgres' | 'ssh' | 's3'

export interface FaultPlan {
  set(service: FaultService, fault: FaultKind | undefined): void
  get(service: FaultService): FaultKind | undefined
  /** Told at every change, so that a server can cut open connections or swap its certificate. */
  onChange(listener: (service: FaultService, fault: FaultKind | undefined) => void): () => void
}

/** The lab's own clock: real time plus an offset, so that 09:00 can be made to happen in a test. */
export interface DemoClock {
  /** Milliseconds since the Unix epoch, in the lab's time. */
  nowMs(): number
  /** Jumps forward; timers that fall due on the way fire in order. */
  advance(byMs: number): void
  /** Calls `task` at every local wall-clock time `hh:mm` of the lab (UTC). Returns what stops it. */
  daily(hour: number, minute: number, task: (dueMs: number) => void): () => void
  every(periodMs: number, task: (dueMs: number) => void): () => void
  after(delayMs: number, task: () => void): () => void
  dispose(): void
}

/** PEM texts of one server; `caPem` signs them all. `expired` is the same name with a validity in the past. */
export interface ServerCertificate {
  keyPem: string
  certPem: string
  caPem: string
  /** SHA-256 of the DER leaf, 32 upper-case hex pairs with colons. */
  fingerprint256: string
  expired: { keyPem: string; certPem: string }
}

export interface DemoContext {
  /** A directory of the lab's own, kept between starts (certificates, host keys, the PostgreSQL cluster). */
  dataDir: string
  site: DemoSite
  clock: DemoClock
  faults: FaultPlan
  certificate(name: FaultService): ServerCertificate
  /** Runs submitted scripts as real processes; shared by the servers. */
  runner: LabRunner
  signal: AbortSignal
  onProgress(step: string, fraction: number): void
  log(line: string): void
}

/** A running demo server: which connections a site should have to reach it, and how to stop it. */
export interface DemoService {
  name: FaultService
  /** Ready for the vault: addresses on 127.0.0.1, throw-away credentials. */
  drafts: ConnectionDraft[]
  dispose(): Promise<void>
}
