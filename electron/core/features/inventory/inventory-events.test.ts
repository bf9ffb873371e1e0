import { describe, expect, it } from 'vitest'
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Entity, Inventory, InventoryDiff } from '#shared/model/inventory.ts'
import { joinDiffs, mergeEvents, toFirstEvents } from './inventory-events.ts'
import { entityOf } from './testing/entities.ts'

const diffOf = (base: number, more: Partial<InventoryDiff> = {}): InventoryDiff => ({
  baseRevision: base,
  revision: base + 1,
  atMs: base,
  upsertEntities: [],
  removeEntities: [],
  upsertEdges: [],
  removeEdges: [],
  ...more,
})
const put = (id: string, status = 'running'): Entity => entityOf('guest', id, { status })

/** How a page applies events. */
function apply(events: Iterable<InventoryEvent>): {
  revision: number
  entities: Map<string, string>
  edges: number
} {
  const state = { revision: 0, entities: new Map<string, string>(), edges: 0 }
  for (const event of events) {
    if (event.type === 'whole') {
      state.revision = event.inventory.revision
      state.entities = new Map(event.inventory.entities.map((item) => [item.id, item.status]))
      state.edges = event.inventory.edges.length
      continue
    }
    expect(event.diff.baseRevision).toBe(state.revision)
    state.revision = event.diff.revision
    for (const id of event.diff.removeEntities) state.entities.delete(id)
    for (const item of event.diff.upsertEntities) state.entities.set(item.id, item.status)
    state.edges += event.diff.upsertEdges.length - event.diff.removeEdges.length
  }
  return state
}

describe('joinDiffs', () => {
  it('has the effect of both', () => {
    const first = diffOf(1, { upsertEntities: [put('a'), put('b')], removeEntities: ['x', 'y'] })
    const second = diffOf(2, { upsertEntities: [put('a', 'stopped'), put('x')], removeEntities: ['b'] })
    const joined = joinDiffs(first, second)
    expect(joined).toMatchObject({ baseRevision: 1, revision: 3 })
    expect(joined.upsertEntities.map((item) => `${item.id} ${item.status}`)).toEqual([
      'a stopped',
      'x running',
    ])
    expect(joined.removeEntities.sort()).toEqual(['b', 'y'])
  })
})

describe('mergeEvents', () => {
  it('keeps the backlog of a reader that sleeps small, and its effect whole', () => {
    const whole: InventoryEvent = {
      type: 'whole',
      inventory: { siteId: 's' as SiteId, revision: 0, atMs: 0, sources: [], entities: [], edges: [] },
    }
    const all: InventoryEvent[] = [whole]
    let pending: InventoryEvent[] = [whole]
    for (let at = 0; at < 5000; at += 1) {
      const diff = diffOf(
        at,
        at % 5 === 4
          ? { removeEntities: [`e${(at * 7) % 300}`] }
          : { upsertEntities: [put(`e${(at * 13) % 300}`, String(at))] },
      )
      all.push({ type: 'diff', diff })
      pending = mergeEvents(pending, { type: 'diff', diff })
    }
    expect(pending.length).toBeLessThan(20)
    const size = pending.reduce(
      (sum, event) =>
        sum +
        (event.type === 'diff' ? event.diff.upsertEntities.length + event.diff.removeEntities.length : 0),
      0,
    )
    expect(size).toBeLessThan(1000)
    expect([...apply(pending).entities].sort()).toEqual([...apply(all).entities].sort())
  })
})

describe('toFirstEvents', () => {
  const inventoryOf = (count: number): Inventory => ({
    siteId: 's' as SiteId,
    revision: 7,
    atMs: 1,
    sources: [],
    entities: Array.from({ length: count }, (_, at) => put(`e${at}`)),
    edges: Array.from({ length: count }, (_, at) => ({
      id: `x${at}`,
      from: `e${at}`,
      to: `e0`,
      kind: 'uses' as const,
      evidence: [{ by: 'api' as const, text: '' }],
    })),
  })

  it('sends a small picture at once', () => {
    expect([...toFirstEvents(inventoryOf(10))]).toHaveLength(1)
  })

  it('cuts a large one into pieces that add up on one revision', () => {
    const events = [...toFirstEvents(inventoryOf(4500))]
    expect(events.length).toBeGreaterThan(5)
    const state = apply(events)
    expect(state).toMatchObject({ revision: 7, edges: 4500 })
    expect(state.entities.size).toBe(4500)
  })
})
