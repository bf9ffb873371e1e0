// The embedded store: durable, migrated, set aside when unreadable, never lost.
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { Log } from '../platform.ts'
import { openDatabase } from './database.ts'
import { migrations } from './migrations.ts'

let folder: string
let path: string
const errors: Array<Record<string, unknown> | undefined> = []
const log: Log = {
  debug() {},
  info() {},
  warn() {},
  error: (_text, fields) => void errors.push(fields),
  child: () => log,
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-store-'))
  path = join(folder, 'meridian.sqlite')
  errors.length = 0
})
afterEach(() => rm(folder, { recursive: true, force: true }))

it('is made once and keeps what was written', () => {
  const first = openDatabase(path, log)
  first.sqlite.exec("INSERT INTO setting VALUES ('a', 'b')")
  first.dispose()
  const again = openDatabase(path, log)
  expect(again.sqlite.prepare('SELECT value FROM setting').get()).toEqual({ value: 'b' })
  expect(again.sqlite.prepare('PRAGMA user_version').get()).toEqual({ user_version: migrations.length })
  expect(again.sqlite.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 2 })
  again.dispose()
  again.dispose()
})

it('rolls a failed transaction back, an inner one with its outer', () => {
  const database = openDatabase(path, log)
  const insert = (key: string): unknown =>
    database.sqlite.prepare("INSERT INTO setting VALUES (?, '')").run(key)
  expect(() =>
    database.transaction(() => {
      insert('outer')
      database.transaction(() => insert('inner'))
      throw new Error('no')
    }),
  ).toThrow('no')
  database.transaction(() => insert('kept'))
  expect(database.sqlite.prepare('SELECT key FROM setting').all()).toEqual([{ key: 'kept' }])
  database.dispose()
})

it.each([
  ['text', Buffer.from('this is no database at all, only text of some length')],
  ['a damaged database', Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(4096, 7)])],
])('sets %s aside, says where, and begins anew', async (_what, bytes) => {
  await writeFile(path, bytes)
  const database = openDatabase(path, log)
  database.sqlite.exec("INSERT INTO setting VALUES ('a', 'b')")
  database.dispose()
  const aside = (await readdir(folder)).filter((name) => name.includes('.unreadable-'))
  expect(aside).toHaveLength(1)
  expect((await readFile(join(folder, aside[0]!))).equals(bytes)).toBe(true)
  expect(errors[0]?.['aside']).toContain(aside[0])
})

it('leaves a store of a later version alone', async () => {
  const later = new DatabaseSync(path)
  later.exec(`CREATE TABLE future (x); PRAGMA user_version = ${migrations.length + 1}`)
  later.close()
  expect(() => openDatabase(path, log)).toThrow(/later version/)
  expect(await readdir(folder)).toEqual(['meridian.sqlite'])
})
