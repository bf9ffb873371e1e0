import { describe, expect, it } from 'vitest'
import { LogBuffer, mostLines, plainText } from './log-buffer.ts'

describe('LogBuffer', () => {
  it('reads a stream that is cut anywhere', () => {
    const stream = '!{"type":"source","index":0,"pod":"a","container":"main"}\n0\t2026-07-21T10:00:00.000000000Z\tone\ttab\n0\t\tno time\n!{"type":"note","index":0,"text":"gone"}\n!{"type":"end"}\n'
    for (const size of [1, 7, 1000]) {
      const buffer = new LogBuffer()
      for (let at = 0; at < stream.length; at += size) buffer.push(stream.slice(at, at + size))
      expect(buffer.sources).toEqual([{ pod: 'a', container: 'main' }])
      expect(buffer.entries.map((entry) => [entry.source, entry.text])).toEqual([[0, 'one\ttab'], [0, 'no time'], [-1, 'gone']])
      expect(buffer.hasEnded).toBe(true)
    }
  })

  it('lets the oldest lines go and says how many', () => {
    const buffer = new LogBuffer()
    for (let round = 0; round < 6; round += 1) buffer.push(Array.from({ length: 10_000 }, (_, index) => `0\t\tline ${round * 10_000 + index}\n`).join(''))
    expect(buffer.entries.length).toBeLessThanOrEqual(mostLines * 1.1)
    expect(buffer.dropped + buffer.entries.length).toBe(60_000)
    expect(buffer.entries.at(-1)!.text).toBe('line 59999')
  })

  it('takes terminal colours out', () => expect(plainText('\u001b[31mred\u001b[0m and plain')).toBe('red and plain'))
})
