import { describe, expect, it } from 'vitest'
import type { Signal } from '#shared/model/alert.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Edge, Entity, Source } from '#shared/model/inventory.ts'
import { readSignal, type SignalContext } from './alert-signals.ts'

const nowMs = Date.parse('2026-11-24T12:00:00Z')
const hourMs = 3_600_000
const pve = 'pve' as ConnectionId
const pbs = 'pbs' as ConnectionId

const entity = (kind: Entity['kind'], name: string, more: Partial<Entity> = {}): Entity => ({
  id: `${kind}/${name}`, kind, layer: 'guests', name, health: 'ok', status: 'running', parentId: null, connectionId: pve, tags: [], addresses: [], facts: {}, ...more,
})
const source = (connectionId: ConnectionId, kind: Source['kind'], state: Source['state'] = 'live'): Source => ({ connectionId, label: connectionId, kind, state, lastSeenAtMs: nowMs, problem: null, remedy: null })
const backsUp = (from: string, to: string): Edge => ({ id: `${from}>${to}`, from, to, kind: 'backs-up', evidence: [{ by: 'vmid', text: '' }] })

function context(entities: Entity[], more: Partial<SignalContext> & { edges?: Edge[]; sources?: Source[] } = {}): SignalContext {
  const sources = more.sources ?? [source(pve, 'proxmox'), source(pbs, 'pbs')]
  return {
    picture: { entities: new Map(entities.map((item) => [item.id, item])), edges: new Map((more.edges ?? []).map((edge) => [edge.id, edge])), sources },
    fresh: new Set(sources.filter((item) => item.state === 'live').map((item) => item.connectionId)),
    answered: new Set(),
    probed: [],
    forecasts: [],
    nowMs,
    ...more,
  }
}
const values = (signal: Signal, given: SignalContext) => readSignal(signal, given).map(({ subjectName, value }) => [subjectName, value])

describe('what signals say', () => {
  it.each<[Signal, Entity, number | null | undefined]>([
    ['node-down', entity('node', 'a', { status: 'offline', health: 'error' }), 1],
    ['node-down', entity('node', 'a', { status: 'online' }), 0],
    ['node-down', entity('node', 'a', { status: 'last known: online', health: 'unknown' }), null],
    ['node-down', entity('kubernetes-node', 'a', { status: 'NotReady', health: 'error' }), 1],
    ['quorum-lost', entity('cluster', 'a', { facts: { isQuorate: false } }), 1],
    ['quorum-lost', entity('cluster', 'a'), undefined],
    ['guest-down', entity('guest', 'a', { status: 'stopped', facts: { startsAtBoot: true } }), 1],
    ['guest-down', entity('guest', 'a', { status: 'stopped' }), undefined],
    ['memory-used', entity('node', 'a', { facts: { memoryBytes: 9, memoryTotalBytes: 10 } }), 0.9],
    ['fill', entity('storage', 'a', { facts: { diskBytes: 4, diskTotalBytes: 8 } }), 0.5],
    ['fill', entity('storage', 'a', { health: 'off', status: 'disabled' }), undefined],
    ['fill', entity('storage', 'a', { health: 'unknown' }), null],
    ['verification-failed', entity('backup-group', 'a', { facts: { verification: 'failed' } }), 1],
    ['verification-failed', entity('backup-group', 'a', { facts: { verification: 'unknown' } }), undefined],
    ['pod-failing', entity('pod', 'a', { status: 'CrashLoopBackOff', health: 'error' }), 1],
    ['pod-failing', entity('pod', 'a', { status: 'Pending', health: 'warning' }), 0],
    ['job-failed', entity('backup-job', 'a', { status: 'last run failed: job errors', health: 'error' }), 1],
    ['job-failed', entity('ray-job', 'a', { health: 'off' }), undefined],
    ['temperature', entity('gpu', 'a', { facts: { temperatureCelsius: 91 } }), 91],
  ])('%s of %j', (signal, subject, value) => {
    expect(values(signal, context([subject]))).toEqual(value === undefined ? [] : [['a', value]])
  })

  it('say nothing of what a silent system once said', () => {
    const silent = { sources: [source(pve, 'proxmox', 'lost')] }
    const [reading] = readSignal('fill', context([entity('storage', 'a', { facts: { diskBytes: 9, diskTotalBytes: 10 } })], silent))
    expect(reading).toMatchObject({ value: null, text: 'pve does not answer' })
  })
})

describe('backups', () => {
  const guest = entity('guest', 'pg01')
  const group = (facts: Entity['facts']) => entity('backup-group', 'vm/1', { connectionId: pbs, facts })
  const edges = [backsUp('backup-group/vm/1', 'guest/pg01')]

  it('are as old as the newest one; a guest without any is infinitely old', () => {
    expect(values('backup-age', context([guest, group({ lastBackupAtMs: nowMs - 30 * hourMs })], { edges }))).toEqual([['pg01', 30]])
    expect(values('backup-age', context([guest]))).toEqual([['pg01', Infinity]])
    expect(values('backup-age', context([entity('guest', 't', { facts: { isTemplate: true } })]))).toEqual([])
  })

  it('are not known while the backup server is silent, and not spoken of where there is none', () => {
    const sources = [source(pve, 'proxmox'), source(pbs, 'pbs', 'lost')]
    expect(readSignal('backup-age', context([guest], { sources }))).toMatchObject([{ value: null, text: 'pbs does not answer' }])
    expect(readSignal('backup-age', context([guest], { sources: [source(pve, 'proxmox')] }))).toEqual([])
  })

  it('that were never verified are infinitely old, those not read yet not known', () => {
    const seen = (facts: Entity['facts']) => values('verification-age', context([guest, group({ lastBackupAtMs: nowMs, ...facts })], { edges }))
    expect(seen({ verification: 'never' })).toEqual([['pg01', Infinity]])
    expect(seen({ verification: 'unknown' })).toEqual([['pg01', null]])
    expect(seen({ verification: 'ok', lastVerifiedAtMs: nowMs - 5 * hourMs })).toEqual([['pg01', 5]])
  })
})

describe('connections', () => {
  const lost = [source(pve, 'proxmox', 'lost')]
  it('are lost when they answered before, or when others of the site do', () => {
    expect(values('connection-lost', context([], { sources: lost, answered: new Set([pve]) }))).toEqual([['pve', 1]])
    expect(values('connection-lost', context([], { sources: [...lost, source(pbs, 'pbs')] }))).toEqual([['pve', 1], ['pbs', 0]])
  })
  it('are not known when nothing of the site has answered yet: this computer may be elsewhere', () => {
    expect(values('connection-lost', context([], { sources: lost }))).toEqual([['pve', null]])
    expect(values('connection-lost', context([], { sources: [source(pve, 'proxmox', 'locked')] }))).toEqual([['pve', null]])
  })
})

describe('figures of probes', () => {
  const figure = (key: string, value: number, connectionId = pve) => ({ entityId: 'x', name: 'x', key, value, connectionId, atMs: nowMs - 24 * hourMs })
  it('need a system that answers; a date of expiry does not', () => {
    const sources = [source(pve, 'proxmox', 'lost')]
    expect(values('replication-lag', context([], { sources, probed: [figure('replicationLagSeconds', 90)] }))).toEqual([['x', null]])
    expect(values('certificate-days', context([], { sources, probed: [figure('certificateDays', 10)] }))).toEqual([['x', 9]])
  })
  it('of time until full: steady is never, no history is not known', () => {
    const forecast = (told: SignalContext['forecasts'][number]['forecast']) => ({ entityId: 'storage/a', name: 'a', kind: 'storage', usedBytes: 1, totalBytes: 2, isLive: true, forecast: told, basis: 'history' as const })
    const given = (told: SignalContext['forecasts'][number]['forecast']) => values('full-in', context([entity('storage', 'a')], { forecasts: [forecast(told)] }))
    expect(given({ kind: 'steady' })).toEqual([['a', Infinity]])
    expect(given({ kind: 'unknown', reason: 'Only 5 min.' })).toEqual([['a', null]])
    expect(given({ kind: 'full', atMs: nowMs + 48 * hourMs, earliestMs: nowMs, latestMs: null })).toEqual([['a', 2]])
  })
})
