// A process that stores inventory changes one after the other and says each one aloud once it is stored, as the
// session does before it shows it. The kill test ends it at random moments. Run by a test only.
import { writeSync } from 'node:fs'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type { Log } from '../../platform.ts'
import { openDatabase } from '../database.ts'
import { createInventoryStore } from '../inventory-store.ts'

const [path = '', start = '0'] = process.argv.slice(2)
const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => log,
}
const store = createInventoryStore(openDatabase(path, log))
const siteId = 'site' as SiteId
const connectionId = 'connection' as ConnectionId

const entityAt = (id: string, step: number): Entity => ({
  id,
  kind: 'guest',
  layer: 'guests',
  name: id,
  health: 'ok',
  status: String(step),
  parentId: null,
  connectionId,
  tags: [],
  addresses: [],
  facts: { filler: 'x'.repeat(500) },
})

for (let step = Number(start); ; step += 1) {
  const entities = Array.from({ length: 5 }, (_, at) => entityAt(`guest${(step * 3 + at) % 40}`, step))
  const removed = `guest${(step * 7) % 40}`
  const kept = entities.filter((entity) => entity.id !== removed)
  store.apply(siteId, {
    sources: [{ connectionId, lastSeenAtMs: step, problem: null, remedy: null }],
    upsertEntities: kept,
    removeEntities: [removed],
    upsertEdges: [],
    removeEdges: [],
  })
  writeSync(1, `${JSON.stringify({ step, put: kept.map((entity) => entity.id), removed })}\n`)
}
