import { describe, expect, it } from 'vitest'
import { sampleEntity } from '../testing/sample-inventory.ts'
import { applyDiff, useInventory } from './inventory.store.ts'

const state = { ...useInventory.getState(), revision: 3, entities: new Map([['a', sampleEntity('a', 'guest', 'guests')]]) }
const diff = { baseRevision: 3, revision: 4, atMs: 1, upsertEntities: [sampleEntity('b', 'guest', 'guests')], removeEntities: ['a'], upsertEdges: [], removeEdges: [] }

describe('the mirror of the inventory', () => {
  it('applies a diff to the revision it names, without touching the old state', () => {
    const next = applyDiff(state, diff)!
    expect([...next.entities.keys()]).toEqual(['b'])
    expect(next.revision).toBe(4)
    expect([...state.entities.keys()]).toEqual(['a'])
  })
  it('refuses a diff that skips a revision', () => expect(applyDiff(state, { ...diff, baseRevision: 2 })).toBeNull())
})
