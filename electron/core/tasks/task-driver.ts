// What a system must know so that its long operations can be followed: a driver finds an operation again by its
// reference, after a restart too. Implemented per system; called by the task desk only.
import type { z } from 'zod'
import type { TaskState } from '#shared/contracts/tasks.ts'
import type { ConnectionId } from '#shared/model/connection.ts'

/** How it ended. The message is a sentence; `unknown` needs a remedy. */
export interface TaskEnding {
  state: Exclude<TaskState, 'running'>
  message: string
  remedy?: string | undefined
}

export interface TaskFollowing {
  connectionId: ConnectionId | null
  /** Fires when Meridian ends: leave the operation alone and stop asking. */
  signal: AbortSignal
  /** How many lines of the log are kept already; the driver goes on behind them. */
  linesKept: number
  /** The user has asked to stop it, in this run or an earlier one. */
  wasStopped(): boolean
  append(lines: readonly string[]): void
  report(progress: { fraction?: number | null; message?: string }): void
}

export interface TaskDriver<R = unknown> {
  /** The shape of a stored reference; one that no longer fits ends the task as unknown. */
  reference: z.ZodType<R>
  /** The system's own short name of the operation, for people to look it up there. */
  nameOf(reference: R): string
  /** Resolves when the operation has ended or nobody can say. Rejecting counts as unknown, with the error's words. */
  follow(reference: R, following: TaskFollowing): Promise<TaskEnding>
  /** Asks the system to stop it; the end is still told by `follow`. */
  stop?(reference: R, connectionId: ConnectionId | null): Promise<void>
}
