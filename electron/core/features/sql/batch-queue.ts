// Between the run that makes batches and the page that reads them: a short queue. The maker waits when it is full, so
// a page that stops reading stops the run. Nothing here knows what the bytes mean.

export interface BatchQueue {
  /** Resolves when there is room again. Never rejects: a queue that nobody reads any more swallows. */
  push(bytes: Uint8Array): Promise<void>
  /** No more will come; the reader gets what is queued first. */
  end(): void
  /** The maker is being stopped: it must not wait for the reader any more. */
  release(): void
  /** May be called once. Returning early calls `onLeave`. */
  read(onLeave: () => void): AsyncGenerator<Uint8Array, void, void>
}

export function createBatchQueue(maxBytes: number): BatchQueue {
  const queue: Uint8Array[] = []
  let queuedBytes = 0
  let isEnded = false
  let isLeft = false
  let isReleased = false
  let wakeReader: (() => void) | undefined
  let wakeMaker: (() => void) | undefined
  const hasRoom = (): boolean => queuedBytes <= maxBytes || isLeft || isReleased
  const freeMaker = (): void => {
    if (!hasRoom()) return
    wakeMaker?.()
    wakeMaker = undefined
  }
  return {
    async push(bytes) {
      if (isLeft) return
      queue.push(bytes)
      queuedBytes += bytes.byteLength
      wakeReader?.()
      while (!hasRoom()) await new Promise<void>((resolve) => (wakeMaker = resolve))
    },
    end() {
      isEnded = true
      wakeReader?.()
    },
    release() {
      isReleased = true
      freeMaker()
    },
    async *read(onLeave) {
      let isWhole = false
      try {
        for (;;) {
          const bytes = queue.shift()
          if (bytes) {
            queuedBytes -= bytes.byteLength
            freeMaker()
            yield bytes
          } else if (isEnded) {
            isWhole = true
            return
          } else await new Promise<void>((resolve) => (wakeReader = resolve))
        }
      } finally {
        isLeft = true
        queue.length = 0
        freeMaker()
        if (!isWhole) onLeave()
      }
    },
  }
}
