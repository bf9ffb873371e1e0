// The repositories on the embedded store: settings, sites, audit records, notifications.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConnectionId, ConnectionSettings, SiteId } from '#shared/model/connection.ts'
import type { Log } from '../platform.ts'
import { createAuditLog } from './audit-log.ts'
import { openDatabase, type Database } from './database.ts'
import { createNotificationStore } from './notification-store.ts'
import { createSettingsStore } from './settings-store.ts'
import { createSiteStore } from './site-store.ts'

const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
let folder: string
let database: Database

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'meridian-stores-'))
  database = openDatabase(join(folder, 'meridian.sqlite'), log)
})
afterEach(async () => {
  database.dispose()
  await rm(folder, { recursive: true, force: true })
})

describe('settings', () => {
  it('have defaults, keep changes and tell them', async () => {
    const store = createSettingsStore(database)
    const changes = store.changes.subscribe(new AbortController().signal, store.get())
    expect((await changes.next()).value).toMatchObject({ theme: 'system' })
    store.update({ theme: 'dark' })
    expect((await changes.next()).value).toMatchObject({ theme: 'dark', idleLockMinutes: 30 })
    expect(createSettingsStore(database).get().theme).toBe('dark')
  })

  it('refuse what the schema refuses, and keep the old', () => {
    const store = createSettingsStore(database)
    expect(() => store.update({ rowLimit: -1 })).toThrow()
    expect(store.get().rowLimit).toBeGreaterThan(0)
  })

  it.each(['not json', '{"theme":"purple"}', 'null'])(
    'fall back to defaults when the row says %s',
    (value) => {
      database.sqlite.prepare("INSERT INTO setting VALUES ('settings', ?)").run(value)
      expect(createSettingsStore(database).get().theme).toBe('system')
    },
  )
})

describe('sites', () => {
  const settings: ConnectionSettings = { kind: 'ssh', host: 'h', port: 22, user: 'u', auth: 'agent' }

  it('keep their order and say which secrets there are', () => {
    const store = createSiteStore(database, (id) => (id === ('none' as ConnectionId) ? [] : ['password']))
    const [b, a] = [store.create('b'), store.create('a')]
    store.addConnection(b.id, 'second', settings)
    store.addConnection(b.id, 'first', settings)
    expect(store.list().map((site) => site.name)).toEqual(['b', 'a'])
    expect(store.get(b.id).connections.map((item) => [item.label, item.storedSecrets])).toEqual([
      ['second', ['password']],
      ['first', ['password']],
    ])
    expect(store.get(a.id).connections).toEqual([])
  })

  it('go with all their connections', () => {
    const store = createSiteStore(database, () => [])
    const site = store.create('x')
    const { id } = store.addConnection(site.id, 'c', settings)
    store.remove(site.id)
    expect(() => store.getConnection(id)).toThrow(/no longer there/)
    expect(() => store.addConnection(site.id, 'c', settings)).toThrow(/no longer there/)
  })

  it('leave out a connection whose settings cannot be read, and keep the rest', () => {
    const store = createSiteStore(database, () => [])
    const site = store.create('x')
    store.addConnection(site.id, 'good', settings)
    database.sqlite.prepare("INSERT INTO connection VALUES ('bad', ?, 'bad', 'no json', 9)").run(site.id)
    expect(store.get(site.id).connections.map((item) => item.label)).toEqual(['good'])
  })

  it('treat names as text, never as SQL', () => {
    const store = createSiteStore(database, () => [])
    const name = `'); DROP TABLE site; --`
    const { id } = store.create(name)
    expect(store.get(id).name).toBe(name)
    expect(() => store.get(`x' OR '1'='1` as SiteId)).toThrow(/no longer there/)
  })
})

describe('the audit log', () => {
  it('opens before and closes after, newest first, in pages', () => {
    const audit = createAuditLog(database, () => 1000)
    const first = audit.open('sites.create', 'Create a site', 'name=a', null)
    const second = audit.open('sites.remove', 'Remove a site', 'siteId=s', 's')
    audit.close(first, 'done', null, 1.5)
    expect(audit.list({ limit: 10 }).map((record) => [record.procedure, record.outcome])).toEqual([
      ['sites.remove', 'running'],
      ['sites.create', 'done'],
    ])
    expect(audit.list({ limit: 1, beforeId: second }).map((record) => record.id)).toEqual([first])
    expect(audit.list({ limit: 10, outcome: 'done' })).toHaveLength(1)
  })

  it('finds text without regard to case, and percent signs as themselves', () => {
    const audit = createAuditLog(database, () => 1)
    audit.open('sql.start', 'Run a statement', "sql=SELECT '100%'", null)
    audit.open('sql.start', 'Run a statement', 'sql=SELECT 1', null)
    expect(audit.list({ limit: 10, text: 'select' })).toHaveLength(2)
    expect(audit.list({ limit: 10, text: '100%' })).toHaveLength(1)
    expect(audit.list({ limit: 10, text: '%' })).toHaveLength(1)
  })

  it('calls the outcome unknown of what was cut short by the application’s end', () => {
    createAuditLog(database, () => 1).open('sites.create', 'Create a site', '', null)
    const [record] = createAuditLog(database, () => 2).list({ limit: 1 })
    expect(record).toMatchObject({ outcome: 'unknown', message: expect.stringContaining('ended before') })
  })
})

describe('notifications', () => {
  it('are kept up to 200, newest first, and shown natively when they matter', () => {
    const shown: string[] = []
    let clock = 0
    const store = createNotificationStore(database, {
      now: () => (clock += 1),
      notify: (title) => shown.push(title),
    })
    for (let index = 0; index < 210; index += 1) store.add('info', `n${index}`, '')
    store.add('error', 'bad', 'body')
    expect(store.list()).toHaveLength(200)
    expect(store.list()[0]).toMatchObject({ title: 'bad', level: 'error' })
    expect(shown).toEqual(['bad'])
  })
})
