// Values over time: lines with gaps where nothing is known, a legend that reads the value under the pointer, and a
// zoom by dragging that may be shared by several charts. Drawn by uPlot; fits the width it is given.
import 'uplot/dist/uPlot.min.css'
import './time-chart.css'
import { useComputedColorScheme } from '@mantine/core'
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import { inkOf, seriesColors } from './plot-ink.ts'

export interface TimeSeries {
  label: string
  /** As long as `timesMs`; null where nothing is known, which leaves a gap. */
  values: ReadonlyArray<number | null>
  /** Fills the area below the line. */
  isFilled?: boolean
  color?: string
}

interface TimeChartProps {
  title: string
  /** Milliseconds since the Unix epoch, ascending. */
  timesMs: readonly number[]
  series: readonly TimeSeries[]
  /** How a value is read: `formatBytes`, `formatPercent`. */
  format(value: number): string
  /** Fixed ends of the scale; null leaves an end to the data. */
  range?: readonly [number | null, number | null]
  /** Limits drawn as dashed lines, with their names. */
  marks?: ReadonlyArray<{ value: number; label: string }>
  heightPx?: number
  /** Ticks at powers of two: for bytes. */
  isBinary?: boolean
  /** Charts of the same group show the pointer at the same time. */
  group?: string
}

export function TimeChart(props: TimeChartProps) {
  const { title, timesMs, series, format, range, marks, heightPx = 170, group, isBinary = false } = props
  const host = useRef<HTMLDivElement>(null)
  const [widthPx, setWidth] = useState(0)
  const scheme = useComputedColorScheme('dark')
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)))
    observer.observe(host.current!)
    return () => observer.disconnect()
  }, [])
  useEffect(() => {
    if (widthPx === 0) return
    const ink = inkOf()
    const colors = series.map((one, index) => one.color ?? seriesColors[scheme][index % seriesColors[scheme].length]!)
    const axis = { stroke: ink.text, grid: { stroke: ink.grid, width: 1 }, ticks: { stroke: ink.grid }, font: '11px system-ui' }
    const [low, high] = range ?? [0, null]
    const read = (_plot: uPlot, value: number | null): string => (value === null || value === undefined ? '—' : format(value))
    const plot = new uPlot(
      {
        width: widthPx,
        height: heightPx,
        ms: 1,
        cursor: { drag: { x: true, y: false }, ...(group ? { sync: { key: group } } : {}) },
        legend: { live: true },
        scales: { x: { time: true }, y: { range: (_plot, seenLow, seenHigh) => rangeOf(low, high, seenLow, seenHigh, marks) } },
        axes: [axis, { ...axis, size: labelWidth, ...(isBinary ? { incrs: binarySteps } : {}), values: (_plot, ticks) => ticks.map((tick) => format(tick)) }],
        series: [
          { value: (_plot, value) => (value === null || value === undefined ? '—' : new Date(value).toLocaleString()) },
          ...series.map((one, index) => ({
            label: one.label,
            stroke: colors[index]!,
            width: 1.5,
            spanGaps: false,
            points: { show: false },
            value: read,
            ...(one.isFilled ? { fill: `${colors[index]}2e` } : {}),
          })),
        ],
        hooks: {
          draw: [(drawn) => drawMarks(drawn, marks ?? [], ink.text)],
          ready: [readNewest],
          setCursor: [(moved) => moved.cursor.idx ?? readNewest(moved)],
        },
      },
      [[...timesMs], ...series.map((one) => [...one.values])] as uPlot.AlignedData,
      host.current!,
    )
    return () => plot.destroy()
  }, [timesMs, series, format, range, marks, heightPx, group, isBinary, widthPx, scheme])
  return (
    <figure className="time-chart" aria-label={title}>
      <figcaption>{title}</figcaption>
      <div ref={host} role="img" aria-label={summaryOf(title, series, format)} style={{ minHeight: heightPx }} />
    </figure>
  )
}

const binarySteps = Array.from({ length: 56 }, (_, power) => 2 ** power)

/** Room for the longest label of the scale: `115.9 KiB/s` needs more than `50 %`. */
const labelWidth = (_plot: uPlot, labels: readonly string[] | null): number =>
  Math.max(44, Math.max(0, ...(labels ?? []).map((label) => label.length)) * 6.4 + 16)

/** Without a pointer on it the legend reads the newest values, not dashes. */
function readNewest(plot: uPlot): void {
  const last = plot.data[0].length - 1
  if (last >= 0) plot.setLegend({ idx: last }, false)
}

/** What the picture says, for those who do not see it: the newest value of each line. */
function summaryOf(title: string, series: readonly TimeSeries[], format: (value: number) => string): string {
  const newest = series.map(({ label, values }) => {
    const value = values.findLast((one) => one !== null)
    return `${label} ${value === null || value === undefined ? 'unknown' : format(value)}`
  })
  return `${title}: ${newest.join(', ')}`
}

function rangeOf(
  low: number | null,
  high: number | null,
  seenLow: number | null,
  seenHigh: number | null,
  marks: TimeChartProps['marks'],
): [number, number] {
  const bottom = low ?? seenLow ?? 0
  const top = high ?? Math.max((seenHigh ?? 1) * 1.08, ...(marks ?? []).map((mark) => mark.value * 1.05))
  return top > bottom ? [bottom, top] : [bottom, bottom + 1]
}

function drawMarks(plot: uPlot, marks: ReadonlyArray<{ value: number; label: string }>, color: string): void {
  const { ctx: pen, bbox } = plot
  pen.save()
  pen.strokeStyle = color
  pen.fillStyle = color
  pen.font = `${11 * devicePixelRatio}px system-ui`
  pen.textAlign = 'left'
  pen.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio])
  for (const { value, label } of marks) {
    const y = plot.valToPos(value, 'y', true)
    if (y < bbox.top || y > bbox.top + bbox.height) continue
    pen.beginPath()
    pen.moveTo(bbox.left, y)
    pen.lineTo(bbox.left + bbox.width, y)
    pen.stroke()
    pen.fillText(label, bbox.left + 6, y - 4 * devicePixelRatio)
  }
  pen.restore()
}
