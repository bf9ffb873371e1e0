// 2,000,000 rows × 25 columns from PostgreSQL to Arrow in the core, against two peers in the same run: psql's binary
// COPY to nowhere (the floor that users know) and the `pg` driver's client.query. Ways are interleaved, each in a
// process of its own, so that neither warms the other nor lends it memory. Peak memory at 2 and at 10 million rows.
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import {
  startPostgresCluster,
  type PostgresCluster,
} from '#core/connectors/postgres/testing/postgres-cluster.ts'
import type { Emit } from './figure.ts'

const bench = 'pg-to-arrow'
const rounds = 5
const rows = 2_000_000
const table = `CREATE UNLOGGED TABLE bench AS SELECT
  39627652591521181 + i * 7 AS targetid, ('DESI J' || lpad((i % 360)::text, 8, '0'))::varchar(22) AS desiname, 'main'::varchar(7) AS survey,
  (CASE WHEN i % 2 = 0 THEN 'dark' ELSE 'bright' END)::varchar(6) AS program, (i % 12000)::int4 AS healpix, (i % 5000) / 1000.0::float8 AS z,
  (i % 100) / 1e5::float8 AS zerr, ((i % 7) * 4)::int8 AS zwarn, i * 0.37::float8 AS chi2, (CASE WHEN i % 5 = 0 THEN 'QSO' ELSE 'GALAXY' END)::varchar(6) AS spectype,
  ''::varchar(20) AS subtype, i * 1.5::float8 AS deltachi2, (i % 360)::float8 + 0.123456789 AS ra, (i % 90)::float8 + 0.98765 AS dec,
  1152921504606846976 + i AS desi_target, 2::int8 AS bgs_target, (i * 0.01)::float4 AS flux_g, (i * 0.02)::float4 AS flux_r, (i * 0.03)::float4 AS flux_z,
  0.04::float4 AS ebv, (i % 3)::int2 AS nexp, (i % 500)::int4 AS exptime, i % 2 = 0 AS zcat_primary, (i % 9000) / 10.0::float8 AS mean_mjd, (i % 11) / 10.0::float8 AS tsnr2
  FROM generate_series(1, ${rows}) i`

/** What a child says when it is done. */
interface Reading {
  ms: number
  firstRowsMs: number
  peakRssMb: number
  rows: number
}

export async function run(emit: Emit): Promise<void> {
  const cluster = await startPostgresCluster({
    flags: ['-c', 'shared_buffers=1GB', '-c', 'max_wal_size=4GB'],
  })
  try {
    await cluster.query(table)
    await cluster.query('VACUUM (FREEZE, ANALYZE) bench')
    const sql = 'SELECT * FROM bench'
    const floor =
      spawnSync('psql', ['--version']).status === 0 ? 'psql COPY binary' : 'COPY binary by a bare socket'
    const times = { floor: [] as number[], arrow: [] as Reading[], driver: [] as Reading[] }
    for (let round = 0; round <= rounds; round += 1) {
      const floorMs = floor.startsWith('psql')
        ? await timePsql(cluster, sql)
        : (await read('bare', cluster, sql)).ms
      const arrow = await read('arrow', cluster, sql)
      const driver = round <= 2 ? await read('driver', cluster, sql) : undefined
      // The first round warms the server's cache.
      if (round === 0) continue
      times.floor.push(floorMs)
      times.arrow.push(arrow)
      if (driver) times.driver.push(driver)
    }
    const floorMs = median(times.floor)
    const arrowMs = median(times.arrow.map((reading) => reading.ms))
    const driverMs = median(times.driver.map((reading) => reading.ms))
    const tell = (metric: string, value: number, unit: string, against: string | null): void =>
      emit({ bench, metric, value, unit, against })
    tell('time', arrowMs / floorMs, 'ratio', `${floor} > /dev/null, median of ${rounds} interleaved runs`)
    tell('time', arrowMs / driverMs, 'ratio', 'pg client.query')
    tell('time', arrowMs, 'ms', null)
    tell('floor', floorMs, 'ms', floor)
    tell('first rows', median(times.arrow.map((reading) => reading.firstRowsMs)), 'ms', null)
    tell('peak RSS, 2 million rows', Math.max(...times.arrow.map((reading) => reading.peakRssMb)), 'MB', null)
    const many = await read('arrow', cluster, 'SELECT bench.* FROM generate_series(1, 5) AS times, bench')
    tell('peak RSS, 10 million rows', many.peakRssMb, 'MB', null)
    tell(
      'time per row, 10 million',
      many.ms / many.rows / (arrowMs / rows),
      'ratio',
      'time per row, 2 million',
    )
  } finally {
    await cluster.dispose()
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!

/** psql as a user would run it, its start included. */
async function timePsql(cluster: PostgresCluster, sql: string): Promise<number> {
  const startedAt = performance.now()
  const address = ['-h', cluster.host, '-p', String(cluster.port), '-U', cluster.user, '-d', 'postgres']
  const child = spawn('psql', ['-X', '-q', ...address, '-c', `COPY (${sql}) TO STDOUT (FORMAT binary)`], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, PGPASSWORD: cluster.password, PGSSLMODE: 'disable' },
  })
  const code = await new Promise<number | null>((resolve) => child.once('exit', resolve))
  if (code !== 0) throw new Error(`psql ended with ${code}.`)
  return performance.now() - startedAt
}

/** One reading in a process of its own; its time begins when it is logged in. */
async function read(
  way: 'arrow' | 'driver' | 'bare',
  cluster: PostgresCluster,
  sql: string,
): Promise<Reading> {
  const script = join(import.meta.dirname, 'pg-to-arrow', 'read-all.ts')
  const { host, port, user, password } = cluster
  const child = spawn(process.execPath, [script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      BENCH_ORDER: JSON.stringify({ way, sql, server: { host, port, user, password } }),
    },
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`Reading by ${way} ended with ${code}.`)
  return JSON.parse(text) as Reading
}
