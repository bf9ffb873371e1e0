// The inventory of one watched site in memory, kept current from the same events that a window gets. Entities are
// those of the inventory itself, not copies.
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Edge, Entity, Source } from '#shared/model/inventory.ts'

export class SitePicture {
  readonly siteId: SiteId
  readonly entities = new Map<string, Entity>()
  readonly edges = new Map<string, Edge>()
  private sourceList: readonly Source[] = []
  private current = 0

  constructor(siteId: SiteId) {
    this.siteId = siteId
  }

  get sources(): readonly Source[] {
    return this.sourceList
  }

  /** Grows with every change. */
  get revision(): number {
    return this.current
  }

  apply(event: InventoryEvent): void {
    this.current += 1
    if (event.type === 'whole') {
      this.entities.clear()
      this.edges.clear()
      for (const entity of event.inventory.entities) this.entities.set(entity.id, entity)
      for (const edge of event.inventory.edges) this.edges.set(edge.id, edge)
      this.sourceList = event.inventory.sources
      return
    }
    const { diff } = event
    for (const id of diff.removeEntities) this.entities.delete(id)
    for (const entity of diff.upsertEntities) this.entities.set(entity.id, entity)
    for (const id of diff.removeEdges) this.edges.delete(id)
    for (const edge of diff.upsertEdges) this.edges.set(edge.id, edge)
    if (diff.sources) this.sourceList = diff.sources
  }

  sourceOf(connectionId: ConnectionId): Source | undefined {
    return this.sourceList.find((source) => source.connectionId === connectionId)
  }
}

/** Connections whose systems have answered within `maxAgeMs`: only what these say counts as known now. */
export function freshConnections(sources: readonly Source[], nowMs: number, maxAgeMs: number): Set<ConnectionId> {
  const fresh = sources.filter(
    ({ state, lastSeenAtMs }) => state === 'live' && lastSeenAtMs !== null && nowMs - lastSeenAtMs <= maxAgeMs,
  )
  return new Set(fresh.map((source) => source.connectionId))
}
