// What a part of the screen reads by one query: at first, anew when its key changes, again every so often where wanted,
// and when asked to. What was read stays in sight, with the failure beside it, when the next reading fails.
import { useCallback, useEffect, useState } from 'react'
import type { AppError } from '#shared/errors.ts'
import { toAppError, type Client } from './client.ts'
import { useClient } from './client-context.ts'

export interface Loaded<T> {
  value: T | null
  error: AppError | null
  isLoading: boolean
  reload(): void
}

interface Held<T> {
  key: string
  value: T | null
  error: AppError | null
  isLoading: boolean
}

/** `key` names everything that `load` closes over; null = read nothing. */
export function useLoaded<T>(
  key: string | null,
  load: (client: Client, options: { signal: AbortSignal }) => Promise<T>,
  options: { everyMs?: number } = {},
): Loaded<T> {
  const client = useClient()
  const { everyMs } = options
  const [round, setRound] = useState(0)
  const [held, setHeld] = useState<Held<T>>({ key: '', value: null, error: null, isLoading: true })
  useEffect(() => {
    if (key === null) return
    const controller = new AbortController()
    const { signal } = controller
    let timer: ReturnType<typeof setTimeout> | undefined
    const read = (): void => {
      setHeld((last) => (last.key === key ? { ...last, isLoading: true } : { key, value: null, error: null, isLoading: true }))
      load(client, { signal }).then(
        (value) => end({ key, value, error: null, isLoading: false }),
        (thrown: unknown) => {
          const error = toAppError(thrown)
          end((last) => ({ key, value: last.key === key ? last.value : null, error, isLoading: false }))
        },
      )
    }
    const end = (next: Held<T> | ((last: Held<T>) => Held<T>)): void => {
      if (signal.aborted) return
      setHeld(next)
      if (everyMs !== undefined) timer = setTimeout(read, everyMs)
    }
    read()
    return () => {
      controller.abort()
      clearTimeout(timer)
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for everything `load` closes over
  }, [client, key, everyMs, round])
  const reload = useCallback(() => setRound((last) => last + 1), [])
  const isOwn = held.key === key
  return { value: isOwn ? held.value : null, error: isOwn ? held.error : null, isLoading: isOwn ? held.isLoading : key !== null, reload }
}
