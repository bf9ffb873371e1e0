// How one column is distributed.
import 'uplot/dist/uPlot.min.css'
import { SegmentedControl, Switch, useComputedColorScheme } from '@mantine/core'
import { useEffect, useMemo, useRef, useState } from 'react'
import uPlot from 'uplot'
import { EmptyState } from '#ui/EmptyState.tsx'
import type { ResultTable } from '../result-table.ts'
import { axisTitle, ColumnPicker, plottableColumns } from './ColumnPicker.tsx'
import { extent, useColumns } from './column-data.ts'
import { binValues, type Histogram } from './histogram.ts'
import { inkOf } from '#ui/plot-ink.ts'
import { PlotFrame } from './PlotFrame.tsx'

/** The column people most likely want first: a redshift if there is one. */
const preferred = (table: ResultTable): number | null => {
  const columns = plottableColumns(table)
  return columns.find((column) => table.fields[column]!.name === 'z') ?? columns.find((column) => !/id$/i.test(table.fields[column]!.name)) ?? columns[0] ?? null
}

export default function HistogramPlot({ table }: { table: ResultTable }) {
  const [column, setColumn] = useState<number | null>(() => preferred(table))
  const [bins, setBins] = useState('100')
  const [isLog, setLog] = useState(false)
  const data = useColumns(table, column === null ? [] : [column])
  const histogram = useMemo(() => {
    const range = data ? extent(data.values[0]!) : null
    return data && range ? binValues(data.values[0]!, Number(bins), range) : null
  }, [data, bins])
  if (column === null) return <EmptyState title="No numeric column">A histogram needs a column of numbers.</EmptyState>
  return (
    <PlotFrame
      data={data}
      exportName={`histogram-${table.fields[column]?.name ?? 'column'}.png`}
      controls={
        <>
          <ColumnPicker label="Column" table={table} value={column} onChange={setColumn} />
          <SegmentedControl size="xs" aria-label="Bins" data={['30', '100', '300']} value={bins} onChange={setBins} />
          <Switch size="xs" label="Log counts" checked={isLog} onChange={(event) => setLog(event.currentTarget.checked)} />
        </>
      }
    >
      {(size) =>
        histogram ? (
          <Bars histogram={histogram} title={axisTitle(table, column)} isLog={isLog} {...size} />
        ) : (
          <EmptyState title="Nothing to draw">No row has a value in this column.</EmptyState>
        )
      }
    </PlotFrame>
  )
}

interface BarsProps {
  histogram: Histogram
  title: string
  isLog: boolean
  widthPx: number
  heightPx: number
}

function Bars({ histogram, title, isLog, widthPx, heightPx }: BarsProps) {
  const host = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('dark')
  useEffect(() => {
    const ink = inkOf()
    const { edges, counts } = histogram
    const bars = Array.from(counts, (count) => (isLog && count === 0 ? null : count))
    const axis = { stroke: ink.text, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid }, font: '12px system-ui', labelFont: '12px system-ui' }
    const plot = new uPlot(
      {
        width: widthPx,
        height: heightPx - 4,
        legend: { show: false },
        cursor: { drag: { x: true, y: false } },
        scales: { x: { time: false }, y: isLog ? { distr: 3 } : { range: (_plot, _low, high) => [0, high * 1.05 || 1] } },
        axes: [{ ...axis, label: title }, { ...axis, label: 'rows per bin', size: 70 }],
        series: [{}, { stroke: ink.accent, fill: `${ink.accent}55`, width: 1, points: { show: false }, paths: uPlot.paths.bars!({ size: [1, Infinity], gap: 0, align: 1 }) }],
      },
      [Array.from(edges.subarray(0, counts.length)), bars],
      host.current!,
    )
    return () => plot.destroy()
  }, [histogram, title, isLog, widthPx, heightPx, scheme])
  return <div ref={host} role="img" aria-label={`Histogram of ${title}`} data-testid="histogram" />
}
