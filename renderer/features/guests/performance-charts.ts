// Which charts the archives of a node, a guest and a storage make, and how their values are read. Pure. What a version of
// Proxmox VE does not record makes no chart.
import type { PerformanceSeries } from '#shared/contracts/performance.ts'
import { formatBytes, formatPercent } from '#shared/model/quantities.ts'
import type { TimeSeries } from '#ui/TimeChart.tsx'
import type { MachineTarget } from './guest-ref.ts'

export interface PerformanceChart {
  title: string
  series: TimeSeries[]
  format(value: number): string
  range: readonly [number | null, number | null]
  isBinary: boolean
}

interface ChartPlan {
  title: string
  lines: ReadonlyArray<{ name: string; label: string; isFilled?: boolean }>
  format(value: number): string
  /** The top of the scale, where it is known. */
  top?: number
}

const formatRate = (value: number): string => `${formatBytes(value)}/s`
const formatNumber = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(1))
/** Pressure is recorded in percent. */
const formatPressure = (value: number): string => `${value.toFixed(value < 10 ? 1 : 0)} %`

const pressure: ChartPlan = {
  title: 'Pressure (waiting for)',
  lines: [
    { name: 'pressurecpusome', label: 'CPU' },
    { name: 'pressureiosome', label: 'I/O' },
    { name: 'pressurememorysome', label: 'Memory' },
  ],
  format: formatPressure,
}
const network: ChartPlan = {
  title: 'Network',
  lines: [
    { name: 'netin', label: 'In', isFilled: true },
    { name: 'netout', label: 'Out' },
  ],
  format: formatRate,
}

const plans: Record<MachineTarget['kind'], readonly ChartPlan[]> = {
  guest: [
    { title: 'CPU', lines: [{ name: 'cpu', label: 'Used', isFilled: true }], format: formatPercent, top: 1 },
    {
      title: 'Memory',
      lines: [
        { name: 'mem', label: 'Used', isFilled: true },
        { name: 'maxmem', label: 'Has' },
        { name: 'memhost', label: 'Taken from the host' },
      ],
      format: formatBytes,
    },
    network,
    {
      title: 'Disk',
      lines: [
        { name: 'diskread', label: 'Read', isFilled: true },
        { name: 'diskwrite', label: 'Write' },
      ],
      format: formatRate,
    },
    pressure,
  ],
  node: [
    {
      title: 'CPU',
      lines: [
        { name: 'cpu', label: 'Used', isFilled: true },
        { name: 'iowait', label: 'Waiting for I/O' },
      ],
      format: formatPercent,
      top: 1,
    },
    { title: 'Load', lines: [{ name: 'loadavg', label: 'Load average', isFilled: true }], format: formatNumber },
    {
      title: 'Memory',
      lines: [
        { name: 'memused', label: 'Used', isFilled: true },
        { name: 'memtotal', label: 'Has' },
        { name: 'arcsize', label: 'ZFS cache' },
      ],
      format: formatBytes,
    },
    network,
    {
      title: 'Root disk',
      lines: [
        { name: 'rootused', label: 'Used', isFilled: true },
        { name: 'roottotal', label: 'Has' },
      ],
      format: formatBytes,
    },
    {
      title: 'Swap',
      lines: [
        { name: 'swapused', label: 'Used', isFilled: true },
        { name: 'swaptotal', label: 'Has' },
      ],
      format: formatBytes,
    },
    pressure,
  ],
  storage: [
    {
      title: 'Usage',
      lines: [
        { name: 'used', label: 'Used', isFilled: true },
        { name: 'total', label: 'Has' },
      ],
      format: formatBytes,
    },
  ],
}

export function chartsOf(kind: MachineTarget['kind'], archive: PerformanceSeries): PerformanceChart[] {
  return plans[kind].flatMap(({ title, lines, format, top }) => {
    const series = lines.flatMap(({ name, label, isFilled }) => {
      const values = archive.series[name]
      return values ? [{ label, values, ...(isFilled ? { isFilled } : {}) }] : []
    })
    if (series.length === 0) return []
    return [{ title, series, format, range: [0, top ?? null] as const, isBinary: format === formatBytes || format === formatRate }]
  })
}
