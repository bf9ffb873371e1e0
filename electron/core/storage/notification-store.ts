// What the application has told the user, kept for the notification list; shown natively too where the shell can.
import { randomUUID } from 'node:crypto'
import type { Notification } from '#shared/contracts/app.ts'
import type { Platform } from '../platform.ts'
import { createFeed, keepUpTo, type Feed } from '../router/event-feed.ts'
import type { Database } from './database.ts'

export interface NotificationStore {
  add(level: Notification['level'], title: string, body: string): Notification
  /** Newest first, at most 200. */
  list(): Notification[]
  readonly changes: Feed<Notification>
}

const kept = 200

export function createNotificationStore(database: Database, platform: Pick<Platform, 'now' | 'notify'>): NotificationStore {
  const { sqlite } = database
  const changes = createFeed<Notification>({ merge: keepUpTo(50) })
  return {
    changes,
    add(level, title, body) {
      const notification = { id: randomUUID(), atMs: platform.now(), level, title, body }
      sqlite.prepare('INSERT INTO notification VALUES (?, ?, ?, ?, ?)').run(notification.id, notification.atMs, level, title, body)
      sqlite
        .prepare('DELETE FROM notification WHERE id NOT IN (SELECT id FROM notification ORDER BY at_ms DESC LIMIT ?)')
        .run(kept)
      changes.publish(notification)
      if (level === 'warning' || level === 'error') platform.notify?.(title, body)
      return notification
    },
    list: () =>
      (
        sqlite.prepare('SELECT * FROM notification ORDER BY at_ms DESC LIMIT ?').all(kept) as unknown as Array<
          Notification & { at_ms: number }
        >
      ).map(({ id, at_ms, level, title, body }) => ({ id, atMs: at_ms, level, title, body })),
  }
}
