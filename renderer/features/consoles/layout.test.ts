import { describe, expect, it } from 'vitest'
import { consolesOf, leaf, neighbourOf, splitAt, without, withShare, type Layout } from './layout.ts'

/** a | (b over c) */
const three = (): Layout => splitAt(splitAt(leaf('a'), 'a', 'row', 'b'), 'b', 'column', 'c')

describe('the layout of a tab', () => {
  it('splits where the focus is, in reading order', () => expect(consolesOf(three())).toEqual(['a', 'b', 'c']))

  it('gives the room of a closed console to its neighbour, and is gone with the last', () => {
    expect(without(three(), 'a')).toEqual({ kind: 'split', direction: 'column', share: 0.5, first: leaf('b'), second: leaf('c') })
    expect(without(three(), 'c')).toEqual(splitAt(leaf('a'), 'a', 'row', 'b'))
    expect(without(leaf('a'), 'a')).toBeNull()
    const whole = three()
    expect(without(whole, 'x')).toBe(whole)
  })

  it('finds the neighbour on each side, and none at the edge', () => {
    expect(neighbourOf(three(), 'a', 'right')).toBeDefined()
    expect(neighbourOf(three(), 'b', 'left')).toBe('a')
    expect(neighbourOf(three(), 'c', 'left')).toBe('a')
    expect(neighbourOf(three(), 'b', 'down')).toBe('c')
    expect(neighbourOf(three(), 'c', 'up')).toBe('b')
    expect(neighbourOf(three(), 'a', 'left')).toBeUndefined()
    expect(neighbourOf(three(), 'a', 'up')).toBeUndefined()
  })

  it('moves the divider that was taken, and never closes a side', () => {
    expect(withShare(three(), [], 0.7)).toMatchObject({ share: 0.7, second: { share: 0.5 } })
    expect(withShare(three(), [1], 0.02)).toMatchObject({ share: 0.5, second: { share: 0.1 } })
  })
})
