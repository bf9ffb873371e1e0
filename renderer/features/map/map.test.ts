import { describe, expect, it } from 'vitest'
import { sampleEntity, sampleSite } from '../../testing/sample-inventory.ts'
import { assignColumns, sharedColumn } from './map-columns.ts'
import { linesOf } from './map-edges.ts'
import { adjacency, filterEntities, neighbourhood, noFilter } from './map-filter.ts'
import { layOut, type MapLayout } from './map-layout.ts'
import { toSvg } from './map-picture.ts'

const overlaps = (layout: MapLayout): string[] => {
  const found: string[] = []
  for (const [index, a] of layout.items.entries())
    for (const b of layout.items.slice(index + 1))
      if (a.xPx < b.xPx + b.widthPx && b.xPx < a.xPx + a.widthPx && a.yPx < b.yPx + b.heightPx && b.yPx < a.yPx + a.heightPx) found.push(`${a.id} over ${b.id}`)
  return found
}

describe('columns', () => {
  it('puts everything over the hardware that carries it, through several systems', () => {
    const { entities, edges } = sampleSite()
    const columns = assignColumns(entities, edges.values())
    expect(columns.get('pod-a')).toBe('node02')
    expect(columns.get('desi')).toBe('node01')
    expect(columns.get('vm/2002')).toBe('node01')
    expect(columns.get('pbs01')).toBe(sharedColumn)
    expect(columns.get('vmbr0')).toBe(sharedColumn)
  })

  it('ends on a circle of parents', () => {
    const entities = new Map([sampleEntity('a', 'guest', 'guests', { parentId: 'b' }), sampleEntity('b', 'guest', 'guests', { parentId: 'a' })].map((item) => [item.id, item]))
    expect(assignColumns(entities, []).get('a')).toBe(sharedColumn)
  })
})

describe('layout', () => {
  it('draws every entity once, without overlap, inside the band of its layer', () => {
    const { entities, edges } = sampleSite()
    const layout = layOut([...entities.values()], entities, edges.values(), new Set())
    expect(layout.items).toHaveLength(entities.size)
    expect(overlaps(layout)).toEqual([])
    for (const item of layout.items) {
      if (item.kind !== 'entity') continue
      const band = layout.bands.find((each) => each.layer === item.entity.layer)!
      expect(item.yPx).toBeGreaterThanOrEqual(band.yPx)
      expect(item.yPx + item.heightPx).toBeLessThanOrEqual(band.yPx + band.heightPx)
    }
  })

  it('folds a crowd into a group that counts its states, and opens it', () => {
    const { entities, edges } = sampleSite()
    for (let index = 0; index < 100; index += 1) entities.set(`g${index}`, sampleEntity(`g${index}`, 'guest', 'guests', { parentId: 'node01', health: index < 3 ? 'error' : 'ok' }))
    const closed = layOut([...entities.values()], entities, edges.values(), new Set())
    const group = closed.items.find((item) => item.kind === 'group')
    expect(group).toMatchObject({ entityKind: 'guest', counts: { error: 3, ok: 98 } })
    expect(closed.standsIn.get('g7')).toBe(group!.id)
    const open = layOut([...entities.values()], entities, edges.values(), new Set([group!.id]))
    expect(open.items.filter((item) => item.kind === 'entity' && item.entity.kind === 'guest')).toHaveLength(102)
    expect(overlaps(open)).toEqual([])
  })

  it('gives the same picture for the same inventory in another order', () => {
    const { entities, edges } = sampleSite()
    const one = layOut([...entities.values()], entities, edges.values(), new Set())
    const other = layOut([...entities.values()].reverse(), new Map([...entities].reverse()), [...edges.values()].reverse(), new Set())
    const places = (layout: MapLayout) => layout.items.map((item) => `${item.id}@${item.xPx},${item.yPx}`).sort()
    expect(places(other)).toEqual(places(one))
  })
})

describe('filters', () => {
  const { entities, edges } = sampleSite()
  const names = (filter: Partial<typeof noFilter>): string[] => filterEntities(entities, edges, { ...noFilter, ...filter }).map((item) => item.id)

  it('shows only problems; unknown is not one of them', () => expect(names({ onlyProblems: true })).toEqual(['node02', 'vm/2002']))
  it('finds by VMID, address and tag', () => {
    expect(names({ text: '2002' })).toContain('pg01')
    expect(names({ text: '10.25.60.8' })).toEqual(['pg01'])
    expect(names({ text: 'db running' })).toContain('pg01')
  })
  it('keeps what stands on a node', () => expect(names({ nodeId: 'node02' })).toEqual(['node02', 'k8s01', 'kube01', 'pod-a']))
  it('keeps what is attached to a network', () => expect(names({ networkId: 'vmbr0' })).toEqual(['vmbr0', 'pg01']))
  it('widens with the hops', () => {
    const near = adjacency(entities, edges.values())
    expect([...neighbourhood('desi', near, 1)]).toEqual(['desi', 'db-server'])
    expect(neighbourhood('desi', near, 3)).toContain('node01')
    expect(neighbourhood('desi', near, 3)).not.toContain('node02')
  })
})

describe('picture', () => {
  it('is well-formed SVG that names every entity, whatever a name holds', () => {
    const { entities, edges } = sampleSite()
    entities.set('evil', sampleEntity('evil', 'guest', 'guests', { name: '<script>"&\u0000]]>', parentId: 'node01' }))
    const layout = layOut([...entities.values()], entities, edges.values(), new Set())
    const svg = toSvg(layout, linesOf(layout, edges.values(), 'pg01'), 'Lab & <site>')
    const document = new DOMParser().parseFromString(svg, 'image/svg+xml')
    expect(document.querySelector('parsererror')).toBeNull()
    expect(document.querySelectorAll('script')).toHaveLength(0)
    const titles = [...document.querySelectorAll('g > title')].map((item) => item.textContent)
    for (const entity of entities.values()) if (entity.id !== 'evil') expect(titles).toContain(`${entity.name}: ${entity.status}`)
  })

  it('draws the lines of a selection through groups without doubles', () => {
    const { entities, edges } = sampleSite()
    const layout = layOut([...entities.values()], entities, edges.values(), new Set())
    const selected = linesOf(layout, edges.values(), 'pg01').filter((line) => line.isSelected)
    expect(selected.map((line) => line.id).sort()).toEqual(['db-server>pg01', 'pg01>node01', 'pg01>vmbr0', 'vm/2002>pg01'])
  })
})
