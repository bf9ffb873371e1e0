// Why nothing can be changed through a connection now; null when it can.
import { useInventory } from '#client/inventory.store.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import type { ConnectionId } from '#shared/model/connection.ts'

export function useObstacle(connectionId: ConnectionId): string | null {
  const site = useSession(currentSite)
  const source = useInventory((state) => state.sources.find((item) => item.connectionId === connectionId))
  if (source?.state === 'locked') return 'The vault is locked.'
  // The cluster's own pages are live; only a system that is known to be lost is not tried.
  if (source?.state === 'lost') return `${source.label} does not answer; what is shown is what was last known.`
  if (site?.isReadOnly) return `${site.name} is read-only in Meridian; allow changes under Connections.`
  return null
}
