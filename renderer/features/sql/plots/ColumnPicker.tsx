// Choosing a column for a plot; only those that can be drawn, each with its unit.
import { Select } from '@mantine/core'
import { unitOf } from '../cell-format.ts'
import type { ResultTable } from '../result-table.ts'
import { isPlottable } from './column-data.ts'

interface ColumnPickerProps {
  label: string
  table: ResultTable
  value: number | null
  onChange(column: number): void
}

/** Indices of the drawable columns. */
export const plottableColumns = (table: ResultTable): number[] => table.fields.flatMap((field, index) => (isPlottable(field) ? [index] : []))

/** `z`, or `flux (nanomaggy)`. */
export function axisTitle(table: ResultTable, column: number | null): string {
  const field = column === null ? undefined : table.fields[column]
  if (!field) return ''
  const unit = unitOf(field)
  return unit ? `${field.name} (${unit})` : field.name
}

export function ColumnPicker({ label, table, value, onChange }: ColumnPickerProps) {
  const data = plottableColumns(table).map((index) => ({ value: String(index), label: axisTitle(table, index) }))
  return (
    <Select
      size="xs"
      aria-label={label}
      leftSection={<span style={{ fontSize: 11, whiteSpace: 'nowrap' }}>{label}</span>}
      leftSectionWidth={label.length * 7 + 16}
      style={{ flex: '0 1 220px', minWidth: 120 }}
      searchable
      allowDeselect={false}
      data={data}
      value={value === null ? null : String(value)}
      onChange={(next) => next !== null && onChange(Number(next))}
    />
  )
}
