// The API server's own tables (`kubectl get`): for kinds of which only names and printed cells are wanted, custom
// ones above all. Values of secrets and config maps then never leave the server.
import { z } from 'zod'

export const tableAccept = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json'

const columnDefinition = z.object({
  name: z.string(),
  type: z.string(),
  format: z.string().nullish(),
  priority: z.number().nullish(),
})
export type TableColumn = z.infer<typeof columnDefinition>

const tableMetadata = z.looseObject({
  name: z.string(),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  creationTimestamp: z.string().nullish(),
  labels: z.record(z.string(), z.string()).nullish(),
})
const tableRow = z.object({ cells: z.array(z.unknown()), object: z.object({ metadata: tableMetadata }) })

/** One row as an object of its own. `columns` is empty in the later events of a watch. */
export interface TableItem {
  metadata: z.infer<typeof tableMetadata>
  cells: unknown[]
  columns: TableColumn[]
}

/** The rows of a table; rows of another shape are left out. */
export function tableItems(table: { columnDefinitions?: unknown; rows?: unknown[] | null | undefined }): TableItem[] {
  const parsed = z.array(columnDefinition).safeParse(table.columnDefinitions ?? [])
  const columns = parsed.success ? parsed.data : []
  return (table.rows ?? []).flatMap((row) => {
    const known = tableRow.safeParse(row)
    return known.success ? [{ metadata: known.data.object.metadata, cells: known.data.cells, columns }] : []
  })
}
