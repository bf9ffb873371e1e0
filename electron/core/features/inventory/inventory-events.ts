// How a watcher is told about the inventory: the whole picture once (cut into digestible pieces when it is large),
// then differences. Pending differences of a slow watcher are joined, so its backlog never grows beyond the picture.
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import type { Inventory, InventoryDiff } from '#shared/model/inventory.ts'

const pieceSize = 1000

/**
 * Joins `next` onto what a watcher has not read yet. Differences are joined when the newer has grown as large as the
 * one before it: few are left however many come, and no entry is copied more than a few times.
 */
export function mergeEvents(pending: InventoryEvent[], next: InventoryEvent): InventoryEvent[] {
  const merged = [...pending, next]
  for (;;) {
    const last = merged.at(-1)
    const before = merged.at(-2)
    if (last?.type !== 'diff' || before?.type !== 'diff' || sizeOf(before.diff) > 2 * sizeOf(last.diff))
      return merged
    merged.splice(-2, 2, { type: 'diff', diff: joinDiffs(before.diff, last.diff) })
  }
}

const sizeOf = (diff: InventoryDiff): number =>
  1 +
  diff.upsertEntities.length +
  diff.removeEntities.length +
  diff.upsertEdges.length +
  diff.removeEdges.length

/** One difference that has the effect of `first` and then `second`. */
export function joinDiffs(first: InventoryDiff, second: InventoryDiff): InventoryDiff {
  const entities = joinChanges(
    first.upsertEntities,
    first.removeEntities,
    second.upsertEntities,
    second.removeEntities,
  )
  const edges = joinChanges(first.upsertEdges, first.removeEdges, second.upsertEdges, second.removeEdges)
  const sources = second.sources ?? first.sources
  return {
    baseRevision: first.baseRevision,
    revision: second.revision,
    atMs: second.atMs,
    ...(sources ? { sources } : {}),
    upsertEntities: entities.upserts,
    removeEntities: entities.removals,
    upsertEdges: edges.upserts,
    removeEdges: edges.removals,
  }
}

function joinChanges<T extends { id: string }>(
  firstUpserts: readonly T[],
  firstRemovals: readonly string[],
  secondUpserts: readonly T[],
  secondRemovals: readonly string[],
): { upserts: T[]; removals: string[] } {
  const upserts = new Map<string, T>()
  const removals = new Set(firstRemovals)
  for (const item of firstUpserts) upserts.set(item.id, item)
  for (const id of secondRemovals) {
    upserts.delete(id)
    removals.add(id)
  }
  for (const item of secondUpserts) {
    removals.delete(item.id)
    upserts.set(item.id, item)
  }
  return { upserts: [...upserts.values()], removals: [...removals] }
}

/**
 * The first events of a watcher. A large picture comes as a whole with its first entities, then as differences
 * that stay on the same revision: the map has something to draw at once and no single message is huge.
 */
export function* toFirstEvents(inventory: Inventory): Generator<InventoryEvent, void, void> {
  const { entities, edges, revision, atMs } = inventory
  if (entities.length + edges.length <= 2 * pieceSize) return yield { type: 'whole', inventory }
  yield { type: 'whole', inventory: { ...inventory, entities: entities.slice(0, pieceSize), edges: [] } }
  const rest = { baseRevision: revision, revision, atMs, removeEntities: [], removeEdges: [] }
  for (let at = pieceSize; at < entities.length; at += pieceSize)
    yield {
      type: 'diff',
      diff: { ...rest, upsertEntities: entities.slice(at, at + pieceSize), upsertEdges: [] },
    }
  for (let at = 0; at < edges.length; at += pieceSize)
    yield {
      type: 'diff',
      diff: { ...rest, upsertEntities: [], upsertEdges: edges.slice(at, at + pieceSize) },
    }
}
