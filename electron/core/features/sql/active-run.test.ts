// What a run does when this computer lets it down: the disk fills up in the middle of a result.
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Run } from '#shared/contracts/sql.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { DecodePool } from '../../connectors/postgres/decode/decode-pool.ts'
import {
  startPostgresCluster,
  type PostgresCluster,
} from '../../connectors/postgres/testing/postgres-cluster.ts'
import { createTestPool, targetOfServer } from '../../connectors/postgres/testing/run-statement.ts'
import { openDatabase, type Database } from '../../storage/database.ts'
import { createLogBook } from '../../storage/log-book.ts'
import { createRunStore } from '../../storage/run-store.ts'
import { startRun } from './active-run.ts'

const { log } = createLogBook(null, () => 0)
let cluster: PostgresCluster
let pool: DecodePool
let home: string
let database: Database
beforeAll(async () => {
  cluster = await startPostgresCluster()
  pool = createTestPool()
  home = mkdtempSync(join(tmpdir(), 'meridian-run-'))
  database = openDatabase(join(home, 'store.sqlite'), log)
})
afterAll(async () => {
  database.dispose()
  await pool.dispose()
  await cluster.dispose()
  rmSync(home, { recursive: true, force: true })
})

const sql = 'SELECT generate_series(1, 400000) AS i, 1 / 3.0::float8 AS z'
const newRun = (runId: string): Run => ({
  runId,
  connectionId: 'c' as ConnectionId,
  connectionLabel: 'test-pg',
  database: 'postgres',
  sql,
  startedAtMs: 0,
  elapsedMs: null,
  state: 'running',
  rows: 0,
  resultBytes: 0,
  columns: [],
  commandTag: null,
  isWrite: false,
  isSaved: false,
  name: null,
  notices: [],
  error: null,
})

/** A store whose disk takes `room` bytes, then says what a full disk says. */
function storeWithRoom(room: number) {
  let left = room
  return createRunStore(database, {
    directory: join(home, 'results'),
    log,
    async openFile(path, flags, mode) {
      const file = await open(path, flags, mode)
      const write = file.write.bind(file) as (
        bytes: Uint8Array,
        at: number,
        length: number,
      ) => ReturnType<typeof file.write>
      const limited = (bytes: Uint8Array, at: number, length: number) => {
        left -= length
        return left < 0
          ? Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
          : write(bytes, at, length)
      }
      file.write = limited as typeof file.write
      return file
    },
  })
}

describe('a disk that is full', () => {
  it.each([
    ['from the start', 0],
    ['in the middle', 2_000_000],
    // Room for all but the mark at the end.
    ['at the very end', -1],
  ])('%s: the rows are shown, not kept, and it is said', async (name, room) => {
    const runId = name.replaceAll(' ', '-')
    const whole = await runWith(storeWithRoom(1e12), `${runId}-whole`)
    const store = storeWithRoom(room === -1 ? whole.run.resultBytes - 4 : room)
    const { run, rows } = await runWith(store, runId)
    expect(rows).toBe(400_000)
    expect(run).toMatchObject({ state: 'done', rows: 400_000, resultBytes: 0, error: null })
    expect(run.notices).toEqual([expect.stringContaining('disk of this computer is full')])
    expect(existsSync(store.resultPath(runId))).toBe(false)
    expect(store.get(runId)).toEqual(run)
  })
})

async function runWith(
  store: ReturnType<typeof createRunStore>,
  runId: string,
): Promise<{ run: Run; rows: number }> {
  const order = {
    run: newRun(runId),
    sql,
    target: targetOfServer(cluster),
    allowWrite: false,
    maxRows: 1e9,
    timeoutMs: undefined,
  }
  const active = startRun(order, { pool, store, log, onChange: () => undefined })
  const chunks: Uint8Array[] = []
  for await (const chunk of active.read(new AbortController().signal)) chunks.push(chunk)
  return { run: await active.ended, rows: tableFromIPC(chunks).numRows }
}
