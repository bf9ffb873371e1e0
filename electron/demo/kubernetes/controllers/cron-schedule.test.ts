import { describe, expect, it } from 'vitest'
import { nextRun, parseSchedule } from './cron-schedule.ts'

const after = (schedule: string, time: string): string | undefined => {
  const parsed = parseSchedule(schedule)
  const next = parsed === undefined ? undefined : nextRun(parsed, Date.parse(time))
  return next === undefined ? undefined : new Date(next).toISOString().slice(0, 16)
}

describe('cron schedules', () => {
  it.each([
    ['0 6 * * *', '2026-07-22T05:59:30Z', '2026-07-22T06:00'],
    ['0 6 * * *', '2026-07-22T06:00:00Z', '2026-07-23T06:00'],
    ['30 2 * * 0', '2026-07-22T10:00:00Z', '2026-07-26T02:30'],
    ['30 2 * * 7', '2026-07-22T10:00:00Z', '2026-07-26T02:30'],
    ['*/15 * * * *', '2026-07-22T10:14:59Z', '2026-07-22T10:15'],
    ['5-7,50 12 * * *', '2026-07-22T12:07:00Z', '2026-07-22T12:50'],
    ['0 0 29 2 *', '2026-07-22T10:00:00Z', undefined],
    ['0 0 13 * 5', '2026-07-22T10:00:00Z', '2026-07-24T00:00'],
    ['@monthly', '2026-12-22T10:00:00Z', '2027-01-01T00:00'],
  ])('%s after %s is %s', (schedule, time, next) => {
    expect(after(schedule, time)).toBe(next)
  })
  it.each(['* * * *', '60 * * * *', 'a b c d e', '5-1 * * * *', '*/0 * * * *'])('refuses %s', (text) => {
    expect(parseSchedule(text)).toBeUndefined()
  })
})
