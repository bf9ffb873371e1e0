// Sites and connections as the store keeps them: never a secret among them. The vault says which secrets exist.
import { randomUUID } from 'node:crypto'
import { AppError } from '#shared/errors.ts'
import {
  connectionSettings,
  type Connection,
  type ConnectionId,
  type ConnectionSettings,
  type SecretName,
  type Site,
  type SiteId,
} from '#shared/model/connection.ts'
import { createFeed, type Feed } from '../router/event-feed.ts'
import type { Database } from './database.ts'

export interface SiteStore {
  list(): Site[]
  /** Throws `not-found`. */
  get(siteId: SiteId): Site
  /** Throws `not-found`. */
  getConnection(connectionId: ConnectionId): Connection
  create(name: string, options?: { isDemo?: boolean }): Site
  update(siteId: SiteId, changes: { name?: string | undefined; isReadOnly?: boolean | undefined }): Site
  remove(siteId: SiteId): void
  addConnection(siteId: SiteId, label: string, settings: ConnectionSettings): Connection
  updateConnection(connectionId: ConnectionId, label: string, settings: ConnectionSettings): Connection
  removeConnection(connectionId: ConnectionId): void
  /** Publishes the whole list after every change; call it too when stored secrets changed. */
  announce(): void
  readonly changes: Feed<Site[]>
}

type SiteRow = { id: SiteId; name: string; is_demo: number; is_read_only: number }
type ConnectionRow = { id: ConnectionId; site_id: SiteId; label: string; settings: string }

export function createSiteStore(database: Database, secretNamesOf: (id: ConnectionId) => SecretName[]): SiteStore {
  const { sqlite } = database
  const changes = createFeed<Site[]>()

  const toConnections = (row: ConnectionRow): Connection[] => {
    const parsed = connectionSettings.safeParse(parseJson(row.settings))
    if (!parsed.success) return []
    return [{ id: row.id, siteId: row.site_id, label: row.label, settings: parsed.data, storedSecrets: secretNamesOf(row.id) }]
  }
  const toSite = (row: SiteRow): Site => ({
    id: row.id,
    name: row.name,
    isDemo: row.is_demo === 1,
    isReadOnly: row.is_read_only === 1,
    connections: (
      sqlite.prepare('SELECT * FROM connection WHERE site_id = ? ORDER BY position, label').all(row.id) as unknown as ConnectionRow[]
    ).flatMap(toConnections),
  })
  const list = (): Site[] =>
    (sqlite.prepare('SELECT * FROM site ORDER BY position, name').all() as unknown as SiteRow[]).map(toSite)
  const get = (siteId: SiteId): Site => {
    const row = sqlite.prepare('SELECT * FROM site WHERE id = ?').get(siteId) as unknown as SiteRow | undefined
    if (!row) throw new AppError('not-found', 'This site is no longer there.')
    return toSite(row)
  }
  const getConnection = (connectionId: ConnectionId): Connection => {
    const row = sqlite.prepare('SELECT * FROM connection WHERE id = ?').get(connectionId) as unknown as ConnectionRow | undefined
    const found = row && toConnections(row)[0]
    if (!found) throw new AppError('not-found', 'This connection is no longer there.')
    return found
  }
  const announce = (): void => changes.publish(list())
  const announced = <T>(result: T): T => {
    announce()
    return result
  }
  return {
    list,
    get,
    getConnection,
    announce,
    changes,
    create(name, { isDemo = false } = {}) {
      const siteId = randomUUID() as SiteId
      sqlite
        .prepare('INSERT INTO site VALUES (?, ?, ?, 0, (SELECT coalesce(max(position), 0) + 1 FROM site))')
        .run(siteId, name, isDemo ? 1 : 0)
      return announced(get(siteId))
    },
    update(siteId, { name, isReadOnly }) {
      const site = get(siteId)
      sqlite
        .prepare('UPDATE site SET name = ?, is_read_only = ? WHERE id = ?')
        .run(name ?? site.name, (isReadOnly ?? site.isReadOnly) ? 1 : 0, siteId)
      return announced(get(siteId))
    },
    remove(siteId) {
      sqlite.prepare('DELETE FROM site WHERE id = ?').run(siteId)
      announce()
    },
    addConnection(siteId, label, settings) {
      get(siteId)
      const connectionId = randomUUID() as ConnectionId
      sqlite
        .prepare('INSERT INTO connection VALUES (?, ?, ?, ?, (SELECT coalesce(max(position), 0) + 1 FROM connection))')
        .run(connectionId, siteId, label, JSON.stringify(settings))
      return announced(getConnection(connectionId))
    },
    updateConnection(connectionId, label, settings) {
      getConnection(connectionId)
      sqlite.prepare('UPDATE connection SET label = ?, settings = ? WHERE id = ?').run(label, JSON.stringify(settings), connectionId)
      return announced(getConnection(connectionId))
    },
    removeConnection(connectionId) {
      sqlite.prepare('DELETE FROM connection WHERE id = ?').run(connectionId)
      announce()
    },
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
