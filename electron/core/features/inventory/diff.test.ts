import { describe, expect, it } from 'vitest'
import type { Edge, Entity } from '#shared/model/inventory.ts'
import { diffPart, isEmptyChange, sameEdge, sameEntity, type Part } from './diff.ts'
import { edgeOf } from './observation.ts'
import { entityOf } from './testing/entities.ts'

const partOf = (entities: Parameters<typeof entityOf>[1][], edges: Edge[] = []): Part => ({
  entities: new Map(entities.map((id) => [id, entityOf('guest', id)])),
  edges: new Map(edges.map((edge) => [edge.id, edge])),
})
const link = (from: string, to: string, text = 'because'): Edge =>
  edgeOf(from, 'uses', to, [{ by: 'api', text }])

describe('diffPart', () => {
  it('finds nothing between equal things, whatever objects they are', async () => {
    const part = partOf(['a', 'b'], [link('a', 'b')])
    expect(
      isEmptyChange(
        await diffPart(part, {
          entities: [entityOf('guest', 'a'), entityOf('guest', 'b')],
          edges: [link('a', 'b')],
        }),
      ),
    ).toBe(true)
  })

  it('finds what came, changed and went', async () => {
    const part = partOf(['a', 'b'], [link('a', 'b')])
    const change = await diffPart(part, {
      entities: [entityOf('guest', 'a', { status: 'stopped' }), entityOf('guest', 'c')],
      edges: [link('a', 'c')],
    })
    expect(change.upsertEntities.map((item) => item.id)).toEqual(['a', 'c'])
    expect(change.removeEntities).toEqual(['b'])
    expect(change.upsertEdges.map((item) => item.id)).toEqual(['a|uses|c'])
    expect(change.removeEdges).toEqual(['a|uses|b'])
  })

  it('takes the first of two entities with one id', async () => {
    const change = await diffPart(partOf([]), {
      entities: [entityOf('guest', 'a', { name: 'one' }), entityOf('guest', 'a', { name: 'two' })],
      edges: [],
    })
    expect(change.upsertEntities.map((item) => item.name)).toEqual(['one'])
  })

  it('lets a quick look add and not take away', async () => {
    const part: Part = { entities: new Map(), edges: new Map([[link('a', 'x').id, link('a', 'x')]]) }
    part.entities.set(
      'a',
      entityOf('guest', 'a', {
        addresses: ['10.0.0.1'],
        facts: { vmid: 1, osType: 'l26', cpuFraction: 0.1 },
      }),
    )
    part.entities.set('gone', entityOf('gpu', 'gone'))
    const change = await diffPart(part, {
      entities: [entityOf('guest', 'a', { facts: { vmid: 1, cpuFraction: 0.9 } })],
      edges: [],
      isPartial: true,
    })
    expect(change.removeEntities).toEqual([])
    expect(change.removeEdges).toEqual([])
    expect(change.upsertEntities[0]).toMatchObject({
      addresses: ['10.0.0.1'],
      facts: { osType: 'l26', cpuFraction: 0.9 },
    })
  })
})

describe('equality', () => {
  it('sees every field a reader could see', () => {
    const base = entityOf('guest', 'a', {
      tags: ['x'],
      addresses: ['10.0.0.1'],
      facts: { list: ['a'], figure: 1 },
    })
    expect(sameEntity(base, { ...base, tags: ['x'], facts: { list: ['a'], figure: 1 } })).toBe(true)
    const others: Array<Partial<Entity>> = [
      { name: 'b' },
      { health: 'off' as const },
      { status: 's' },
      { parentId: 'p' },
      { tags: [] },
      { addresses: ['10.0.0.2'] },
      { facts: { list: ['b'], figure: 1 } },
      { facts: { list: ['a'] } },
      { facts: { list: ['a'], figure: 1, more: null } },
    ]
    for (const other of others)
      expect(sameEntity(base, { ...base, ...other }), JSON.stringify(other)).toBe(false)
  })

  it('sees another reason for an edge', () => {
    expect(sameEdge(link('a', 'b'), link('a', 'b'))).toBe(true)
    expect(sameEdge(link('a', 'b'), link('a', 'b', 'another'))).toBe(false)
  })
})
