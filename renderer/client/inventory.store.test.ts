import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import { AppError } from '#shared/errors.ts'
import { eventFeed } from '../testing/event-feed.ts'
import { fakeClient } from '../testing/fake-client.ts'
import { sampleEntity } from '../testing/sample-inventory.ts'
import { siteId } from '../testing/sample-session.ts'
import type { InventoryDiff } from '#shared/model/inventory.ts'
import { applyDiff, applyDiffs, followInventory, useInventory } from './inventory.store.ts'

const diff = { baseRevision: 3, revision: 4, atMs: 1, upsertEntities: [sampleEntity('b', 'guest', 'guests')], removeEntities: ['a'], upsertEdges: [], removeEdges: [] }
const whole = (revision: number, ...ids: string[]): InventoryEvent => ({
  type: 'whole',
  inventory: { siteId, revision, atMs: 1, sources: [], entities: ids.map((id) => sampleEntity(id, 'guest', 'guests')), edges: [] },
})
const names = (): string[] => [...useInventory.getState().entities.keys()]

beforeEach(() => useInventory.setState(useInventory.getInitialState(), true))

describe('the mirror of the inventory', () => {
  const state = { ...useInventory.getState(), revision: 3, entities: new Map([['a', sampleEntity('a', 'guest', 'guests')]]) }

  it('applies a diff to the revision it names, without touching the old state', () => {
    const next = applyDiff(state, diff)!
    expect([...next.entities.keys()]).toEqual(['b'])
    expect(next.revision).toBe(4)
    expect([...state.entities.keys()]).toEqual(['a'])
  })
  it('refuses a diff that skips a revision', () => expect(applyDiff(state, { ...diff, baseRevision: 2 })).toBeNull())
})

describe('following a site', () => {
  const start = (...first: InventoryEvent[]) => {
    const feed = eventFeed<InventoryEvent>(...first)
    const watch = vi.fn(feed.watch)
    const stop = followInventory(fakeClient({ inventory: { watch: watch as never } }), siteId)
    return { feed, watch, stop }
  }

  it('takes the whole, then differences', async () => {
    const { feed, stop } = start(whole(3, 'a'))
    await vi.waitFor(() => expect(names()).toEqual(['a']))
    feed.send({ type: 'diff', diff })
    await vi.waitFor(() => expect(names()).toEqual(['b']))
    expect(useInventory.getState().revision).toBe(4)
    stop()
  })

  it('asks for the whole again when a difference does not fit, and leaves the old stream', async () => {
    const { feed, watch, stop } = start(whole(3, 'a'))
    await vi.waitFor(() => expect(names()).toEqual(['a']))
    feed.send({ type: 'diff', diff: { ...diff, baseRevision: 7, revision: 8 } })
    await vi.waitFor(() => expect(watch).toHaveBeenCalledTimes(2))
    expect(watch).toHaveBeenLastCalledWith({ siteId }, expect.anything())
    await vi.waitFor(() => expect(feed.open()).toBe(1))
    expect(names()).toEqual(['a'])
    stop()
  })

  it('keeps what is known when the site cannot be followed, and says why', async () => {
    const { feed, stop } = start(whole(3, 'a'))
    await vi.waitFor(() => expect(names()).toEqual(['a']))
    feed.fail(new AppError('not-found', 'This site was removed.'))
    await vi.waitFor(() => expect(useInventory.getState().error?.message).toBe('This site was removed.'))
    expect(names()).toEqual(['a'])
    stop()
  })

  it('forgets the site when it is left, and takes nothing that comes late', async () => {
    const { feed, stop } = start(whole(3, 'a'))
    await vi.waitFor(() => expect(names()).toEqual(['a']))
    stop()
    feed.send(whole(9, 'late'))
    await vi.waitFor(() => expect(feed.open()).toBe(0))
    expect(names()).toEqual([])
    expect(useInventory.getState().siteId).toBeNull()
  })

  it('does not clear the site that was opened in its place', async () => {
    const { stop } = start(whole(3, 'a'))
    useInventory.setState({ siteId: 'other' as typeof siteId })
    stop()
    expect(useInventory.getState().siteId).toBe('other')
  })
})

describe('several diffs at once', () => {
  const entity = (id: string) => sampleEntity(id, 'guest', 'guests')
  const diff = (baseRevision: number, more: Partial<InventoryDiff> = {}): InventoryDiff => ({ baseRevision, revision: baseRevision + 1, atMs: 1, upsertEntities: [], removeEntities: [], upsertEdges: [], removeEdges: [], ...more })
  const start = { ...useInventory.getInitialState(), revision: 1, entities: new Map([['a', entity('a')]]), edges: new Map() }

  it('have the effect of one after the other, and leave a map that does not change as it is', () => {
    const next = applyDiffs(start, [diff(1, { upsertEntities: [entity('b')] }), diff(2, { removeEntities: ['a'] })])
    expect([...next!.entities.keys()]).toEqual(['b'])
    expect(next!.edges).toBe(start.edges)
    expect(start.entities.has('a')).toBe(true)
    expect(next!.revision).toBe(3)
  })

  it('are refused when one does not fit', () => {
    expect(applyDiffs(start, [diff(1), diff(5)])).toBeNull()
  })
})
