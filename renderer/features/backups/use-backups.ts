// The page's picture of a site's backups: what was last known at once, then every change while the screen is open.
import { useEffect, useState } from 'react'
import { follow } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { BackupState } from '#shared/contracts/backups.ts'
import type { AppError } from '#shared/errors.ts'
import type { SiteId } from '#shared/model/connection.ts'

export function useBackups(siteId: SiteId): { state: BackupState | null; error: AppError | null } {
  const client = useClient()
  const [state, setState] = useState<BackupState | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  useEffect(() => {
    const leaving = new AbortController()
    void follow(
      (options) => client.backups.watch({ siteId }, options),
      (next) => {
        setState(next)
        setError(null)
      },
      { signal: leaving.signal, onError: setError },
    )
    return () => leaving.abort()
  }, [client, siteId])
  return { state: state?.siteId === siteId ? state : null, error }
}
