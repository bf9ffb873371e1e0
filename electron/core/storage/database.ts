// The embedded store's one connection: SQLite in WAL mode, every commit synced, so that kill -9 loses nothing
// that was already acknowledged. Features get typed repositories, never this handle. No secret is kept here.
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { AppError } from '#shared/errors.ts'
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
 * begun, because an application that refuses to start helps nobody; the log says where the old file is. Throws
 * `unsupported` for the store of a later version, which is left alone, and SQLite's own error when the folder is
 * busy, full or forbidden.
 */
export function openDatabase(path: string, log: Log): Database {
  mkdirSync(dirname(path), { recursive: true })
  let sqlite: DatabaseSync
  try {
    sqlite = prepare(path)
  } catch (error) {
    if (!isUnreadable(error)) throw error
    const aside = `${path}.unreadable-${new Date().toISOString().replace(/[:.]/g, '-')}`
    log.error('The store could not be read; it was set aside and a new one begun', {
      aside,
      fault: String(error),
    })
    // The journal belongs to its database: left behind, it would be played into the new one.
    for (const suffix of ['', '-wal', '-shm'])
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
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

/** SQLITE_CORRUPT and SQLITE_NOTADB. A store that is busy, or whose folder is full or forbidden, is not damaged. */
const isUnreadable = (error: unknown): boolean =>
  [11, 26].includes(((error as { errcode?: number }).errcode ?? 0) & 0xff)

function prepare(path: string): DatabaseSync {
  const sqlite = new DatabaseSync(path)
  try {
    sqlite.exec(
      'PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 5000;',
    )
    const row = sqlite.prepare('PRAGMA user_version').get() as { user_version: number }
    if (row.user_version > migrations.length)
      throw new AppError('unsupported', 'The data directory was written by a later version of Meridian.', {
        remedy: 'Start that version, or this one with another data directory (--data-dir).',
      })
    for (let version = row.user_version; version < migrations.length; version += 1) {
      sqlite.exec(`BEGIN; ${migrations[version]} PRAGMA user_version = ${version + 1}; COMMIT;`)
    }
    return sqlite
  } catch (error) {
    sqlite.close()
    throw error
  }
}
