// A job's table becomes a saved result of the SQL workbench: an Arrow file in the run store, with units and
// descriptions, so that rows, plots and exports work as for any query.
import { writeFileSync, renameSync, rmSync } from 'node:fs'
import { Bool, Field, Float64, Int64, Schema, Table, tableToIPC, Utf8, vectorFromArray, type DataType, type Vector } from 'apache-arrow'
import type { Run } from '#shared/contracts/sql.ts'
import type { Job } from '#shared/contracts/jobs.ts'
import type { RunStore } from '../../storage/run-store.ts'
import type { JobResultCell, JobResultColumn, JobResultTable } from './read-result.ts'

const kinds: Record<JobResultColumn['type'], { type: () => DataType; read(cell: JobResultCell): unknown }> = {
  int8: { type: () => new Int64(), read: (cell) => (typeof cell === 'boolean' || cell === null ? null : toBigInt(cell)) },
  float8: { type: () => new Float64(), read: (cell) => (cell === null || typeof cell === 'boolean' ? null : Number(cell)) },
  bool: { type: () => new Bool(), read: (cell) => (typeof cell === 'boolean' ? cell : null) },
  text: { type: () => new Utf8(), read: (cell) => (cell === null ? null : String(cell)) },
}

/** Wide integers travel as text. What is no integer reads as missing rather than rounded. */
function toBigInt(cell: string | number): bigint | null {
  if (typeof cell === 'number') return Number.isSafeInteger(cell) ? BigInt(cell) : null
  return /^[+-]?\d{1,19}$/.test(cell) ? BigInt(cell) : null
}

/** Names may repeat in a job's table and must not in Arrow's. */
function distinct(names: readonly string[]): string[] {
  const seen = new Map<string, number>()
  return names.map((name) => {
    const times = (seen.get(name) ?? 0) + 1
    seen.set(name, times)
    return times === 1 ? name : `${name}_${times}`
  })
}

const vectorOf = (type: JobResultColumn['type'], cells: JobResultCell[]): Vector => vectorFromArray(cells.map(kinds[type].read), kinds[type].type())

export function toArrow({ columns, rows }: JobResultTable): Uint8Array {
  const names = distinct(columns.map(({ name }) => name))
  const fields = columns.map(({ type, unit, description }, at) => {
    const metadata = new Map<string, string>([['meridian.pgType', type]])
    if (unit) metadata.set('meridian.unit', unit)
    if (description) metadata.set('meridian.description', description)
    return new Field(names[at] ?? '', kinds[type].type(), true, metadata)
  })
  const vectors = Object.fromEntries(
    columns.map(({ type }, at): [string, Vector] => [names[at] ?? '', vectorOf(type, rows.map((row) => row[at] ?? null))]),
  )
  return tableToIPC(new Table(new Schema(fields), vectors), 'stream')
}

/** Keeps the table and gives back its run. The same job keeps it once, under the same id. */
export function keepResult(job: Job, table: JobResultTable, store: RunStore, nowMs: number): Run {
  const bytes = toArrow(table)
  const names = distinct(table.columns.map(({ name }) => name))
  const run: Run = {
    runId: job.jobId,
    connectionId: job.source?.connectionId ?? job.connectionId,
    connectionLabel: job.source?.connectionLabel ?? job.connectionLabel,
    database: job.source?.database ?? '',
    sql: `-- Result of the job “${job.name}”\n-- ${job.templateTitle ?? 'A job'} ${job.templateVersion ?? ''} on ${job.connectionLabel}${job.source ? `\n-- Its rows came from:\n${job.source.sql}` : ''}`,
    startedAtMs: job.endedAtMs ?? nowMs,
    elapsedMs: job.startedAtMs !== null && job.endedAtMs !== null ? job.endedAtMs - job.startedAtMs : null,
    state: 'done',
    rows: table.rows.length,
    resultBytes: bytes.byteLength,
    columns: table.columns.map(({ type, unit, description }, at) => ({ name: names[at] ?? '', pgType: type, unit: unit || null, description: description || null })),
    commandTag: null,
    isWrite: false,
    isSaved: true,
    name: job.name,
    notices: [],
    error: null,
    fromJob: { jobId: job.jobId, name: job.name, sourceRunId: job.source?.runId ?? null },
  }
  const path = store.resultPath(run.runId)
  const draft = `${path}.new`
  writeFileSync(draft, bytes, { mode: 0o600 })
  try {
    // File and row in one turn: whoever looks at the store in between would take one of them for a left-over.
    renameSync(draft, path)
    store.put(run)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  return run
}
