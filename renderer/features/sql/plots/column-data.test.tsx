import { screen, waitFor } from '@testing-library/react'
import { tableFromArrays, type RecordBatch } from 'apache-arrow'
import { beforeEach, describe, expect, it } from 'vitest'
import { freshPage, show } from '../../../testing/show.tsx'
import { ResultTable } from '../result-table.ts'
import { useColumns } from './column-data.ts'
import HistogramPlot from './HistogramPlot.tsx'
import SkyPlot from './SkyPlot.tsx'

const batchOf = (columns: Record<string, unknown[]>): RecordBatch => tableFromArrays(columns as Record<string, number[]>).batches[0] as RecordBatch
function tableOf(columns: Record<string, unknown[]>): ResultTable {
  const batch = batchOf(columns)
  const table = new ResultTable()
  table.setSchema(batch.schema)
  if (batch.numRows > 0) table.append(batch)
  return table
}

function Probe({ table, columns }: { table: ResultTable; columns: number[] }) {
  const data = useColumns(table, columns)
  return <output>{data ? JSON.stringify(data.values.map((values) => [...values])) : 'reading'}</output>
}

beforeEach(() => freshPage())

describe('columns of a result that still grows', () => {
  it('are read at once, and again when rows have arrived', async () => {
    const table = tableOf({ z: [1, 2] })
    show(<Probe table={table} columns={[0]} />)
    await waitFor(() => expect(screen.getByRole('status')).toHaveTextContent('[[1,2]]'))
    table.append(batchOf({ z: [3] }))
    await waitFor(() => expect(screen.getByRole('status')).toHaveTextContent('[[1,2,3]]'), { timeout: 3000 })
  })

  it('keep being read although rows never stop coming', async () => {
    const table = tableOf({ z: [0] })
    const timer = setInterval(() => table.append(batchOf({ z: [1] })), 5)
    show(<Probe table={table} columns={[0]} />)
    await waitFor(() => expect(screen.getByRole('status')).toHaveTextContent('[0,1,1,1'), { timeout: 5000 })
    clearInterval(timer)
  })

  it('never show the numbers of one column under the name of another', async () => {
    const table = tableOf({ x: [1], y: [9] })
    const { rerender, client } = show(<Probe table={table} columns={[0]} />)
    await waitFor(() => expect(screen.getByRole('status')).toHaveTextContent('[[1]]'))
    void client
    rerender(<Probe table={table} columns={[1]} />)
    expect(screen.getByRole('status')).toHaveTextContent('reading')
    await waitFor(() => expect(screen.getByRole('status')).toHaveTextContent('[[9]]'))
  })
})

describe('plots of nothing', () => {
  const size = { width: 600, height: 300 } as DOMRectReadOnly
  beforeEach(() => {
    class Sized implements ResizeObserver {
      private readonly tell: ResizeObserverCallback
      constructor(tell: ResizeObserverCallback) {
        this.tell = tell
      }
      observe(): void {
        this.tell([{ contentRect: size } as ResizeObserverEntry], this)
      }
      unobserve(): void {}
      disconnect(): void {}
    }
    window.ResizeObserver = Sized
  })

  it('say that no row has a value, and offer no picture of it', async () => {
    show(<HistogramPlot table={tableOf({ z: [NaN, -9999] })} />)
    expect(await screen.findByRole('heading', { name: 'Nothing to draw' })).toBeInTheDocument()
    expect(screen.getByTestId('plot-status')).toHaveTextContent('0 rows drawn; 2 without a value')
    expect(screen.getByRole('button', { name: 'PNG' })).toBeDisabled()
  })

  it('say which columns are needed', () => {
    show(<HistogramPlot table={tableOf({ name: ['a', 'b'] })} />)
    expect(screen.getByRole('heading', { name: 'No numeric column' })).toBeInTheDocument()
  })

  it('ask for the position where no column is called so', () => {
    show(<SkyPlot table={tableOf({ x: [1], y: [2] })} />)
    expect(screen.getByRole('heading', { name: 'Which columns are the position?' })).toBeInTheDocument()
    expect(screen.getByTestId('plot-status')).not.toHaveTextContent('Reading')
  })
})
