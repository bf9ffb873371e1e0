import { createRouterClient } from '@orpc/server'
import { describe, expect, it } from 'vitest'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Entity, Inventory } from '#shared/model/inventory.ts'
import type { CoreServices } from '../../core-services.ts'
import type { CallContext } from '../../router/call-context.ts'
import { createSearchRegistry, rankText, type SearchSource } from '../../search/search-registry.ts'
import { createSearchFeature, parseQuery } from './search.service.ts'

const siteId = 'lab' as SiteId
const entity = (kind: Entity['kind'], name: string, more: Partial<Entity> = {}): Entity => ({
  id: `pve/lab/${kind}/${name}`, kind, layer: 'guests', name, health: 'ok', status: 'running', parentId: null, connectionId: 'c' as ConnectionId, tags: [], addresses: [], facts: {}, ...more,
})

function start(entities: Entity[], extra: SearchSource[] = []) {
  const search = createSearchRegistry()
  for (const source of extra) search.register(source)
  const inventory: Inventory = { siteId, revision: 1, atMs: 0, sources: [], entities, edges: [] }
  const log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
  const core = {
    search,
    platform: { now: Date.now, log },
    sites: { list: () => [{ id: siteId, name: 'Lab', connections: [] }] },
    inventories: { lastKnown: () => Promise.resolve(inventory) },
    audit: { list: () => [] },
    tasks: { list: () => [] },
    pipeline: { isLocked: () => false },
  } as unknown as CoreServices
  const context: CallContext = { peer: { id: 'p', label: 'Test', signal: new AbortController().signal }, log }
  const client = createRouterClient(createSearchFeature(core).router, { context })
  const find = (text: string) => client.find({ text, siteId, limit: 8 })
  return { find, titles: async (text: string) => (await find(text)).hits.map((hit) => hit.title) }
}

const lab = [
  entity('guest', 'proj-pg01', { addresses: ['10.25.20.11', 'bc:24:11:00:20:02'], tags: ['database'], facts: { vmid: 2002 } }),
  entity('guest', 'proj-pg011', { addresses: ['10.25.20.111'], facts: { vmid: 2011 } }),
  entity('guest', 'web-2002', { facts: { vmid: 3000 } }),
  entity('node', 'node01', { status: 'online' }),
  entity('pod', 'pg-exporter', { facts: { namespace: 'monitoring' }, addresses: ['10.42.0.5'] }),
]

describe('the search', () => {
  it.each([
    ['2002', 'proj-pg01', 'a VMID in full goes before a name that holds it'],
    ['proj-pg01', 'proj-pg01', 'a name in full goes before a longer one'],
    ['10.25.20.11', 'proj-pg01', 'an address in full goes before one that begins so'],
    ['BC:24:11:00:20:02', 'proj-pg01', 'a MAC, whatever its case'],
    ['bc24.11', undefined, 'not what only looks like one'],
    ['bc-24-11-00-20-02', 'proj-pg01', 'a MAC with dashes'],
    ['bc2411002002', 'proj-pg01', 'a MAC without anything between'],
    ['database', 'proj-pg01', 'a tag'],
    ['ip: 10.42', 'pg-exporter', 'a prefix asks for addresses'],
    ['vm: pg', 'proj-pg01', 'a prefix asks for guests'],
    ['monitoring pg', undefined, 'words that are nowhere'],
    ['pg running', 'proj-pg01', 'words in several places'],
  ])('finds by %s: %s', async (text, title, _why) => {
    expect((await start(lab).titles(text))[0]).toBe(title)
  })

  it('leaves out what a prefix does not ask for', async () => {
    expect(await start(lab).titles('vm: pg')).toEqual(['proj-pg01', 'proj-pg011'])
    expect(await start(lab).titles('pod: pg')).toEqual(['pg-exporter'])
  })

  it('orders groups by their best hit, and says when a source failed', async () => {
    const hit = (id: string, rank: number) => ({ id, group: 'Alerts', title: id, subtitle: '', rank, place: { path: '/', query: {} }, siteId: null })
    const good: SearchSource = { id: 'alerts', prefixes: ['alert'], find: () => [hit('b', 2), hit('a', 0)] }
    const bad: SearchSource = { id: 'jobs', prefixes: [], find: () => { throw new Error('broken') } }
    const { hits, problems } = await start(lab, [good, bad]).find('pg-exp')
    expect(hits.map((one) => one.group)).toEqual(['Alerts', 'Alerts', 'Pods'])
    expect(hits[0]!.title).toBe('a')
    expect(problems).toEqual(['The search in jobs failed.'])
  })

  it('takes an unknown prefix as text', () => {
    expect(parseQuery({ text: 'foo: Bar', siteId, limit: 5 }, [])).toMatchObject({ query: { text: 'foo: bar', words: ['foo:', 'bar'], prefix: null } })
  })

  it('answers in milliseconds over 10,000 entities', async () => {
    const many = Array.from({ length: 10_000 }, (_, at) => entity('guest', `guest-${at}`, { addresses: [`10.1.${at >> 8}.${at & 255}`], facts: { vmid: 100 + at } }))
    const { find } = start(many)
    await find('warm')
    const times: number[] = []
    for (const text of ['guest-77', '10.1.39.12', '9999', 'nothing at all']) times.push((await find(text)).elapsedMs)
    // 50 ms is the promise on an idle machine; a loaded one gets room.
    expect(Math.max(...times)).toBeLessThan(200)
    expect((await find('guest-7777')).hits[0]!.title).toBe('guest-7777')
  })
})

describe('the rank of a text', () => {
  it.each([
    ['zpix', 'zpix', 0],
    ['zpix of all targets', 'zpix', 1],
    ['the zpix table', 'zpix', 2],
    ['azpix', 'zpix', 3],
    ['all targets', 'zpix', null],
  ])('%s by %s', (haystack, text, rank) => {
    expect(rankText(haystack, { text, words: text.split(' ') })).toBe(rank)
  })
})
