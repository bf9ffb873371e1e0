// The last known inventory of every site, kept row by row so that a refresh writes only what changed. The session
// writes here before it publishes, so nothing that was shown is lost by a kill. Bodies are what was observed; how
// old they are is the source's row. Never holds a secret: entities have none.
import {
  entity as entitySchema,
  edge as edgeSchema,
  type Edge,
  type Entity,
} from '#shared/model/inventory.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { z } from 'zod'
import type { Database } from './database.ts'

/** When a connection's part was last seen in full, and the last failure as it was shown. */
export interface StoredSource {
  connectionId: ConnectionId
  lastSeenAtMs: number | null
  problem: string | null
  remedy: string | null
}

export interface StoredInventory {
  sources: StoredSource[]
  entities: Entity[]
  edges: Edge[]
}

/** One step of change; applied in one transaction. */
export interface InventoryChange {
  sources?: readonly StoredSource[]
  upsertEntities: readonly Entity[]
  removeEntities: readonly string[]
  upsertEdges: readonly Edge[]
  removeEdges: readonly string[]
}

export interface InventoryStore {
  /** Reads in pages and lets the event loop breathe between them. Unreadable rows are left out. */
  load(siteId: SiteId): Promise<StoredInventory>
  /** Only these kinds, for features that judge a part of the picture. */
  loadKinds(
    siteId: SiteId,
    kinds: { entities: readonly Entity['kind'][]; edges: readonly Edge['kind'][] },
  ): Promise<Pick<StoredInventory, 'entities' | 'edges'>>
  apply(siteId: SiteId, change: InventoryChange): void
  /** Forgets sites and connections that are no longer configured. */
  keepOnly(sites: ReadonlyArray<{ id: SiteId; connections: ReadonlyArray<{ id: ConnectionId }> }>): void
}

const pageRows = 400
type BodyRow = { id: string; body: string }
type SourceRow = { connection_id: ConnectionId; last_seen_at_ms: number | null; body: string }

export function createInventoryStore(database: Database): InventoryStore {
  const { sqlite } = database
  const statements = {
    sources: sqlite.prepare(
      'SELECT connection_id, last_seen_at_ms, body FROM inventory_source WHERE site_id = ?',
    ),
    putSource: sqlite.prepare(
      `INSERT INTO inventory_source (site_id, connection_id, last_seen_at_ms, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (site_id, connection_id) DO UPDATE SET last_seen_at_ms = excluded.last_seen_at_ms, body = excluded.body`,
    ),
    putEntity: sqlite.prepare(
      `INSERT INTO inventory_entity (site_id, id, connection_id, body) VALUES (?, ?, ?, ?)
       ON CONFLICT (site_id, id) DO UPDATE SET connection_id = excluded.connection_id, body = excluded.body`,
    ),
    dropEntity: sqlite.prepare('DELETE FROM inventory_entity WHERE site_id = ? AND id = ?'),
    putEdge: sqlite.prepare(
      `INSERT INTO inventory_edge (site_id, id, body) VALUES (?, ?, ?)
       ON CONFLICT (site_id, id) DO UPDATE SET body = excluded.body`,
    ),
    dropEdge: sqlite.prepare('DELETE FROM inventory_edge WHERE site_id = ? AND id = ?'),
  }

  async function loadBodies<S extends z.ZodType>(
    table: 'inventory_entity' | 'inventory_edge',
    siteId: SiteId,
    schema: S,
    kinds: readonly string[] | null = null,
  ) {
    const page = sqlite.prepare(
      `SELECT id, body FROM ${table} WHERE site_id = ? AND id > ?
         AND (? IS NULL OR json_extract(body, '$.kind') IN (SELECT value FROM json_each(?)))
       ORDER BY id LIMIT ${pageRows}`,
    )
    const wanted = kinds === null ? null : JSON.stringify(kinds)
    const found: z.infer<S>[] = []
    for (let after = ''; ;) {
      const rows = page.all(siteId, after, wanted, wanted ?? '[]') as unknown as BodyRow[]
      for (const row of rows) {
        const parsed = schema.safeParse(parseJson(row.body))
        if (parsed.success) found.push(parsed.data)
      }
      if (rows.length < pageRows) return found
      after = rows.at(-1)!.id
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  return {
    async load(siteId) {
      const entities = await loadBodies('inventory_entity', siteId, entitySchema)
      const edges = await loadBodies('inventory_edge', siteId, edgeSchema)
      const rows = statements.sources.all(siteId) as unknown as SourceRow[]
      return { sources: rows.map(toStoredSource), entities, edges }
    },
    async loadKinds(siteId, kinds) {
      const entities = await loadBodies('inventory_entity', siteId, entitySchema, kinds.entities)
      return { entities, edges: await loadBodies('inventory_edge', siteId, edgeSchema, kinds.edges) }
    },
    apply(siteId, change) {
      database.transaction(() => {
        for (const { connectionId, lastSeenAtMs, problem, remedy } of change.sources ?? [])
          statements.putSource.run(siteId, connectionId, lastSeenAtMs, JSON.stringify({ problem, remedy }))
        for (const id of change.removeEntities) statements.dropEntity.run(siteId, id)
        for (const id of change.removeEdges) statements.dropEdge.run(siteId, id)
        for (const entity of change.upsertEntities)
          statements.putEntity.run(siteId, entity.id, entity.connectionId, JSON.stringify(entity))
        for (const edge of change.upsertEdges) statements.putEdge.run(siteId, edge.id, JSON.stringify(edge))
      })
    },
    keepOnly(sites) {
      database.transaction(() => {
        const siteIds = JSON.stringify(sites.map((site) => site.id))
        const connectionIds = JSON.stringify(sites.flatMap((site) => site.connections.map((item) => item.id)))
        for (const table of ['inventory_source', 'inventory_entity', 'inventory_edge'])
          sqlite
            .prepare(`DELETE FROM ${table} WHERE site_id NOT IN (SELECT value FROM json_each(?))`)
            .run(siteIds)
        for (const table of ['inventory_source', 'inventory_entity'])
          sqlite
            .prepare(`DELETE FROM ${table} WHERE connection_id NOT IN (SELECT value FROM json_each(?))`)
            .run(connectionIds)
      })
    },
  }
}

function toStoredSource(row: SourceRow): StoredSource {
  const body = (parseJson(row.body) ?? {}) as { problem?: unknown; remedy?: unknown }
  return {
    connectionId: row.connection_id,
    lastSeenAtMs: row.last_seen_at_ms,
    problem: typeof body.problem === 'string' ? body.problem : null,
    remedy: typeof body.remedy === 'string' ? body.remedy : null,
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
