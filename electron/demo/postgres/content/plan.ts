// What a plan of content is, and the pieces plans are made of: tasks with what they need, each a list of SQL. The plans
// themselves are desi-plan.ts and services-plan.ts; build.ts executes them.
import { createHash } from 'node:crypto'
import {
  commentSql,
  createTableSql,
  indexSql,
  insertSql,
  primaryKeySql,
  qualified,
  type TableSpec,
} from './table-spec.ts'

export interface PlanTask {
  name: string
  /** Shown while it runs: the present step as a person would say it. */
  label: string
  database: string
  needs: string[]
  /** Share of the whole in arbitrary units, from measured seconds. */
  weight: number
  /** Executed one by one; a text of several statements is one transaction. `$dblink` is the connection to desi_dr1. */
  statements: string[]
}
export interface ContentPlan {
  /** Run in `postgres` before anything else, one transaction each. */
  databases: string[]
  tasks: PlanTask[]
  /** Run in each named database at the very end. */
  closing: { database: string; statements: string[] }[]
  /** Changes whenever the content would. */
  version: string
}

/** Creates and fills a table in one transaction, then its key: PostgreSQL then writes no log for the rows. */
export const loadTable = (table: TableSpec): string[] => [
  [`SET LOCAL work_mem = '256MB'`, createTableSql(table), ...insertSql(table), commentSql(table)].join(';\n'),
  ...[primaryKeySql(table) ?? []].flat(),
]
export const finishTable = (table: TableSpec): string[] => [
  ...table.indexes.map((index) => indexSql(table, index)),
  `VACUUM (FREEZE, ANALYZE) ${qualified(table)}`,
]
export const inDr1 = (
  name: string,
  label: string,
  weight: number,
  needs: string[],
  statements: string[],
): PlanTask => ({
  name,
  label,
  database: 'desi_dr1',
  needs,
  weight,
  statements,
})
/** A table small enough to be one task. */
export const whole = (table: TableSpec, weight: number, needs: string[], before: string[] = []): PlanTask =>
  inDr1(table.name, `Writing ${qualified(table)}`, weight, needs, [
    ...before,
    ...loadTable(table),
    ...finishTable(table),
  ])

/** The plan with its version: a hash of all its text, so that any change of content builds it anew. */
export function sealed(plan: Omit<ContentPlan, 'version'>): ContentPlan {
  const version = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 16)
  return { ...plan, version }
}
