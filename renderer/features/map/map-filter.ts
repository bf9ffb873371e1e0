// What of the inventory the map shows: filters, and the neighbourhood of a selection. Pure and linear.
import type { Edge, Entity, EntityKind } from '#shared/model/inventory.ts'
import { assignColumns } from './map-columns.ts'

export interface MapFilter {
  text: string
  onlyProblems: boolean
  /** A hardware node's entity id, or null for all. */
  nodeId: string | null
  /** A network's entity id, or null for all. */
  networkId: string | null
  hiddenKinds: ReadonlySet<EntityKind>
  /** Show only what is within `hops` edges of this entity. */
  focusId: string | null
  hops: number
}

export const noFilter: MapFilter = {
  text: '',
  onlyProblems: false,
  nodeId: null,
  networkId: null,
  hiddenKinds: new Set(),
  focusId: null,
  hops: 1,
}

/** Neighbour lists in both directions; a parent counts as an edge. */
export function adjacency(entities: ReadonlyMap<string, Entity>, edges: Iterable<Edge>): Map<string, string[]> {
  const near = new Map<string, string[]>()
  const join = (from: string, to: string): void => {
    const list = near.get(from)
    if (list) list.push(to)
    else near.set(from, [to])
  }
  for (const edge of edges) {
    join(edge.from, edge.to)
    join(edge.to, edge.from)
  }
  for (const entity of entities.values()) {
    if (!entity.parentId || !entities.has(entity.parentId)) continue
    join(entity.id, entity.parentId)
    join(entity.parentId, entity.id)
  }
  return near
}

/** Everything within `hops` edges of `id`, itself included (breadth first). */
export function neighbourhood(id: string, near: ReadonlyMap<string, string[]>, hops: number): Set<string> {
  const reached = new Set([id])
  let frontier = [id]
  for (let hop = 0; hop < hops && frontier.length > 0; hop += 1) {
    const next: string[] = []
    for (const from of frontier) {
      for (const to of near.get(from) ?? []) {
        if (reached.has(to)) continue
        reached.add(to)
        next.push(to)
      }
    }
    frontier = next
  }
  return reached
}

const isProblem = (entity: Entity): boolean => entity.health === 'error' || entity.health === 'warning'

/** The entities that pass. Columns keep their node cards, so that a filtered map still says where things are. */
export function filterEntities(entities: ReadonlyMap<string, Entity>, edges: ReadonlyMap<string, Edge>, filter: MapFilter): Entity[] {
  const near = filter.focusId || filter.networkId ? adjacency(entities, edges.values()) : null
  const focus = filter.focusId && near ? neighbourhood(filter.focusId, near, filter.hops) : null
  const onNetwork = filter.networkId && near ? neighbourhood(filter.networkId, near, 1) : null
  const columns = filter.nodeId ? assignColumns(entities, edges.values()) : null
  const words = filter.text.toLowerCase().split(/\s+/).filter(Boolean)
  return [...entities.values()].filter((entity) => {
    if (filter.hiddenKinds.has(entity.kind) && entity.id !== filter.focusId) return false
    if (focus && !focus.has(entity.id)) return false
    if (onNetwork && !onNetwork.has(entity.id)) return false
    if (columns && columns.get(entity.id) !== filter.nodeId) return false
    if (filter.onlyProblems && !isProblem(entity)) return false
    return matches(entity, words)
  })
}

function matches(entity: Entity, words: string[]): boolean {
  if (words.length === 0) return true
  const text = `${entity.name} ${entity.status} ${entity.kind} ${entity.facts['vmid'] ?? ''} ${entity.addresses.join(' ')} ${entity.tags.join(' ')}`.toLowerCase()
  return words.every((word) => text.includes(word))
}
