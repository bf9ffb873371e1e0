// The checker must find what is wrong, or the conformance tests prove nothing.
import { describe, expect, it } from 'vitest'
import { disagreements } from './schema-check.ts'

const definitions = {
  Box: {
    type: 'object',
    required: ['name'],
    properties: {
      name: { type: 'string' },
      count: { type: 'integer' },
      at: { type: 'string', format: 'date-time' },
      labels: { type: 'object', additionalProperties: { type: 'string' } },
      parts: { type: 'array', items: { $ref: '#/definitions/Box' } },
    },
  },
}
const found = (value: unknown): string[] => disagreements(value, { $ref: '#/definitions/Box' }, definitions)

describe('the schema check', () => {
  it('accepts what fits', () => {
    expect(
      found({ name: 'a', count: 3, at: '2026-01-01T00:00:00Z', labels: { x: 'y' }, parts: [{ name: 'b' }] }),
    ).toEqual([])
  })
  it.each([
    [{}, '.name: missing'],
    [{ name: 1 }, '.name: 1 is not string '],
    [{ name: 'a', count: 1.5 }, '.count: 1.5 is not integer '],
    [{ name: 'a', at: 'soon' }, '.at: "soon" is not string date-time'],
    [{ name: 'a', labels: { x: 1 } }, '.labels.x: 1 is not string '],
    [{ name: 'a', colour: 'red' }, '.colour: not in the description'],
    [{ name: 'a', parts: [{ name: 'b' }, {}] }, '.parts[1].name: missing'],
    [[], ': [] is not object '],
  ])('finds the fault in %j', (value, fault) => {
    expect(found(value)).toEqual([fault])
  })
})
