import { describe, expect, it } from 'vitest'
import { sampleSite } from '../testing/sample-inventory.ts'
import { searchEntities } from './entity-search.ts'

const find = (query: string): string[] => searchEntities(sampleSite().entities, query, 5).map((entity) => entity.id)

describe('finding entities', () => {
  it('puts an exact VMID or name first', () => expect(find('2002')[0]).toBe('pg01'))
  it('finds by address and tag', () => {
    expect(find('10.25.60')).toEqual(['pg01'])
    expect(find('db')).toContain('pg01')
  })
  it('waits for two letters and stops at the limit', () => {
    expect(find('n')).toEqual([])
    expect(find('0')).toEqual([])
    expect(searchEntities(sampleSite().entities, 'node', 1)).toHaveLength(1)
  })
})
