// The model of one site in memory: what each connection has shown, which of it is fresh, and the links between
// systems. Every change is written to the store first and published second, in pieces small enough not to hold up
// the event loop. Only the session calls it; it never speaks to a system.
import type { Connection, ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Edge, Entity, Inventory, InventoryDiff, Source } from '#shared/model/inventory.ts'
import type { InventoryStore, StoredInventory } from '../../storage/inventory-store.ts'
import { createBreather } from './breather.ts'
import { diffPart, emptyChange, isEmptyChange, sameEdge, type Part, type PartChange } from './diff.ts'
import { isLinkRelevant, linkSystems } from './link.ts'
import type { Observation } from './observation.ts'

const pieceSize = 500

interface LivePart extends Part {
  /** Ids whose connection has not confirmed them since it was lost (or since the start). */
  stale: Set<string>
}

/** What is shown of an entity whose system does not answer: never a green (or any other) state of health. */
export const asLastKnown = (entity: Entity): Entity => ({
  ...entity,
  health: 'unknown',
  status: entity.status === '' ? 'last known' : `last known: ${entity.status}`,
})

export class SiteModel {
  private readonly siteId: SiteId
  private readonly store: InventoryStore
  private readonly now: () => number
  private readonly publish: (diff: InventoryDiff) => void
  private readonly parts = new Map<ConnectionId, LivePart>()
  private readonly sources = new Map<ConnectionId, Source>()
  private readonly claims = new Map<string, ConnectionId>()
  private readonly links = new Map<string, Edge>()
  private linkedIds = new Set<string>()
  private revision = 1
  private tail: Promise<unknown> = Promise.resolve()

  constructor(options: {
    siteId: SiteId
    store: InventoryStore
    now: () => number
    publish: (diff: InventoryDiff) => void
  }) {
    this.siteId = options.siteId
    this.store = options.store
    this.now = options.now
    this.publish = options.publish
  }

  /** Puts in what the store kept: stale until its connection confirms it. Call it before anything else. */
  async restore(stored: StoredInventory, connections: readonly Connection[]): Promise<void> {
    const breather = createBreather()
    const kept = new Map(stored.sources.map((source) => [source.connectionId, source]))
    for (const connection of connections) {
      const known = kept.get(connection.id)
      this.parts.set(connection.id, { entities: new Map(), edges: new Map(), stale: new Set() })
      this.sources.set(connection.id, {
        connectionId: connection.id,
        label: connection.label,
        kind: connection.settings.kind,
        state: known?.lastSeenAtMs != null ? 'stored' : 'connecting',
        lastSeenAtMs: known?.lastSeenAtMs ?? null,
        problem: known?.problem ?? null,
        remedy: known?.remedy ?? null,
      })
    }
    const ownerOf = new Map<string, LivePart>()
    for (const entity of stored.entities) {
      if (breather.isDue()) await breather.rest()
      const part = this.parts.get(entity.connectionId)
      if (!part) continue
      part.entities.set(entity.id, entity)
      part.stale.add(entity.id)
      ownerOf.set(entity.id, part)
      if (isRoot(entity)) this.claims.set(entity.id, entity.connectionId)
    }
    const dangling: string[] = []
    for (const edge of stored.edges) {
      if (breather.isDue()) await breather.rest()
      const from = ownerOf.get(edge.from)
      const to = ownerOf.get(edge.to)
      if (from && from === to) from.edges.set(edge.id, edge)
      else if (from && to) this.links.set(edge.id, edge)
      else dangling.push(edge.id)
    }
    this.noteLinked()
    if (dangling.length > 0) this.store.apply(this.siteId, { ...emptyChange(), removeEdges: dangling })
  }

  /** The picture of this moment, whole. */
  snapshot(): Inventory {
    const entities: Entity[] = []
    const edges: Edge[] = []
    for (const part of this.parts.values()) {
      for (const entity of part.entities.values()) entities.push(shownAs(part, entity))
      for (const edge of part.edges.values()) edges.push(edge)
    }
    for (const edge of this.links.values()) edges.push(edge)
    return {
      siteId: this.siteId,
      revision: this.revision,
      atMs: this.now(),
      sources: [...this.sources.values()],
      entities,
      edges,
    }
  }

  source(connectionId: ConnectionId): Source | undefined {
    return this.sources.get(connectionId)
  }

  entity(connectionId: ConnectionId, id: string): Entity | undefined {
    return this.parts.get(connectionId)?.entities.get(id)
  }

  /** See WatcherContext. A connection that already holds a scope of this name keeps it. */
  claimScope(connectionId: ConnectionId, family: string, name: string): string {
    const own = `${name}~${connectionId.slice(0, 4)}`
    if (this.claims.get(`${family}/${own}`) === connectionId) return own
    const holder = this.claims.get(`${family}/${name}`)
    const scope = holder === undefined || holder === connectionId ? name : own
    this.claims.set(`${family}/${scope}`, connectionId)
    return scope
  }

  /** Adds a connection (or renames it); known entities stay. */
  addConnection(connection: Connection): Promise<void> {
    return this.inTurn(async () => {
      const known = this.sources.get(connection.id)
      if (!this.parts.has(connection.id))
        this.parts.set(connection.id, { entities: new Map(), edges: new Map(), stale: new Set() })
      this.sources.set(connection.id, {
        connectionId: connection.id,
        label: connection.label,
        kind: connection.settings.kind,
        state: known?.state ?? 'connecting',
        lastSeenAtMs: known?.lastSeenAtMs ?? null,
        problem: known?.problem ?? null,
        remedy: known?.remedy ?? null,
      })
      this.publishPiece(emptyChange(), true)
    })
  }

  removeConnection(connectionId: ConnectionId): Promise<void> {
    return this.inTurn(async () => {
      const part = this.parts.get(connectionId)
      if (!part) return
      await this.commit(
        part,
        { ...emptyChange(), removeEntities: [...part.entities.keys()], removeEdges: [...part.edges.keys()] },
        [],
      )
      this.parts.delete(connectionId)
      this.sources.delete(connectionId)
      for (const [id, holder] of this.claims) if (holder === connectionId) this.claims.delete(id)
      await this.relink()
      this.publishPiece(emptyChange(), true)
    })
  }

  /** Applies an observation; resolves when it is stored and published. */
  apply(connectionId: ConnectionId, observation: Observation): Promise<void> {
    return this.inTurn(async () => {
      const part = this.parts.get(connectionId)
      if (!part) return
      const change = await diffPart(part, observation)
      const needsLinks = this.touchesLinks(part, change)
      const revived = part.stale.size === 0 ? [] : reviveUnchanged(part, observation, change)
      if (!isEmptyChange(change) || revived.length > 0) await this.commit(part, change, revived)
      if (needsLinks) await this.relink()
    })
  }

  /** Changes how fresh a connection is. Anything but `live` makes all that it showed stale. */
  setSource(connectionId: ConnectionId, change: Partial<Omit<Source, 'connectionId'>>): Promise<void> {
    return this.inTurn(async () => {
      const known = this.sources.get(connectionId)
      const part = this.parts.get(connectionId)
      if (!known || !part) return
      const next = { ...known, ...change }
      this.sources.set(connectionId, next)
      this.store.apply(this.siteId, { ...emptyChange(), sources: [next] })
      const fading =
        next.state === 'live'
          ? []
          : [...part.entities.values()].filter((entity) => !part.stale.has(entity.id))
      for (const entity of fading) part.stale.add(entity.id)
      if (fading.length === 0) return this.publishPiece(emptyChange(), true)
      await this.inPieces({ ...emptyChange(), upsertEntities: fading.map(asLastKnown) }, (piece) =>
        this.publishPiece(piece, true),
      )
    })
  }

  /** One change after the other: pieces of two changes never mix. */
  private inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.tail.then(work)
    this.tail = turn.catch(() => undefined)
    return turn
  }

  private async commit(part: LivePart, change: PartChange, revived: Entity[]): Promise<void> {
    await this.inPieces(change, (piece) => {
      this.store.apply(this.siteId, piece)
      for (const id of piece.removeEntities) {
        part.entities.delete(id)
        part.stale.delete(id)
      }
      for (const id of piece.removeEdges) part.edges.delete(id)
      for (const edge of piece.upsertEdges) part.edges.set(edge.id, edge)
      for (const entity of piece.upsertEntities) {
        part.entities.set(entity.id, entity)
        part.stale.delete(entity.id)
        if (isRoot(entity)) this.claims.set(entity.id, entity.connectionId)
      }
      this.publishPiece(piece, false)
    })
    if (revived.length === 0) return
    await this.inPieces({ ...emptyChange(), upsertEntities: revived }, (piece) => {
      for (const entity of piece.upsertEntities) part.stale.delete(entity.id)
      this.publishPiece(piece, false)
    })
  }

  private async relink(): Promise<void> {
    const found = await linkSystems(this.allEntities())
    const change = emptyChange()
    for (const [id, edge] of found) {
      const known = this.links.get(id)
      if (!known || !sameEdge(known, edge)) change.upsertEdges.push(edge)
    }
    for (const id of this.links.keys()) if (!found.has(id)) change.removeEdges.push(id)
    if (isEmptyChange(change)) return
    await this.inPieces(change, (piece) => {
      this.store.apply(this.siteId, piece)
      for (const id of piece.removeEdges) this.links.delete(id)
      for (const edge of piece.upsertEdges) this.links.set(edge.id, edge)
      this.publishPiece(piece, false)
    })
    this.noteLinked()
  }

  private noteLinked(): void {
    this.linkedIds = new Set()
    for (const edge of this.links.values()) this.linkedIds.add(edge.from)
  }

  private *allEntities(): Generator<Entity> {
    for (const part of this.parts.values()) yield* part.entities.values()
  }

  private touchesLinks(part: Part, change: PartChange): boolean {
    const isLinked = (id: string): boolean => this.linkedIds.has(id)
    return (
      change.upsertEntities.some((entity) =>
        isLinkRelevant(part.entities.get(entity.id), entity, isLinked),
      ) || change.removeEntities.some((id) => isLinkRelevant(part.entities.get(id), undefined, isLinked))
    )
  }

  private async inPieces(change: PartChange, use: (piece: PartChange) => void): Promise<void> {
    for (const piece of toPieces(change)) {
      use(piece)
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }

  private publishPiece(piece: PartChange, withSources: boolean): void {
    const baseRevision = this.revision
    this.revision += 1
    this.publish({
      ...piece,
      baseRevision,
      revision: this.revision,
      atMs: this.now(),
      ...(withSources ? { sources: [...this.sources.values()] } : {}),
    })
  }
}

const shownAs = (part: LivePart, entity: Entity): Entity =>
  part.stale.has(entity.id) ? asLastKnown(entity) : entity

const isRoot = (entity: Entity): boolean => entity.id.indexOf('/') === entity.id.lastIndexOf('/')

/** Entities that an observation confirms without a change: they must be shown fresh again. */
function reviveUnchanged(part: LivePart, observation: Observation, change: PartChange): Entity[] {
  const changed = new Set(change.upsertEntities.map((entity) => entity.id))
  const revived: Entity[] = []
  for (const { id } of observation.entities) {
    const known = part.entities.get(id)
    if (known && part.stale.has(id) && !changed.has(id)) revived.push(known)
  }
  return revived
}

function* toPieces(change: PartChange): Generator<PartChange> {
  const lists = ['removeEdges', 'removeEntities', 'upsertEntities', 'upsertEdges'] as const
  let piece = emptyChange()
  let size = 0
  for (const list of lists) {
    for (let at = 0; at < change[list].length;) {
      const taken = change[list].slice(at, at + pieceSize - size)
      piece = { ...piece, [list]: [...piece[list], ...taken] }
      at += taken.length
      size += taken.length
      if (size < pieceSize) continue
      yield piece
      piece = emptyChange()
      size = 0
    }
  }
  if (size > 0) yield piece
}
