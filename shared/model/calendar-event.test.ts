// Calendar events as Proxmox' own documentation and tests write them, on clocks that change.
import { describe, expect, it } from 'vitest'
import { clockIn, dayIn, isTimeZone, nextRunOf, parseCalendarEvent, runsOf } from './calendar-event.ts'

const at = (text: string): number => Date.parse(text)
const next = (text: string, after: string, timeZone = 'UTC'): string | null => {
  const event = parseCalendarEvent(text)
  if (!event) return 'unreadable'
  const run = nextRunOf(event, at(after), timeZone)
  return run === null ? null : new Date(run).toISOString()
}

describe('calendar events', () => {
  it.each<[text: string, after: string, expected: string]>([
    ['09:00', '2026-11-24T08:59:59Z', '2026-11-24T09:00:00.000Z'],
    ['09:00', '2026-11-24T09:00:00Z', '2026-11-25T09:00:00.000Z'],
    ['daily', '2026-11-24T12:00:00Z', '2026-11-25T00:00:00.000Z'],
    ['hourly', '2026-11-24T12:00:00Z', '2026-11-24T13:00:00.000Z'],
    ['weekly', '2026-11-24T12:00:00Z', '2026-11-30T00:00:00.000Z'],
    ['monthly', '2026-11-24T12:00:00Z', '2026-12-01T00:00:00.000Z'],
    ['quarterly', '2026-11-24T12:00:00Z', '2027-01-01T00:00:00.000Z'],
    ['yearly', '2026-11-24T12:00:00Z', '2027-01-01T00:00:00.000Z'],
    ['mon..fri', '2026-11-27T12:00:00Z', '2026-11-30T00:00:00.000Z'],
    ['mon,wed,fri 22:30', '2026-11-24T12:00:00Z', '2026-11-25T22:30:00.000Z'],
    ['fri..mon 21:00', '2026-11-24T12:00:00Z', '2026-11-27T21:00:00.000Z'],
    ['sat *-1..7 15:00', '2026-11-24T12:00:00Z', '2026-12-05T15:00:00.000Z'],
    ['30', '2026-11-24T12:31:00Z', '2026-11-24T13:30:00.000Z'],
    ['*/5', '2026-11-24T12:31:00Z', '2026-11-24T12:35:00.000Z'],
    ['mon..wed 30/10', '2026-11-24T12:51:00Z', '2026-11-24T13:30:00.000Z'],
    ['8..17,22:0/15', '2026-11-24T17:46:00Z', '2026-11-24T22:00:00.000Z'],
    ['fri 12..13:5/20', '2026-11-27T12:46:00Z', '2026-11-27T13:05:00.000Z'],
    ['0/4:30', '2026-11-24T12:31:00Z', '2026-11-24T16:30:00.000Z'],
    ['*-31 02:00', '2026-11-24T00:00:00Z', '2026-12-31T02:00:00.000Z'],
    ['2027-02-29 01:00', '2026-11-24T00:00:00Z', ''],
    ['2:05:10', '2026-11-24T02:05:09Z', '2026-11-24T02:05:10.000Z'],
    ['04:00 UTC', '2026-11-24T00:00:00Z', '2026-11-24T04:00:00.000Z'],
  ])('%s after %s', (text, after, expected) => {
    expect(next(text, after)).toBe(expected === '' ? null : expected)
  })

  it.each([
    '',
    'sometimes',
    '25:00',
    '12:60',
    'mon..',
    '1-2-3-4',
    '09:00 tomorrow',
    '5..2',
    '*/0',
    'mon 09:00 utc x',
  ])('does not guess at “%s”', (text) => expect(parseCalendarEvent(text)).toBeNull())
})

describe('clocks that change', () => {
  const zone = 'Europe/Berlin'
  const runs = (text: string, after: string, until: string): string[] =>
    runsOf(parseCalendarEvent(text)!, {
      afterMs: at(after),
      untilMs: at(until),
      timeZone: zone,
      limit: 100,
    }).map((run) => new Date(run).toISOString().slice(0, 16))

  it('keep the wall-clock time: 25 hours between two runs in autumn, 23 in spring', () => {
    expect(runs('09:00', '2026-10-24T00:00Z', '2026-10-26T00:00Z')).toEqual([
      '2026-10-24T07:00',
      '2026-10-25T08:00',
    ])
    expect(runs('09:00', '2026-03-28T00:00Z', '2026-03-30T00:00Z')).toEqual([
      '2026-03-28T08:00',
      '2026-03-29T07:00',
    ])
  })
  it('run what is skipped as much later, and what comes twice once', () => {
    expect(runs('02:30', '2026-03-28T12:00Z', '2026-03-30T12:00Z')).toEqual([
      '2026-03-29T01:30',
      '2026-03-30T00:30',
    ])
    expect(runs('02:30', '2026-10-24T12:00Z', '2026-10-25T12:00Z')).toEqual(['2026-10-25T00:30'])
  })
  it('UTC events do not move', () => {
    expect(runs('09:00 UTC', '2026-10-24T00:00Z', '2026-10-26T00:00Z')).toEqual([
      '2026-10-24T09:00',
      '2026-10-25T09:00',
    ])
  })
  it('days and times are read on the server’s clock', () => {
    expect(dayIn(at('2026-11-23T23:30Z'), zone)).toBe('2026-11-24')
    expect(clockIn(at('2026-07-01T07:00Z'), zone)).toBe('09:00')
    expect(isTimeZone('Moon/Tranquility')).toBe(false)
  })
  it('is quick for schedules of every minute', () => {
    const event = parseCalendarEvent('*:*')!
    expect(
      runsOf(event, {
        afterMs: at('2026-11-24T00:00Z'),
        untilMs: at('2026-12-24T00:00Z'),
        timeZone: zone,
        limit: 3000,
      }),
    ).toHaveLength(3000)
  })
})
