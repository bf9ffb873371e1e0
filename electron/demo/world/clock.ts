// The lab's own clock: real time plus an offset, with timers that a jump fires in order. Made by the demo lab's
// composition root, read by every demo server. Must never keep a process alive by itself: its timer is unref'ed.
import type { DemoClock } from '../context.ts'

interface Timer {
  dueMs: number
  order: number
  run(dueMs: number): void
}

const dayMs = 86_400_000
const longestWaitMs = 3_600_000

/** Demo clock that starts at real time + `offsetMs`. Timers that throw do not stop the others. */
export function createDemoClock(
  options: { offsetMs?: number; onError?: (error: unknown) => void } = {},
): DemoClock {
  let offsetMs = options.offsetMs ?? 0
  /** While a jump is under way the clock stands at the due time of the timer that runs. */
  let standingMs: number | undefined
  let order = 0
  let disposed = false
  let wake: NodeJS.Timeout | undefined
  const timers = new Set<Timer>()

  const nowMs = () => standingMs ?? Date.now() + offsetMs

  const earliest = (untilMs: number): Timer | undefined => {
    let found: Timer | undefined
    for (const timer of timers) {
      if (timer.dueMs > untilMs) continue
      if (!found || timer.dueMs < found.dueMs || (timer.dueMs === found.dueMs && timer.order < found.order))
        found = timer
    }
    return found
  }

  const fireUntil = (untilMs: number) => {
    for (let timer = earliest(untilMs); timer && !disposed; timer = earliest(untilMs)) {
      timers.delete(timer)
      if (standingMs !== undefined) standingMs = Math.max(standingMs, timer.dueMs)
      try {
        timer.run(timer.dueMs)
      } catch (error) {
        options.onError?.(error)
      }
    }
  }

  const arm = () => {
    clearTimeout(wake)
    if (disposed || timers.size === 0 || standingMs !== undefined) return
    const nextMs = Math.min(...[...timers].map((timer) => timer.dueMs))
    wake = setTimeout(
      () => {
        fireUntil(nowMs())
        arm()
      },
      Math.min(Math.max(nextMs - nowMs(), 0), longestWaitMs),
    )
    wake.unref()
  }

  const schedule = (dueMs: number, run: Timer['run']): (() => void) => {
    const timer = { dueMs, order: order++, run }
    if (!disposed) timers.add(timer)
    arm()
    return () => {
      timers.delete(timer)
      arm()
    }
  }

  const repeat = (firstMs: number, periodMs: number, task: (dueMs: number) => void): (() => void) => {
    let stop = () => {}
    let stopped = false
    const plan = (dueMs: number) => {
      stop = schedule(dueMs, () => {
        if (!stopped) plan(dueMs + periodMs)
        task(dueMs)
      })
    }
    plan(firstMs)
    return () => {
      stopped = true
      stop()
    }
  }

  return {
    nowMs,
    advance(byMs) {
      if (!(byMs >= 0)) throw new RangeError('The lab clock only goes forward.')
      const targetMs = nowMs() + byMs
      standingMs = nowMs()
      fireUntil(targetMs)
      standingMs = undefined
      offsetMs = targetMs - Date.now()
      arm()
    },
    daily(hour, minute, task) {
      const now = nowMs()
      const today = Math.floor(now / dayMs) * dayMs + (hour * 60 + minute) * 60_000
      return repeat(today > now ? today : today + dayMs, dayMs, task)
    },
    every: (periodMs, task) => repeat(nowMs() + periodMs, periodMs, task),
    after: (delayMs, task) => schedule(nowMs() + delayMs, task),
    dispose() {
      disposed = true
      clearTimeout(wake)
      timers.clear()
    },
  }
}
