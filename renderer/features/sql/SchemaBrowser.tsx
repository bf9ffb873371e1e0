// The live catalogue as a tree: schemas, tables with their size, columns with type, unit and meaning. A click
// inserts the name; the table's menu writes the usual statements.
import { ActionIcon, Loader, Menu, ScrollArea, Text, TextInput, UnstyledButton } from '@mantine/core'
import { IconChevronDown, IconChevronRight, IconDots, IconKey, IconRefresh, IconSearch, IconTable } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import type { Remote } from '#client/remote.ts'
import type { Catalog, CatalogTable } from '#shared/contracts/sql.ts'
import { formatBytes, formatCount } from '#shared/model/quantities.ts'
import { Age } from '#ui/Age.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'

interface SchemaBrowserProps {
  catalog: Remote<Catalog>
  onInsert(text: string): void
  onReplace(sql: string): void
  onRefresh(): void
}

/** Quoted only where PostgreSQL needs it. */
export const nameOf = (name: string): string => (/^[a-z_][a-z0-9_$]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`)
const fullName = (table: CatalogTable): string => (table.schema === 'public' ? nameOf(table.name) : `${nameOf(table.schema)}.${nameOf(table.name)}`)

export function SchemaBrowser({ catalog, onInsert, onReplace, onRefresh }: SchemaBrowserProps) {
  const [text, setText] = useState('')
  const [open, setOpen] = useState<ReadonlySet<string>>(new Set())
  const bySchema = useMemo(() => {
    const tables = catalog.state === 'ready' ? catalog.value.tables : []
    const wanted = text.toLowerCase()
    const found = wanted ? tables.filter((table) => `${table.schema}.${table.name}`.toLowerCase().includes(wanted) || table.columns.some((column) => column.name.toLowerCase().includes(wanted))) : tables
    return [...Map.groupBy(found, (table) => table.schema)].sort(([a], [b]) => a.localeCompare(b))
  }, [catalog, text])
  const flip = (key: string): void =>
    setOpen((current) => {
      const next = new Set(current)
      if (!next.delete(key)) next.add(key)
      return next
    })
  return (
    <div style={{ display: 'flex', flexDirection: 'column', height: '100%', minHeight: 0 }}>
      <div style={{ display: 'flex', gap: 4, padding: '0 8px 8px' }}>
        <TextInput aria-label="Find a table or column" placeholder="Table or column" size="xs" style={{ flex: 1 }} leftSection={<IconSearch size={13} />} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <ActionIcon variant="default" aria-label="Read the catalogue again" onClick={onRefresh} loading={catalog.state === 'loading'}>
          <IconRefresh size={15} />
        </ActionIcon>
      </div>
      {catalog.state === 'failed' ? <ErrorNotice error={catalog.error} onRetry={onRefresh} /> : null}
      {catalog.state === 'loading' ? <Loader size="sm" m="md" aria-label="Reading the catalogue" /> : null}
      {catalog.state === 'ready' && !catalog.value.isLive ? (
        <Text size="xs" px={10} pb={6} c="var(--health-warning)">
          Last known, <Age atMs={catalog.value.readAtMs} />
        </Text>
      ) : null}
      <ScrollArea style={{ flex: 1, minHeight: 0 }} type="auto">
        <div role="tree" aria-label="Tables" style={{ padding: '0 6px 12px' }}>
          {bySchema.map(([schema, list]) => (
            <div key={schema} role="group" aria-label={schema}>
              <Text size="xs" fw={700} c="var(--text-dim)" px={4} pt={8} pb={2}>
                {schema}
              </Text>
              {list.map((table) => {
                const key = `${table.schema}.${table.name}`
                return <TableItem key={key} table={table} isOpen={open.has(key)} wanted={text.toLowerCase()} onFlip={() => flip(key)} onInsert={onInsert} onReplace={onReplace} />
              })}
            </div>
          ))}
        </div>
      </ScrollArea>
    </div>
  )
}

interface TableItemProps {
  table: CatalogTable
  isOpen: boolean
  wanted: string
  onFlip(): void
  onInsert(text: string): void
  onReplace(sql: string): void
}

function TableItem({ table, isOpen, wanted, onFlip, onInsert, onReplace }: TableItemProps) {
  const size = [table.estimatedRows === null ? null : `about ${formatCount(table.estimatedRows)} rows`, table.sizeBytes === null ? null : formatBytes(table.sizeBytes)].filter(Boolean).join(', ')
  const columns = wanted && !table.name.toLowerCase().includes(wanted) ? table.columns.filter((column) => column.name.toLowerCase().includes(wanted)) : table.columns
  return (
    <div role="treeitem" aria-expanded={isOpen} aria-label={table.name}>
      <div className="schema-line">
        <UnstyledButton onClick={onFlip} className="schema-table" title={[table.comment, size].filter(Boolean).join('\n')}>
          {isOpen ? <IconChevronDown size={13} aria-hidden /> : <IconChevronRight size={13} aria-hidden />}
          <IconTable size={14} stroke={1.6} aria-hidden />
          <span>{table.name}</span>
          <small>{table.estimatedRows === null ? '' : shortCount(table.estimatedRows)}</small>
        </UnstyledButton>
        <Menu position="right-start">
          <Menu.Target>
            <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Statements for ${table.name}`}>
              <IconDots size={13} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => onReplace(`SELECT *\nFROM ${fullName(table)}\nLIMIT 1000;`)}>First 1,000 rows</Menu.Item>
            <Menu.Item onClick={() => onReplace(`SELECT ${table.columns.map((column) => nameOf(column.name)).join(', ')}\nFROM ${fullName(table)}\nLIMIT 1000;`)}>All columns, named</Menu.Item>
            <Menu.Item onClick={() => onReplace(`SELECT count(*)\nFROM ${fullName(table)};`)}>Count the rows</Menu.Item>
            <Menu.Item onClick={() => onInsert(fullName(table))}>Insert the name</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </div>
      {isOpen ? (
        <div role="group">
          {columns.map((column) => (
            <UnstyledButton key={column.name} role="treeitem" className="schema-column" onClick={() => onInsert(nameOf(column.name))} title={[column.comment, column.isNullable ? null : 'never null'].filter(Boolean).join('\n')}>
              <span>{column.name}</span>
              {column.isPrimaryKey ? <IconKey size={11} color="var(--accent-star)" aria-label="primary key" /> : null}
              <small>{shortType(column.type)}</small>
            </UnstyledButton>
          ))}
        </div>
      ) : null}
    </div>
  )
}

const shortCount = (count: number): string =>
  count >= 1e9 ? `${(count / 1e9).toFixed(1)} G` : count >= 1e6 ? `${(count / 1e6).toFixed(1)} M` : count >= 1000 ? `${Math.round(count / 1000)} k` : String(Math.max(0, Math.round(count)))
const shortNames: Record<string, string> = { 'double precision': 'float8', real: 'float4', bigint: 'int8', integer: 'int4', smallint: 'int2', boolean: 'bool', 'timestamp with time zone': 'timestamptz', 'timestamp without time zone': 'timestamp' }
const shortType = (type: string): string => shortNames[type] ?? type.replace('character varying', 'varchar').replace('double precision', 'float8').replace(/^real/, 'float4')
