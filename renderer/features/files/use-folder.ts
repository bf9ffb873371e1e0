// The folder that is shown: read when the place changes or when asked again. While the next one is read the last one
// stays in sight; an answer that comes late belongs to a place that is gone.
import { useCallback, useEffect, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { withHostKey } from '#client/host-key.store.ts'
import type { RemoteFolder } from '#shared/contracts/files.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'

export function useFolder(connectionId: ConnectionId, path: string | null) {
  const client = useClient()
  const [current, setCurrent] = useState<RemoteFolder | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  const [isLoading, setLoading] = useState(true)
  const [round, setRound] = useState(0)
  const reload = useCallback(() => setRound((count) => count + 1), [])
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    setLoading(true)
    withHostKey(client, () => client.files.list({ connectionId, ...(path ? { path } : {}) }, { signal }))
      .then(
        (folder) => {
          if (signal.aborted) return
          setCurrent(folder)
          setError(null)
        },
        (thrown: unknown) => {
          if (signal.aborted) return
          setError(toAppError(thrown))
          setCurrent(null)
        },
      )
      .finally(() => !signal.aborted && setLoading(false))
    return () => controller.abort()
  }, [client, connectionId, path, round])
  return { current, error, isLoading, reload }
}
