// An events procedure whose events the test sends. Each call of `watch` is one follower; it ends by abort, by the
// test's `fail`, or never.
import type { AppError } from '#shared/errors.ts'
import { cancelled } from '#shared/errors.ts'

interface Follower<T> {
  waiting: T[]
  failure: AppError | null
  isOpen: boolean
  wake(): void
}

export interface EventFeed<T> {
  /** Stands in for `client.feature.watchX`. */
  watch(input?: unknown, options?: { signal?: AbortSignal }): Promise<AsyncGenerator<T, void, void>>
  /** To everybody who follows now. */
  send(event: T): void
  /** Breaks every open stream. */
  fail(error: AppError): void
  /** How often it was asked for, and how many follow now. */
  calls(): number
  open(): number
}

/** `first` is sent to each follower at once, as most watches do. */
export function eventFeed<T>(...first: T[]): EventFeed<T> {
  const followers: Follower<T>[] = []
  const open = (): Follower<T>[] => followers.filter((each) => each.isOpen)
  async function* read(follower: Follower<T>, signal: AbortSignal | undefined): AsyncGenerator<T, void, void> {
    signal?.addEventListener('abort', () => follower.wake(), { once: true })
    try {
      for (;;) {
        if (signal?.aborted) throw cancelled()
        const next = follower.waiting.shift()
        if (next !== undefined) yield next
        else if (follower.failure) throw follower.failure
        else await new Promise<void>((resolve) => (follower.wake = resolve))
      }
    } finally {
      follower.isOpen = false
    }
  }
  return {
    watch(_input, options) {
      const follower: Follower<T> = { waiting: [...first], failure: null, isOpen: true, wake: () => undefined }
      followers.push(follower)
      return Promise.resolve(read(follower, options?.signal))
    },
    send(event) {
      for (const follower of open()) {
        follower.waiting.push(event)
        follower.wake()
      }
    },
    fail(error) {
      for (const follower of open()) {
        follower.failure = error
        follower.wake()
      }
    },
    calls: () => followers.length,
    open: () => open().length,
  }
}
