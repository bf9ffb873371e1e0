// Runs one statement through the real path (session, worker, Arrow) for tests and benches, and collects what came.
import { tableFromIPC, type Table } from 'apache-arrow'
import type { SettingsOf } from '#shared/model/connection.ts'
import { arrowEndOfStream } from '#shared/wire/arrow-frames.ts'
import { DecodePool } from '../decode/decode-pool.ts'
import type { DecodeColumn } from '../decode/decode-plan.ts'
import { executeStatement, type StatementOptions } from '../execute-statement.ts'
import { openPostgresSession, type PostgresTarget } from '../postgres-session.ts'
import type { PostgresCluster } from './postgres-cluster.ts'

export const decodeWorkerUrl = new URL('../decode-worker.ts', import.meta.url)
export const createTestPool = (): DecodePool => new DecodePool(decodeWorkerUrl)

/** A target that logs in to a server of a test. */
export function targetOfServer(
  server: Pick<PostgresCluster, 'host' | 'port'> & Partial<Pick<PostgresCluster, 'user' | 'password'>>,
  changes: Partial<SettingsOf<'postgres'>> = {},
): PostgresTarget {
  return {
    label: 'test-pg',
    settings: {
      kind: 'postgres',
      host: server.host,
      port: server.port,
      database: 'postgres',
      user: server.user ?? 'nobody',
      tlsMode: 'disable',
      tls: { mode: 'system' },
      ...changes,
    },
    secrets: { read: (name) => (name === 'password' ? server.password : undefined) },
  }
}

export interface Collected {
  table: Table
  columns: DecodeColumn[]
  rows: number
  batches: number
  commandTag: string
  isCut: boolean
  notices: string[]
}

/** The whole result in memory. Rejects as executeStatement does. */
export async function runStatement(
  target: PostgresTarget,
  pool: DecodePool,
  sql: string,
  options: Partial<Pick<StatementOptions, 'maxRows' | 'isWrite' | 'signal' | 'timeoutMs'>> = {},
): Promise<Collected> {
  const session = await openPostgresSession(target)
  const bytes: Uint8Array[] = []
  const collected = {
    columns: [] as DecodeColumn[],
    rows: 0,
    batches: 0,
    commandTag: '',
    isCut: false,
    notices: [] as string[],
  }
  try {
    const parts = executeStatement(session, {
      sql,
      maxRows: 1e9,
      isWrite: false,
      signal: new AbortController().signal,
      acquireDecoder: () => pool.acquire(),
      onNotice: (fields) => void collected.notices.push(fields['M'] ?? ''),
      ...options,
    })
    for await (const part of parts) {
      if (part.kind === 'columns') collected.columns = part.columns
      else if (part.kind === 'end')
        Object.assign(collected, { commandTag: part.commandTag, isCut: part.isCut })
      else bytes.push(part.bytes)
      if (part.kind === 'batch') {
        collected.rows += part.rows
        collected.batches += 1
      }
    }
  } finally {
    await session.dispose()
  }
  return { ...collected, table: tableFromIPC(bytes.length > 0 ? [...bytes, arrowEndOfStream] : []) }
}
