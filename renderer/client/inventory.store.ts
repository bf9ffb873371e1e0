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
export const applyDiff = (state: InventoryState, diff: InventoryDiff): InventoryState | null => applyDiffs(state, [diff])

/**
 * The same for several at once. Copying the maps of a site of tens of thousands of things takes milliseconds, so it is
 * done once however many diffs there are, and only for a map that changes.
 */
export function applyDiffs(state: InventoryState, diffs: readonly InventoryDiff[]): InventoryState | null {
  const hasEntities = diffs.some((diff) => diff.upsertEntities.length + diff.removeEntities.length > 0)
  const hasEdges = diffs.some((diff) => diff.upsertEdges.length + diff.removeEdges.length > 0)
  const entities = hasEntities ? new Map(state.entities) : (state.entities as Map<string, Entity>)
  const edges = hasEdges ? new Map(state.edges) : (state.edges as Map<string, Edge>)
  let { revision, atMs, sources } = state
  for (const diff of diffs) {
    if (diff.baseRevision !== revision) return null
    for (const id of diff.removeEntities) entities.delete(id)
    for (const item of diff.upsertEntities) entities.set(item.id, item)
    for (const id of diff.removeEdges) edges.delete(id)
    for (const item of diff.upsertEdges) edges.set(item.id, item)
    revision = diff.revision
    atMs = diff.atMs
    sources = diff.sources ?? sources
  }
  return { ...state, revision, atMs, sources, entities, edges }
}

/** Beyond this many entities diffs are gathered for a moment before the page is drawn anew. */
const largeSite = 4_000
const gatherMs = 60
let gathered: InventoryDiff[] = []
let gathering: ReturnType<typeof setTimeout> | undefined

function flush(restart: () => void): void {
  clearTimeout(gathering)
  gathering = undefined
  const diffs = gathered
  gathered = []
  if (diffs.length === 0) return
  const next = applyDiffs(useInventory.getState(), diffs)
  if (next) useInventory.setState(next)
  else restart()
}

function forgetGathered(): void {
  clearTimeout(gathering)
  gathering = undefined
  gathered = []
}

function applyEvent(event: InventoryEvent, restart: () => void): void {
  if (event.type === 'whole') {
    forgetGathered()
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
  gathered.push(event.diff)
  if (useInventory.getState().entities.size < largeSite) flush(restart)
  else gathering ??= setTimeout(() => flush(restart), gatherMs)
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
    forgetGathered()
    // Nothing of a site that is no longer open may be found by the palette or stand in the status bar.
    if (useInventory.getState().siteId === siteId) useInventory.setState({ siteId: null, ...empty })
  }
}
