// The end of the application: the host is given a limited time to close its connections, its lab and its store,
// then the process ends whatever they do. Windows are gone by then, so nobody waits in front of a frozen one.
import type { Log } from '#core/platform.ts'
import type { AppSlice } from './electron-slice.ts'

/** Longer than the lab's own limit: a database ended in the middle of its shutdown would stay behind. */
export const disposeLimitMs = 18_000

/** Holds back the first `will-quit` until `dispose` has settled or its time is up. */
export function disposeBeforeExit(
  app: AppSlice,
  dispose: () => Promise<void>,
  log: Log,
  limitMs = disposeLimitMs,
): void {
  let isEnding = false
  app.on('will-quit', (event) => {
    event.preventDefault()
    if (isEnding) return
    isEnding = true
    const limit = new Promise<'late'>((resolve) => setTimeout(() => resolve('late'), limitMs))
    void Promise.race([dispose().then(() => 'done' as const), limit])
      .then(
        (outcome) => outcome === 'late' && log.warn('Closing took too long and was cut short', { limitMs }),
      )
      .catch((error: unknown) => log.error('Closing failed', { error: String(error) }))
      .finally(() => app.exit(0))
  })
}
