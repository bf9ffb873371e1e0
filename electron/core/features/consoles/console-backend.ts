// What a kind of console must supply: bytes both ways, its size, and how it ended. One file in `backends/` each; the
// service knows no system, and a backend knows neither the page nor the channel.
import type { ConsoleEnd, TerminalSize } from '#shared/contracts/consoles.ts'
import type { AppError } from '#shared/errors.ts'
import { toWireError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { ConsoleTarget, ConsoleTargetKind } from '#shared/model/console.ts'
import type { CoreServices } from '../../core-services.ts'

export type ConsolesCore = Pick<
  CoreServices,
  'platform' | 'pipeline' | 'channels' | 'connectors' | 'sites' | 'vault'
>

/** A running console. */
export interface ConsoleBackend {
  readonly kind: 'terminal' | 'screen'
  /** Where it is, in words: the cluster and node, the namespace. */
  readonly place: string
  /** Pulled: while nobody takes, nothing is read from the system. Ends when the console does. One reader only. */
  readonly output: AsyncIterable<Uint8Array>
  /** Resolves when the system has room for more; rejects when the console has ended. */
  write(bytes: Uint8Array): Promise<void>
  /** Terminals only. Never throws. */
  resize?(size: TerminalSize): void
  /** Resolves once, with how it ended; never rejects. What was said before is still in `output`. */
  readonly ended: Promise<ConsoleEnd>
  /** Ends it and everything it holds. May be called again. */
  dispose(): void
}

export interface OpenRequest<K extends ConsoleTargetKind = ConsoleTargetKind> {
  core: ConsolesCore
  connectionId: ConnectionId
  target: Extract<ConsoleTarget, { kind: K }>
  size: TerminalSize
  /** The site is read-only: a screen may be looked at, but nothing may be typed. */
  isViewOnly: boolean
  /** Gives up the opening; a console that is open is ended by `dispose`. */
  signal: AbortSignal
}

/** Connects. Rejects with an AppError; nothing stays open then. */
export type OpenConsole<K extends ConsoleTargetKind> = (request: OpenRequest<K>) => Promise<ConsoleBackend>

export const exited = (exitCode: number | null, message: string): ConsoleEnd => ({
  how: 'exited',
  exitCode,
  message,
  error: null,
})
export const closed = (message: string): ConsoleEnd => ({ how: 'closed', exitCode: null, message, error: null })
export const lost = (error: AppError): ConsoleEnd => ({
  how: 'lost',
  exitCode: null,
  message: error.message,
  error: toWireError(error),
})
