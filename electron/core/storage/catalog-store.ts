// The last catalogue seen of each connection, so that completion and the schema browser work with no network.
import { catalog as catalogSchema, type Catalog } from '#shared/contracts/sql.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Database } from './database.ts'

export interface CatalogStore {
  put(catalog: Catalog): void
  /** As it was kept, with `isLive` false; undefined when none was ever read. */
  find(connectionId: ConnectionId): Catalog | undefined
  /** When the kept one was read: cheap, for who keeps what was made from it. */
  readAtMs(connectionId: ConnectionId): number | undefined
}

export function createCatalogStore({ sqlite }: Database): CatalogStore {
  return {
    put: (catalog) =>
      void sqlite
        .prepare(
          `INSERT INTO catalog (connection_id, read_at_ms, body) VALUES (?, ?, ?)
           ON CONFLICT (connection_id) DO UPDATE SET read_at_ms = excluded.read_at_ms, body = excluded.body`,
        )
        .run(catalog.connectionId, Math.round(catalog.readAtMs), JSON.stringify(catalog)),
    readAtMs(connectionId) {
      const row = sqlite.prepare('SELECT read_at_ms FROM catalog WHERE connection_id = ?').get(connectionId)
      return (row as { read_at_ms: number } | undefined)?.read_at_ms
    },
    find(connectionId) {
      const row = sqlite.prepare('SELECT body FROM catalog WHERE connection_id = ?').get(connectionId) as
        { body: string } | undefined
      if (!row) return undefined
      try {
        const parsed = catalogSchema.safeParse(JSON.parse(row.body))
        return parsed.success ? { ...parsed.data, isLive: false } : undefined
      } catch {
        return undefined
      }
    },
  }
}
