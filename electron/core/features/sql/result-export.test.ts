// Exports read back by somebody else: DuckDB for Parquet and CSV, apache-arrow for the IPC file.
import { mkdtempSync, rmSync, writeFileSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  startPostgresCluster,
  type PostgresCluster,
} from '../../connectors/postgres/testing/postgres-cluster.ts'
import { fileStem, type ExportFormat } from './result-export.ts'
import { createSqlLab, refusal, until, type SqlLab } from './testing/sql-lab.ts'

let cluster: PostgresCluster
let lab: SqlLab
let duck: DuckDBConnection
let scratch: string
beforeAll(async () => {
  cluster = await startPostgresCluster()
  lab = await createSqlLab({ server: cluster })
  duck = await (await DuckDBInstance.create(':memory:')).connect()
  scratch = mkdtempSync(join(tmpdir(), 'meridian-export-'))
  await cluster.query(
    "CREATE TABLE t (flux float8); COMMENT ON COLUMN t.flux IS 'Flux [nanomaggy]'; INSERT INTO t VALUES (1)",
  )
})
afterAll(async () => {
  await lab.close()
  await cluster.dispose()
  rmSync(scratch, { recursive: true, force: true })
})

async function exported(
  sql: string,
  format: ExportFormat,
): Promise<{ bytes: Uint8Array; headers: Record<string, string>; path: string }> {
  const { run } = await lab.run(sql)
  expect(run.error).toBeNull()
  const { streamId } = await lab.client.exportResult({ runId: run.runId, format })
  const claimed = lab.claim(streamId)
  const chunks: Uint8Array[] = []
  for await (const chunk of claimed.body) chunks.push(chunk)
  const bytes = new Uint8Array(Buffer.concat(chunks))
  const path = join(scratch, `${run.runId}.${format}`)
  writeFileSync(path, bytes)
  return { bytes, headers: claimed.headers, path }
}
const csv = async (sql: string): Promise<string> =>
  new TextDecoder().decode((await exported(sql, 'csv')).bytes)
const rowsOf = async (sql: string): Promise<Record<string, unknown>[]> =>
  (await duck.runAndReadAll(sql)).getRowObjectsJson() as Record<string, unknown>[]

const everything = `SELECT 39627652591521181::int8 a, (-32768)::int2 b, 2147483647 c, 0.1::float4 d, 1e300::float8 e, 'NaN'::float8 f, true g, 'näme, "x"'::text h, ''::text i, NULL::text j,
  '2024-02-29'::date k, '2024-02-29 12:34:56.789'::timestamp l, '2024-02-29 12:34:56+02'::timestamptz m, '12:00:00.5'::time n, '\\xdeadbeef'::bytea o, 123.4500::numeric p,
  ARRAY[1, NULL, 3] q, ARRAY[0.5, 'NaN']::float4[] r, ARRAY['a', NULL, '', 'b,c'] s, 4294967295::oid t, ARRAY[9007199254740993] u, ARRAY[true, NULL] v, '{}'::int4[] w, 'infinity'::date x, '-infinity'::timestamp y`

describe('CSV', () => {
  it('writes every kind exactly, and tells NULL from empty', async () => {
    const [header, line, rest] = (await csv(everything)).split('\r\n')
    expect(header).toBe(
      'abcdefghijklmnopqrstuvwxy'
        .split('')
        .map((name) => `"${name}"`)
        .join(','),
    )
    expect(line).toBe(
      '39627652591521181,-32768,2147483647,0.1,1e+300,NaN,true,"näme, ""x""","",,2024-02-29,2024-02-29 12:34:56.789,2024-02-29 10:34:56+00,12:00:00.5,\\xdeadbeef,123.4500,' +
        '"{1,NULL,3}","{0.5,NaN}","{a,NULL,"""",""b,c""}",4294967295,{9007199254740993},"{true,NULL}",{},infinity,-infinity',
    )
    expect(rest).toBe('')
  })
  it('quotes what needs it', async () => {
    expect(await csv(`SELECT E'two\\nlines' AS "a ""b""", ' space' AS c, 'plain' AS d`)).toBe(
      '"a ""b""","c","d"\r\n"two\nlines"," space",plain\r\n',
    )
  })
  it('has a header even without rows', async () =>
    expect(await csv('SELECT 1 AS a WHERE false')).toBe('"a"\r\n'))
  it('is read by another program row by row', async () => {
    const { path } = await exported(
      `SELECT i::int8 * 1000000007 AS id, CASE WHEN i % 3 = 0 THEN NULL ELSE 'r"' || i END AS t, i / 7.0::float8 AS z FROM generate_series(1, 30000) i`,
      'csv',
    )
    const [sum] = await rowsOf(
      `SELECT count(*) n, sum(id)::varchar s, count(t) t, max(t) m, sum(z) z FROM read_csv('${path}', header = true, all_varchar = false)`,
    )
    expect(sum).toMatchObject({ n: '30000', s: String(((30000n * 30001n) / 2n) * 1000000007n), t: '20000' })
  })
})

describe('Parquet', () => {
  it('keeps types and values', async () => {
    const { path } = await exported(everything, 'parquet')
    const types = await rowsOf(`DESCRIBE SELECT * FROM '${path}'`)
    expect(types.map((row) => row['column_type'])).toEqual([
      'BIGINT',
      'SMALLINT',
      'INTEGER',
      'FLOAT',
      'DOUBLE',
      'DOUBLE',
      'BOOLEAN',
      'VARCHAR',
      'VARCHAR',
      'VARCHAR',
      'DATE',
      'TIMESTAMP',
      'TIMESTAMP WITH TIME ZONE',
      'TIME',
      'BLOB',
      'VARCHAR',
      'INTEGER[]',
      'FLOAT[]',
      'VARCHAR[]',
      'UINTEGER',
      'BIGINT[]',
      'BOOLEAN[]',
      'INTEGER[]',
      'DATE',
      'TIMESTAMP',
    ])
    const [row] = await rowsOf(
      `SELECT a, b, c, d, e, f::varchar f, g, h, i, j, k::varchar k, l::varchar l, epoch_us(m)::varchar m, n::varchar n, hex(o) o, p, q, r::varchar r, s, t, u::varchar u, v, w, x::varchar x, y::varchar y FROM '${path}'`,
    )
    expect(row).toMatchObject({
      a: '39627652591521181',
      b: -32768,
      c: 2147483647,
      e: 1e300,
      f: 'nan',
      g: true,
      h: 'näme, "x"',
      i: '',
      j: null,
      k: '2024-02-29',
      l: '2024-02-29 12:34:56.789',
      m: '1709202896000000',
      n: '12:00:00.5',
      o: 'DEADBEEF',
      p: '123.4500',
      q: [1, null, 3],
      r: '[0.5, nan]',
      s: ['a', null, '', 'b,c'],
      t: 4294967295,
      u: '[9007199254740993]',
      v: [true, null],
      w: [],
      x: 'infinity',
      y: '-infinity',
    })
  })
  it('keeps units, descriptions and the statement beside the rows', async () => {
    const { path } = await exported('SELECT flux FROM t', 'parquet')
    const [row] = await rowsOf(
      `SELECT decode(value) AS v FROM parquet_kv_metadata('${path}') WHERE decode(key) = 'meridian'`,
    )
    expect(JSON.parse(String(row!['v']))).toEqual({
      sql: 'SELECT flux FROM t',
      columns: [{ name: 'flux', pgType: 'float8', unit: 'nanomaggy', description: 'Flux' }],
    })
  })
  it('takes names that no table could have', async () => {
    const { path } = await exported(
      `SELECT 1 AS a, 2 AS "A", 3 AS a, 4 AS "x""; DROP TABLE result; --", 5 AS "'"`,
      'parquet',
    )
    const [row] = await rowsOf(`SELECT * FROM '${path}'`)
    expect(Object.values(row!)).toEqual([1, 2, 3, 4, 5])
  })
  it('of many batches, and of none', async () => {
    const many = await exported(
      `SELECT i, CASE WHEN i % 5 <> 0 THEN ARRAY[i, i] END AS l, repeat('y', i % 50) AS t FROM generate_series(1, 100000) i`,
      'parquet',
    )
    expect(
      await rowsOf(
        `SELECT count(*)::int n, sum(i)::varchar s, count(l)::int l, sum(len(t))::int t FROM '${many.path}'`,
      ),
    ).toEqual([{ n: 100000, s: '5000050000', l: 80000, t: 2450000 }])
    const none = await exported('SELECT 1 AS a WHERE false', 'parquet')
    expect(await rowsOf(`SELECT count(*)::int n FROM '${none.path}'`)).toEqual([{ n: 0 }])
  }, 60_000)
  it('leaves no scratch files', () => {
    expect(readdirSync(join(lab.dataDir, 'results')).filter((name) => !name.endsWith('.arrows'))).toEqual([])
  })
})

describe('Arrow', () => {
  it('is an IPC file with every batch in reach', async () => {
    const { bytes } = await exported(
      `SELECT i, 'row ' || i AS t, ARRAY[i::float4] AS l FROM generate_series(1, 100000) i`,
      'arrow',
    )
    expect(new TextDecoder().decode(bytes.subarray(0, 6))).toBe('ARROW1')
    expect(new TextDecoder().decode(bytes.subarray(-6))).toBe('ARROW1')
    const table = tableFromIPC(bytes)
    expect(table.numRows).toBe(100_000)
    expect(table.get(99_999)?.toJSON()).toMatchObject({ i: 100_000, t: 'row 100000' })
    expect(table.schema.fields[0]!.metadata.get('meridian.pgType')).toBe('int4')
  })
  it('without rows', async () => {
    const { bytes } = await exported('SELECT 1 AS a WHERE false', 'arrow')
    expect(tableFromIPC(bytes).schema.fields.map((field) => field.name)).toEqual(['a'])
  })
})

describe('the file', () => {
  it('is called as its result is', async () => {
    const { run } = await lab.run('SELECT 1 AS a')
    await lab.client.saveResult({ runId: run.runId, name: 'Quasars, z 2–3 / Größe' })
    const { streamId } = await lab.client.exportResult({ runId: run.runId, format: 'csv' })
    expect(lab.claim(streamId).headers['content-disposition']).toContain('quasars-z-2-3-gro-e.csv')
    expect(fileStem({ name: '…', startedAtMs: 0 })).toBe('result-1970-01-01-00-00-00')
  })
  it('is refused while the run is at work, and without rows', async () => {
    const { run, stream } = await lab.start('SELECT i, pg_sleep(60) FROM generate_series(1, 2) i')
    expect((await refusal(lab.client.exportResult({ runId: run.runId, format: 'csv' }))).code).toBe(
      'conflict',
    )
    const bytes = lab.fetchBytes(stream.streamId)
    await lab.client.cancel({ runId: run.runId })
    await bytes
    const failed = await lab.run('SELECT nonsense')
    expect(
      (await refusal(lab.client.exportResult({ runId: failed.run.runId, format: 'parquet' }))).code,
    ).toBe('not-found')
  })
  it('that nobody waits for is given up', async () => {
    const { run } = await lab.run('SELECT i FROM generate_series(1, 300000) i')
    const { streamId } = await lab.client.exportResult({ runId: run.runId, format: 'parquet' })
    const controller = new AbortController()
    const reader = lab.claim(streamId, controller.signal).body.getReader()
    const reading = reader.read().catch(() => undefined)
    await until(() => readdirSync(join(lab.dataDir, 'results')).some((name) => name.startsWith('parquet-')))
    controller.abort()
    await reading
    await until(() => readdirSync(join(lab.dataDir, 'results')).every((name) => name.endsWith('.arrows')))
  })
})
