// Publish/subscribe for `events` procedures. A subscriber that reads slowly never grows the heap: its pending
// events are conflated (by default only the newest is kept; a feed of increments merges them instead).

export interface Feed<T> {
  publish(event: T): void
  /**
   * Events from now on, beginning with `first` when given. Ends when `signal` fires or the feed is disposed.
   * The signal, not the iterator's return(), is what wakes a waiting reader.
   */
  subscribe(signal: AbortSignal, first?: T): AsyncGenerator<T, void, void>
  readonly subscriberCount: number
  dispose(): void
}

/** `merge(pending, next)` joins two events into one when the reader has not taken the first yet. */
export function createFeed<T>(options: { merge?: (pending: T[], next: T) => T[] } = {}): Feed<T> {
  const merge = options.merge ?? ((_pending: T[], next: T) => [next])
  type Subscriber = { pending: T[]; wake: (() => void) | undefined }
  const subscribers = new Set<Subscriber>()
  let isDisposed = false
  return {
    publish(event) {
      for (const subscriber of subscribers) {
        subscriber.pending = merge(subscriber.pending, event)
        subscriber.wake?.()
      }
    },
    subscribe(signal, first) {
      const subscriber: Subscriber = { pending: first === undefined ? [] : [first], wake: undefined }
      const leave = (): void => {
        subscribers.delete(subscriber)
        subscriber.wake?.()
      }
      // From here on, not from the first read: what is published in between must not be lost.
      if (!signal.aborted && !isDisposed) subscribers.add(subscriber)
      signal.addEventListener('abort', leave, { once: true })
      const read = async function* (): AsyncGenerator<T, void, void> {
        try {
          while (subscribers.has(subscriber)) {
            const event = subscriber.pending.shift()
            if (event !== undefined) yield event
            else await new Promise<void>((resolve) => (subscriber.wake = resolve))
            subscriber.wake = undefined
          }
        } finally {
          signal.removeEventListener('abort', leave)
          subscribers.delete(subscriber)
        }
      }
      return read()
    },
    get subscriberCount() {
      return subscribers.size
    },
    dispose() {
      isDisposed = true
      const all = [...subscribers]
      subscribers.clear()
      for (const subscriber of all) subscriber.wake?.()
    },
  }
}

/** Keeps every event, up to `limit`, dropping the oldest: for notifications and finished runs. */
export const keepUpTo =
  <T>(limit: number) =>
  (pending: T[], next: T): T[] =>
    pending.length < limit ? [...pending, next] : [...pending.slice(1), next]
