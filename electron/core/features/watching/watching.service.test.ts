import { afterEach, describe, expect, it } from 'vitest'
import { createRouterClient } from '@orpc/server'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { AlertPicture } from '#shared/contracts/alerts.ts'
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Entity, Inventory, Source } from '#shared/model/inventory.ts'
import type { CoreServices } from '../../core-services.ts'
import { createInventoryExchange } from '../../inventory-exchange.ts'
import type { Log } from '../../platform.ts'
import type { CallContext } from '../../router/call-context.ts'
import { createFeed } from '../../router/event-feed.ts'
import { createSearchRegistry } from '../../search/search-registry.ts'
import { createAuditLog } from '../../storage/audit-log.ts'
import { openDatabase } from '../../storage/database.ts'
import { createNotificationStore } from '../../storage/notification-store.ts'
import { createSiteStore } from '../../storage/site-store.ts'
import { createWatchingFeatures } from './watching.service.ts'

const ends: Array<() => unknown> = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})
const log: Log = { debug() {}, info() {}, warn() {}, error: (text) => { throw new Error(text) }, child: () => log }
const startMs = Date.parse('2026-11-24T10:00:00Z')

/** A core whose one site shows what the test says, with a clock that the test moves. */
function start(folder = mkdtempSync(join(tmpdir(), 'watching-'))) {
  const clock = { nowMs: startMs }
  const told: string[] = []
  const database = openDatabase(join(folder, 'meridian.sqlite'), log)
  const audit = createAuditLog(database, () => clock.nowMs)
  const sites = createSiteStore(database, () => [])
  const platform = { now: () => clock.nowMs, log, notify: (title: string, body: string) => void told.push(`${title} | ${body}`) }
  const inventories = createInventoryExchange()
  const site = sites.list()[0] ?? sites.create('Lab')
  // SSH has no probes: nothing leaves the machine.
  const connectionId = site.connections[0]?.id ?? sites.addConnection(site.id, 'pve', { kind: 'ssh', host: '192.0.2.1', port: 22, user: 'x', auth: 'agent' }).id
  const feed = createFeed<InventoryEvent>()
  const sourceOf = (state: Source['state']): Source => ({ connectionId, label: 'pve', kind: 'proxmox', state, lastSeenAtMs: clock.nowMs, problem: state === 'lost' ? 'pve refuses connections.' : null, remedy: null })
  let picture: Inventory = { siteId: site.id, revision: 1, atMs: clock.nowMs, sources: [sourceOf('stored')], entities: [], edges: [] }
  inventories.serve({
    watch: (_siteId, signal) => feed.subscribe(signal, { type: 'whole', inventory: picture }),
    lastKnown: () => Promise.resolve(picture),
  })
  const core = {
    platform, database, audit, sites, inventories,
    notifications: createNotificationStore(database, platform),
    settings: { get: () => ({ refreshSeconds: 10 }) },
    search: createSearchRegistry(),
    pipeline: { audit, isLocked: () => false },
  } as unknown as CoreServices
  const { alerts, metrics } = createWatchingFeatures(core, { startDelayMs: 0, tickMs: 5 })
  const leaving = new AbortController()
  const context: CallContext = { peer: { id: 'p', label: 'Test', signal: leaving.signal }, log }
  const client = { alerts: createRouterClient(alerts.router, { context }), metrics: createRouterClient(metrics.router, { context }) }
  const seen: { latest: AlertPicture | null } = { latest: null }
  void (async () => {
    for await (const next of await client.alerts.watch({ siteId: site.id })) seen.latest = next
  })()
  const stop = (): void => {
    leaving.abort()
    alerts.dispose()
    feed.dispose()
    database.dispose()
  }
  ends.push(() => rmSync(folder, { recursive: true, force: true }), stop)
  return {
    folder, clock, told, client, siteId: site.id, connectionId, core, seen, stop,
    firing: () => (seen.latest?.alerts ?? []).filter((alert) => alert.state === 'firing').map((alert) => `${alert.ruleId}:${alert.subjectName}${alert.unknownSinceMs === null ? '' : '?'}`),
    show(entities: Entity[], state: Source['state'] = 'live') {
      picture = { siteId: site.id, revision: picture.revision + 1, atMs: clock.nowMs, sources: [sourceOf(state)], entities, edges: [] }
      feed.publish({ type: 'whole', inventory: picture })
    },
  }
}

const node = (connectionId: ConnectionId, name: string, status: string, facts: Entity['facts'] = {}): Entity => ({
  id: `pve/lab/node/${name}`, kind: 'node', layer: 'hardware', name, health: status === 'online' ? 'ok' : 'error', status, parentId: null, connectionId, tags: [], addresses: [], facts,
})

describe('watching a site', () => {
  it('tells of a node that is down once, takes an acknowledgement, and tells when it is over', async () => {
    const lab = start()
    lab.show([node(lab.connectionId, 'node01', 'online'), node(lab.connectionId, 'node02', 'offline')])
    await expect.poll(() => lab.seen.latest?.alerts.map((alert) => alert.state)).toEqual(['pending'])
    lab.clock.nowMs += 31_000
    lab.show([node(lab.connectionId, 'node01', 'online'), node(lab.connectionId, 'node02', 'offline')])
    await expect.poll(lab.firing).toEqual(['node-down:node02'])
    expect(lab.told).toEqual(['Node is down: node02 | node02 is offline. (Lab)'])
    const [alert] = lab.seen.latest!.alerts
    await lab.client.alerts.acknowledge({ siteId: lab.siteId, alertIds: [alert!.id], by: 'Ada', note: 'On my way', untilMs: null })
    await expect.poll(() => lab.seen.latest!.alerts[0]!.acknowledgement?.by).toBe('Ada')
    lab.show([node(lab.connectionId, 'node01', 'online'), node(lab.connectionId, 'node02', 'online')])
    await expect.poll(() => lab.seen.latest!.alerts[0]!.clearSinceMs).not.toBeNull()
    lab.clock.nowMs += 31_000
    lab.show([node(lab.connectionId, 'node01', 'online'), node(lab.connectionId, 'node02', 'online')])
    await expect.poll(lab.firing).toEqual([])
    const [ended] = await lab.client.alerts.history({ siteId: lab.siteId, limit: 10 })
    expect(ended).toMatchObject({ subjectName: 'node02', state: 'resolved', acknowledgement: { by: 'Ada', note: 'On my way' } })
    expect(lab.told).toHaveLength(1)
  })

  it('keeps an alert firing, and says it is not known, while its system does not answer and over a restart', async () => {
    const lab = start()
    lab.show([node(lab.connectionId, 'node02', 'offline')])
    await expect.poll(() => lab.seen.latest?.alerts.length).toBe(1)
    lab.clock.nowMs += 31_000
    lab.show([node(lab.connectionId, 'node02', 'offline')])
    await expect.poll(lab.firing).toEqual(['node-down:node02'])
    lab.show([node(lab.connectionId, 'node02', 'offline')], 'lost')
    await expect.poll(lab.firing).toEqual(['node-down:node02?'])
    expect(lab.seen.latest!.blindSpots).toContainEqual(expect.objectContaining({ ruleId: 'node-down', subjectCount: 1, reason: 'pve does not answer' }))
    lab.stop()
    const again = start(lab.folder)
    await expect.poll(again.firing).toEqual(['node-down:node02?'])
    again.show([], 'connecting')
    await expect.poll(() => again.seen.latest?.watching.state).toBe('on')
    expect(again.told).toEqual([])
  })

  it('keeps quiet about what is silenced, and groups what fires together', async () => {
    const lab = start()
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const full = (used: number) => names.map((name) => node(lab.connectionId, name, 'online', { diskBytes: used, diskTotalBytes: 100 }))
    const silence = await lab.client.alerts.silence({ siteId: lab.siteId, ruleId: 'full', subjectId: null, note: 'Known', untilMs: startMs + 7_200_000 })
    lab.show(full(97))
    await expect.poll(() => lab.seen.latest?.alerts.length).toBe(12)
    lab.clock.nowMs += 301_000
    lab.show(full(97))
    await expect.poll(() => lab.firing().length).toBe(12)
    expect(lab.told).toEqual(['Nearly full: 6 of them | a, b, c, d and 2 more. (Lab)'])
    await lab.client.alerts.endSilence({ siteId: lab.siteId, silenceId: silence.id })
    await expect.poll(() => lab.seen.latest!.silences).toEqual([])
  })

  it('keeps figures of what answers, and a gap of what does not', async () => {
    const lab = start()
    const busy = (cpuFraction: number) => [node(lab.connectionId, 'node01', 'online', { cpuFraction })]
    const read = () => lab.client.metrics.series({ siteId: lab.siteId, entityId: 'pve/lab/node/node01', keys: ['cpuFraction'], fromMs: startMs, toMs: startMs + 90_000, mostPoints: 100 })
    const means = async () => (await read()).series[0]!.means
    lab.show(busy(0.25))
    await expect.poll(means).toEqual([0.25, null, null])
    lab.show(busy(0.25), 'lost')
    await expect.poll(() => lab.seen.latest?.blindSpots.length ?? 0).toBeGreaterThan(0)
    lab.clock.nowMs += 30_000
    lab.show(busy(0.9), 'lost')
    await expect.poll(() => lab.seen.latest?.watching.evaluatedAtMs).toBeTruthy()
    lab.clock.nowMs += 30_000
    lab.show(busy(0.5))
    await expect.poll(means).toEqual([0.25, null, 0.5])
  })

  it('says since when it has not been watching: switched off, or the vault locked', async () => {
    const lab = start()
    lab.show([node(lab.connectionId, 'node01', 'online')])
    await expect.poll(() => lab.seen.latest?.watching.state).toBe('on')
    lab.clock.nowMs += 60_000
    lab.show([node(lab.connectionId, 'node01', 'online')], 'locked')
    await expect.poll(() => lab.seen.latest?.watching).toMatchObject({ state: 'locked', sinceMs: startMs + 60_000 })
    await lab.client.alerts.setWatching({ siteId: lab.siteId, isOn: false })
    await expect.poll(() => lab.seen.latest?.watching.state).toBe('off')
    await lab.client.alerts.setWatching({ siteId: lab.siteId, isOn: true })
    lab.show([node(lab.connectionId, 'node01', 'online')])
    await expect.poll(() => lab.seen.latest?.watching.state).toBe('on')
  })

  it('refuses a rule that could never end, and ends the alerts of one that is switched off', async () => {
    const lab = start()
    const rule = (await lab.client.alerts.listRules()).find((item) => item.id === 'full')!
    await expect(lab.client.alerts.saveRule({ rule: { ...rule, clearThreshold: 0.99 } })).rejects.toMatchObject({ code: 'invalid-input' })
    lab.show([node(lab.connectionId, 'node01', 'online', { diskBytes: 99, diskTotalBytes: 100 })])
    await lab.client.alerts.saveRule({ rule: { ...rule, forSeconds: 0 } })
    await expect.poll(lab.firing).toEqual(['full:node01'])
    await lab.client.alerts.saveRule({ rule: { ...rule, forSeconds: 0, isEnabled: false } })
    await expect.poll(lab.firing).toEqual([])
    expect((await lab.client.alerts.restoreRules()).find((item) => item.id === 'full')).toEqual(rule)
  })

  it('finds alerts', async () => {
    const lab = start()
    const rule = (await lab.client.alerts.listRules()).find((item) => item.id === 'full')!
    await lab.client.alerts.saveRule({ rule: { ...rule, forSeconds: 0 } })
    lab.show([node(lab.connectionId, 'node01', 'online', { diskBytes: 99, diskTotalBytes: 100 })])
    await expect.poll(lab.firing).toEqual(['full:node01'])
    const [source] = lab.core.search.sources
    const hits = await source!.find({ text: 'node01 full', words: ['node01', 'full'], siteId: lab.siteId as SiteId, limit: 5, prefix: null }, AbortSignal.timeout(1000))
    expect(hits[0]).toMatchObject({ group: 'Alerts', title: 'Full: node01', place: { path: '/alerts' } })
  })
})
