// One ticking clock for all ages on the screen, so that a hundred cells cost one timer.
import { useSyncExternalStore } from 'react'

const toSecond = (): number => Math.floor(Date.now() / 1000) * 1000

let nowMs = toSecond()
const listeners = new Set<() => void>()
let timer: ReturnType<typeof setInterval> | undefined

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  if (timer === undefined) nowMs = toSecond()
  timer ??= setInterval(() => {
    nowMs = toSecond()
    for (const each of listeners) each()
  }, 1000)
  return () => {
    listeners.delete(listener)
    if (listeners.size > 0 || timer === undefined) return
    clearInterval(timer)
    timer = undefined
  }
}

/** Now, to the second; re-renders the caller once a second. */
export const useNowMs = (): number => useSyncExternalStore(subscribe, read)

/** While nobody listens the kept value stands still, so a first reader asks the system. */
const read = (): number => (timer === undefined ? toSecond() : nowMs)
