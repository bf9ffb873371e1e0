// The rows of a query on their way to a job: a snapshot table beside the data, or a file that goes with the script. The
// provenance (statement, rows, checksum) is taken from the kept result, never from what a page says.
import { createHash } from 'node:crypto'
import type { DataTransport, JobOrder, JobSource } from '#shared/contracts/jobs.ts'
import type { ResultColumn, Run } from '#shared/contracts/sql.ts'
import { AppError } from '#shared/errors.ts'
import { quoteIdentifier } from '#shared/model/sql-text.ts'
import { openPostgresSession, type PostgresTarget } from '../../connectors/postgres/postgres-session.ts'
import type { CoreServices } from '../../core-services.ts'
import { exportCsv } from '../../storage/exports/csv-export.ts'
import { exportParquet } from '../../storage/exports/parquet-export.ts'
import type { RunStore } from '../../storage/run-store.ts'
import { snapshotTableOf } from './labels.ts'

export type SourceWithColumns = JobSource & { columns: ResultColumn[] }

const snapshotTimeoutMs = 600_000
const fileNames: Record<Exclude<DataTransport, 'snapshot-table'>, string> = { 'csv-file': 'data.csv', 'parquet-file': 'data.parquet' }

/** What a form can show at once; the checksums come with `prepare`. */
export function sketchSource(order: JobOrder, run: Run): SourceWithColumns | null {
  const { data } = order
  if (data === null) return null
  return {
    runId: run.runId, connectionId: run.connectionId, connectionLabel: run.connectionLabel, database: run.database, sql: run.sql,
    rows: run.rows, resultSha256: '', transport: data.transport, place: placeOf(order), fileSha256: null, columns: run.columns,
  }
}

function placeOf({ data, submissionId }: JobOrder): string {
  if (data?.transport === 'snapshot-table') return snapshotTableOf(data.schema ?? '', submissionId)
  return data === null ? '' : fileNames[data.transport]
}

/** The kept rows of a run that a job may work on. Throws in words where there are none. */
export function usableRun(store: RunStore, runId: string): Run {
  const run = store.get(runId)
  if (run.state === 'running') throw new AppError('conflict', 'This query is still at work.', { remedy: 'Wait for its end.' })
  if (run.resultBytes === 0 || run.columns.length === 0)
    throw new AppError('not-found', 'The rows of this result are not kept.', { remedy: 'Run the statement again, then use it in a job.' })
  return run
}

/** Checksums, and the file where the rows go as one. Makes no table yet. */
export async function prepareSource(
  order: JobOrder,
  run: Run,
  store: RunStore,
  options: { maxFileBytes: number; scratch: string; signal: AbortSignal },
): Promise<{ source: SourceWithColumns; rows: { name: string; bytes: Uint8Array } | null }> {
  const sketch = sketchSource(order, run)
  if (sketch === null) throw new AppError('invalid-input', 'The order has no rows to hand over.')
  const hash = createHash('sha256')
  for await (const chunk of store.read(run.runId, options.signal)) hash.update(chunk)
  const source = { ...sketch, resultSha256: hash.digest('hex') }
  if (sketch.transport === 'snapshot-table') return { source, rows: null }
  const bytes = await collect(
    sketch.transport === 'csv-file'
      ? exportCsv(store.read(run.runId, options.signal))
      : exportParquet(store.read(run.runId, options.signal), { directory: options.scratch, sql: run.sql, signal: options.signal }),
    options.maxFileBytes,
  )
  return { source: { ...source, fileSha256: createHash('sha256').update(bytes).digest('hex') }, rows: { name: sketch.place, bytes } }
}

async function collect(chunks: AsyncGenerator<Uint8Array, void, void>, maxBytes: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.byteLength
    if (size > maxBytes)
      throw new AppError('invalid-input', `The rows are larger than the ${Math.round(maxBytes / 1024)} KiB that may go with the script there.`, {
        remedy: 'Hand them over as a snapshot table.',
      })
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}

/**
 * Runs the statement once more into a table of its own. Called once a submission: a table that is there already was made
 * by an earlier attempt of it. Returns its rows, which may differ from the result's when the data changed meanwhile.
 */
export async function makeSnapshot(core: Pick<CoreServices, 'sites' | 'vault'>, run: Run, place: string, signal: AbortSignal): Promise<number> {
  if (run.isWrite)
    throw new AppError('invalid-input', 'This statement was run with writing allowed; it is not run a second time for a snapshot.', {
      remedy: 'Query its outcome with a SELECT of its own, or hand the rows over as a file.',
    })
  const session = await openPostgresSession(postgresTarget(core, run.connectionId), { signal })
  const table = place.split('.').map(quoteIdentifier).join('.')
  try {
    await session.query(`SET statement_timeout = ${snapshotTimeoutMs}`)
    const [there] = await session.query<{ found: string | null }>('SELECT to_regclass($1)::text AS found', [table])
    if (there?.found == null) {
      // One transaction: a table without the comment that says whose it is would never be cleared away.
      await session.query('BEGIN')
      await session.query(`CREATE TABLE ${table} AS ${run.sql.trim().replace(/;\s*$/, '')}`)
      await session.query(`COMMENT ON TABLE ${table} IS 'Snapshot of a query, made by Meridian for a job'`)
      await session.query('COMMIT')
    }
    const [count] = await session.query<{ rows: string }>(`SELECT count(*)::text AS rows FROM ${table}`)
    return Number(count?.rows ?? 0)
  } finally {
    await session.dispose()
  }
}

/** Schemas in which the connection's role may make a table; those meant for it first. */
export async function writableSchemas(core: Pick<CoreServices, 'sites' | 'vault'>, connectionId: Run['connectionId'], signal: AbortSignal): Promise<string[]> {
  const session = await openPostgresSession(postgresTarget(core, connectionId), { signal })
  try {
    const rows = await session.query<{ name: string }>(
      `SELECT nspname AS name FROM pg_catalog.pg_namespace
       WHERE pg_catalog.has_schema_privilege(oid, 'CREATE') AND nspname !~ '^pg_' AND nspname <> 'information_schema'
       ORDER BY nspname = 'public', nspname !~ 'scratch|sandbox|work', nspname`,
    )
    return rows.map(({ name }) => name)
  } finally {
    await session.dispose()
  }
}

function postgresTarget(core: Pick<CoreServices, 'sites' | 'vault'>, connectionId: Run['connectionId']): PostgresTarget {
  const connection = core.sites.getConnection(connectionId)
  if (connection.settings.kind !== 'postgres') throw new AppError('invalid-input', `${connection.label} is not a PostgreSQL connection.`)
  return { label: connection.label, connectionId, settings: connection.settings, secrets: core.vault.lease(connectionId) }
}
