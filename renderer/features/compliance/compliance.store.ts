// The catalogue, which never changes while the application runs, and the run at work, followed while a compliance screen
// is open. What a run found is read by the screens themselves.
import { useEffect } from 'react'
import { create } from 'zustand'
import { follow, type Client } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { ComplianceRun } from '#shared/contracts/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'

export type Catalogue = Awaited<ReturnType<Client['compliance']['catalogue']>>

interface ComplianceState {
  run: ComplianceRun | null
  /** Grows when a run ends or the record changes: whoever shows the record reads it anew. */
  revision: number
}

export const useComplianceState = create<ComplianceState>(() => ({ run: null, revision: 0 }))
export const recordChanged = (): void => useComplianceState.setState(({ revision }) => ({ revision: revision + 1 }))

/** Follows the site's run while the caller is on screen. */
export function useRunOf(siteId: SiteId): ComplianceRun | null {
  const client = useClient()
  useEffect(() => {
    const controller = new AbortController()
    useComplianceState.setState({ run: null })
    void follow(
      (options) => client.compliance.watchRun({ siteId }, options),
      (run) => {
        const wasRunning = useComplianceState.getState().run !== null
        useComplianceState.setState({ run })
        if (wasRunning && run === null) recordChanged()
      },
      { signal: controller.signal, onError: () => undefined },
    )
    return () => controller.abort()
  }, [client, siteId])
  return useComplianceState((state) => state.run)
}

export const useCatalogue = (): ReturnType<typeof useLoaded<Catalogue>> =>
  useLoaded('catalogue', (client, options) => client.compliance.catalogue(undefined, options))
