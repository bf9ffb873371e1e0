import { describe, expect, it } from 'vitest'
import type { KubeRow } from '#shared/model/kubernetes.ts'
import { RowTable } from './row-table.ts'

const row = (name: string, restarts = 0): KubeRow => ({
  key: `n/${name}`, uid: name, namespace: 'n', name, createdAtMs: 0, health: restarts > 5 ? 'error' : 'ok', status: 'Running', cells: [restarts], labels: '',
})
const names = (table: RowTable): string[] => table.visible.map((item) => item.name)
const byRestarts = { sortBy: (item: KubeRow) => item.cells[0]!, isDescending: true, isShown: (item: KubeRow) => item.health === 'ok' }

describe('RowTable', () => {
  it('keeps the order through single changes as a new sort would', () => {
    const table = new RowTable()
    table.setView({ sortBy: (item) => item.cells[0]!, isDescending: false, isShown: (item) => item.name !== 'hidden' })
    table.apply({ isReset: true, put: Array.from({ length: 2000 }, (_, index) => row(`p${index}`, (index * 7919) % 1000)), remove: [] })
    let seed = 1
    const random = (below: number): number => (seed = (seed * 48271) % 2147483647) % below
    for (let round = 0; round < 300; round += 1) {
      const put = [row(`p${random(2200)}`, random(1000)), row('hidden', round)]
      table.apply({ isReset: false, put, remove: [`n/p${random(2000)}`] })
    }
    const kept = names(table)
    table.setView({ sortBy: (item) => item.cells[0]!, isDescending: false, isShown: (item) => item.name !== 'hidden' })
    expect(kept).toEqual(names(table))
    expect(new Set(kept).size).toBe(kept.length)
  })

  it('lets rows in and out of the filter as they change', () => {
    const table = new RowTable()
    table.setView(byRestarts)
    table.apply({ isReset: true, put: [row('a', 1), row('b', 3), row('c', 9)], remove: [] })
    expect(names(table)).toEqual(['b', 'a'])
    table.apply({ isReset: false, put: [row('b', 7), row('c', 2)], remove: [] })
    expect(names(table)).toEqual(['c', 'a'])
    table.apply({ isReset: false, put: [], remove: ['n/a', 'n/never'] })
    expect(names(table)).toEqual(['c'])
    expect(table.size).toBe(2)
  })

  it('forgets everything at a reset', () => {
    const table = new RowTable()
    table.apply({ isReset: true, put: [row('a')], remove: [] })
    table.apply({ isReset: true, put: [row('b')], remove: [] })
    expect(names(table)).toEqual(['b'])
  })
})
