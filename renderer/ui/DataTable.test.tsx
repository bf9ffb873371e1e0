import { useState } from 'react'
import { MantineProvider } from '@mantine/core'
import { render, screen } from '@testing-library/react'
import userEvent from '@testing-library/user-event'
import { describe, expect, it, vi } from 'vitest'
import { compareCells, DataTable, sortRows, toCsv, type Column } from './DataTable.tsx'

interface Row {
  name: string
  size: number | null
}
const columns: Column<Row>[] = [
  { key: 'name', title: 'Name', widthPx: 100, value: (row) => row.name },
  { key: 'size', title: 'Size', widthPx: 100, align: 'right', value: (row) => row.size },
]
const rows: Row[] = [{ name: 'pod10', size: 5 }, { name: 'pod2', size: null }, { name: 'pod1', size: 70 }]

describe('sorting', () => {
  it('counts digits as numbers and keeps the empty last in both directions', () => {
    expect(sortRows(rows, columns, { key: 'name', isDescending: false }).map((row) => row.name)).toEqual(['pod1', 'pod2', 'pod10'])
    expect(sortRows(rows, columns, { key: 'size', isDescending: false }).map((row) => row.size)).toEqual([5, 70, null])
    expect(sortRows(rows, columns, { key: 'size', isDescending: true }).map((row) => row.size)).toEqual([70, 5, null])
    expect(compareCells(null, undefined, true)).toBe(0)
  })
})

describe('CSV', () => {
  it('quotes what needs it and leaves the empty empty', () =>
    expect(toCsv([{ name: 'a "b", c', size: null }], columns)).toBe('Name,Size\r\n"a ""b"", c",\r\n'))
})

describe('the table', () => {
  const show = (many: Row[], onOpen = vi.fn(), onSort = vi.fn()) => {
    render(
      <MantineProvider>
        <DataTable label="Pods" columns={columns} rows={many} rowKey={(row) => row.name} sort={{ key: 'name', isDescending: false }} onSort={onSort} onOpen={onOpen} />
      </MantineProvider>,
    )
    return { onOpen, onSort }
  }
  it('holds only what is in view of ten thousand rows', () => {
    show(Array.from({ length: 10_000 }, (_unused, index) => ({ name: `guest${index}`, size: index })))
    expect(screen.getByRole('grid', { name: 'Pods' })).toHaveAttribute('aria-rowcount', '10001')
    expect(screen.getAllByRole('row').length).toBeLessThan(80)
  })
  it('moves by arrows and opens by Enter', async () => {
    const { onOpen } = show(rows)
    const user = userEvent.setup()
    await user.click(screen.getByText('pod1'))
    screen.getByRole('grid', { name: 'Pods' }).focus()
    await user.keyboard('{ArrowDown}{Enter}')
    expect(onOpen).toHaveBeenCalledWith(rows[1])
  })
  it('turns the direction at a second click on the heading', async () => {
    const { onSort } = show(rows)
    await userEvent.click(screen.getByRole('button', { name: /Name/ }))
    expect(onSort).toHaveBeenCalledWith({ key: 'name', isDescending: true })
  })
})

describe('choosing rows', () => {
  const letters = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name }))

  function Table() {
    const [checked, setChecked] = useState<ReadonlySet<string>>(new Set())
    return (
      <>
        <DataTable
          label="Letters"
          columns={[{ key: 'name', title: 'Name', widthPx: 100, value: (row: { name: string }) => row.name }]}
          rows={letters}
          rowKey={(row) => row.name}
          sort={{ key: 'name', isDescending: false }}
          onSort={() => undefined}
          checkedKeys={checked}
          onCheck={setChecked}
        />
        <output>{[...checked].sort().join('')}</output>
      </>
    )
  }

  it('goes by boxes, by Shift over a range, and all at once', async () => {
    const user = userEvent.setup()
    render(<Table />)
    await user.click(screen.getByRole('checkbox', { name: 'Choose b' }))
    await user.keyboard('{Shift>}')
    await user.click(screen.getByRole('gridcell', { name: 'd' }))
    await user.keyboard('{/Shift}')
    expect(screen.getByRole('status')).toHaveTextContent('bcd')
    await user.click(screen.getByRole('checkbox', { name: 'Choose all letters' }))
    expect(screen.getByRole('status')).toHaveTextContent('abcde')
    await user.click(screen.getByRole('checkbox', { name: 'Choose all letters' }))
    expect(screen.getByRole('status')).toHaveTextContent('')
  })

  it('goes by the keyboard alone', async () => {
    const user = userEvent.setup()
    render(<Table />)
    screen.getByRole('grid', { name: 'Letters' }).focus()
    await user.keyboard('{ArrowDown} {ArrowDown}{ArrowDown} ')
    expect(screen.getByRole('status')).toHaveTextContent('ac')
    await user.keyboard('{Control>}a{/Control}')
    expect(screen.getByRole('status')).toHaveTextContent('abcde')
    await user.keyboard('{Escape}')
    expect(screen.getByRole('status')).toHaveTextContent('')
  })
})
