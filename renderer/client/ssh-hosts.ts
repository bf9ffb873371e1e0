// SSH connections of the open site, and which of them reaches a thing of the inventory: the host itself, or the guest
// or node that it is. Features link to the screens of a host by the functions below.
import type { Connection, ConnectionId, Site } from '#shared/model/connection.ts'
import type { Edge, Entity } from '#shared/model/inventory.ts'
import { navigate } from './location.ts'

export const sshConnectionsOf = (site: Site | null): Connection[] =>
  (site?.connections ?? []).filter((one) => one.settings.kind === 'ssh')

/** The SSH connection that leads into `entity`; null when none is known. */
export function sshConnectionTo(
  entity: Entity,
  { entities, edges }: { entities: ReadonlyMap<string, Entity>; edges: ReadonlyMap<string, Edge> },
): ConnectionId | null {
  if (entity.kind === 'ssh-host') return entity.connectionId
  if (entity.kind !== 'guest' && entity.kind !== 'node') return null
  for (const edge of edges.values()) {
    if (edge.kind !== 'is' || edge.to !== entity.id) continue
    const host = entities.get(edge.from)
    if (host?.kind === 'ssh-host') return host.connectionId
  }
  return null
}

export const openFiles = (connectionId: ConnectionId, path?: string): void =>
  navigate('/files', { host: connectionId, ...(path ? { path } : {}) })
export const openGpu = (connectionId: ConnectionId): void => navigate('/gpu', { host: connectionId })
export const openForwards = (connectionId: ConnectionId): void => navigate('/forwards', { host: connectionId })
