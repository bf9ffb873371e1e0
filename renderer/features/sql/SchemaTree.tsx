// The tree of the catalogue, as assistive technology and the keyboard know one: a single tab stop, arrows to move,
// to open and to close, Enter to insert.
import { ActionIcon, Menu } from '@mantine/core'
import { IconChevronDown, IconChevronRight, IconDots, IconKey, IconTable } from '@tabler/icons-react'
import { useMemo, useRef, useState, type KeyboardEvent } from 'react'
import type { Catalog, CatalogTable } from '#shared/contracts/sql.ts'
import { formatBytes, formatCount } from '#shared/model/quantities.ts'
import { nameOf } from '#shared/model/sql-names.ts'
import { shortType } from './sql-names.ts'

type CatalogColumn = Catalog['tables'][number]['columns'][number]

interface SchemaTreeProps {
  tables: readonly CatalogTable[]
  /** Lower-case text that was searched; columns are narrowed to it where the table's name does not hold it. */
  wanted: string
  onInsert(text: string): void
  onReplace(sql: string): void
}

type Line =
  | { kind: 'schema'; key: string; level: 1; name: string; isOpen: boolean }
  | { kind: 'table'; key: string; level: 2; table: CatalogTable; isOpen: boolean }
  | { kind: 'column'; key: string; level: 3; column: CatalogColumn }

export function SchemaTree({ tables, wanted, onInsert, onReplace }: SchemaTreeProps) {
  /** Schemas are open and tables closed until they are flipped. */
  const [flipped, setFlipped] = useState<ReadonlySet<string>>(new Set())
  const [current, setCurrent] = useState<string | null>(null)
  const host = useRef<HTMLDivElement>(null)
  const lines = useMemo(() => linesOf(tables, flipped, wanted), [tables, flipped, wanted])
  const at = Math.max(0, lines.findIndex((line) => line.key === current))

  const flip = (key: string): void =>
    setFlipped((open) => {
      const next = new Set(open)
      if (!next.delete(key)) next.add(key)
      return next
    })
  const focus = (index: number): void => {
    const line = lines[Math.max(0, Math.min(lines.length - 1, index))]
    if (!line) return
    setCurrent(line.key)
    host.current?.querySelector<HTMLElement>(`[data-key="${CSS.escape(line.key)}"]`)?.focus()
  }
  const act = (line: Line): void => {
    setCurrent(line.key)
    if (line.kind === 'column') onInsert(nameOf(line.column.name))
    else flip(line.key)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const line = lines[at]
    // Keys inside a menu or on its button are not the tree's.
    if (!line || (event.target as HTMLElement).getAttribute('role') !== 'treeitem') return
    const isBranch = line.kind !== 'column'
    if (event.key === 'ArrowDown') focus(at + 1)
    else if (event.key === 'ArrowUp') focus(at - 1)
    else if (event.key === 'Home') focus(0)
    else if (event.key === 'End') focus(lines.length - 1)
    else if (event.key === 'ArrowRight' && isBranch) line.isOpen ? focus(at + 1) : flip(line.key)
    else if (event.key === 'ArrowLeft' && isBranch && line.isOpen) flip(line.key)
    else if (event.key === 'ArrowLeft') focus(lines.findLastIndex((each, index) => index < at && each.level < line.level))
    else if (event.key === 'Enter' || event.key === ' ') act(line)
    else return
    event.preventDefault()
  }
  return (
    <div role="tree" aria-label="Tables" ref={host} onKeyDown={onKeyDown} style={{ padding: '0 6px 12px' }}>
      {lines.map((line, index) => (
        <div
          key={line.key}
          role="treeitem"
          className={`schema-line schema-${line.kind}`}
          data-key={line.key}
          tabIndex={index === at ? 0 : -1}
          aria-level={line.level}
          aria-label={labelOf(line)}
          {...(line.kind === 'column' ? {} : { 'aria-expanded': line.isOpen })}
          title={titleOf(line)}
          onClick={() => act(line)}
        >
          {line.kind === 'schema' ? <Chevron isOpen={line.isOpen} /> : null}
          {line.kind === 'schema' ? <span>{line.name}</span> : null}
          {line.kind === 'table' ? <TableLine table={line.table} isOpen={line.isOpen} onInsert={onInsert} onReplace={onReplace} /> : null}
          {line.kind === 'column' ? <ColumnLine column={line.column} /> : null}
        </div>
      ))}
    </div>
  )
}

/** Begins with what is seen, so that voice control finds it. */
function labelOf(line: Line): string {
  if (line.kind === 'schema') return line.name
  if (line.kind === 'column') return `${line.column.name} ${shortType(line.column.type)}`
  const { name, estimatedRows } = line.table
  return estimatedRows === null ? name : `${name} ${shortCount(estimatedRows)}`
}

function linesOf(tables: readonly CatalogTable[], flipped: ReadonlySet<string>, wanted: string): Line[] {
  const bySchema = [...Map.groupBy(tables, (table) => table.schema)].sort(([a], [b]) => a.localeCompare(b))
  return bySchema.flatMap(([schema, list]): Line[] => {
    const isOpen = !flipped.has(schema)
    const head: Line = { kind: 'schema', key: schema, level: 1, name: schema, isOpen }
    return isOpen ? [head, ...list.flatMap((table) => linesOfTable(table, flipped, wanted))] : [head]
  })
}

function linesOfTable(table: CatalogTable, flipped: ReadonlySet<string>, wanted: string): Line[] {
  const key = `${table.schema}.${table.name}`
  const isOpen = flipped.has(key)
  const head: Line = { kind: 'table', key, level: 2, table, isOpen }
  if (!isOpen) return [head]
  const isNamed = wanted === '' || key.toLowerCase().includes(wanted)
  const columns = isNamed ? table.columns : table.columns.filter((column) => column.name.toLowerCase().includes(wanted))
  return [head, ...columns.map((column): Line => ({ kind: 'column', key: `${key}.${column.name}`, level: 3, column }))]
}

function titleOf(line: Line): string | undefined {
  if (line.kind === 'schema') return undefined
  if (line.kind === 'column') return [line.column.type, line.column.comment, line.column.isNullable ? null : 'never null'].filter(Boolean).join('\n')
  const { comment, estimatedRows, sizeBytes } = line.table
  const size = [estimatedRows === null ? null : `about ${formatCount(Math.round(estimatedRows))} rows`, sizeBytes === null ? null : formatBytes(sizeBytes)]
  return [comment, size.filter(Boolean).join(', ')].filter(Boolean).join('\n')
}

const Chevron = ({ isOpen }: { isOpen: boolean }) =>
  isOpen ? <IconChevronDown size={13} aria-hidden style={{ flexShrink: 0 }} /> : <IconChevronRight size={13} aria-hidden style={{ flexShrink: 0 }} />

function TableLine({ table, isOpen, onInsert, onReplace }: { table: CatalogTable; isOpen: boolean } & Pick<SchemaTreeProps, 'onInsert' | 'onReplace'>) {
  const full = table.schema === 'public' ? nameOf(table.name) : `${nameOf(table.schema)}.${nameOf(table.name)}`
  const named = table.columns.map((column) => nameOf(column.name)).join(', ')
  return (
    <>
      <Chevron isOpen={isOpen} />
      <IconTable size={14} stroke={1.6} aria-hidden style={{ flexShrink: 0 }} />
      <span>{table.name}</span>{' '}
      <small>{table.estimatedRows === null ? '' : shortCount(table.estimatedRows)}</small>
      <span onClick={(event) => event.stopPropagation()}>
        <Menu position="right-start">
          <Menu.Target>
            <ActionIcon size="xs" variant="subtle" color="gray" aria-label={`Statements for ${table.name}`}>
              <IconDots size={13} />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => onReplace(`SELECT *\nFROM ${full}\nLIMIT 1000;`)}>First 1,000 rows</Menu.Item>
            <Menu.Item onClick={() => onReplace(`SELECT ${named}\nFROM ${full}\nLIMIT 1000;`)}>All columns, named</Menu.Item>
            <Menu.Item onClick={() => onReplace(`SELECT count(*)\nFROM ${full};`)}>Count the rows</Menu.Item>
            <Menu.Item onClick={() => onInsert(full)}>Insert the name</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </span>
    </>
  )
}

const ColumnLine = ({ column }: { column: CatalogColumn }) => (
  <>
    <span>{column.name}</span>{' '}
    {column.isPrimaryKey ? <IconKey size={11} color="var(--accent-star)" role="img" aria-label="primary key" style={{ flexShrink: 0 }} /> : null}
    <small>{shortType(column.type)}</small>
  </>
)

/** `1.0 M`: a size at a glance, the exact figure is in the title. */
function shortCount(count: number): string {
  if (count >= 1e9) return `${(count / 1e9).toFixed(1)} G`
  if (count >= 1e6) return `${(count / 1e6).toFixed(1)} M`
  if (count >= 1000) return `${Math.round(count / 1000)} k`
  return String(Math.max(0, Math.round(count)))
}
