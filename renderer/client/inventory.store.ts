// The page's mirror of one site's inventory: whole once, then differences. Screens select from it; only this
// file applies diffs. A diff that does not fit its base revision is answered by asking for the whole again.
import { create } from 'zustand'
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import type { AppError } from '#shared/errors.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Edge, Entity, InventoryDiff, Source } from '#shared/model/inventory.ts'
import { follow, type Client } from './client.ts'

export interface InventoryState {
  siteId: SiteId | null
  revision: number
  atMs: number
  sources: Source[]
  /** Replaced (not mutated) with every revision, so that selectors by identity work. */
  entities: ReadonlyMap<string, Entity>
  edges: ReadonlyMap<string, Edge>
  error: AppError | null
}

const empty = { revision: 0, atMs: 0, sources: [], entities: new Map(), edges: new Map(), error: null }

export const useInventory = create<InventoryState>(() => ({ siteId: null, ...empty }))

/** The next state, or null when the diff does not fit the revision that is held. */
export function applyDiff(state: InventoryState, diff: InventoryDiff): InventoryState | null {
  if (diff.baseRevision !== state.revision) return null
  const entities = new Map(state.entities)
  const edges = new Map(state.edges)
  for (const id of diff.removeEntities) entities.delete(id)
  for (const item of diff.upsertEntities) entities.set(item.id, item)
  for (const id of diff.removeEdges) edges.delete(id)
  for (const item of diff.upsertEdges) edges.set(item.id, item)
  return { ...state, revision: diff.revision, atMs: diff.atMs, sources: diff.sources ?? state.sources, entities, edges }
}

function applyEvent(event: InventoryEvent, restart: () => void): void {
  if (event.type === 'whole') {
    const { siteId, revision, atMs, sources } = event.inventory
    useInventory.setState({
      siteId,
      revision,
      atMs,
      sources,
      entities: new Map(event.inventory.entities.map((item) => [item.id, item])),
      edges: new Map(event.inventory.edges.map((item) => [item.id, item])),
      error: null,
    })
    return
  }
  const next = applyDiff(useInventory.getState(), event.diff)
  if (next) useInventory.setState(next)
  else restart()
}

/** Follows the site until the returned function is called. */
export function followInventory(client: Client, siteId: SiteId): () => void {
  const whole = new AbortController()
  let attempt = new AbortController()
  useInventory.setState({ siteId, ...empty })
  const begin = (): void => {
    attempt = new AbortController()
    const signal = AbortSignal.any([whole.signal, attempt.signal])
    void follow(
      (options) => client.inventory.watch({ siteId }, options),
      (event) =>
        applyEvent(event, () => {
          attempt.abort()
          begin()
        }),
      { signal, onError: (error) => useInventory.setState({ error }) },
    )
  }
  begin()
  return () => {
    whole.abort()
    attempt.abort()
    // Nothing of a site that is no longer open may be found by the palette or stand in the status bar.
    if (useInventory.getState().siteId === siteId) useInventory.setState({ siteId: null, ...empty })
  }
}
