// Tables and columns of the last known catalogues in the search; and for a number that can be a TARGETID, the way to
// look it up in every table that has such a column, as a statement that waits in the editor.
import type { Catalog, CatalogTable } from '#shared/contracts/sql.ts'
import type { SearchHit } from '#shared/contracts/search.ts'
import type { Connection, ConnectionId } from '#shared/model/connection.ts'
import { nameOf } from '#shared/model/sql-names.ts'
import type { CoreServices } from '../../core-services.ts'
import { rankText, type SearchQuery, type SearchSource } from '../../search/search-registry.ts'
import type { CatalogStore } from '../../storage/catalog-store.ts'
import { wholeNumberIn } from './integer-scan.ts'

interface Entry {
  haystack: string
  table: CatalogTable
  column: string | null
}
interface Kept {
  readAtMs: number
  database: string
  tables: CatalogTable[]
  entries: Entry[]
}

const mostLookUps = 6

export function createCatalogSearch({ sites }: Pick<CoreServices, 'sites'>, store: CatalogStore): SearchSource {
  const kept = new Map<ConnectionId, Kept>()

  function entriesOf(connectionId: ConnectionId): Kept | undefined {
    const readAtMs = store.readAtMs(connectionId)
    if (readAtMs === undefined) return undefined
    const known = kept.get(connectionId)
    if (known?.readAtMs === readAtMs) return known
    const catalog = store.find(connectionId)
    if (!catalog) return undefined
    const made = { readAtMs, database: catalog.database, tables: catalog.tables, entries: catalog.tables.flatMap(entriesIn) }
    kept.set(connectionId, made)
    return made
  }

  return {
    id: 'tables',
    prefixes: ['table', 'column', 'sql', 'targetid'],
    find(query) {
      const found: SearchHit[] = []
      const value = wholeNumberIn(query.text)
      for (const site of sites.list())
        for (const connection of site.connections) {
          if (connection.settings.kind !== 'postgres') continue
          const catalog = entriesOf(connection.id)
          if (!catalog) continue
          if (value !== null) found.push(...lookUps(catalog, connection, value))
          for (const entry of catalog.entries) {
            const hit = hitOf(entry, catalog, connection, query)
            if (hit) found.push(hit)
          }
        }
      return found.sort((a, b) => a.rank - b.rank).slice(0, query.limit)
    },
  }
}

const entriesIn = (table: CatalogTable): Entry[] => [
  { haystack: `${table.name} ${table.schema}.${table.name} ${table.comment ?? ''}`.toLowerCase(), table, column: null },
  ...table.columns.map((column) => ({ haystack: `${column.name} ${table.name} ${column.comment ?? ''}`.toLowerCase(), table, column: column.name })),
]

const fullName = ({ schema, name }: CatalogTable): string => `${nameOf(schema)}.${nameOf(name)}`

function hitOf({ haystack, table, column }: Entry, { database }: Pick<Catalog, 'database'>, connection: Connection, query: SearchQuery): SearchHit | null {
  const isNamed = (column ?? table.name).toLowerCase() === query.text
  const rank = isNamed ? 0 : rankText(haystack, query)
  if (rank === null || query.text.length < 2) return null
  const sql = `SELECT ${column === null ? '*' : nameOf(column)}\nFROM ${fullName(table)}\nLIMIT 100;`
  return {
    id: `catalog/${connection.id}/${table.schema}.${table.name}/${column ?? ''}`,
    group: column === null ? 'Tables' : 'Columns',
    title: column === null ? table.name : `${table.name}.${column}`,
    subtitle: `${connection.label} · ${database}.${table.schema}${column === null ? ` · ${table.columns.length} columns` : ''}`,
    rank: rank + (column === null ? 1.5 : 2.5),
    place: { path: '/sql', query: { connection: connection.id, sql } },
    siteId: connection.siteId,
  }
}

/** The tables whose rows carry a TARGETID; the redshift catalogue, in which every target is, first. */
function lookUps(catalog: Kept, connection: Connection, value: bigint): SearchHit[] {
  const tables = catalog.tables.flatMap((table) => {
    const column = table.columns.find((item) => item.name.toLowerCase() === 'targetid' && item.type === 'bigint')
    return column ? [{ table, column: column.name }] : []
  })
  return tables
    .sort((a, b) => Number(b.table.name === 'zpix') - Number(a.table.name === 'zpix') || a.table.name.localeCompare(b.table.name))
    .slice(0, mostLookUps)
    .map(({ table, column }, index) => ({
      id: `look-up/${connection.id}/${table.schema}.${table.name}`,
      group: 'Look up',
      title: `Look TARGETID ${value} up in ${table.name}`,
      subtitle: `Prepares the statement · ${connection.label} · ${catalog.database}.${table.schema}`,
      rank: 0.2 + index / 100,
      place: { path: '/sql', query: { connection: connection.id, sql: `SELECT *\nFROM ${fullName(table)}\nWHERE ${nameOf(column)} = ${value};` } },
      siteId: connection.siteId,
    }))
}
