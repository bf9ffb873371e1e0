// Rows of kinds that are shown as the server prints them: its columns, without those that every row has anyway.
import { z } from 'zod'
import type { Cell, RowColumn } from '#shared/model/kubernetes.ts'
import type { TableColumn, TableItem } from '../../connectors/kubernetes/kubernetes-table.ts'
import type { KeptItem } from './row-feed.ts'
import { rowFrame } from './row-kinds.ts'

const common = new Set(['name', 'namespace', 'age', 'created at', 'status', 'state', 'phase'])
const goodWords = /^(active|bound|ready|true|available|running|healthy|complete|succeeded)$/i
const badWords = /^(failed|error|false|lost|degraded|unhealthy)$/i

/** One for each feed: a watch sends the columns once, the rows after that go by their place. */
export function createTableRows(): { shape: z.ZodType<KeptItem>; columns(): RowColumn[] } {
  let known: TableColumn[] = []
  const shown = (): Array<[TableColumn, number]> =>
    known
      .map((column, index): [TableColumn, number] => [column, index])
      .filter(([column]) => !common.has(column.name.toLowerCase()))
  const shape = z.custom<TableItem>((item) => Array.isArray((item as TableItem | null)?.cells)).transform((item): KeptItem => {
    if (item.columns.length > 0) known = item.columns
    const { name, namespace } = item.metadata
    const cells = shown().map(([column, index]) => cellOf(item.cells[index], column))
    return {
      metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
      row: { ...rowFrame(item), ...verdictOf(item, known), cells },
    }
  })
  return {
    shape,
    columns: () =>
      shown().map(([column]) => ({
        key: column.name,
        title: column.name,
        type: isNumber(column) ? 'number' : 'text',
        ...((column.priority ?? 0) > 0 ? { isExtra: true } : {}),
      })),
  }
}

const isNumber = ({ type }: TableColumn): boolean => type === 'integer' || type === 'number'

function cellOf(value: unknown, column: TableColumn): Cell {
  if (value === null || value === undefined) return null
  if (isNumber(column) && typeof value === 'number') return value
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The server prints no health; a column that is called so is taken at its word, anything else is not judged. */
function verdictOf(item: TableItem, columns: TableColumn[]): Pick<KeptItem['row'], 'health' | 'status'> {
  const index = columns.findIndex(({ name }) => /^(status|ready|state|phase)$/i.test(name))
  const cell = index < 0 ? undefined : item.cells[index]
  const word = typeof cell === 'string' ? cell : ''
  return { status: word, health: goodWords.test(word) ? 'ok' : badWords.test(word) ? 'error' : 'unknown' }
}
