// A table as data: its columns with unit, meaning and generating expression on one line each, so that the DDL, the
// comments and the INSERT can never disagree. Used by the content modules and the build; holds no table itself.

export interface ColumnSpec {
  name: string
  /** As PostgreSQL spells it in DDL; aliases (`float8`, `int4`) are fine. */
  type: string
  /** Empty when dimensionless. */
  unit: string
  description: string
  /** SQL over the row alias of the table's source. */
  expression: string
}

export interface IndexSpec {
  name: string
  on: string
  isUnique?: boolean
}

export interface TableSpec {
  schema: string
  name: string
  description: string
  columns: ColumnSpec[]
  primaryKey: string[]
  indexes: IndexSpec[]
  /** FROM clause (and WHERE) that supplies the rows; may be several parts, inserted in order. */
  sources: string[]
  /** True where a column may be null; every other column is NOT NULL. */
  isNullable?: (column: string) => boolean
}

/**
 * Parses `name | type | unit | description | expression` lines; a line that does not start a column continues the
 * expression before it. `missing` wraps the expressions that start with `?`, a value that some rows do not have.
 */
export function columns(text: string, missing?: (expression: string) => string): ColumnSpec[] {
  const parsed: ColumnSpec[] = []
  for (const line of text.trim().split(/\n\s*(?=\w+ \| )/)) {
    const [name, type, unit, description, ...rest] = line
      .replaceAll(/\s+/g, ' ')
      .split(/\s\|(?=\s)/)
      .map((part) => part.trim())
    const source = rest.join(' | ')
    if (!name || !type || unit === undefined || !description || !source) {
      throw new Error(`A column line of the demo schema is incomplete: ${line.trim()}`)
    }
    const expression = source.startsWith('?') ? (missing?.(source.slice(1).trim()) ?? '') : source
    if (!expression) throw new Error(`The demo schema has no rule for missing values of ${name}.`)
    parsed.push({ name, type, unit, description, expression })
  }
  return parsed
}

export const qualified = (table: { schema: string; name: string }): string => `${table.schema}.${table.name}`

const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`

/** CREATE TABLE with NOT NULL marks; keys and indexes come later, on loaded rows. */
export function createTableSql(table: TableSpec): string {
  const lines = table.columns.map(({ name, type }) =>
    table.isNullable?.(name) ? `  ${name} ${type}` : `  ${name} ${type} NOT NULL`,
  )
  return `CREATE TABLE ${qualified(table)} (\n${lines.join(',\n')}\n)`
}

/** One INSERT … SELECT per source part. */
export function insertSql(table: TableSpec): string[] {
  const names = table.columns.map((column) => column.name).join(', ')
  const values = table.columns.map((column) => `  ${column.expression}`).join(',\n')
  return table.sources.map(
    (source) => `INSERT INTO ${qualified(table)} (${names})\nSELECT\n${values}\n${source}`,
  )
}

/** What psql's \d+ shows: the table's sentence, and `[unit] meaning` on every column. */
export function commentSql(table: TableSpec): string {
  const target = qualified(table)
  const lines = [`COMMENT ON TABLE ${target} IS ${literal(table.description)}`]
  for (const { name, unit, description } of table.columns) {
    lines.push(
      `COMMENT ON COLUMN ${target}.${name} IS ${literal(unit ? `[${unit}] ${description}` : description)}`,
    )
  }
  return lines.join(';\n')
}

export function primaryKeySql(table: TableSpec): string | undefined {
  if (table.primaryKey.length === 0) return undefined
  const name = `${table.name}_pkey`
  return `ALTER TABLE ${qualified(table)} ADD CONSTRAINT ${name} PRIMARY KEY (${table.primaryKey.join(', ')})`
}

export const indexSql = (table: TableSpec, index: IndexSpec): string =>
  `CREATE ${index.isUnique ? 'UNIQUE ' : ''}INDEX ${index.name} ON ${qualified(table)} (${index.on})`
