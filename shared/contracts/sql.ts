// The SQL workbench: catalogue, runs, results and exports. A row never becomes JSON: a run answers with a
// stream ticket, its body is Arrow IPC, and how it ended is asked of `outcome`.
import { z } from 'zod'
import { wireError } from '../errors.ts'
import { connectionId } from '../model/connection.ts'
import { command, events, query, streamTicket, timestampMs } from './kernel.ts'

export const catalogColumn = z.object({
  name: z.string(),
  /** As PostgreSQL formats it: `double precision`, `real[]`, `character varying(6)`. */
  type: z.string(),
  isNullable: z.boolean(),
  isPrimaryKey: z.boolean(),
  comment: z.string().nullable(),
})
export const catalogTable = z.object({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(['table', 'partitioned', 'view', 'materialized-view', 'foreign']),
  estimatedRows: z.number().nullable(),
  sizeBytes: z.number().nullable(),
  comment: z.string().nullable(),
  columns: z.array(catalogColumn),
  indexes: z.array(z.object({ name: z.string(), definition: z.string() })),
  foreignKeys: z.array(
    z.object({ columns: z.array(z.string()), toSchema: z.string(), toTable: z.string(), toColumns: z.array(z.string()) }),
  ),
})
export type CatalogTable = z.infer<typeof catalogTable>

export const catalog = z.object({
  connectionId,
  serverVersion: z.string(),
  database: z.string(),
  /** Other databases of the server that this role may connect to. */
  databases: z.array(z.string()),
  user: z.string(),
  readAtMs: timestampMs,
  /** False when it comes from the store because the server is not reachable now. */
  isLive: z.boolean(),
  tables: z.array(catalogTable),
})
export type Catalog = z.infer<typeof catalog>

/** One column of a result, beside its Arrow type. Arrow field metadata carries the same under `meridian.*` keys. */
export const resultColumn = z.object({
  name: z.string(),
  /** PostgreSQL's own type name, e.g. `int8`, `numeric(10,3)`, `_float4`. */
  pgType: z.string(),
  /** From the column's comment where the column is one of a table's. */
  unit: z.string().nullable(),
  description: z.string().nullable(),
})
export type ResultColumn = z.infer<typeof resultColumn>

export const runState = z.enum(['running', 'done', 'cut', 'failed', 'cancelled', 'interrupted'])

/** One run and, when it has rows, its result on disk. `cut` = the row limit ended it; `interrupted` = the application died. */
export const run = z.object({
  runId: z.string(),
  connectionId,
  connectionLabel: z.string(),
  database: z.string(),
  sql: z.string(),
  startedAtMs: timestampMs,
  elapsedMs: z.number().nullable(),
  state: runState,
  rows: z.number(),
  /** Bytes of the kept Arrow file; 0 = nothing kept. */
  resultBytes: z.number(),
  columns: z.array(resultColumn),
  /** `SELECT 100`, `UPDATE 3`: PostgreSQL's own closing words. */
  commandTag: z.string().nullable(),
  isWrite: z.boolean(),
  isSaved: z.boolean(),
  name: z.string().nullable(),
  notices: z.array(z.string()),
  error: wireError.nullable(),
  /** Set for a table that a job sent back, with the run whose rows the job worked on. */
  fromJob: z.object({ jobId: z.string(), name: z.string(), sourceRunId: z.string().nullable() }).optional(),
})
export type Run = z.infer<typeof run>

export const exportFormats = ['csv', 'parquet', 'arrow'] as const

export const sql = {
  getCatalog: query({ input: z.object({ connectionId, refresh: z.boolean().default(false) }), output: catalog }),
  /**
   * Starts one statement. The server session is read-only unless `allowWrite` raises the gate for this run alone.
   * `maxRows` cuts the result (state `cut`); absent = the setting's limit.
   */
  start: command({
    title: 'Run a statement',
    input: z.object({
      connectionId,
      sql: z.string().min(1).max(1_000_000),
      allowWrite: z.boolean().default(false),
      maxRows: z.number().int().min(1).optional(),
      timeoutMs: z.number().int().min(100).max(86_400_000).optional(),
    }),
    output: z.object({ run, stream: streamTicket }),
  }),
  /** Ends the statement in the server (pg_cancel_backend by its own connection); answers when it has ended. */
  cancel: command({ title: 'Cancel a statement', input: z.object({ runId: z.string() }), output: run }),
  /** Waits for the run's end and says how it ended. */
  outcome: query({ input: z.object({ runId: z.string() }), output: run }),
  watchRuns: events({ event: run }),
  history: query({
    input: z.object({ limit: z.number().int().min(1).max(1000), text: z.string().max(200).optional(), onlySaved: z.boolean().optional() }),
    output: run.array(),
  }),
  /** Reads a kept result again from disk: works offline. */
  openResult: query({ input: z.object({ runId: z.string() }), output: z.object({ run, stream: streamTicket }) }),
  saveResult: command({
    title: 'Save a result',
    input: z.object({ runId: z.string(), name: z.string().min(1).max(200) }),
    output: run,
  }),
  deleteRun: command({ title: 'Delete a result', input: z.object({ runId: z.string() }) }),
  /** A file of a kept result, from disk, without asking the server again. `columns` null = all. */
  exportResult: command({
    title: 'Export a result',
    input: z.object({ runId: z.string(), format: z.enum(exportFormats) }),
    output: streamTicket,
  }),
}
