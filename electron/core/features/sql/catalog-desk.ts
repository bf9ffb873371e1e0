// The catalogue of a connection: read live, kept for the time without a network, and read at most once at a time.
import type { Catalog } from '#shared/contracts/sql.ts'
import { isAppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { openPostgresSession, type PostgresTarget } from '../../connectors/postgres/postgres-session.ts'
import { readCatalog } from '../../connectors/postgres/read-catalog.ts'
import type { CatalogStore } from '../../storage/catalog-store.ts'

export interface CatalogDesk {
  /**
   * Live when it can be had. Without `refresh`, one read less than ten minutes ago is good enough. When the server
   * cannot be reached the kept one is answered, with its age and `isLive` false; without one the error is thrown.
   */
  get(target: PostgresTarget, connectionId: ConnectionId, refresh: boolean): Promise<Catalog>
}

const freshMs = 10 * 60_000
const readTimeoutMs = 60_000

export function createCatalogDesk(store: CatalogStore, now: () => number): CatalogDesk {
  const fresh = new Map<ConnectionId, { catalog: Catalog; settings: string }>()
  const reading = new Map<string, Promise<Catalog>>()

  async function read(target: PostgresTarget, connectionId: ConnectionId): Promise<Catalog> {
    const session = await openPostgresSession(target, { signal: AbortSignal.timeout(readTimeoutMs) })
    try {
      const catalog: Catalog = {
        connectionId,
        readAtMs: now(),
        isLive: true,
        ...(await readCatalog(session)),
      }
      store.put(catalog)
      fresh.set(connectionId, { catalog, settings: JSON.stringify(target.settings) })
      return catalog
    } finally {
      await session.dispose()
    }
  }

  return {
    async get(target, connectionId, refresh) {
      const settings = JSON.stringify(target.settings)
      const known = fresh.get(connectionId)
      if (!refresh && known?.settings === settings && now() - known.catalog.readAtMs < freshMs)
        return known.catalog
      const key = `${connectionId} ${settings}`
      const pending = reading.get(key) ?? read(target, connectionId).finally(() => reading.delete(key))
      reading.set(key, pending)
      try {
        return await pending
      } catch (error) {
        const isAway =
          isAppError(error) &&
          (error.code === 'unreachable' || error.code === 'timeout' || error.code === 'rate-limited')
        const kept = isAway ? store.find(connectionId) : undefined
        if (kept) return kept
        throw error
      }
    },
  }
}
