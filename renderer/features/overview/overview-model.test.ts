import { describe, expect, it } from 'vitest'
import type { AlertPicture } from '#shared/contracts/alerts.ts'
import type { Alert } from '#shared/model/alert.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import { sortAlerts } from '#client/alerts.store.ts'
import { sampleEdge, sampleEntity } from '../../testing/sample-inventory.ts'
import { sampleSource } from '../../testing/sample-session.ts'
import { activitiesOf, backupSummary, fillsOf, headlineOf, nodeLoads, otherProblems } from './overview-model.ts'

const nowMs = Date.parse('2026-11-24T12:00:00Z')
const hourMs = 3_600_000
const alert = (id: string, more: Partial<Alert> = {}): Alert => ({
  id, siteId: 's' as SiteId, ruleId: 'r', ruleName: 'Node is down', signal: 'node-down', severity: 'warning', subjectId: id, subjectName: id, subjectKind: 'node', connectionId: 'c1' as ConnectionId,
  state: 'firing', unknownSinceMs: null, value: 1, text: `${id} is offline`, sinceMs: 0, firedAtMs: 0, clearSinceMs: null, resolvedAtMs: null, resolution: null, acknowledgement: null, ...more,
})
const picture = (alerts: Alert[], state: AlertPicture['watching']['state'] = 'on'): AlertPicture => ({ watching: { state, sinceMs: 0, evaluatedAtMs: 1 }, alerts, blindSpots: [], silences: [] })
const live = sampleSource({ label: 'pve' })
const lost = sampleSource({ label: 'pbs01', kind: 'pbs', state: 'lost' })

describe('the sentence on top', () => {
  it.each<[string, AlertPicture | null, ReturnType<typeof sampleSource>[], string, RegExp]>([
    ['all is well', picture([]), [live], 'ok', /^Nothing is wrong, and every system answers\.$/],
    ['nothing was looked at yet', null, [live], 'unknown', /first time/],
    ['something is critical', picture([alert('a', { severity: 'critical' }), alert('b')]), [live], 'error', /^1 critical alert and 1 warning need somebody\./],
    ['one thing is wrong', picture([alert('a')]), [live], 'warning', /^1 warning needs somebody\./],
    ['somebody sees to it', picture([alert('a', { acknowledgement: { by: 'Ada', note: '', atMs: 0, untilMs: null } })]), [live], 'ok', /^Nothing new is wrong\. 1 alert somebody sees to\.$/],
    ['nothing fires but a system is silent', picture([]), [live, lost], 'unknown', /not everything is known\. pbs01 does not answer: what it holds is not known\.$/],
    ['no system answers', picture([alert('a')]), [lost], 'unknown', /^No system answers/],
    ['nobody watches', picture([], 'off'), [live], 'unknown', /switched off/],
    ['the vault is locked', picture([], 'locked'), [live], 'unknown', /vault is locked/],
  ])('when %s', (_when, known, sources, health, text) => {
    const headline = headlineOf(known, known && sortAlerts(known, nowMs), sources)
    expect(headline.health).toBe(health)
    expect(headline.text).toMatch(text)
  })
})

describe('what is wrong beside the alerts', () => {
  it('leaves out what an alert speaks of, also the backups of its guest, and puts errors first', () => {
    const entities = new Map(
      [
        sampleEntity('node01', 'node', 'hardware', { health: 'warning' }),
        sampleEntity('pg01', 'guest', 'guests', { health: 'error' }),
        sampleEntity('vm/1', 'backup-group', 'protection', { health: 'error' }),
        sampleEntity('pod-a', 'pod', 'services', { health: 'error' }),
        sampleEntity('old', 'pod', 'services', { health: 'unknown' }),
      ].map((item) => [item.id, item]),
    )
    const groups = otherProblems(entities, [sampleEdge('vm/1', 'backs-up', 'pg01')], new Set(['pg01']))
    expect(groups.map((group) => `${group.health} ${group.kind}`)).toEqual(['error pod', 'warning node'])
  })
})

describe('what is not backed up', () => {
  const guest = (id: string, hours: number | null) => [
    sampleEntity(id, 'guest', 'guests'),
    ...(hours === null ? [] : [sampleEntity(`vm/${id}`, 'backup-group', 'protection', { facts: { lastBackupAtMs: nowMs - hours * hourMs, verification: 'ok' } })]),
  ]
  const entities = new Map([...guest('a', 3), ...guest('b', 40), ...guest('c', null), sampleEntity('t', 'guest', 'guests', { facts: { isTemplate: true } })].map((item) => [item.id, item]))
  const edges = [sampleEdge('vm/a', 'backs-up', 'a'), sampleEdge('vm/b', 'backs-up', 'b')]
  const pbs = sampleSource({ label: 'pbs01', kind: 'pbs' })

  it('counts guests, not templates, and lists the worst first', () => {
    const { headline, worst } = backupSummary(entities, edges, [pbs], 26, nowMs)
    expect(headline).toEqual({ health: 'error', text: '1 of 3 guests have a backup of the last 26 h.' })
    expect(worst.map(({ guest: { name }, words }) => `${name}: ${words}`)).toEqual(['c: no backup at all', 'b: last backup 40 h ago'])
  })

  it('is not known while the backup server is silent, or when there is none', () => {
    expect(backupSummary(entities, edges, [lost], 26, nowMs).headline.health).toBe('unknown')
    expect(backupSummary(entities, edges, [live], 26, nowMs).headline.health).toBe('unknown')
  })
})

it('says what is running: tasks and jobs at work, newest first', () => {
  const job = sampleEntity('grid', 'job', 'services', { status: '18 of 24 done', facts: { active: 2, succeeded: 18, completions: 24, startedAtMs: 5, namespace: 'n' } })
  const done = sampleEntity('old', 'job', 'services', { facts: { succeeded: 1 } })
  expect(activitiesOf([], [job, done])).toMatchObject([{ title: 'grid', fraction: 0.75, detail: 'Kubernetes job in n: 18 of 24 done' }])
})

it('does not draw a load that is not known', () => {
  const unknown = sampleEntity('node02', 'node', 'hardware', { health: 'unknown', facts: { cpuFraction: 0.4 } })
  const known = sampleEntity('node10', 'node', 'hardware', { facts: { cpuFraction: 0.4, memoryBytes: 1, memoryTotalBytes: 4 } })
  expect(nodeLoads([known, unknown]).map(({ cpu, memory }) => [cpu, memory])).toEqual([[null, null], [0.4, 0.25]])
})

it('says how full storages are, and that there is no trend where there is none', () => {
  const storage = sampleEntity('s', 'storage', 'hardware', { name: 'local', facts: { node: 'node01', diskBytes: 9, diskTotalBytes: 10 } })
  const [fill] = fillsOf([storage], [], [])
  expect(fill).toMatchObject({ name: 'local on node01', share: 0.9, isLive: false, words: 'No trend yet.' })
})
