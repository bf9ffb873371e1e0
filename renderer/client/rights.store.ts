// What the identities of the site's Proxmox connections may do, kept live by the frame. Screens grey by it; a connection
// that is not here has not said yet, and nothing is greyed for it.
import { create } from 'zustand'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Rights } from '#shared/model/rights.ts'
import { follow, type Client } from './client.ts'

export type RightsByConnection = ReadonlyMap<ConnectionId, Rights>

export const useRights = create<{ rights: RightsByConnection }>(() => ({ rights: new Map() }))

/** Follows the rights until the returned function is called. */
export function followRights(client: Client, siteId: SiteId): () => void {
  const controller = new AbortController()
  useRights.setState({ rights: new Map() })
  void follow(
    (options) => client.rights.watch({ siteId }, options),
    (event) => useRights.setState({ rights: new Map(event.map((item) => [item.connectionId, item.rights])) }),
    { signal: controller.signal },
  )
  return () => controller.abort()
}
