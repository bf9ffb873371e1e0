// Every type's edge values through the whole path, each compared with what PostgreSQL itself prints for it.
import type { Data, RecordBatch } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shortestFloat4, shortestFloat8 } from '#shared/model/sql-number.ts'
import { bytesText, dateText, timestampText, timeText } from '#shared/model/sql-value-text.ts'
import type { DecodePool } from './decode/decode-pool.ts'
import { startPostgresCluster, type PostgresCluster } from './testing/postgres-cluster.ts'
import { createTestPool, runStatement, targetOfServer } from './testing/run-statement.ts'

let cluster: PostgresCluster
let pool: DecodePool
beforeAll(async () => {
  cluster = await startPostgresCluster()
  pool = createTestPool()
})
afterAll(async () => {
  await pool.dispose()
  await cluster.dispose()
})
const run = (sql: string, options = {}) => runStatement(targetOfServer(cluster), pool, sql, options)

const longsOf = (data: Data): BigInt64Array => {
  const view = data.values as unknown as ArrayBufferView
  return new BigInt64Array(view.buffer, view.byteOffset, view.byteLength / 8)
}

/** The text of one cell as PostgreSQL would print it, from the Arrow column. */
function cellText(data: Data, row: number): string | null {
  if (data.nullCount > 0 && !((data.nullBitmap[row >> 3]! >> (row & 7)) & 1)) return null
  const type = String(data.type)
  const values = data.values as unknown as ArrayLike<number>
  const offsets = data.valueOffsets as Int32Array
  if (type.startsWith('Timestamp'))
    return timestampText(longsOf(data)[row]!, type.includes('UTC') ? '+00' : '')
  if (type.startsWith('Time64')) return timeText(longsOf(data)[row]!)
  if (type.startsWith('List')) {
    const items = Array.from({ length: offsets[row + 1]! - offsets[row]! }, (_, index) =>
      cellText(data.children[0]!, offsets[row]! + index),
    )
    return `{${items.map((item) => (item === null ? 'NULL' : /^$|[{},"\\\s]|^null$/i.test(item) ? `"${item.replace(/["\\]/g, '\\$&')}"` : item)).join(',')}}`
  }
  switch (type) {
    case 'Bool':
      return ((data.values as unknown as Uint8Array)[row >> 3]! >> (row & 7)) & 1 ? 't' : 'f'
    case 'Int64':
      return String(longsOf(data)[row])
    case 'Float32':
      return shortestFloat4(values[row]!)
    case 'Float64':
      return shortestFloat8(values[row]!)
    case 'Utf8':
      return new TextDecoder().decode(
        (data.values as unknown as Uint8Array).subarray(offsets[row], offsets[row + 1]),
      )
    case 'Binary':
      return bytesText((data.values as unknown as Uint8Array).subarray(offsets[row], offsets[row + 1]))
    case 'Date32<DAY>':
      return dateText(values[row]!)
    default:
      return String(values[row])
  }
}

const textsOf = (batches: readonly RecordBatch[], column: number): (string | null)[] =>
  batches.flatMap((batch) =>
    Array.from({ length: batch.numRows }, (_, row) => cellText(batch.data.children[column]!, row)),
  )

/** type → values as SQL literals; NULL is added to each. */
const edges: Record<string, string[]> = {
  bool: ['true', 'false'],
  int2: ['-32768', '0', '32767'],
  int4: ['-2147483648', '0', '2147483647'],
  int8: [
    '-9223372036854775808',
    '-1',
    '0',
    '9007199254740993',
    '39627652591521181',
    '4294967295',
    '4294967296',
    '9223372036854775807',
  ],
  oid: ['0', '4294967295'],
  float4: [
    '0',
    '-0',
    '1e-45',
    '3.4028235e38',
    '0.1',
    '1e6',
    '999999',
    '16777217',
    'NaN',
    'Infinity',
    '-Infinity',
  ],
  float8: [
    '0',
    '-0',
    '5e-324',
    '1.7976931348623157e308',
    '0.1',
    '1e15',
    '1e-5',
    '123456789.123456789',
    'NaN',
    'Infinity',
    '-Infinity',
    '-9999',
  ],
  numeric: [
    '0',
    '0.0',
    '0.000',
    '-0.5',
    '1',
    '10000',
    '99999999',
    '100000000',
    '0.0001',
    '0.00001',
    '0.00000000012',
    '1e20',
    '1e-20',
    '-123.4560',
    '12345678901234567890.0123456789',
    'NaN',
    'Infinity',
    '-Infinity',
    '9e1000',
    '1e-1000',
    '340282366920938463463374607431768211455',
  ],
  'numeric(39)': ['39627652591521181', '1532495540865888858358347027150309183618'.slice(0, 39)],
  'numeric(10,3)': ['0', '1.5', '-9999999.999'],
  text: ['', ' ', 'a', 'naïve ☃ 𝄞', 'tab\ttab', "quote'quote", 'null', 'x'.repeat(100), 'ß'.repeat(40)],
  'varchar(6)': ['', 'GALAXY'],
  'char(5)': ['ab', ''],
  name: ['pg_class'],
  bytea: ['\\x', '\\x00', '\\xdeadbeef', `\\x${'00ff'.repeat(100)}`],
  date: [
    'infinity',
    '-infinity',
    '4713-11-24 BC',
    '0001-01-01',
    '0001-12-31 BC',
    '1582-10-15',
    '1969-12-31',
    '1970-01-01',
    '2000-01-01',
    '2024-02-29',
    '9999-12-31',
    '5874897-12-31',
  ],
  timestamp: [
    'infinity',
    '-infinity',
    '4713-11-24 00:00:00 BC',
    '0001-01-01 00:00:00',
    '1969-12-31 23:59:59.999999',
    '1970-01-01 00:00:00',
    '1999-12-31 23:59:59.999999',
    '2000-01-01 00:00:00',
    '2024-02-29 12:34:56.789',
    '294245-12-31 23:59:59.999999',
  ],
  timestamptz: [
    'infinity',
    '-infinity',
    '2021-05-14 03:04:05.123456+00',
    '1883-11-18 12:00:00+00',
    '0044-03-15 12:00:00+00 BC',
  ],
  time: ['00:00:00', '23:59:59.999999', '24:00:00', '12:30:00.5'],
  timetz: ['12:30:00+02'],
  interval: ['0', '1 year 2 mons 3 days 04:05:06.789', '-1 day +00:00:01', '178000000 years'],
  uuid: [
    '00000000-0000-0000-0000-000000000000',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
    'ffffffff-ffff-ffff-ffff-ffffffffffff',
  ],
  json: ['{"a": [1, 2,  null]}', '"x"'],
  jsonb: ['{"a": [1, 2, null]}', 'null'],
  'int2[]': ['{}', '{1,NULL,-3}', '{32767}'],
  'int4[]': ['{}', '{2147483647,NULL}', '{-1}'],
  'int8[]': ['{9007199254740993,NULL,-9223372036854775808}', '{}'],
  'float4[]': ['{}', '{0.1,NaN,NULL,Infinity}', '{1e-45}'],
  'float8[]': ['{0.1,NULL,-Infinity}', '{}'],
  'bool[]': ['{t,f,NULL}', '{}', '{t,t,t,t,t,t,t,t,t}'],
  'text[]': ['{}', '{"",NULL,"NULL",a,"b c","x,y","q\\"q","b\\\\s"}'],
  'varchar[]': ['{main,dark}'],
  inet: ['192.168.0.1/24', '::1'],
  money: ['-92233720368547758.08'],
  bit: ['1'],
  varbit: ['', '1010'],
  int4range: ['[1,10)', 'empty'],
  int4multirange: ['{[1,3), [5,9)}'],
  point: ['(1,2)'],
  tsvector: ["'fat':2 'rat':3"],
  xml: ['<a>b</a>'],
  pg_lsn: ['16/B374D848'],
  '"char"': ['a'],
  regclass: ['pg_class'],
  'uuid[]': ['{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'],
  mood: ['sad', 'great mood'],
  magnitude: ['21.5'],
  tags: ['{a,b}'],
  pair: ['(1,"a b")'],
}

describe('every type', () => {
  beforeAll(async () => {
    await cluster.query("CREATE TYPE mood AS ENUM ('sad', 'great mood')")
    await cluster.query('CREATE DOMAIN magnitude AS float4 CHECK (VALUE > 0)')
    await cluster.query('CREATE DOMAIN tags AS text[]')
    await cluster.query('CREATE TYPE pair AS (a int, b text)')
    await cluster.query("ALTER ROLE meridian_admin SET TimeZone = 'UTC'")
  })

  it.each(Object.entries(edges))('%s', async (type, literals) => {
    const values = literals.map((literal) => `('${literal.replaceAll("'", "''")}'::${type})`).join(', ')
    const source = `SELECT v FROM (VALUES ${values}, (NULL::${type})) AS t (v)`
    // `format` prints by the type's own output function, as psql does; a cast to text does not for every type.
    const printed = await run(`SELECT CASE WHEN v IS NOT NULL THEN format('%s', v) END FROM (${source}) s`)
    const { table, columns, rows } = await run(source)
    expect(rows).toBe(literals.length + 1)
    expect(textsOf(table.batches, 0)).toEqual(textsOf(printed.table.batches, 0))
    expect(columns[0]!.metadata['meridian.pgType']).toBeTruthy()
  })

  it('names types as PostgreSQL does, and says which it only shows', async () => {
    const { columns } = await run(
      `SELECT 1::int8 a, 1.5::numeric(10,3) b, '{}'::float4[] c, 'x'::varchar(6) d, 'sad'::mood e, '1 day'::interval f, 21.5::magnitude g, 1::numeric(5,-2) h`,
    )
    expect(columns.map((column) => column.metadata['meridian.pgType'])).toEqual([
      'int8',
      'numeric(10,3)',
      '_float4',
      'varchar(6)',
      'mood',
      'interval',
      'float4',
      'numeric(5,-2)',
    ])
    expect(columns.map((column) => 'meridian.note' in column.metadata)).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
      false,
      false,
    ])
  })

  it('says the unit and description of a table’s columns', async () => {
    await cluster.query(`CREATE TABLE "hostile ""table; --" ("a""b" float8, "ü" int)`)
    await cluster.query(`COMMENT ON COLUMN "hostile ""table; --"."a""b" IS 'Flux in g [nanomaggy]'`)
    await cluster.query(`INSERT INTO "hostile ""table; --" VALUES (1.5, 2)`)
    const { table } = await run(`SELECT "a""b", "ü", "a""b" * 2 AS twice FROM "hostile ""table; --"`)
    expect(table.schema.fields.map((field) => field.name)).toEqual(['a"b', 'ü', 'twice'])
    expect(Object.fromEntries(table.schema.fields[0]!.metadata)).toMatchObject({
      'meridian.pgType': 'float8',
      'meridian.unit': 'nanomaggy',
      'meridian.description': 'Flux in g',
    })
    expect(table.schema.fields[2]!.metadata.has('meridian.unit')).toBe(false)
  })

  it('shows arrays of several dimensions as text when they come early', async () => {
    const { table, columns } = await run(
      `SELECT i, CASE WHEN i = 40 THEN '{{1,2},{3,NULL}}'::int4[] ELSE ARRAY[i] END a, '{{"x y",z}}'::text[] b, '[2:3]={1,2}'::int4[] c FROM generate_series(1, 100) i`,
    )
    expect(columns.map((column) => column.kind)).toEqual(['int4', 'list-int4', 'list-text', 'list-int4'])
    expect(table.schema.fields.map((field) => String(field.type))).toEqual([
      'Int32',
      'Utf8',
      'Utf8',
      'List<Int32>',
    ])
    const texts = textsOf(table.batches, 1)
    expect(texts[38]).toBe('{39}')
    expect(texts[39]).toBe('{{1,2},{3,NULL}}')
    expect(textsOf(table.batches, 2)[0]).toBe('{{"x y",z}}')
    expect(textsOf(table.batches, 0)).toEqual(Array.from({ length: 100 }, (_, index) => String(index + 1)))
  })

  it('says what to do when they come late', async () => {
    const sql = `SELECT CASE WHEN i = 500000 THEN '{{1,2}}'::int4[] ELSE ARRAY[i] END a FROM generate_series(1, 600000) i`
    await expect(run(sql)).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('“a::text”') as string,
    })
  })
})

describe('every size', () => {
  it('zero rows', async () => {
    const { table, rows, commandTag } = await run('SELECT 1 AS a WHERE false')
    expect([rows, commandTag, table.schema.fields.length]).toEqual([0, 'SELECT 0', 1])
  })
  it('zero columns', async () => {
    const { rows, columns } = await run('SELECT FROM generate_series(1, 3)')
    expect([rows, columns.length]).toEqual([3, 0])
  })
  it('1,600 columns', async () => {
    const list = Array.from({ length: 1600 }, (_, index) =>
      index % 3 === 0 ? `'t' || i` : index % 3 === 1 ? `i + ${index}` : `(i * ${index})::float8`,
    ).join(', ')
    const { table, rows } = await run(`SELECT ${list} FROM generate_series(1, 200) i`)
    expect([rows, table.schema.fields.length]).toEqual([200, 1600])
    expect(table.batches[0]!.data.children[1]!.values[0]).toBe(2)
    const last = table.batches.at(-1)!
    expect(last.data.children[1598]!.values[last.numRows - 1]).toBe(200 * 1598)
    expect(cellText(last.data.children[1599]!, last.numRows - 1)).toBe('t200')
  })
  it('a value of 100 MB', async () => {
    const { table, rows } = await run("SELECT repeat('abcdefghij', 10000000) AS big, 1 AS one")
    expect(rows).toBe(1)
    const text = table.batches[0]!.data.children[0]!
    expect((text.valueOffsets as Int32Array)[1]).toBe(100_000_000)
    expect(
      Buffer.from(text.values as unknown as Uint8Array)
        .subarray(99_999_990, 100_000_000)
        .toString(),
    ).toBe('abcdefghij')
  }, 60_000)
  it('many rows with nulls scattered over batches', async () => {
    const sql = `SELECT i, CASE WHEN i % 7 = 0 THEN NULL ELSE i::int8 * 1000003 END b, CASE WHEN i % 11 = 0 THEN NULL WHEN i % 13 = 0 THEN '' ELSE 'r' || i END c,
      CASE WHEN i % 5 = 0 THEN NULL ELSE ARRAY[i, NULL, -i] END d, CASE WHEN i % 3 = 0 THEN NULL ELSE i % 2 = 0 END e FROM generate_series(1, 300000) i`
    const { table, rows, batches } = await run(sql)
    expect(rows).toBe(300_000)
    expect(batches).toBeGreaterThan(3)
    const [big, text, list, flag] = [1, 2, 3, 4].map((column) => textsOf(table.batches, column))
    for (let i = 1; i <= 300_000; i += 997) {
      expect(big![i - 1]).toBe(i % 7 === 0 ? null : String(BigInt(i) * 1000003n))
      expect(text![i - 1]).toBe(i % 11 === 0 ? null : i % 13 === 0 ? '' : `r${i}`)
      expect(list![i - 1]).toBe(i % 5 === 0 ? null : `{${i},NULL,${-i}}`)
      expect(flag![i - 1]).toBe(i % 3 === 0 ? null : i % 2 === 0 ? 't' : 'f')
    }
  }, 60_000)
})
