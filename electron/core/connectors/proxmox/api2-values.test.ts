import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { parseProperties, parseRows, wireBoolean, wireNumber } from './api2-values.ts'

describe('values as Perl writes them', () => {
  it.each([
    [1, 1],
    ['42', 42],
    ['0.25', 0.25],
    ['1e3', 1000],
    [' 7 ', 7],
  ])('reads the number %j', (wire, value) => expect(wireNumber.parse(wire)).toBe(value))

  it.each(['', 'x', '0x10', 'NaN', null, {}])('refuses %j as a number', (wire) =>
    expect(wireNumber.safeParse(wire).success).toBe(false),
  )

  it.each([
    [1, true],
    [0, false],
    ['1', true],
    ['0', false],
    ['', false],
    ['off', false],
    [true, true],
  ])('reads the boolean %j', (wire, value) => expect(wireBoolean.parse(wire)).toBe(value))

  it('leaves odd rows out, but not all of them', async () => {
    const row = z.object({ vmid: wireNumber })
    expect(await parseRows(row, [{ vmid: '1' }, { vmid: 'x' }, null, { vmid: 2, more: true }])).toEqual([
      { vmid: 1 },
      { vmid: 2 },
    ])
    expect(await parseRows(row, [])).toEqual([])
    expect(await parseRows(row, [{ id: 1 }])).toBeUndefined()
    expect(await parseRows(row, { 0: {} })).toBeUndefined()
  })

  it('reads property strings', () => {
    expect(parseProperties('virtio=02:60:00:07:D2:00,bridge=vmbr1,tag=60')).toEqual({
      virtio: '02:60:00:07:D2:00',
      bridge: 'vmbr1',
      tag: '60',
    })
    expect(parseProperties('0000:08:00,pcie=1', 'host')).toEqual({ host: '0000:08:00', pcie: '1' })
    expect(parseProperties('')).toEqual({ '': '' })
  })
})
