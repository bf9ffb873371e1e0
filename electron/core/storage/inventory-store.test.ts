import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Edge, Entity } from '#shared/model/inventory.ts'
import type { Log } from '../platform.ts'
import { openDatabase, type Database } from './database.ts'
import { createInventoryStore, type InventoryChange } from './inventory-store.ts'

const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => log,
}
const siteId = 'site' as SiteId
const connectionId = 'connection' as ConnectionId
let folder: string
let open: Database[] = []
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inventory-store-'))
})
afterEach(() => {
  for (const database of open) database.dispose()
  open = []
  rmSync(folder, { recursive: true, force: true })
})
function openStore() {
  const database = openDatabase(join(folder, 'store.sqlite'), log)
  open.push(database)
  return { database, store: createInventoryStore(database) }
}

const entityOf = (id: string, status = 'running', owner = connectionId): Entity => ({
  id,
  kind: 'guest',
  layer: 'guests',
  name: id,
  health: 'ok',
  status,
  parentId: null,
  connectionId: owner,
  tags: ['a'],
  addresses: ['10.0.0.1'],
  facts: { vmid: 1, macs: ['02:00:00:00:00:01'] },
})
const edge: Edge = {
  id: 'a|uses|b',
  from: 'a',
  to: 'b',
  kind: 'uses',
  evidence: [{ by: 'api', text: 'because' }],
}
const change = (more: Partial<InventoryChange>): InventoryChange => ({
  upsertEntities: [],
  removeEntities: [],
  upsertEdges: [],
  removeEdges: [],
  ...more,
})

describe('the inventory store', () => {
  it('gives back what it was given, over a restart', async () => {
    const first = openStore()
    const sources = [
      { connectionId, lastSeenAtMs: 42, problem: 'It refuses connections.', remedy: 'Start it.' },
    ]
    first.store.apply(
      siteId,
      change({ sources, upsertEntities: [entityOf('a'), entityOf('b')], upsertEdges: [edge] }),
    )
    first.store.apply(siteId, change({ upsertEntities: [entityOf('a', 'stopped')], removeEntities: ['b'] }))
    first.database.dispose()
    const found = await openStore().store.load(siteId)
    expect(found).toEqual({ sources, entities: [entityOf('a', 'stopped')], edges: [edge] })
    expect(await openStore().store.load('other' as SiteId)).toEqual({ sources: [], entities: [], edges: [] })
  })

  it('reads more than one page', async () => {
    const { store } = openStore()
    store.apply(
      siteId,
      change({ upsertEntities: Array.from({ length: 1234 }, (_, at) => entityOf(`e${at}`)) }),
    )
    expect((await store.load(siteId)).entities).toHaveLength(1234)
  })

  it('leaves out rows that cannot be read', async () => {
    const { database, store } = openStore()
    store.apply(siteId, change({ upsertEntities: [entityOf('a'), entityOf('b')] }))
    database.sqlite.exec('UPDATE inventory_entity SET body = \'{"id":"a"\' WHERE id = \'a\'')
    expect((await store.load(siteId)).entities.map((item) => item.id)).toEqual(['b'])
  })

  it('writes a change whole or not at all', async () => {
    const { store } = openStore()
    const unwritable = { ...entityOf('b'), facts: { bad: 1n as unknown as number } }
    expect(() => store.apply(siteId, change({ upsertEntities: [entityOf('a'), unwritable] }))).toThrow()
    expect((await store.load(siteId)).entities).toEqual([])
  })

  it('forgets removed connections and sites', async () => {
    const { store } = openStore()
    const other = 'other-connection' as ConnectionId
    store.apply(siteId, change({ upsertEntities: [entityOf('a'), entityOf('b', 'running', other)] }))
    store.apply('gone' as SiteId, change({ upsertEntities: [entityOf('c')], upsertEdges: [edge] }))
    store.keepOnly([{ id: siteId, connections: [{ id: connectionId }] }])
    expect((await store.load(siteId)).entities.map((item) => item.id)).toEqual(['a'])
    expect(await store.load('gone' as SiteId)).toMatchObject({ entities: [], edges: [] })
  })

  it('loses nothing that was said, killed 50 times at any moment', { timeout: 180_000 }, async () => {
    const path = join(folder, 'store.sqlite')
    const expected = new Map<string, number>()
    let step = 0
    for (let round = 0; round < 50; round += 1) {
      const said = await runUntilKilled(path, step, 1 + (round % 7))
      for (const item of said) {
        for (const id of item.put) expected.set(id, item.step)
        if (!item.put.includes(item.removed)) expected.delete(item.removed)
        step = item.step + 1
      }
      const { store, database } = openStore()
      const found = await store.load(siteId)
      database.dispose()
      // The change in hand when the process died may be there whole; nothing that was said may be missing.
      const last = found.sources[0]!.lastSeenAtMs!
      expect(last === step - 1 || last === step).toBe(true)
      const lost = [...expected].filter(
        ([id, at]) => !found.entities.some((entity) => entity.id === id && Number(entity.status) >= at),
      )
      expect(lost.filter(([id]) => last === step - 1 || `guest${(last * 7) % 40}` !== id)).toEqual([])
      if (last === step) {
        for (const entity of found.entities) expected.set(entity.id, Number(entity.status))
        for (const id of [...expected.keys()])
          if (!found.entities.some((entity) => entity.id === id)) expected.delete(id)
        step += 1
      }
    }
    expect(step).toBeGreaterThan(50)
  })
})

interface Said {
  step: number
  put: string[]
  removed: string
}

/** Starts the writer and kills it with SIGKILL once it has said `lines` things; gives all that it said. */
async function runUntilKilled(path: string, start: number, lines: number): Promise<Said[]> {
  const script = fileURLToPath(new URL('testing/inventory-writer.ts', import.meta.url))
  const child = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', script, path, String(start)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  const said: Said[] = []
  for await (const line of createInterface({ input: child.stdout })) {
    try {
      said.push(JSON.parse(line) as Said)
    } catch {
      break
    }
    if (said.length === lines) child.kill('SIGKILL')
  }
  return said
}
