import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createRouterClient } from '@orpc/server'
import { afterEach, describe, expect, it } from 'vitest'
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { CoreServices } from '../../core-services.ts'
import { createInventoryExchange } from '../../inventory-exchange.ts'
import type { CallContext } from '../../router/call-context.ts'
import { createAuditLog } from '../../storage/audit-log.ts'
import { openDatabase } from '../../storage/database.ts'
import { createInventoryStore } from '../../storage/inventory-store.ts'
import { createSiteStore } from '../../storage/site-store.ts'
import { createInventoryFeature } from './inventory.service.ts'
import { entityOf } from './testing/entities.ts'
import { createSessionGround } from './testing/session-ground.ts'

const ends: Array<() => unknown> = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

function start() {
  const folder = mkdtempSync(join(tmpdir(), 'inventory-service-'))
  const ground = createSessionGround()
  const { log } = ground.core.platform
  const database = openDatabase(join(folder, 'meridian.sqlite'), log)
  const sites = createSiteStore(database, () => [])
  const audit = createAuditLog(database, Date.now)
  const core = { ...ground.core, database, sites, audit, inventories: createInventoryExchange(), pipeline: { audit, isLocked: () => false } }
  const feature = createInventoryFeature(core as unknown as CoreServices)
  const leaving = new AbortController()
  const context: CallContext = { peer: { id: 'peer', label: 'Test', signal: leaving.signal }, log }
  const client = createRouterClient(feature.router, { context })
  ends.push(
    () => rmSync(folder, { recursive: true, force: true }),
    () => ground.dispose(),
    () => database.dispose(),
    () => feature.dispose(),
    () => leaving.abort(),
  )
  return { client, sites, store: createInventoryStore(database), leaving }
}

const unreachable = { kind: 'ssh', host: '127.0.0.1', port: 9, user: 'x', auth: 'agent' } as const

describe('the inventory feature', () => {
  it('knows nothing of a site that was never seen, and refuses one that is not there', async () => {
    const { client, sites } = start()
    const site = sites.create('Lab')
    expect(await client.lastKnown({ siteId: site.id })).toBeNull()
    await expect(client.lastKnown({ siteId: 'nowhere' as SiteId })).rejects.toMatchObject({
      code: 'not-found',
    })
  })

  it('shows what is stored without asking anybody', async () => {
    const { client, sites, store } = start()
    const site = sites.create('Lab')
    const { id } = sites.addConnection(site.id, 'node01', unreachable)
    store.apply(site.id, {
      sources: [{ connectionId: id, lastSeenAtMs: 5, problem: null, remedy: null }],
      upsertEntities: [entityOf('ssh-host', 'ssh/node01:22', { connectionId: id })],
      removeEntities: [],
      upsertEdges: [],
      removeEdges: [],
    })
    const picture = await client.lastKnown({ siteId: site.id })
    expect(picture!.sources).toMatchObject([{ state: 'stored', lastSeenAtMs: 5, label: 'node01' }])
    expect(picture!.entities[0]).toMatchObject({ health: 'unknown', status: 'last known: running' })
  })

  it('watches a site and tells that a system does not answer', async () => {
    const { client, sites } = start()
    const site = sites.create('Lab')
    sites.addConnection(site.id, 'node01', unreachable)
    const controller = new AbortController()
    const seen: InventoryEvent[] = []
    const following = (async () => {
      for await (const event of await client.watch({ siteId: site.id }, { signal: controller.signal })) {
        seen.push(event)
        if (event.type === 'diff' && event.diff.sources?.[0]?.state === 'lost') return
      }
    })()
    await following
    controller.abort()
    expect(seen[0]!.type).toBe('whole')
    await client.refresh({ siteId: site.id })
    const picture = await client.lastKnown({ siteId: site.id })
    expect(picture!.sources[0]).toMatchObject({
      state: 'lost',
      problem: 'node01 at 127.0.0.1:9 refuses connections.',
    })
  })

  it('follows a change of connections while it watches', async () => {
    const { client, sites } = start()
    const site = sites.create('Lab')
    const controller = new AbortController()
    ends.push(() => controller.abort())
    let labels: string[] = []
    void (async () => {
      for await (const event of await client.watch({ siteId: site.id }, { signal: controller.signal })) {
        const sources = event.type === 'whole' ? event.inventory.sources : event.diff.sources
        if (sources) labels = sources.map((source) => source.label)
      }
    })().catch(() => undefined)
    await expect.poll(async () => (await client.lastKnown({ siteId: site.id }))?.sources).toEqual([])
    const added = sites.addConnection(site.id, 'node01', unreachable)
    await expect.poll(() => labels).toEqual(['node01'])
    sites.removeConnection(added.id as ConnectionId)
    await expect.poll(() => labels).toEqual([])
  })
})
