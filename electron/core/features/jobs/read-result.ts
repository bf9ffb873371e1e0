// What a job says on its standard output beside its log: progress, and a table that comes back. The contract is that of
// `meridian_job.py`: lines that begin with MERIDIAN_. A table that does not agree with its own count and checksum is
// refused: half a result that looks whole would be worse than none.
import { createHash } from 'node:crypto'
import { z } from 'zod'
import type { Job } from '#shared/contracts/jobs.ts'

export const resultTypes = ['int8', 'float8', 'text', 'bool'] as const
const column = z.object({
  name: z.string().min(1).max(200),
  type: z.enum(resultTypes),
  unit: z.string().max(100).default(''),
  description: z.string().max(1000).default(''),
})
export type JobResultColumn = z.infer<typeof column>
const cell = z.union([z.null(), z.boolean(), z.number(), z.string()])
export type JobResultCell = z.infer<typeof cell>

const announcement = z.union([z.object({ table: z.string().min(1).max(200) }), z.object({ columns: z.array(column).min(1).max(500) })])
const ending = z.object({ rows: z.number().int().min(0), sha256: z.string() })

export interface JobResultTable {
  columns: JobResultColumn[]
  rows: JobResultCell[][]
}

export type JobResult =
  | { kind: 'none' }
  | { kind: 'rows'; table: JobResultTable }
  /** A table of the database that the job wrote. */
  | { kind: 'table'; name: string }
  | { kind: 'broken'; why: string }

export const maxResultRows = 1_000_000

/** Without the time stamp that Kubernetes puts before it. */
export const bareLine = (line: string): string => line.replace(/^\d{4}-\d\d-\d\dT[\d:.]+Z /, '')

/** Reads one part's log to its end. */
export async function readResult(lines: AsyncIterable<string> | Iterable<string>): Promise<JobResult> {
  let table: JobResultTable | undefined
  let digest = createHash('sha256')
  let result: JobResult = { kind: 'none' }
  for await (const stamped of lines) {
    const line = bareLine(stamped)
    if (!line.startsWith('MERIDIAN_RESULT')) continue
    if (line.startsWith('MERIDIAN_RESULT ')) {
      const parsed = announcement.safeParse(json(line.slice(16)))
      if (!parsed.success) return { kind: 'broken', why: 'its head is not understood' }
      if ('table' in parsed.data) result = { kind: 'table', name: parsed.data.table }
      else {
        table = { columns: parsed.data.columns, rows: [] }
        digest = createHash('sha256')
        result = { kind: 'broken', why: 'its end is missing' }
      }
    } else if (line.startsWith('MERIDIAN_RESULT_ROW ') && table) {
      const text = line.slice(20)
      const row = z.array(cell).length(table.columns.length).safeParse(json(text))
      if (!row.success) return { kind: 'broken', why: `row ${table.rows.length + 1} has not the announced columns` }
      if (table.rows.length >= maxResultRows) return { kind: 'broken', why: `it has more than ${maxResultRows} rows` }
      table.rows.push(row.data)
      digest.update(`${text}\n`)
    } else if (line.startsWith('MERIDIAN_RESULT_END ') && table) {
      const end = ending.safeParse(json(line.slice(20)))
      if (!end.success || end.data.rows !== table.rows.length) result = { kind: 'broken', why: 'rows are missing' }
      else if (end.data.sha256 !== digest.digest('hex')) result = { kind: 'broken', why: 'its checksum does not agree' }
      else result = { kind: 'rows', table }
      table = undefined
    }
  }
  return result
}

/** The tables of all parts as one, in the order of the parts. */
export function joinResults(results: readonly JobResult[]): JobResult {
  const told = results.filter(({ kind }) => kind !== 'none')
  const broken = told.find((one) => one.kind === 'broken')
  if (broken) return broken
  const [first] = told
  if (!first || first.kind !== 'rows') return first ?? { kind: 'none' }
  const tables = told.flatMap((one) => (one.kind === 'rows' ? [one.table] : []))
  const shape = JSON.stringify(first.table.columns.map(({ name, type }) => [name, type]))
  if (tables.some(({ columns }) => JSON.stringify(columns.map(({ name, type }) => [name, type])) !== shape))
    return { kind: 'broken', why: 'its parts have different columns' }
  return { kind: 'rows', table: { columns: first.table.columns, rows: tables.flatMap(({ rows }) => rows) } }
}

/** The last progress that a piece of log tells of; undefined when it tells of none. */
export function progressIn(text: string): Job['progress'] | undefined {
  let found: Job['progress'] | undefined
  for (const [, done = '', total = ''] of text.matchAll(/MERIDIAN_PROGRESS (\d{1,12}) (\d{1,12})\b/g))
    if (Number(total) > 0) found = { done: Math.min(Number(done), Number(total)), total: Number(total) }
  return found
}

function json(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
