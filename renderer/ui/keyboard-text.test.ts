import { describe, expect, it } from 'vitest'
import { pressesOf, untypable } from './keyboard-text.ts'

describe('text as key presses', () => {
  it('holds Shift where a US keyboard needs it, and presses Enter for a line break however it is written', () => {
    expect(pressesOf('aA1!_\r\n')).toEqual([
      { keysym: 0x61, code: 'KeyA', isShifted: false },
      { keysym: 0x41, code: 'KeyA', isShifted: true },
      { keysym: 0x31, code: 'Digit1', isShifted: false },
      { keysym: 0x21, code: 'Digit1', isShifted: true },
      { keysym: 0x5f, code: 'Minus', isShifted: true },
      { keysym: 0xff0d, code: 'Enter', isShifted: false },
    ])
  })

  it('covers every printable ASCII letter, each from its own key', () => {
    const ascii = Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)).join('')
    expect(untypable(ascii)).toEqual([])
    const seen = new Set(pressesOf(ascii).map(({ code, isShifted }) => `${code} ${isShifted}`))
    expect(seen.size).toBe(95)
  })

  it('names what such a keyboard has not, and still sends it', () => {
    expect(untypable('größer als 3 €\n')).toEqual(['ö', 'ß', '€'])
    expect(pressesOf('€')).toEqual([{ keysym: 0x0100_20ac, code: null, isShifted: false }])
  })
})
