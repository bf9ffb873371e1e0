// Asks one host's GPUs every few seconds while somebody looks, for all who look. Readings are kept before they are
// shown; a failure is shown with the last reading and tried again.
import type { GpuView } from '#shared/contracts/gpu.ts'
import { AppError, isAppError, toWireError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { createGpuReader } from '../../connectors/ssh/nvidia-smi.ts'
import type { SshConnector } from '../../connectors/ssh/ssh-connector.ts'
import { createFeed } from '../../router/event-feed.ts'
import type { GpuStore } from '../../storage/gpu-store.ts'

export interface GpuPoller {
  /** Readings from now on; polling runs while anybody takes part. */
  watch(signal: AbortSignal): AsyncGenerator<GpuView, void, void>
  dispose(): void
}

const pollMs = 3_000
const pollAfterFailureMs = 6_000

export function createGpuPoller(options: {
  connectionId: ConnectionId
  host: string
  /** Taken anew for each look: the connection may have been changed. */
  connector(): Pick<SshConnector, 'exec' | 'run'>
  store: GpuStore
  now(): number
}): GpuPoller {
  const { connectionId, host, connector, store, now } = options
  const feed = createFeed<GpuView>()
  const reader = createGpuReader(host)
  const closing = new AbortController()
  let view: GpuView = { state: 'connecting', reading: null, error: null }
  let isRunning = false

  async function look(signal: AbortSignal): Promise<GpuView> {
    try {
      const reading = { atMs: now(), ...(await reader.readFrom(connector(), signal)) }
      store.record(connectionId, reading.atMs, reading.gpus)
      return { state: 'live', reading, error: null }
    } catch (thrown) {
      const error = isAppError(thrown) ? thrown : new AppError('upstream', `The GPUs of ${host} could not be read.`, { cause: thrown })
      return { state: 'failed', reading: view.reading, error: toWireError(error) }
    }
  }
  async function run(): Promise<void> {
    if (isRunning) return
    isRunning = true
    const { signal } = closing
    try {
      while (feed.subscriberCount > 0 && !signal.aborted) {
        const startedMs = performance.now()
        view = await look(signal)
        if (signal.aborted) return
        feed.publish(view)
        const pauseMs = (view.state === 'live' ? pollMs : pollAfterFailureMs) - (performance.now() - startedMs)
        await pause(Math.max(200, pauseMs), signal)
      }
    } finally {
      isRunning = false
    }
  }
  return {
    watch(signal) {
      const taken = feed.subscribe(signal, view)
      void run()
      return taken
    },
    dispose() {
      closing.abort()
      feed.dispose()
    },
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    signal.addEventListener('abort', end, { once: true })
  })
