// What a database holds, in six small queries on a session of its own: tables, columns, indexes, foreign keys, sizes
// and estimates. Names come back as data and are never pasted into SQL. Called by the sql feature.
import type { Catalog, CatalogTable } from '#shared/contracts/sql.ts'
import type { PostgresSession } from './postgres-session.ts'

export type LiveCatalog = Pick<Catalog, 'serverVersion' | 'database' | 'databases' | 'user' | 'tables'>

/** Reads the catalogue. Rejects with the session's AppErrors. */
export async function readCatalog(session: PostgresSession): Promise<LiveCatalog> {
  await session.query("SET statement_timeout = '30s'")
  await session.query('BEGIN READ ONLY')
  const [about] = await session.query<{ version: string; database: string; role: string; names: string[] }>(
    aboutQuery,
  )
  const tables = await session.query<TableRow>(tablesQuery)
  const columns = groupBy(await session.query<ColumnRow>(columnsQuery))
  const indexes = groupBy(await session.query<IndexRow>(indexesQuery))
  const foreignKeys = groupBy(await session.query<ForeignKeyRow>(foreignKeysQuery))
  return {
    serverVersion: about?.version ?? '',
    database: about?.database ?? session.party.settings.database,
    databases: about?.names ?? [],
    user: about?.role ?? session.party.settings.user,
    tables: tables.map((table) =>
      toTable(
        table,
        columns.get(table.oid) ?? [],
        indexes.get(table.oid) ?? [],
        foreignKeys.get(table.oid) ?? [],
      ),
    ),
  }
}

type Owned = { oid: number }
type TableRow = Owned & {
  schema: string
  name: string
  kind: string
  rows: number
  bytes: string | null
  comment: string | null
}
type ColumnRow = Owned & {
  name: string
  type: string
  not_null: boolean
  is_key: boolean
  comment: string | null
}
type IndexRow = Owned & { name: string; definition: string }
type ForeignKeyRow = Owned & { columns: string[]; to_schema: string; to_table: string; to_columns: string[] }

function groupBy<R extends Owned>(rows: readonly R[]): Map<number, R[]> {
  const groups = new Map<number, R[]>()
  for (const row of rows) {
    const group = groups.get(row.oid)
    if (group) group.push(row)
    else groups.set(row.oid, [row])
  }
  return groups
}

const kinds: Readonly<Record<string, CatalogTable['kind']>> = {
  r: 'table',
  p: 'partitioned',
  v: 'view',
  m: 'materialized-view',
  f: 'foreign',
}

function toTable(
  table: TableRow,
  columns: ColumnRow[],
  indexes: IndexRow[],
  foreignKeys: ForeignKeyRow[],
): CatalogTable {
  return {
    schema: table.schema,
    name: table.name,
    kind: kinds[table.kind] ?? 'table',
    // -1 = never analysed.
    estimatedRows: table.rows < 0 || table.kind === 'v' ? null : Math.round(table.rows),
    sizeBytes: table.bytes === null ? null : Number(table.bytes),
    comment: table.comment,
    columns: columns.map((column) => ({
      name: column.name,
      type: column.type,
      isNullable: !column.not_null,
      isPrimaryKey: column.is_key,
      comment: column.comment,
    })),
    indexes: indexes.map(({ name, definition }) => ({ name, definition })),
    foreignKeys: foreignKeys.map((key) => ({
      columns: key.columns,
      toSchema: key.to_schema,
      toTable: key.to_table,
      toColumns: key.to_columns,
    })),
  }
}

const aboutQuery = `
  SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.current_database()::text AS database, current_user::text AS role,
    ARRAY(SELECT d.datname::text FROM pg_catalog.pg_database d
          WHERE d.datallowconn AND NOT d.datistemplate AND pg_catalog.has_database_privilege(d.oid, 'CONNECT') ORDER BY d.datname) AS names`

/** Relations of schemas that this role may use; the system's own are left out. Partitions are shown under their parent's name only. */
const ours = `c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND pg_catalog.has_schema_privilege(n.oid, 'USAGE')`
const from = `FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace`

const tablesQuery = `
  SELECT c.oid, n.nspname::text AS schema, c.relname::text AS name, c.relkind::text AS kind, c.reltuples::float8 AS rows,
    CASE c.relkind
      WHEN 'p' THEN (SELECT sum(pg_catalog.pg_total_relation_size(t.relid))::int8 FROM pg_catalog.pg_partition_tree(c.oid) t WHERE t.isleaf)
      WHEN 'v' THEN NULL WHEN 'f' THEN NULL
      ELSE pg_catalog.pg_total_relation_size(c.oid) END AS bytes,
    pg_catalog.obj_description(c.oid, 'pg_class') AS comment
  ${from} WHERE ${ours} ORDER BY 2, 3`

const columnsQuery = `
  SELECT c.oid, a.attname::text AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS not_null,
    EXISTS (SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND a.attnum = ANY (i.indkey)) AS is_key,
    pg_catalog.col_description(c.oid, a.attnum) AS comment
  ${from} JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  WHERE ${ours} ORDER BY c.oid, a.attnum`

const indexesQuery = `
  SELECT c.oid, x.relname::text AS name, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition
  ${from} JOIN pg_catalog.pg_index i ON i.indrelid = c.oid JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
  WHERE ${ours} ORDER BY c.oid, i.indisprimary DESC, x.relname`

const foreignKeysQuery = `
  SELECT c.oid, fn.nspname::text AS to_schema, fc.relname::text AS to_table,
    ARRAY(SELECT a.attname::text FROM unnest(k.conkey) WITH ORDINALITY AS u (number, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number ORDER BY u.place) AS columns,
    ARRAY(SELECT a.attname::text FROM unnest(k.confkey) WITH ORDINALITY AS u (number, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number ORDER BY u.place) AS to_columns
  ${from} JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid AND k.contype = 'f'
  JOIN pg_catalog.pg_class fc ON fc.oid = k.confrelid JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
  WHERE ${ours} ORDER BY c.oid, k.conname`
