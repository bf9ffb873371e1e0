// The SQL feature against a real PostgreSQL 16: runs and how they end, the read-only session under attack, what stays.
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Run } from '#shared/contracts/sql.ts'
import {
  startPostgresCluster,
  type PostgresCluster,
} from '../../connectors/postgres/testing/postgres-cluster.ts'
import { createSqlLab, refusal, until, type SqlLab } from './testing/sql-lab.ts'

let cluster: PostgresCluster
let lab: SqlLab
beforeAll(async () => {
  cluster = await startPostgresCluster()
  await cluster.query('CREATE TABLE galaxy (targetid int8 PRIMARY KEY, z float8, note text)')
  await cluster.query(
    "INSERT INTO galaxy VALUES (39627652591521181, 0.5, NULL), (9007199254740993, 'NaN', '')",
  )
})
afterAll(() => cluster.dispose())
beforeEach(async () => {
  lab = await createSqlLab({ server: cluster })
})
afterEach(() => lab.close())

const galaxies = async (): Promise<number> =>
  (await cluster.query<{ n: number }>('SELECT count(*)::int AS n FROM galaxy'))[0]!.n
const running = async (text: string): Promise<{ state: string; wait_event: string | null }[]> =>
  cluster.query(
    `SELECT state, wait_event FROM pg_stat_activity WHERE application_name = 'meridian' AND state = 'active' AND query LIKE '%' || $1 || '%'`,
    [text],
  )

describe('a run', () => {
  it('streams its rows, says how it ended, and stays in the history', async () => {
    const { run, table } = await lab.run('SELECT targetid, z, note FROM galaxy ORDER BY targetid')
    expect(table.toArray().map((row) => (row as { targetid: bigint }).targetid)).toEqual([
      9007199254740993n,
      39627652591521181n,
    ])
    expect(table.getChildAt(2)!.toArray()).toEqual(['', null])
    expect(run).toMatchObject({
      state: 'done',
      rows: 2,
      commandTag: 'SELECT 2',
      connectionLabel: 'test-pg',
      isWrite: false,
      error: null,
    })
    expect(run.columns.map((column) => column.pgType)).toEqual(['int8', 'float8', 'text'])
    expect(run.resultBytes).toBeGreaterThan(0)
    expect(run.elapsedMs).toBeGreaterThan(0)
    expect(await lab.client.history({ limit: 10 })).toEqual([run])
  })
  it('of a statement that fails says where', async () => {
    const { run, table } = await lab.run('SELECT z,\n nonsense FROM galaxy')
    expect(run).toMatchObject({
      state: 'failed',
      error: { code: 'invalid-input', detail: { kind: 'sql', sqlState: '42703', position: 12 } },
    })
    expect(run.error!.message).toContain('test-pg')
    expect(table.numRows).toBe(0)
  })
  it('that fails in the middle keeps what arrived', async () => {
    const { run, table } = await lab.run('SELECT 10 / (500000 - i) AS v FROM generate_series(1, 600000) i')
    expect(run).toMatchObject({ state: 'failed', error: { detail: { sqlState: '22012' } } })
    expect(run.rows).toBe(table.numRows)
    expect(table.numRows).toBeGreaterThan(400_000)
    const kept = await lab.client.openResult({ runId: run.runId })
    expect(tableFromIPC(await lab.fetchBytes(kept.stream.streamId)).numRows).toBe(table.numRows)
  })
  it('is cut at its limit and says so', async () => {
    const { run, table } = await lab.run('SELECT i FROM generate_series(1, 1000000) i', { maxRows: 1234 })
    expect([run.state, run.rows, table.numRows]).toEqual(['cut', 1234, 1234])
    expect(run.error).toBeNull()
  })
  it('of exactly the limit is not cut', async () => {
    const { run } = await lab.run('SELECT i FROM generate_series(1, 1234) i', { maxRows: 1234 })
    expect([run.state, run.rows]).toEqual(['done', 1234])
  })
  it('stops at its time limit', async () => {
    const { run } = await lab.run('SELECT pg_sleep(60)', { timeoutMs: 200 })
    expect(run).toMatchObject({
      state: 'failed',
      error: { code: 'timeout', message: expect.stringContaining('0.2 s') as string },
    })
  })
  it('collects notices, and not without bound', async () => {
    const sql = "DO $$ BEGIN FOR i IN 1..1000 LOOP RAISE NOTICE 'note %', i; END LOOP; END $$"
    const { run, table } = await lab.run(sql, { allowWrite: true })
    expect(run.state).toBe('done')
    expect(run.notices[0]).toBe('NOTICE: note 1')
    expect(run.notices.length).toBe(200)
    expect(table.schema.fields.length).toBe(0)
  })
  it('whose backend is killed fails and keeps what arrived', async () => {
    const started = await lab.start(
      'SELECT i, pg_sleep(CASE WHEN i = 2000 THEN 60 ELSE 0 END) FROM generate_series(1, 3000) i',
    )
    const bytes = lab.fetchBytes(started.stream.streamId)
    await until(async () => (await lab.client.history({ limit: 1 }))[0]!.rows > 0)
    await cluster.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'meridian'",
    )
    const run = await lab.client.outcome({ runId: started.run.runId })
    expect(run).toMatchObject({ state: 'failed', error: { code: 'unreachable' } })
    expect(tableFromIPC(await bytes).numRows).toBe(run.rows)
    expect(run.rows).toBeGreaterThan(0)
  })
  it('tells those who watch', async () => {
    const controller = new AbortController()
    const seen: Run[] = []
    const watching = (async () => {
      for await (const run of await lab.client.watchRuns(undefined, { signal: controller.signal }))
        seen.push(run)
    })().catch(() => undefined)
    await until(() => true)
    const { run } = await lab.run('SELECT i FROM generate_series(1, 100000) i')
    await until(() => seen.some((event) => event.runId === run.runId && event.state === 'done'))
    controller.abort()
    await watching
  })
  it('refuses a connection that is not there, or is no database', async () => {
    const site = lab.core.sites.addConnection(lab.site.id, 'pve', {
      kind: 'proxmox',
      url: 'https://x',
      tls: { mode: 'system' },
      auth: { mode: 'token', tokenId: 'a@pam!b' },
    })
    expect((await refusal(lab.client.start({ connectionId: site.id, sql: 'select 1' }))).code).toBe(
      'invalid-input',
    )
  })
})

describe('cancel', () => {
  it('ends the statement in the server', async () => {
    const { run, stream } = await lab.start("SELECT pg_sleep(60), 'cancel me'")
    const bytes = lab.fetchBytes(stream.streamId)
    await until(async () => (await running('cancel me')).length === 1)
    const cancelled = await lab.client.cancel({ runId: run.runId })
    expect(cancelled).toMatchObject({ state: 'cancelled', error: { code: 'cancelled' } })
    expect(await lab.client.outcome({ runId: run.runId })).toEqual(cancelled)
    await until(async () => (await running('cancel me')).length === 0)
    await bytes
  })
  it('keeps the rows that had arrived', async () => {
    const { run, stream } = await lab.start(
      'SELECT i, pg_sleep(CASE WHEN i = 5000 THEN 60 ELSE 0 END) FROM generate_series(1, 10000) i',
    )
    const bytes = lab.fetchBytes(stream.streamId)
    await until(async () => (await lab.client.history({ limit: 1 }))[0]!.rows > 0)
    const cancelled = await lab.client.cancel({ runId: run.runId })
    expect(cancelled.state).toBe('cancelled')
    expect(tableFromIPC(await bytes).numRows).toBe(cancelled.rows)
  })
  it('may come at any moment, fifty times in a row', async () => {
    const runs = await Promise.all(
      Array.from({ length: 10 }, async (_, batch) => {
        const states: string[] = []
        for (let index = 0; index < 5; index += 1) {
          const { run, stream } = await lab.start(
            "SELECT generate_series(1, 10000000) AS i, repeat(md5('storm'), 10)",
          )
          const bytes = lab.fetchBytes(stream.streamId)
          await new Promise((resolve) => setTimeout(resolve, (batch * 5 + index) * 4))
          states.push((await lab.client.cancel({ runId: run.runId })).state)
          await bytes
        }
        return states
      }),
    )
    expect(new Set(runs.flat())).toEqual(new Set(['cancelled']))
    await until(async () => (await running('repeat(md5')).length === 0)
  }, 120_000)
  it('of a run that has ended answers with how it ended', async () => {
    const { run } = await lab.run('SELECT 1')
    expect((await lab.client.cancel({ runId: run.runId })).state).toBe('done')
  })
  it('happens by itself when the page goes away', async () => {
    const { run, stream } = await lab.start("SELECT generate_series(1, 100000000) AS i, 'page'")
    const reader = lab.claim(stream.streamId).body.getReader()
    await reader.read()
    await reader.cancel()
    expect((await lab.client.outcome({ runId: run.runId })).state).toBe('cancelled')
    await until(async () => (await running("'page'")).length === 0)
  })
  it('happens by itself when the window goes before it has fetched', async () => {
    const { run } = await lab.start("SELECT pg_sleep(60), 'window'")
    lab.leave()
    await until(
      () =>
        lab.core.database.sqlite.prepare('SELECT state FROM run WHERE run_id = ?').get(run.runId)?.[
          'state'
        ] === 'cancelled',
    )
    await until(async () => (await running("'window'")).length === 0)
  })
})

describe('back-pressure', () => {
  it('a page that stops reading stops the server, and memory stays where it is', async () => {
    const { run, stream } = await lab.start(
      "SELECT generate_series(1, 20000000) AS i, repeat('x', 1000) AS filler",
    )
    const reader = lab.claim(stream.streamId).body.getReader()
    await reader.read()
    const rowsNow = async (): Promise<number> => (await lab.client.history({ limit: 1 }))[0]!.rows
    let before = -1
    // What was on the way settles first.
    await until(async () => {
      await new Promise((resolve) => setTimeout(resolve, 300))
      const now = await rowsNow()
      const isStill = now === before && (await running('filler'))[0]?.wait_event === 'ClientWrite'
      before = now
      return isStill
    })
    const rss = process.memoryUsage.rss()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(await rowsNow()).toBe(before)
    expect(process.memoryUsage.rss() - rss).toBeLessThan(50_000_000)
    expect((await running('filler'))[0]?.wait_event).toBe('ClientWrite')
    // It goes on when the page does.
    for (let index = 0; index < 30; index += 1) await reader.read()
    await until(async () => (await rowsNow()) > before)
    await reader.cancel()
    expect((await lab.client.outcome({ runId: run.runId })).state).toBe('cancelled')
  })
})

describe('reading only', () => {
  beforeAll(async () => {
    const attack = (body: string) =>
      `CREATE OR REPLACE FUNCTION sneaky() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN ${body} INSERT INTO galaxy VALUES (1, 0, 'sneaked'); RETURN 1; END $f$`
    await cluster.query(attack('').replace('sneaky()', 'sneaky_plain()'))
    await cluster.query(attack('SET transaction_read_only = off;').replace('sneaky()', 'sneaky_set()'))
    await cluster.query(
      attack("PERFORM set_config('transaction_read_only', 'off', true);").replace(
        'sneaky()',
        'sneaky_config()',
      ),
    )
    await cluster.query(
      attack("EXECUTE 'SET TRANSACTION READ WRITE';").replace('sneaky()', 'sneaky_execute()'),
    )
  })
  it.each([
    'SELECT sneaky_plain()',
    'SELECT sneaky_set()',
    'SELECT sneaky_config()',
    'SELECT sneaky_execute()',
    "WITH w AS (INSERT INTO galaxy VALUES (1, 0, 'x') RETURNING 1) SELECT * FROM w",
    'SELECT * INTO stolen FROM galaxy',
    "EXPLAIN ANALYZE INSERT INTO galaxy VALUES (1, 0, 'x')",
    "SELECT nextval('s')",
  ])('the server refuses what the gate cannot see: %s', async (sql) => {
    await cluster.query('CREATE SEQUENCE IF NOT EXISTS s')
    const { run } = await lab.run(sql)
    expect(run.state).toBe('failed')
    expect(await galaxies()).toBe(2)
  })
  it('says it in a sentence with the way out', async () => {
    const { run } = await lab.run('SELECT sneaky_plain()')
    expect(run.error).toMatchObject({
      code: 'forbidden',
      detail: { kind: 'read-only', scope: 'test-pg' },
      remedy: 'Allow writing for one run.',
    })
  })
  it('the gate refuses at once, and nothing is opened', async () => {
    for (const sql of ['DELETE FROM galaxy', 'SET transaction_read_only = off', 'BEGIN READ WRITE', 'COMMIT'])
      expect(await refusal(lab.start(sql))).toMatchObject({
        code: 'forbidden',
        detail: { kind: 'read-only' },
      })
    expect(await lab.client.history({ limit: 10 })).toEqual([])
  })
  it('a raise lasts one run', async () => {
    const { run } = await lab.run("INSERT INTO galaxy VALUES (7, 1, 'written') RETURNING targetid", {
      allowWrite: true,
    })
    expect(run).toMatchObject({ state: 'done', commandTag: 'INSERT 0 1', isWrite: true, rows: 1 })
    expect(await galaxies()).toBe(3)
    expect((await refusal(lab.start('DELETE FROM galaxy WHERE targetid = 7'))).code).toBe('forbidden')
    await lab.run('DELETE FROM galaxy WHERE targetid = 7', { allowWrite: true })
    expect(await galaxies()).toBe(2)
  })
  it('a read-only site cannot be raised', async () => {
    lab.core.sites.update(lab.site.id, { isReadOnly: true })
    expect(await refusal(lab.start('DELETE FROM galaxy', { allowWrite: true }))).toMatchObject({
      code: 'forbidden',
      detail: { kind: 'read-only', scope: 'Test site' },
    })
    expect((await lab.run('SELECT 1')).run.state).toBe('done')
  })
  it('a write cut by its limit is carried out whole', async () => {
    const { run } = await lab.run(
      "INSERT INTO galaxy SELECT i + 1000, i, 'many' FROM generate_series(1, 5000) i RETURNING targetid",
      { allowWrite: true, maxRows: 10 },
    )
    expect([run.state, run.rows]).toEqual(['cut', 10])
    expect(await galaxies()).toBe(5002)
    await cluster.query("DELETE FROM galaxy WHERE note = 'many'")
  })
})

describe('secrets', () => {
  it('in a statement are nowhere afterwards', async () => {
    const secret = 'Geh3imnis-in-SQL'
    await lab.run(`CREATE ROLE mover PASSWORD '${secret}'`, { allowWrite: true })
    const { run } = await lab.run(`ALTER ROLE mover PASSWORD '${secret}' NONSENSE '${secret}'`, {
      allowWrite: true,
    })
    expect(run.state).toBe('failed')
    expect(run.sql).toContain('[masked]')
    const kept = JSON.stringify([
      await lab.client.history({ limit: 10 }),
      lab.core.audit.list({ limit: 10 }),
      lab.logLines,
      run,
    ])
    expect(kept).not.toContain(secret)
    lab.database.sqlite.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    for (const name of readdirSync(lab.dataDir, { recursive: true, withFileTypes: true }))
      if (name.isFile()) expect(readFileSync(join(name.parentPath, name.name)).includes(secret)).toBe(false)
  })
})

describe('kept results', () => {
  it('are read again with the server gone, in another process’s time', async () => {
    const second = await startPostgresCluster()
    const first = await createSqlLab({ server: second })
    const { run, table } = await first.run("SELECT i, 'row ' || i AS t FROM generate_series(1, 50000) i")
    await first.client.saveResult({ runId: run.runId, name: 'Kept for the plane' })
    await second.dispose()
    const runId = run.runId
    const opened = await first.client.openResult({ runId })
    const again = tableFromIPC(await first.fetchBytes(opened.stream.streamId))
    expect(again.numRows).toBe(table.numRows)
    expect(opened.run).toMatchObject({ isSaved: true, name: 'Kept for the plane', state: 'done' })
    const failed = await first.run('SELECT 1')
    expect(failed.run).toMatchObject({ state: 'failed', error: { code: 'unreachable' } })
    await first.close()
  })
  it('survive a restart; a run cut short by death is marked', async () => {
    const { run } = await lab.run('SELECT 1 AS a')
    lab.core.database.sqlite
      .prepare(
        "UPDATE run SET state = 'running', body = json_set(body, '$.state', 'running') WHERE run_id = ?",
      )
      .run(run.runId)
    const next = await createSqlLab({ server: cluster, dataDir: lab.dataDir })
    expect(await next.client.history({ limit: 10 })).toMatchObject([
      { runId: run.runId, state: 'interrupted', rows: 1 },
    ])
    const opened = await next.client.openResult({ runId: run.runId })
    expect(tableFromIPC(await next.fetchBytes(opened.stream.streamId)).numRows).toBe(1)
    await next.close()
  })
  it('that cannot be written are shown all the same', async () => {
    rmSync(join(lab.dataDir, 'results'), { recursive: true })
    const { run, table } = await lab.run('SELECT i FROM generate_series(1, 1000) i')
    expect([run.state, run.resultBytes, table.numRows]).toEqual(['done', 0, 1000])
    expect(run.notices[0]).toContain('not kept')
    expect((await refusal(lab.client.openResult({ runId: run.runId }))).code).toBe('not-found')
  })
  it('beyond the cache are dropped, oldest first', async () => {
    lab.core.settings.update({ resultCacheBytes: 1 })
    const first = await lab.run('SELECT 1 AS a')
    await until(async () => (await lab.client.history({ limit: 1 }))[0]!.resultBytes === 0)
    expect((await refusal(lab.client.openResult({ runId: first.run.runId }))).message).toContain('not kept')
  })
  it('go when they are deleted', async () => {
    const { run } = await lab.run('SELECT 1 AS a')
    await lab.client.deleteRun({ runId: run.runId })
    expect(await lab.client.history({ limit: 10 })).toEqual([])
    expect(readdirSync(join(lab.dataDir, 'results'))).toEqual([])
    expect((await refusal(lab.client.openResult({ runId: run.runId }))).code).toBe('not-found')
    expect((await refusal(lab.client.openResult({ runId: '../../etc/passwd' }))).code).toBe('not-found')
  })
})

describe('the catalogue', () => {
  it('shows tables, keys and comments, whatever they are called', async () => {
    await cluster.query('CREATE SCHEMA "Iron"')
    await cluster.query(
      'CREATE TABLE "Iron"."we""ird; DROP TABLE galaxy" (id int8 REFERENCES galaxy, "col umn" float4[], PRIMARY KEY (id))',
    )
    await cluster.query('COMMENT ON TABLE "Iron"."we""ird; DROP TABLE galaxy" IS \'A table\'')
    await cluster.query(
      'COMMENT ON COLUMN "Iron"."we""ird; DROP TABLE galaxy"."col umn" IS \'Flux [nanomaggy]\'',
    )
    await cluster.query('CREATE VIEW bright AS SELECT * FROM galaxy; ANALYZE galaxy')
    const catalog = await lab.client.getCatalog({ connectionId: lab.connectionId })
    expect(catalog).toMatchObject({ isLive: true, database: 'postgres', user: 'meridian_admin' })
    expect(catalog.databases).toContain('postgres')
    const weird = catalog.tables.find((table) => table.schema === 'Iron')!
    expect(weird).toMatchObject({
      name: 'we"ird; DROP TABLE galaxy',
      kind: 'table',
      comment: 'A table',
      columns: [
        { name: 'id', type: 'bigint', isNullable: false, isPrimaryKey: true, comment: null },
        {
          name: 'col umn',
          type: 'real[]',
          isNullable: true,
          isPrimaryKey: false,
          comment: 'Flux [nanomaggy]',
        },
      ],
      foreignKeys: [{ columns: ['id'], toSchema: 'public', toTable: 'galaxy', toColumns: ['targetid'] }],
    })
    expect(weird.indexes[0]!.definition).toContain('CREATE UNIQUE INDEX')
    expect(catalog.tables.find((table) => table.name === 'bright')).toMatchObject({
      kind: 'view',
      sizeBytes: null,
    })
    expect(catalog.tables.find((table) => table.name === 'galaxy')!.estimatedRows).toBe(2)
  })
  it('is answered from the store when the server is away', async () => {
    const live = await lab.client.getCatalog({ connectionId: lab.connectionId })
    const connection = lab.core.sites.getConnection(lab.connectionId)
    if (connection.settings.kind !== 'postgres') throw new Error('not a database')
    lab.core.sites.updateConnection(lab.connectionId, 'test-pg', { ...connection.settings, port: 1 })
    const kept = await lab.client.getCatalog({ connectionId: lab.connectionId, refresh: true })
    expect(kept).toEqual({ ...live, isLive: false })
  })
})
