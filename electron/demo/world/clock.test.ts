import { afterEach, describe, expect, it, vi } from 'vitest'
import { createDemoClock } from './clock.ts'

const clocks: ReturnType<typeof createDemoClock>[] = []
const make = (isoTime: string, onError?: (error: unknown) => void) => {
  const clock = createDemoClock({
    offsetMs: Date.parse(isoTime) - Date.now(),
    ...(onError ? { onError } : {}),
  })
  clocks.push(clock)
  return clock
}
afterEach(() => {
  for (const clock of clocks.splice(0)) clock.dispose()
})

describe('lab clock', () => {
  it('fires what falls due during a jump, in order, and shows each task its own time', () => {
    const clock = make('2026-11-24T08:00:00Z')
    const seen: string[] = []
    const note = (what: string) => seen.push(`${what} ${new Date(clock.nowMs()).toISOString().slice(11, 16)}`)
    clock.daily(9, 0, () => {
      note('daily')
      clock.after(20 * 60_000, () => note('after daily'))
    })
    clock.every(45 * 60_000, () => note('every'))
    clock.advance(2 * 3_600_000)
    expect(seen).toEqual(['every 08:45', 'daily 09:00', 'after daily 09:20', 'every 09:30'])
    expect(new Date(clock.nowMs()).toISOString().slice(11, 16)).toBe('10:00')
  })

  it('goes on with real time between jumps', async () => {
    const clock = make('2026-11-24T08:00:00Z')
    const before = clock.nowMs()
    let hasFired = false
    clock.after(30, () => (hasFired = true))
    await vi.waitFor(() => expect(hasFired).toBe(true), { timeout: 3_000, interval: 10 })
    expect(clock.nowMs()).toBeGreaterThanOrEqual(before + 30)
  })

  it('plans a daily task for tomorrow when its time is past, and stops it on demand', () => {
    const clock = make('2026-11-24T09:00:01Z')
    let count = 0
    const stop = clock.daily(9, 0, () => count++)
    clock.advance(23 * 3_600_000)
    expect(count).toBe(0)
    clock.advance(3_600_000)
    expect(count).toBe(1)
    stop()
    clock.advance(48 * 3_600_000)
    expect(count).toBe(1)
  })

  it('survives a task that throws, and refuses to go back', () => {
    const errors: unknown[] = []
    const clock = make('2026-11-24T08:00:00Z', (error) => errors.push(error))
    let hasFired = false
    clock.after(10, () => {
      throw new Error('broken')
    })
    clock.after(20, () => (hasFired = true))
    clock.advance(1_000)
    expect([errors.length, hasFired]).toEqual([1, true])
    expect(() => clock.advance(-1)).toThrow(RangeError)
  })
})
