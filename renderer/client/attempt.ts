// Work that a click starts and no part of the screen waits for: its failure must still reach the user. The frame
// listens and shows a notice; nothing here knows how.
import type { AppError } from '#shared/errors.ts'
import { toAppError } from './client.ts'

export interface Failure {
  /** What was tried, as a short sentence: `The theme could not be changed`. */
  title: string
  error: AppError
}

const listeners = new Set<(failure: Failure) => void>()

/** Runs `work` to its end; a failure other than a cancel is told to the listeners under `title`. Never rejects. */
export async function attempt(title: string, work: Promise<unknown> | (() => Promise<unknown>)): Promise<void> {
  try {
    await (typeof work === 'function' ? work() : work)
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.code === 'cancelled') return
    for (const listener of listeners) listener({ title, error })
  }
}

export function onFailure(listener: (failure: Failure) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}
