// The live catalogue as a tree: schemas, tables with their size, columns with type, unit and meaning. A click on a
// column inserts its name; the table's menu writes the usual statements.
import { ActionIcon, Loader, ScrollArea, Text, TextInput } from '@mantine/core'
import { IconRefresh, IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import type { Remote } from '#client/remote.ts'
import type { Catalog, CatalogTable } from '#shared/contracts/sql.ts'
import { Age } from '#ui/Age.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { SchemaTree } from './SchemaTree.tsx'

interface SchemaBrowserProps {
  catalog: Remote<Catalog>
  onInsert(text: string): void
  onReplace(sql: string): void
  onRefresh(): void
}

const noTables: readonly CatalogTable[] = []

export function SchemaBrowser({ catalog, onInsert, onReplace, onRefresh }: SchemaBrowserProps) {
  const [text, setText] = useState('')
  const tables = catalog.state === 'ready' ? catalog.value.tables : noTables
  const wanted = text.trim().toLowerCase()
  const found = useMemo(() => tables.filter((table) => matches(table, wanted)), [tables, wanted])
  return (
    <div style={{ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0 }}>
      <div style={{ display: 'flex', gap: 4, padding: '0 8px 8px' }}>
        <TextInput
          aria-label="Find a table or column"
          placeholder="Table or column"
          size="xs"
          style={{ flex: 1 }}
          leftSection={<IconSearch size={13} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <ActionIcon
          variant="default"
          size={30}
          aria-label="Read the catalogue again"
          onClick={onRefresh}
          loading={catalog.state === 'loading'}
        >
          <IconRefresh size={15} />
        </ActionIcon>
      </div>
      {catalog.state === 'failed' ? <ErrorNotice error={catalog.error} onRetry={onRefresh} /> : null}
      {catalog.state === 'loading' ? <Loader role="img" size="sm" m="md" aria-label="Reading the catalogue" /> : null}
      {catalog.state === 'ready' && !catalog.value.isLive ? (
        <Text size="xs" px={10} pb={6} c="var(--health-warning)">
          Last known, <Age atMs={catalog.value.readAtMs} />
        </Text>
      ) : null}
      {catalog.state === 'ready' && found.length === 0 ? (
        <Text size="sm" px={12} c="var(--text-dim)">
          {tables.length === 0 ? 'This role sees no table in this database.' : 'No table and no column is called so.'}
        </Text>
      ) : null}
      <ScrollArea style={{ flex: 1, minHeight: 0 }} type="auto">
        {found.length > 0 ? <SchemaTree tables={found} wanted={wanted} onInsert={onInsert} onReplace={onReplace} /> : null}
      </ScrollArea>
    </div>
  )
}

const matches = (table: CatalogTable, wanted: string): boolean =>
  wanted === '' ||
  `${table.schema}.${table.name}`.toLowerCase().includes(wanted) ||
  table.columns.some((column) => column.name.toLowerCase().includes(wanted))
