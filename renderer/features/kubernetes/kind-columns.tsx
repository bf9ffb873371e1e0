// Columns of a kind as the table draws them: name, namespace and state first, then what the core sent, the age last.
import type { RowColumn, KubeRow } from '#shared/model/kubernetes.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { Age } from '#ui/Age.tsx'
import type { CellValue, Column } from '#ui/DataTable.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'

export interface KindColumn extends Column<KubeRow> {
  isShownAtFirst: boolean
}

export function columnsOf(columns: readonly RowColumn[], options: { isNamespaced: boolean; hasStatus: boolean; hasNames: boolean }): KindColumn[] {
  const fixed: KindColumn[] = [
    { key: 'name', title: 'Name', widthPx: 220, isShownAtFirst: options.hasNames, value: (row) => row.name },
    ...(options.isNamespaced ? [{ key: 'namespace', title: 'Namespace', widthPx: 112, isShownAtFirst: true, value: (row: KubeRow) => row.namespace }] : []),
    ...(options.hasStatus ? [statusColumn] : []),
  ]
  const age: KindColumn = {
    key: 'age',
    title: 'Age',
    widthPx: 90,
    isShownAtFirst: true,
    value: (row) => (row.createdAtMs === null ? null : new Date(row.createdAtMs).toISOString()),
    order: (row) => (row.createdAtMs === null ? null : -row.createdAtMs),
    render: (row) => (row.createdAtMs === null ? '—' : <ShortAge atMs={row.createdAtMs} />),
  }
  return [...fixed, ...columns.map(toColumn), age]
}

/** Worst first when it is sorted by. */
const ranks = { error: 0, warning: 1, unknown: 2, ok: 3, off: 4 } as const
const statusColumn: KindColumn = {
  key: 'status',
  title: 'State',
  widthPx: 124,
  isShownAtFirst: true,
  value: (row) => row.status,
  order: (row) => `${ranks[row.health]} ${row.status}`,
  render: (row) => (row.status ? <HealthMark health={row.health} label={row.status} /> : '—'),
}

const widths: Record<RowColumn['type'], number> = { text: 124, number: 78, age: 100, time: 150, cpu: 62, bytes: 90, usage: 90 }
const wide: Record<string, number> = { message: 380, images: 220, object: 190, owner: 190, entrypoint: 240, selector: 200, ports: 150, ready: 66, gpu: 58, restarts: 86, count: 66, active: 66, failed: 66 }

function toColumn(column: RowColumn, index: number): KindColumn {
  const { key, title, type } = column
  const value = (row: KubeRow): CellValue => row.cells[index]
  const isNumeric = type === 'number' || type === 'cpu' || type === 'bytes'
  return {
    key: `cell ${key}`,
    title,
    widthPx: wide[key] ?? widths[type],
    isShownAtFirst: column.isExtra !== true,
    ...(isNumeric ? { align: 'right' as const } : {}),
    value: type === 'age' ? (row) => timeText(row.cells[index]) : value,
    ...(type === 'age' ? { order: (row: KubeRow) => negated(row.cells[index]) } : {}),
    render: (row) => cellView(type, row.cells[index]),
  }
}

function cellView(type: RowColumn['type'], cell: CellValue) {
  if (cell === null || cell === undefined || cell === '') return <span style={{ color: 'var(--text-dim)' }}>—</span>
  if (typeof cell !== 'number') return String(cell)
  switch (type) {
    case 'age':
      return <ShortAge atMs={cell} />
    case 'bytes':
      return formatBytes(cell)
    case 'cpu':
      return formatCpu(cell)
    default:
      return String(cell)
  }
}

const ShortAge = ({ atMs }: { atMs: number }) => <Age atMs={atMs} />
const timeText = (cell: CellValue): CellValue => (typeof cell === 'number' ? new Date(cell).toISOString() : cell)
const negated = (cell: CellValue): CellValue => (typeof cell === 'number' ? -cell : cell)

/** Cores: `0.25`, `4`. */
export const formatCpu = (cores: number): string => (cores >= 10 ? cores.toFixed(0) : Number(cores.toFixed(2)).toString())
