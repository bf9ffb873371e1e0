// A kept result as Parquet, by DuckDB: rows go through its appender into a scratch database on disk and out by COPY, so
// that memory stays bounded. Types stay what they are (BIGINT, REAL, DOUBLE, BOOLEAN, DATE, TIMESTAMP, lists);
// numeric stays exact as text. Units and descriptions travel in the file's own metadata under `meridian`.
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { DuckDBAppender, DuckDBConnection, DuckDBType, DuckDBValue } from '@duckdb/node-api'
import type { DataType, RecordBatch, Schema } from 'apache-arrow'
import { quoteIdentifier, quoteLiteral } from '#shared/model/sql-text.ts'
import {
  cellKindOf,
  cellReader,
  itemTypeOf,
  openBatches,
  pgTypeOf,
  type Bytes,
  type Cell,
  type CellReader,
} from './result-batches.ts'

type DuckDb = typeof import('@duckdb/node-api')

export interface ParquetOptions {
  /** Where the scratch files go; the result's own directory, so that a full disk shows where it is. */
  directory: string
  /** Said in the file's metadata. */
  sql: string
  signal: AbortSignal
}

/** DuckDB's own limit of rows in a chunk. */
const chunkRows = 2048

/** Writes the file whole, then streams it. Its scratch files are gone when the stream ends, however it ends. */
export async function* exportParquet(
  bytes: Bytes,
  options: ParquetOptions,
): AsyncGenerator<Uint8Array, void, void> {
  const scratch = await mkdtemp(join(options.directory, 'parquet-'))
  try {
    const path = join(scratch, 'result.parquet')
    await writeParquet(bytes, path, scratch, options)
    for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
      yield chunk as Uint8Array
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

async function writeParquet(
  bytes: Bytes,
  path: string,
  scratch: string,
  { sql, signal }: ParquetOptions,
): Promise<void> {
  const duckdb = await import('@duckdb/node-api')
  const instance = await duckdb.DuckDBInstance.create(join(scratch, 'rows.duckdb'), {
    memory_limit: '512MB',
    threads: '2',
    temp_directory: scratch,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  try {
    const connection = await instance.connect()
    const { schema, batches } = await openBatches(bytes)
    const columns = schema.fields.map((field) => columnOf(duckdb, field.type))
    await connection.run(`CREATE TABLE result (${columnList(schema, columns)})`)
    await fill(duckdb, connection, columns, batches, signal)
    const metadata = quoteLiteral(JSON.stringify(describe(schema, sql)))
    await connection.run(
      `COPY result TO ${quoteLiteral(path)} (FORMAT parquet, COMPRESSION zstd, KV_METADATA {meridian: ${metadata}})`,
    )
    connection.closeSync()
  } finally {
    instance.closeSync()
  }
}

async function fill(
  duckdb: DuckDb,
  connection: DuckDBConnection,
  columns: readonly ParquetColumn[],
  batches: AsyncIterable<RecordBatch>,
  signal: AbortSignal,
): Promise<void> {
  const appender = await connection.createAppender('result')
  for await (const batch of batches) {
    const readers = batch.data.children.map(cellReader)
    for (let first = 0; first < batch.numRows; first += chunkRows) {
      signal.throwIfAborted()
      appendRows(duckdb, appender, columns, readers, first, Math.min(batch.numRows, first + chunkRows))
      // Other windows want the thread too.
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
  appender.closeSync()
}

function appendRows(
  duckdb: DuckDb,
  appender: DuckDBAppender,
  columns: readonly ParquetColumn[],
  readers: readonly CellReader[],
  first: number,
  end: number,
): void {
  const chunk = duckdb.DuckDBDataChunk.create(
    columns.map((column) => column.type),
    end - first,
  )
  columns.forEach(({ convert }, index) => {
    const read = readers[index]!
    const values: DuckDBValue[] = []
    for (let row = first; row < end; row += 1) {
      const cell = read(row)
      values.push(cell === null ? null : convert(cell))
    }
    chunk.setColumnValues(index, values)
  })
  appender.appendDataChunk(chunk)
}

interface ParquetColumn {
  type: DuckDBType
  convert(cell: Exclude<Cell, null>): DuckDBValue
}

const int64Min = -0x8000_0000_0000_0000n
/** DuckDB's −∞ is one above the smallest number, PostgreSQL's is the smallest. */
const usOf = (cell: Cell): bigint => (cell === int64Min ? int64Min + 1n : (cell as bigint))
const asIs = (cell: Exclude<Cell, null>): DuckDBValue => cell as DuckDBValue

function columnOf(duckdb: DuckDb, type: DataType): ParquetColumn {
  switch (cellKindOf(type)) {
    case 'bool':
      return { type: duckdb.BOOLEAN, convert: asIs }
    case 'int':
      return { type: intType(duckdb, type), convert: asIs }
    case 'int64':
      return { type: duckdb.BIGINT, convert: asIs }
    case 'float32':
      return { type: duckdb.FLOAT, convert: asIs }
    case 'float64':
      return { type: duckdb.DOUBLE, convert: asIs }
    case 'text':
      return { type: duckdb.VARCHAR, convert: asIs }
    case 'bytes':
      return { type: duckdb.BLOB, convert: (cell) => new duckdb.DuckDBBlobValue(cell as Uint8Array) }
    case 'date':
      return {
        type: duckdb.DATE,
        convert: (cell) => new duckdb.DuckDBDateValue(cell === -0x80000000 ? -0x7fffffff : (cell as number)),
      }
    case 'time':
      return { type: duckdb.TIME, convert: (cell) => new duckdb.DuckDBTimeValue(cell as bigint) }
    case 'timestamp':
      return { type: duckdb.TIMESTAMP, convert: (cell) => new duckdb.DuckDBTimestampValue(usOf(cell)) }
    case 'timestamptz':
      return { type: duckdb.TIMESTAMPTZ, convert: (cell) => new duckdb.DuckDBTimestampTZValue(usOf(cell)) }
    case 'list': {
      const item = columnOf(duckdb, itemTypeOf(type))
      const convertItem = (cell: Cell): DuckDBValue => (cell === null ? null : item.convert(cell))
      return {
        type: duckdb.LIST(item.type),
        convert: (cell) => duckdb.listValue((cell as Cell[]).map(convertItem)),
      }
    }
  }
}

function intType(duckdb: DuckDb, type: DataType): DuckDBType {
  const { bitWidth, isSigned } = type as unknown as { bitWidth: number; isSigned: boolean }
  if (bitWidth === 16) return duckdb.SMALLINT
  return isSigned ? duckdb.INTEGER : duckdb.UINTEGER
}

/** A result may name two columns alike, a table may not; DuckDB also ignores case. */
function columnList(schema: Schema, columns: readonly ParquetColumn[]): string {
  const taken = new Set<string>()
  const names = schema.fields.map((field) => {
    const base = field.name === '' ? 'column' : field.name
    let name = base
    for (let copy = 2; taken.has(name.toLowerCase()); copy += 1) name = `${base}_${copy}`
    taken.add(name.toLowerCase())
    return name
  })
  return names.map((name, index) => `${quoteIdentifier(name)} ${columns[index]!.type.toString()}`).join(', ')
}

const describe = (schema: Schema, sql: string) => ({
  sql,
  columns: schema.fields.map((field) => ({
    name: field.name,
    pgType: pgTypeOf(field),
    unit: field.metadata.get('meridian.unit') ?? null,
    description: field.metadata.get('meridian.description') ?? null,
  })),
})
