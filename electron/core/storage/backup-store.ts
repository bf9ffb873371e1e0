// What is kept of backups on this computer: the targets that the user set, and each connection's last reading, so
// that everything can be judged while a system is away. Used by the backups feature; the demo feature sets the lab's
// targets once. Holds no secret.
import type { z } from 'zod'
import { backupPolicy, defaultBackupPolicy, type BackupPolicy } from '#shared/model/backup-policy.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Database } from './database.ts'

export interface BackupStore {
  /** The site's targets, or the default ones. */
  policy(siteId: SiteId): BackupPolicy
  hasPolicy(siteId: SiteId): boolean
  setPolicy(siteId: SiteId, policy: BackupPolicy): void
  /** Undefined when nothing is kept, or nothing that this version can read. */
  reading<S extends z.ZodType>(connectionId: ConnectionId, schema: S): z.infer<S> | undefined
  /** A body that has not changed only gets its new time. */
  keepReading(connectionId: ConnectionId, readAtMs: number, reading: unknown): void
}

export function createBackupStore({ sqlite }: Pick<Database, 'sqlite'>): BackupStore {
  const policyRow = sqlite.prepare('SELECT body FROM backup_policy WHERE site_id = ?')
  const readingRow = sqlite.prepare('SELECT read_at_ms, body FROM backup_reading WHERE connection_id = ?')
  const bodyOf = (row: unknown): unknown => {
    try {
      return row ? JSON.parse((row as { body: string }).body) : undefined
    } catch {
      return undefined
    }
  }
  return {
    policy(siteId) {
      const parsed = backupPolicy.safeParse(bodyOf(policyRow.get(siteId)))
      return parsed.success ? parsed.data : defaultBackupPolicy
    },
    hasPolicy: (siteId) => policyRow.get(siteId) !== undefined,
    setPolicy: (siteId, policy) =>
      void sqlite
        .prepare(
          'INSERT INTO backup_policy (site_id, body) VALUES (?, ?) ON CONFLICT (site_id) DO UPDATE SET body = excluded.body',
        )
        .run(siteId, JSON.stringify(policy)),
    reading(connectionId, schema) {
      const parsed = schema.safeParse(bodyOf(readingRow.get(connectionId)))
      return parsed.success ? parsed.data : undefined
    },
    keepReading: (connectionId, readAtMs, reading) =>
      void sqlite
        .prepare(
          `INSERT INTO backup_reading (connection_id, read_at_ms, body) VALUES (?, ?, ?)
           ON CONFLICT (connection_id) DO UPDATE SET read_at_ms = excluded.read_at_ms, body = excluded.body`,
        )
        .run(connectionId, readAtMs, JSON.stringify(reading)),
  }
}
