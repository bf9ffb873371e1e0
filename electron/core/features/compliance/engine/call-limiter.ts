// A few calls to one system at a time, in order. Waiting ends with the signal.

export interface CallLimiter {
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>
}

export function createCallLimiter(limit: number): CallLimiter {
  let active = 0
  const waiting: (() => void)[] = []
  const leave = (): void => {
    active -= 1
    waiting.shift()?.()
  }
  return {
    async run(work, signal) {
      if (active >= limit)
        await new Promise<void>((resolve, reject) => {
          const enter = (): void => {
            signal.removeEventListener('abort', giveUp)
            resolve()
          }
          const giveUp = (): void => {
            const at = waiting.indexOf(enter)
            if (at >= 0) waiting.splice(at, 1)
            reject(signal.reason as Error)
          }
          waiting.push(enter)
          signal.addEventListener('abort', giveUp, { once: true })
        })
      active += 1
      try {
        signal.throwIfAborted()
        return await work()
      } finally {
        leave()
      }
    },
  }
}
