// How things are judged, case by case: what counts as failed, stale, unverified, unknown; whose backups are whose; what
// schedules can promise; clocks that differ and clocks that change.
import { describe, expect, it } from 'vitest'
import type { CoverageRow, CoverageVerdict } from '#shared/contracts/backups.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import { assess } from './assess.ts'
import { judgeSchedule, longestGapMs, runsDailyAt } from './schedule.ts'
import {
  at,
  dayMs,
  edge,
  entity,
  groundInput,
  groupEntity,
  guest,
  hourMs,
  job,
  pbsId,
  snapshot,
  type GroundWish,
} from './testing/coverage-ground.ts'

const siteId = 'site' as SiteId
const judge = (wish: GroundWish) => assess(siteId, groundInput(wish), [])
const rowOf = (wish: GroundWish): CoverageRow => judge(wish).rows[0]!
const now = '2026-11-24T10:00:00Z'
const night = '2026-11-24T02:00:00Z'
const attempt = (time: string, error: string | null) => ({
  group: 'main||vm/100',
  atMs: at(time),
  error,
  isRunning: false,
})

describe('verdicts', () => {
  it.each<[what: string, wish: Omit<GroundWish, 'now'>, verdict: CoverageVerdict, problems: string[]]>([
    ['backed up tonight and verified', { snapshots: [snapshot(night)] }, 'ok', []],
    ['no job at all', { snapshots: [snapshot(night)], jobs: [] }, 'none', ['no-job']],
    [
      'only a job that is switched off',
      { snapshots: [snapshot(night)], jobs: [job({ isEnabled: false })] },
      'none',
      ['job-off'],
    ],
    [
      'excluded from the job of all guests',
      { snapshots: [], jobs: [job({ guests: null, excluded: [100] })] },
      'none',
      ['no-job', 'never-backed-up'],
    ],
    ['a job, but never a backup', { snapshots: [] }, 'none', ['never-backed-up']],
    ['older than its objective', { snapshots: [snapshot('2026-11-22T02:00:00Z')] }, 'stale', ['stale']],
    [
      'never verified',
      { snapshots: [snapshot(night, { verification: 'none', verifiedAtMs: null })] },
      'unverified',
      ['never-verified'],
    ],
    [
      'verified too long ago',
      {
        snapshots: [
          snapshot(night, { verification: 'none', verifiedAtMs: null }),
          snapshot('2026-11-10T02:00:00Z'),
        ],
      },
      'unverified',
      ['verification-old'],
    ],
    [
      'a damaged backup',
      { snapshots: [snapshot(night), snapshot('2026-11-23T02:00:00Z', { verification: 'failed' })] },
      'failed',
      ['verification-failed'],
    ],
    [
      'the last attempt failed',
      { snapshots: [snapshot('2026-11-23T12:00:00Z')], pbs: { attempts: [attempt(night, 'broken pipe')] } },
      'failed',
      ['backup-failed'],
    ],
    [
      'a failure that a good backup has followed',
      { snapshots: [snapshot(night)], pbs: { attempts: [attempt('2026-11-23T02:00:00Z', 'broken pipe')] } },
      'ok',
      [],
    ],
    [
      'a disk that is left out',
      { snapshots: [snapshot(night)], jobs: [job({ guests: { 100: ['scsi1'] } })] },
      'partial',
      ['partial'],
    ],
    [
      'a disk that another job takes',
      {
        snapshots: [snapshot(night)],
        jobs: [job({ guests: { 100: ['scsi1'] } }), job({ id: 'b', guests: { 100: [] } })],
      },
      'ok',
      [],
    ],
    [
      'a backup that still runs',
      { snapshots: [snapshot(night, { isRunning: true })] },
      'none',
      ['never-backed-up'],
    ],
    [
      'jobs that were never read',
      { snapshots: [snapshot(night)], hasPve: false },
      'unknown',
      ['not-visible'],
    ],
    ['no backup server connected', { hasPbs: false }, 'unknown', ['not-visible']],
    ['a datastore in maintenance', { snapshots: [], pbs: { unread: ['main'] } }, 'unknown', ['not-visible']],
    [
      'a job that writes where nobody looks',
      { snapshots: [], jobs: [job({ storage: 'nfs-backup' })] },
      'unknown',
      ['not-visible'],
    ],
    [
      'the server away, the newest known still young',
      { snapshots: [snapshot(night)], isPbsLive: false },
      'ok',
      [],
    ],
    [
      'the server away, the newest known too old by now',
      { snapshots: [snapshot('2026-11-22T02:00:00Z')], isPbsLive: false },
      'unknown',
      ['not-visible'],
    ],
    ['the server away, nothing known', { snapshots: [], isPbsLive: false }, 'unknown', ['not-visible']],
  ])('%s', (_what, wish, verdict, problems) => {
    const row = rowOf({ now, ...wish })
    expect([row.verdict, row.problems.map((it) => it.kind)]).toEqual([verdict, problems])
  })

  it('what nobody wants backed up is no fault, and not counted', () => {
    const off = {
      scope: 'tag' as const,
      value: 'scratch',
      target: { isRequired: false, rpoHours: 24, verifyAgeHours: 24 },
      note: '',
    }
    const state = judge({
      now,
      jobs: [],
      snapshots: [],
      policy: { rules: [off] },
      entities: [guest({ tags: ['scratch'] })],
      edges: [],
    })
    expect([state.rows[0]!.verdict, state.headline]).toEqual([
      'off',
      'Nothing that wants a backup is known yet.',
    ])
  })

  it('the most particular target counts: guest before tag before pool', () => {
    const target = (rpoHours: number) => ({ isRequired: true, rpoHours, verifyAgeHours: 24 })
    const rules = [
      { scope: 'pool' as const, value: 'science', target: target(3), note: '' },
      { scope: 'tag' as const, value: 'db', target: target(2), note: '' },
      { scope: 'guest' as const, value: 'pve/lab/guest/100', target: target(1), note: 'papers' },
    ]
    const known = guest({ tags: ['db'], facts: { pool: 'science' } })
    const of = (kept: typeof rules) => rowOf({ now, policy: { rules: kept }, entities: [known], edges: [] })
    expect(
      [of(rules), of(rules.slice(0, 2)), of(rules.slice(0, 1)), of([])].map(
        (row) => `${row.target.rpoHours} ${row.targetFrom}`,
      ),
    ).toEqual(['1 its own rule (papers)', '2 the tag db', '3 the pool science', '24 the site'])
  })
})

describe('whose backups they are', () => {
  it('another cluster’s guest of the same number has none of them', () => {
    const other = guest({
      id: 'pve/other/guest/100',
      name: 'mail01',
      connectionId: 'pve2' as ConnectionId,
      facts: { cluster: 'other' },
    })
    const own = guest()
    const group = groupEntity('100')
    const { rows } = judge({
      now,
      snapshots: [snapshot(night)],
      entities: [
        own,
        other,
        group,
        entity({ id: group.parentId!, kind: 'datastore', name: 'main', connectionId: pbsId }),
      ],
      edges: [edge(group.id, 'backs-up', own.id)],
    })
    expect(rows.map((row) => [row.name, row.verdict, row.lastBackupAtMs])).toEqual([
      ['mail01', 'unknown', null],
      ['web01', 'ok', at(night)],
    ])
  })

  it('backups from before the guest was made are an earlier one’s', () => {
    const row = rowOf({
      now,
      snapshots: [snapshot('2026-11-20T02:00:00Z'), snapshot('2026-11-21T02:00:00Z')],
      entities: [
        guest({ facts: { createdAtMs: at('2026-11-22T00:00:00Z') } }),
        groupEntity('100'),
        entity({ id: 'pbs/x/datastore/main', kind: 'datastore', name: 'main', connectionId: pbsId }),
      ],
      edges: [edge(groupEntity('100').id, 'backs-up', 'pve/lab/guest/100')],
    })
    expect(row.lastBackupAtMs).toBeNull()
    expect(row.days.slice(0, 11).every((day) => day.state !== 'ok' || day.day < '2026-11-22')).toBe(true)
  })

  it('a database is judged by its dumps; its machine’s image is only told', () => {
    const machine = guest({ name: 'pg01' })
    const server = entity({
      id: 'postgres/x',
      kind: 'database-server',
      name: 'pg01:5432',
      connectionId: 'pg' as ConnectionId,
    })
    const image = groupEntity('100')
    const dumps = groupEntity('pg01', 'host')
    const store = entity({ id: 'pbs/x/datastore/main', kind: 'datastore', name: 'main', connectionId: pbsId })
    const edges = [
      edge(image.id, 'backs-up', machine.id),
      edge(dumps.id, 'backs-up', machine.id),
      edge(server.id, 'runs-on', machine.id),
    ]
    const dump = (time: string) => snapshot(time, { type: 'host', backupId: 'pg01' })
    const of = (snapshots: ReturnType<typeof snapshot>[]) =>
      judge({ now, snapshots, entities: [machine, server, image, dumps, store], edges }).rows.find(
        (row) => row.kind === 'database',
      )!
    expect(of([snapshot(night), dump('2026-11-23T02:00:00Z'), dump(night)])).toMatchObject({
      verdict: 'ok',
      promise: { state: 'kept' },
    })
    const bare = of([snapshot(night)])
    expect([bare.verdict, bare.lastBackupAtMs]).toEqual(['unknown', null])
    expect(bare.evidence.join(' ')).toMatch(/as after a power cut.*write-ahead log is not known/)
  })
})

describe('clocks', () => {
  it('ages are judged on the server’s own clock, shown on ours', () => {
    const ahead = { readAtMs: at(now), serverAtMs: at(now) + 2 * dayMs }
    const row = rowOf({ now, snapshots: [snapshot('2026-11-26T08:00:00Z')], pbs: ahead })
    expect([row.verdict, row.lastBackupAtMs, row.meetsRpo]).toEqual(['ok', at('2026-11-24T08:00:00Z'), true])
  })

  it('a day is a day of the server: late evening here is tomorrow there', () => {
    const row = rowOf({
      now: '2026-11-24T23:30:00Z',
      snapshots: [snapshot('2026-11-24T23:10:00Z')],
      pbs: { timeZone: 'Europe/Berlin' },
    })
    expect(row.days.at(-1)).toMatchObject({
      day: '2026-11-25',
      state: 'ok',
      text: expect.stringContaining('00:10'),
    })
  })

  it('the day of a clock change has its one run, and its 25 hours break no promise of a day', () => {
    const row = rowOf({
      now: '2026-10-26T10:00:00Z',
      snapshots: [
        snapshot('2026-10-24T07:00:00Z'),
        snapshot('2026-10-25T08:00:00Z'),
        snapshot('2026-10-26T08:00:00Z'),
      ],
      jobs: [job({ schedule: '09:00' })],
      pbs: { timeZone: 'Europe/Berlin' },
      pve: { timeZone: 'Europe/Berlin' },
    })
    expect(row.days.slice(-3).map((day) => [day.day, day.state])).toEqual([
      ['2026-10-24', 'ok'],
      ['2026-10-25', 'ok'],
      ['2026-10-26', 'ok'],
    ])
    expect(
      judgeSchedule(
        [{ id: 'a', schedule: '09:00', timeZone: 'Europe/Berlin', nowMs: at('2026-10-20T00:00:00Z') }],
        24,
      ).state,
    ).toBe('kept')
  })
})

describe('the last fourteen days', () => {
  const states = (wish: Omit<GroundWish, 'now'>, when = now): string =>
    rowOf({ now: when, ...wish })
      .days.map((day) => day.state)
      .join(' ')

  it('what was pruned is told by the task list, what it does not reach is not known', () => {
    expect(
      states({
        snapshots: [snapshot(night)],
        pbs: {
          attempts: [attempt('2026-11-20T02:00:00Z', null)],
          attemptsFromMs: at('2026-11-20T02:00:00Z'),
        },
      }),
    ).toBe(
      'unknown unknown unknown unknown unknown unknown unknown unknown unknown ok missing missing missing ok',
    )
  })
  it('failed, missing, due and not known are four things', () => {
    const wish = {
      snapshots: [snapshot('2026-11-21T02:00:00Z')],
      pbs: {
        attempts: [attempt('2026-11-22T02:00:00Z', 'no space')],
        attemptsFromMs: at('2026-11-21T02:00:00Z'),
      },
    }
    expect(states(wish).split(' ').slice(-4)).toEqual(['ok', 'failed', 'missing', 'missing'])
    expect(states(wish, '2026-11-24T01:00:00Z').split(' ').slice(-2)).toEqual(['missing', 'pending'])
    const away = {
      ...wish,
      isPbsLive: false,
      pbs: { ...wish.pbs, serverAtMs: at('2026-11-23T01:00:00Z'), readAtMs: at('2026-11-23T01:00:00Z') },
    }
    expect(states(away).split(' ').slice(-3)).toEqual(['failed', 'unknown', 'unknown'])
  })
  it('without a job nothing was due; before it was made nothing can be missing', () => {
    expect(new Set(states({ snapshots: [], jobs: [] }).split(' '))).toEqual(new Set(['idle']))
    const young = {
      snapshots: [snapshot(night)],
      entities: [
        guest({ facts: { createdAtMs: at('2026-11-23T12:00:00Z') } }),
        groupEntity('100'),
        entity({ id: 'pbs/x/datastore/main', kind: 'datastore', name: 'main', connectionId: pbsId }),
      ],
      edges: [edge(groupEntity('100').id, 'backs-up', 'pve/lab/guest/100')],
    }
    expect(states(young).split(' ').slice(-3)).toEqual(['before', 'idle', 'ok'])
  })
})

describe('what schedules can promise', () => {
  const scheduled = (schedule: string, id = 'a') => ({ id, schedule, timeZone: 'UTC', nowMs: at(now) })
  it.each<[schedules: string[], rpoHours: number, state: string, gapHours: number]>([
    [['09:00'], 4, 'broken', 24],
    [['09:00'], 24, 'kept', 24],
    [['0/4:00'], 4, 'kept', 4],
    [['0/6:00'], 4, 'broken', 6],
    [['mon..fri 02:00'], 24, 'broken', 72],
    [['02:00', '14:00'], 12, 'kept', 12],
    [['hourly'], 1, 'kept', 1],
    [['sat 03:00'], 24, 'broken', 168],
    [['*:0/15'], 0.25, 'kept', 0.25],
  ])('%j for an RPO of %d h', (schedules, rpoHours, state, gapHours) => {
    const jobs = schedules.map((text, index) => scheduled(text, String(index)))
    expect(longestGapMs(jobs)! / hourMs).toBe(gapHours)
    expect(judgeSchedule(jobs, rpoHours).state).toBe(state)
  })
  it('says what it cannot read, and what nobody schedules', () => {
    expect(judgeSchedule([scheduled('every full moon')], 24)).toMatchObject({
      state: 'unknown',
      text: expect.stringContaining('every full moon'),
    })
    expect(judgeSchedule([], 24).state).toBe('broken')
    expect([
      runsDailyAt(scheduled('09:15'), '09:00'),
      runsDailyAt(scheduled('mon..fri 09:00'), '09:00'),
      runsDailyAt(scheduled('hourly'), '09:00'),
    ]).toEqual([true, false, true])
  })
  it('is quick for a thousand guests', () => {
    const guests = Array.from({ length: 1000 }, (_, index) =>
      guest({ vmid: 100 + index, name: `vm${index}` }),
    )
    const wish: GroundWish = {
      now,
      entities: guests,
      edges: [],
      jobs: [job({ guests: Object.fromEntries(guests.map((it) => [String(it.facts['vmid']), []])) })],
    }
    const startedAt = performance.now()
    expect(judge(wish).rows).toHaveLength(1000)
    expect(performance.now() - startedAt).toBeLessThan(3000)
  })
})
