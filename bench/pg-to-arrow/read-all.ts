// One reading of a whole result, by the way that BENCH_ORDER names; prints how long it took and the peak of memory.
// A process of its own for each, started by the benchmark.
import { readFileSync } from 'node:fs'
import pg from 'pg'
import { executeStatement } from '#core/connectors/postgres/execute-statement.ts'
import { openPostgresSession } from '#core/connectors/postgres/postgres-session.ts'
import { createTestPool, targetOfServer } from '#core/connectors/postgres/testing/run-statement.ts'

interface Order {
  way: 'arrow' | 'driver' | 'bare'
  sql: string
  server: { host: string; port: number; user: string; password: string }
}
const { way, sql, server } = JSON.parse(process.env['BENCH_ORDER'] ?? '{}') as Order
const result = { ms: 0, firstRowsMs: 0, rows: 0 }

async function readArrow(): Promise<void> {
  const pool = createTestPool()
  pool.warm()
  const session = await openPostgresSession(targetOfServer(server))
  const startedAt = performance.now()
  const signal = new AbortController().signal
  const parts = executeStatement(session, {
    sql,
    maxRows: 1e12,
    isWrite: false,
    signal,
    acquireDecoder: () => pool.acquire(),
    onNotice: () => undefined,
  })
  for await (const part of parts) {
    if (part.kind !== 'batch') continue
    result.firstRowsMs ||= performance.now() - startedAt
    result.rows += part.rows
  }
  result.ms = performance.now() - startedAt
  await session.dispose()
  await pool.dispose()
}

async function readByDriver(): Promise<void> {
  const client = new pg.Client({ ...server, database: 'postgres', ssl: false })
  await client.connect()
  const startedAt = performance.now()
  result.rows = (await client.query(sql)).rows.length
  result.ms = performance.now() - startedAt
  await client.end()
}

/** The floor where there is no psql: the same COPY, its bytes thrown away. */
async function readBare(): Promise<void> {
  const session = await openPostgresSession(targetOfServer(server))
  const startedAt = performance.now()
  await new Promise<void>((resolve) => {
    const socket = session.takeOver((chunk) => {
      // ReadyForQuery is the last message, always six bytes.
      if (chunk.length >= 6 && chunk.at(-6) === 0x5a && chunk.at(-2) === 5) resolve()
    })
    const text = Buffer.from(`COPY (${sql}) TO STDOUT (FORMAT binary)\0`)
    const head = Buffer.from('Q\0\0\0\0')
    head.writeInt32BE(text.length + 4, 1)
    socket.write(Buffer.concat([head, text]))
  })
  result.ms = performance.now() - startedAt
  await session.dispose()
}

/** The kernel's own high-water mark where it keeps one, else what Node knows. */
function peakRssMb(): number {
  try {
    const line = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))
    if (line) return Number(line[1]) / 1000
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS / 1000
}

const ways = { arrow: readArrow, driver: readByDriver, bare: readBare }
await ways[way]()
console.log(JSON.stringify({ ...result, peakRssMb: peakRssMb() }))
