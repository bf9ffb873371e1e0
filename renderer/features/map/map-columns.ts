// Which column of the map an entity stands in: the hardware node that carries it, found by walking its parent and
// its edges downwards. What no single node carries (networks, backup servers, clusters) stands in the shared column.
import type { Edge, Entity } from '#shared/model/inventory.ts'

export const sharedColumn = 'shared'

/** Edges that say where something physically is, strongest first. */
const carrying: ReadonlyArray<Edge['kind']> = ['is', 'runs-on', 'attached-to', 'backs-up', 'member-of']
const farthest = 8

/** Entity id → node id or `shared`. Linear in entities plus edges. */
export function assignColumns(entities: ReadonlyMap<string, Entity>, edges: Iterable<Edge>): Map<string, string> {
  const outgoing = new Map<string, Array<{ kind: Edge['kind']; to: string }>>()
  for (const edge of edges) {
    if (!carrying.includes(edge.kind)) continue
    const list = outgoing.get(edge.from)
    if (list) list.push(edge)
    else outgoing.set(edge.from, [edge])
  }
  for (const list of outgoing.values()) list.sort((a, b) => carrying.indexOf(a.kind) - carrying.indexOf(b.kind))

  const columns = new Map<string, string>()
  const resolve = (id: string, depth: number, visited: Set<string>): string | null => {
    const known = columns.get(id)
    if (known) return known
    const entity = entities.get(id)
    if (!entity || depth > farthest || visited.has(id)) return null
    if (entity.kind === 'node') return id
    if (entity.kind === 'cluster' || entity.kind === 'network' || entity.kind === 'pool') return null
    visited.add(id)
    for (const { to } of outgoing.get(id) ?? []) {
      const found = resolve(to, depth + 1, visited)
      if (found) return found
    }
    return entity.parentId ? resolve(entity.parentId, depth + 1, visited) : null
  }
  for (const id of entities.keys()) columns.set(id, resolve(id, 0, new Set()) ?? sharedColumn)
  return columns
}
