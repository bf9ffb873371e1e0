// Finding entities by what people know of them: name, VMID, IP, MAC, tag, id. Linear in the inventory's size.
import type { Entity, EntityKind } from '#shared/model/inventory.ts'

/** The best `most` matches; an exact name or VMID first, then names that begin so, then anything that holds it. */
export function searchEntities(entities: ReadonlyMap<string, Entity>, query: string, most: number): Entity[] {
  const wanted = query.trim().toLowerCase()
  if (wanted.length < 2) return []
  const ranked: Array<[number, Entity]> = []
  for (const entity of entities.values()) {
    const rank = rankOf(entity, wanted)
    if (rank < Infinity) ranked.push([rank, entity])
  }
  return ranked
    .sort(([a, left], [b, right]) => a - b || importance(left) - importance(right) || left.name.localeCompare(right.name))
    .slice(0, most)
    .map(([, entity]) => entity)
}

/** Among equally good matches, machines and databases go before what belongs to them. */
const foremost: readonly EntityKind[] = ['node', 'guest', 'database-server', 'database', 'kubernetes-node', 'workload', 'storage', 'network']
function importance({ kind }: Entity): number {
  const at = foremost.indexOf(kind)
  if (at >= 0) return at
  return kind.startsWith('backup') ? foremost.length + 1 : foremost.length
}

function rankOf(entity: Entity, wanted: string): number {
  const name = entity.name.toLowerCase()
  if (name === wanted || String(entity.facts['vmid'] ?? '') === wanted) return 0
  if (name.startsWith(wanted)) return 1
  if (entity.addresses.some((address) => address.startsWith(wanted))) return 2
  if (name.includes(wanted)) return 3
  if (entity.tags.some((tag) => tag.toLowerCase().includes(wanted))) return 4
  return entity.id.toLowerCase().includes(wanted) ? 5 : Infinity
}
