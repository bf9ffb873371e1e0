// The embedded store's one connection: SQLite in WAL mode, every commit synced, so that kill -9 loses nothing
// that was already acknowledged. Features get typed repositories, never this handle. No secret is kept here.
import { mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Log } from '../platform.ts'
import { migrations } from './migrations.ts'

export interface Database {
  readonly sqlite: DatabaseSync
  /** Runs `work` in one transaction; rolls back when it throws. */
  transaction<T>(work: () => T): T
  dispose(): void
}

/**
 * Opens (or makes) the store. A file that SQLite cannot read is set aside under a dated name and a new store is
 * begun, because an application that refuses to start helps nobody; the log says where the old file is.
 */
export function openDatabase(path: string, log: Log): Database {
  mkdirSync(dirname(path), { recursive: true })
  let sqlite: DatabaseSync
  try {
    sqlite = prepare(path)
  } catch (error) {
    const aside = `${path}.unreadable-${new Date().toISOString().replace(/[:.]/g, '-')}`
    log.error('The store could not be read; it was set aside and a new one begun', { aside, fault: String(error) })
    renameSync(path, aside)
    sqlite = prepare(path)
  }
  return {
    sqlite,
    transaction(work) {
      if (sqlite.isTransaction) return work()
      sqlite.exec('BEGIN IMMEDIATE')
      try {
        const result = work()
        sqlite.exec('COMMIT')
        return result
      } catch (error) {
        sqlite.exec('ROLLBACK')
        throw error
      }
    },
    dispose() {
      if (sqlite.isOpen) sqlite.close()
    },
  }
}

function prepare(path: string): DatabaseSync {
  const sqlite = new DatabaseSync(path)
  try {
    sqlite.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;')
    const row = sqlite.prepare('PRAGMA user_version').get() as { user_version: number }
    for (let version = row.user_version; version < migrations.length; version += 1) {
      sqlite.exec(`BEGIN; ${migrations[version]} PRAGMA user_version = ${version + 1}; COMMIT;`)
    }
    return sqlite
  } catch (error) {
    sqlite.close()
    throw error
  }
}
