// The log that is open below the tables: what it reads, and the lines so far. The bytes are read as a stream at the
// page's own pace; pausing stops reading, and with it the servers.
import { create } from 'zustand'
import { toAppError, type Client } from '#client/client.ts'
import type { LogRequest } from '#shared/contracts/kubernetes.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { LogBuffer } from './log-buffer.ts'

export interface LogTarget {
  connectionId: ConnectionId
  namespace: string
  title: string
  of: LogRequest['of']
  containers?: string[]
}
export interface LogOptions {
  isFollowed: boolean
  isPrevious: boolean
  /** Null = from the beginning. */
  tailLines: number | null
  sinceSeconds: number | null
}

interface LogState {
  target: LogTarget | null
  options: LogOptions
  buffer: LogBuffer
  /** Grows with every piece that was read. */
  version: number
  state: 'idle' | 'opening' | 'reading' | 'paused' | 'ended' | 'failed'
  error: AppError | null
  isTall: boolean
}

export const defaultOptions: LogOptions = { isFollowed: true, isPrevious: false, tailLines: 500, sinceSeconds: null }

export const useLogs = create<LogState>(() => ({
  target: null,
  options: defaultOptions,
  buffer: new LogBuffer(),
  version: 0,
  state: 'idle',
  error: null,
  isTall: false,
}))

let reading: AbortController | null = null
let resume: (() => void) | null = null
let isPaused = false

/** Opens or replaces the log below. */
export function openLogs(client: Client, target: LogTarget, options: LogOptions = defaultOptions): void {
  stopReading()
  const controller = new AbortController()
  reading = controller
  isPaused = false
  const buffer = new LogBuffer()
  useLogs.setState({ target, options, buffer, version: 0, state: 'opening', error: null })
  void read(client, target, options, buffer, controller.signal)
}

export function closeLogs(): void {
  stopReading()
  useLogs.setState({ target: null, state: 'idle', buffer: new LogBuffer(), error: null })
}

export function setPaused(paused: boolean): void {
  isPaused = paused
  const { state } = useLogs.getState()
  if (state === 'reading' || state === 'paused') useLogs.setState({ state: paused ? 'paused' : 'reading' })
  if (!paused) resume?.()
}

export const requestOf = (target: LogTarget, options: LogOptions): LogRequest => ({
  connectionId: target.connectionId,
  namespace: target.namespace,
  of: target.of,
  isFollowed: options.isFollowed && !options.isPrevious,
  isPrevious: options.isPrevious,
  ...(target.containers ? { containers: target.containers } : {}),
  ...(options.tailLines === null ? {} : { tailLines: options.tailLines }),
  ...(options.sinceSeconds === null ? {} : { sinceSeconds: options.sinceSeconds }),
})

function stopReading(): void {
  reading?.abort()
  reading = null
  resume?.()
}

async function read(client: Client, target: LogTarget, options: LogOptions, buffer: LogBuffer, signal: AbortSignal): Promise<void> {
  const set = (change: Partial<LogState>): void => {
    if (!signal.aborted) useLogs.setState(change)
  }
  try {
    const ticket = await client.kubernetes.readLogs(requestOf(target, options), { signal })
    const response = await client.fetchStream(ticket, signal)
    set({ state: 'reading' })
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
    for (;;) {
      if (isPaused) await new Promise<void>((resolve) => (resume = resolve))
      resume = null
      const { done, value } = await reader.read()
      if (done || signal.aborted) break
      buffer.push(value)
      set({ version: useLogs.getState().version + 1 })
    }
    if (!buffer.hasEnded && options.isFollowed && !signal.aborted) buffer.note('The connection to the core ended here.')
    set({ state: 'ended', version: useLogs.getState().version + 1 })
  } catch (thrown) {
    const error = toAppError(thrown)
    if (error.code !== 'cancelled') set({ state: 'failed', error })
  }
}
