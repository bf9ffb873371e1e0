// What passes between the watchers of single systems and the session of a site: observations in the site's own
// model, and the contract of a watcher. Knows no system and no transport.
import type { Connection } from '#shared/model/connection.ts'
import type { Edge, Entity } from '#shared/model/inventory.ts'
import type { CoreServices } from '../../core-services.ts'
import type { Log } from '../../platform.ts'

/** Everything one connection shows of its system at one moment. */
export interface Observation {
  entities: readonly Entity[]
  edges: readonly Edge[]
  /**
   * The quick part of a first look: adds to what is known and removes nothing, so that a cold start does not take
   * away details that are only slow to read.
   */
  isPartial?: boolean
}

/** What a watcher says after it has looked at its system in full. */
export interface Look {
  /** Sentences about what this identity may not see; the source stays live. */
  limits: readonly string[]
  /** How to be allowed to see it. */
  remedy?: string
}

/** Looks at one system for as long as its session lives. */
export interface Watcher {
  /**
   * Looks once and hands the result to `emit`; resolves when the system has answered in full. Rejects with an
   * AppError when the system could not be seen. `isForced` also reads what is otherwise read rarely.
   */
  look(options: { signal: AbortSignal; isForced: boolean }): Promise<Look>
  /** Longest time one look may take; the session gives up after it. Milliseconds. */
  readonly lookTimeoutMs: number
  /** Not looked at more often than this, however short the pace of the site is: for looks that leave traces. */
  readonly shortestPauseMs?: number
  dispose(): void
}

export interface WatcherContext {
  connection: Connection
  core: Pick<CoreServices, 'vault' | 'platform' | 'connectors'>
  log: Log
  /** Applies an observation to the site; may be called at any time, also between two looks. */
  emit(observation: Observation): Promise<void>
  /** False after a failure: then everything must be emitted again, even what has not changed. */
  isShown(): boolean
  /** A name for this system that no other connection of the site uses: the `radioastronomy` of `pve/radioastronomy`. */
  claimScope(family: string, name: string): string
  /** What is known of this connection so far, to keep jittering figures steady. */
  known(id: string): Entity | undefined
}

export type OpenWatcher = (context: WatcherContext) => Watcher

/** The id of an edge follows from what it says, so that the same relation is never drawn twice. */
export const edgeOf = (from: string, kind: Edge['kind'], to: string, evidence: Edge['evidence']): Edge => ({
  id: `${from}|${kind}|${to}`,
  from,
  to,
  kind,
  evidence,
})
