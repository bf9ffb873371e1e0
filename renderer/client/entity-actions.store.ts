// What can be done with the things of the inventory. Features give providers through `features/entity-actions.ts`;
// the map, the tables and the palette show what the providers offer for a selection, and know no feature.
import { useMemo } from 'react'
import { create } from 'zustand'
import type { Site } from '#shared/model/connection.ts'
import type { Edge, Entity, Source } from '#shared/model/inventory.ts'
import type { EntityAction } from '#ui/EntityActions.tsx'
import type { Client } from './client.ts'
import { useClient } from './client-context.ts'
import { useInventory } from './inventory.store.ts'
import { useRights, type RightsByConnection } from './rights.store.ts'
import { currentSite, useSession } from './session.store.ts'

export type { EntityAction }

export interface ActionContext {
  client: Client
  site: Site | null
  sources: readonly Source[]
  entities: ReadonlyMap<string, Entity>
  edges: ReadonlyMap<string, Edge>
  /** What the identities of Proxmox connections may do, as far as it is known. */
  rights: RightsByConnection
}

/** Offers actions for one or several entities; an empty list when they are not its business. Called often: no I/O. */
export type EntityActionProvider = (selection: readonly Entity[], context: ActionContext) => readonly EntityAction[]

const useProviders = create<{ providers: readonly EntityActionProvider[] }>(() => ({ providers: [] }))
export const setActionProviders = (providers: readonly EntityActionProvider[]): void => useProviders.setState({ providers })

/** Why nothing can be changed through this entity's connection now; null when it can. */
export function changeObstacle(entity: Entity, { site, sources }: Pick<ActionContext, 'site' | 'sources'>): string | null {
  const source = sources.find((item) => item.connectionId === entity.connectionId)
  if (!source) return 'Its connection is gone.'
  if (source.state === 'locked') return 'The vault is locked.'
  if (source.state !== 'live') return `${source.label} does not answer; what is shown is what was last known.`
  if (site?.isReadOnly) return `${site.name} is read-only in Meridian; allow changes under Connections.`
  return null
}

/** `selection` must be the same array while it is the same selection: it is what the answer is remembered by. */
export function useEntityActions(selection: readonly Entity[]): readonly EntityAction[] {
  const client = useClient()
  const providers = useProviders((state) => state.providers)
  const site = useSession(currentSite)
  const sources = useInventory((state) => state.sources)
  const entities = useInventory((state) => state.entities)
  const edges = useInventory((state) => state.edges)
  const rights = useRights((state) => state.rights)
  return useMemo(
    () => (selection.length === 0 ? [] : providers.flatMap((offer) => offer(selection, { client, site, sources, entities, edges, rights }))),
    [providers, selection, client, site, sources, entities, edges, rights],
  )
}
