// The lab's own clock: real time plus an offset, with timers that a jump fires in order. Made by the demo lab's
// composition root, read by every demo server. Must never keep a process alive by itself: its timer is unref'ed.
import type { DemoClock } from '../context.ts'

interface Timer {
  dueMs: number
  order: number
  run(dueMs: number): void
}

type Schedule = (dueMs: number, run: Timer['run']) => () => void

const dayMs = 86_400_000
const longestWaitMs = 3_600_000

/** Demo clock that starts at real time + `offsetMs`. Timers that throw do not stop the others. */
export function createDemoClock(
  options: { offsetMs?: number; onError?: (error: unknown) => void } = {},
): DemoClock {
  let offsetMs = options.offsetMs ?? 0
  /** While a jump is under way the clock stands at the due time of the timer that runs. */
  let standingMs: number | undefined
  const timers = createTimerQueue()
  const nowMs = () => standingMs ?? Date.now() + offsetMs
  const fireUntil = (untilMs: number) => {
    for (let timer = timers.takeDue(untilMs); timer; timer = timers.takeDue(untilMs)) {
      if (standingMs !== undefined) standingMs = Math.max(standingMs, timer.dueMs)
      try {
        timer.run(timer.dueMs)
      } catch (error) {
        options.onError?.(error)
      }
    }
  }
  const alarm = createAlarm(timers, nowMs, () => fireUntil(nowMs()))
  const schedule: Schedule = (dueMs, run) => {
    const cancel = timers.add(dueMs, run)
    if (standingMs === undefined) alarm.set()
    return cancel
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
      alarm.set()
    },
    daily(hour, minute, task) {
      const now = nowMs()
      const today = Math.floor(now / dayMs) * dayMs + (hour * 60 + minute) * 60_000
      return repeat(schedule, today > now ? today : today + dayMs, dayMs, task)
    },
    every: (periodMs, task) => repeat(schedule, nowMs() + periodMs, periodMs, task),
    after: (delayMs, task) => schedule(nowMs() + delayMs, task),
    dispose() {
      timers.close()
      alarm.clear()
    },
  }
}

function createTimerQueue() {
  const timers = new Set<Timer>()
  let order = 0
  let isClosed = false
  const isBefore = (a: Timer, b: Timer) => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order)
  const earliest = (): Timer | undefined => {
    let found: Timer | undefined
    for (const timer of timers) if (!found || isBefore(timer, found)) found = timer
    return found
  }
  return {
    add(dueMs: number, run: Timer['run']): () => void {
      const timer = { dueMs, order: order++, run }
      if (!isClosed) timers.add(timer)
      return () => void timers.delete(timer)
    },
    /** Removes and returns the earliest timer due by then. */
    takeDue(untilMs: number): Timer | undefined {
      const timer = earliest()
      if (!timer || timer.dueMs > untilMs) return undefined
      timers.delete(timer)
      return timer
    },
    nextDueMs: (): number | undefined => earliest()?.dueMs,
    close() {
      isClosed = true
      timers.clear()
    },
  }
}

/** The one real timer behind all of the lab's; set anew whenever the earliest may have changed. */
function createAlarm(timers: ReturnType<typeof createTimerQueue>, nowMs: () => number, ring: () => void) {
  let handle: NodeJS.Timeout | undefined
  const alarm = {
    set() {
      clearTimeout(handle)
      const dueMs = timers.nextDueMs()
      if (dueMs === undefined) return
      const waitMs = Math.min(Math.max(dueMs - nowMs(), 0), longestWaitMs)
      handle = setTimeout(() => {
        ring()
        alarm.set()
      }, waitMs)
      handle.unref()
    },
    clear: () => clearTimeout(handle),
  }
  return alarm
}

function repeat(
  schedule: Schedule,
  firstMs: number,
  periodMs: number,
  task: (dueMs: number) => void,
): () => void {
  let cancel = () => {}
  let isStopped = false
  const plan = (dueMs: number) => {
    cancel = schedule(dueMs, () => {
      plan(dueMs + periodMs)
      if (!isStopped) task(dueMs)
    })
  }
  plan(firstMs)
  return () => {
    isStopped = true
    cancel()
  }
}
