// Remote data in stores: idle, loading, ready or failed, and nothing else.
import type { AppError } from '#shared/errors.ts'

export type Remote<T> =
  | { state: 'idle' }
  | { state: 'loading' }
  | { state: 'ready'; value: T }
  | { state: 'failed'; error: AppError }
