// Two columns against each other, every row drawn: sparse data as spots, dense data as density. Dragging zooms
// in, a double click zooms out.
import 'uplot/dist/uPlot.min.css'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import { EmptyState } from '#ui/EmptyState.tsx'
import type { ResultTable } from '../result-table.ts'
import { axisTitle, ColumnPicker, plottableColumns } from './ColumnPicker.tsx'
import { extent, useColumns } from './column-data.ts'
import { radiusFor, toPixels, type RampName } from './density.ts'
import { inkOf } from '#ui/plot-ink.ts'
import { PlotFrame } from './PlotFrame.tsx'

function preferredPair(table: ResultTable): [number, number] | null {
  const columns = plottableColumns(table).filter((column) => !/id$/i.test(table.fields[column]!.name))
  const [first, second] = columns.length >= 2 ? columns : plottableColumns(table)
  return first !== undefined && second !== undefined ? [first, second] : null
}

export default function ScatterPlot({ table }: { table: ResultTable }) {
  const [pair, setPair] = useState<[number, number] | null>(() => preferredPair(table))
  const data = useColumns(table, pair ?? [])
  if (!pair) return <EmptyState title="Two numeric columns are needed">A scatter plot draws one column against another.</EmptyState>
  return (
    <PlotFrame
      data={data}
      exportName="scatter.png"
      controls={
        <>
          <ColumnPicker label="X" table={table} value={pair[0]} onChange={(x) => setPair([x, pair[1]])} />
          <ColumnPicker label="Y" table={table} value={pair[1]} onChange={(y) => setPair([pair[0], y])} />
        </>
      }
    >
      {(size, { values: [x, y] }) =>
        x && y && x.length > 0 ? (
          <Cloud x={x} y={y} titles={[axisTitle(table, pair[0]), axisTitle(table, pair[1])]} {...size} />
        ) : (
          <EmptyState title="Nothing to draw">No row has a value in both columns.</EmptyState>
        )
      }
    </PlotFrame>
  )
}

interface CloudProps {
  x: Float64Array
  y: Float64Array
  titles: [string, string]
  widthPx: number
  heightPx: number
}

const padded = (range: [number, number] | null): [number, number] => {
  const [low, high] = range ?? [0, 1]
  const margin = (high - low || Math.abs(high) || 1) * 0.03
  return [low - margin, high + margin]
}

function Cloud({ x, y, titles, widthPx, heightPx }: CloudProps) {
  const host = useRef<HTMLDivElement>(null)
  const scheme = useComputedColorScheme('dark')
  const [titleX, titleY] = titles
  useEffect(() => {
    const ink = inkOf()
    const axis = { stroke: ink.text, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid }, font: '12px system-ui', labelFont: '12px system-ui' }
    const wholeX = padded(extent(x))
    const wholeY = padded(extent(y))
    // The series is empty: uPlot owns axes, zoom and cursor, the points are painted by the draw hook.
    const plot = new uPlot(
      {
        width: widthPx,
        height: heightPx - 4,
        legend: { show: false },
        cursor: { drag: { x: true, y: true, uni: 20 } },
        scales: {
          x: { time: false, range: (_plot, low, high) => (low === null || high === null || low === high ? wholeX : [low, high]) },
          y: { range: (_plot, low, high) => (low === null || high === null || low === high ? wholeY : [low, high]) },
        },
        axes: [{ ...axis, label: titleX }, { ...axis, label: titleY, size: 70 }],
        series: [{}, { show: true, points: { show: false }, paths: () => null }],
        hooks: { drawAxes: [(drawn) => paint(drawn, x, y, scheme)] },
      },
      [wholeX, wholeY],
      host.current!,
    )
    return () => plot.destroy()
  }, [x, y, titleX, titleY, widthPx, heightPx, scheme])
  return <div ref={host} role="img" aria-label={`${titleY} against ${titleX}`} data-testid="scatter" />
}

/** Counts the points per pixel of the plotting area and lays the picture over the grid. */
function paint(plot: uPlot, x: Float64Array, y: Float64Array, ramp: RampName): void {
  const { left, top, width, height } = plot.bbox
  const { min: lowX, max: highX } = plot.scales['x']!
  const { min: lowY, max: highY } = plot.scales['y']!
  if (lowX == null || highX == null || lowY == null || highY == null || width < 1 || height < 1) return
  const counts = new Uint32Array(Math.floor(width) * Math.floor(height))
  const columns = Math.floor(width)
  const rows = Math.floor(height)
  const scaleX = columns / (highX - lowX)
  const scaleY = rows / (highY - lowY)
  for (let index = 0; index < x.length; index += 1) {
    const column = Math.floor((x[index]! - lowX) * scaleX)
    const row = rows - 1 - Math.floor((y[index]! - lowY) * scaleY)
    if (column >= 0 && column < columns && row >= 0 && row < rows) counts[row * columns + column]! += 1
  }
  const { pixels } = toPixels(counts, columns, rows, radiusFor(x.length), ramp)
  const layer = new OffscreenCanvas(columns, rows)
  layer.getContext('2d')!.putImageData(new ImageData(pixels, columns, rows), 0, 0)
  plot.ctx.drawImage(layer, Math.round(left), Math.round(top))
}
