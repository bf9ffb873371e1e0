// How a node, a guest or a storage has performed, as charts over an hour to a year.
import { Group, Loader, SegmentedControl, Text } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useLoaded } from '#client/use-loaded.ts'
import type { Timeframe } from '#shared/contracts/performance.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { TimeChart } from '#ui/TimeChart.tsx'
import type { MachineTarget } from './guest-ref.ts'
import { chartsOf } from './performance-charts.ts'

const frames: ReadonlyArray<{ value: Timeframe; label: string }> = [
  { value: 'hour', label: 'Hour' },
  { value: 'day', label: 'Day' },
  { value: 'week', label: 'Week' },
  { value: 'month', label: 'Month' },
  { value: 'year', label: 'Year' },
]
const minuteMs = 60_000

interface PerformancePanelProps {
  connectionId: ConnectionId
  target: MachineTarget
  /** A few charts of the last hour, without choices. */
  isBrief?: boolean
}

export function PerformancePanel({ connectionId, target, isBrief = false }: PerformancePanelProps) {
  const [timeframe, setTimeframe] = useState<Timeframe>('hour')
  const [consolidation, setConsolidation] = useState<'average' | 'maximum'>('average')
  const key = `${connectionId} ${JSON.stringify(target)} ${timeframe} ${consolidation}`
  const { value, error, reload } = useLoaded(
    key,
    (client, options) => client.performance.read({ connectionId, target, timeframe, consolidation }, options),
    { everyMs: timeframe === 'hour' ? minuteMs : 10 * minuteMs },
  )
  const charts = useMemo(() => (value ? chartsOf(target.kind, value) : []), [value, target.kind])
  return (
    <>
      {isBrief ? null : (
        <Group mb="md" gap="sm">
          <SegmentedControl aria-label="Period" size="xs" data={[...frames]} value={timeframe} onChange={(next) => setTimeframe(next as Timeframe)} />
          <SegmentedControl
            aria-label="Points"
            size="xs"
            data={[
              { value: 'average', label: 'Average' },
              { value: 'maximum', label: 'Maximum' },
            ]}
            value={consolidation}
            onChange={(next) => setConsolidation(next as 'average' | 'maximum')}
          />
          <Text size="xs" c="var(--text-dim)">
            From Proxmox VE’s own archives; a gap is a time without a record. Drag over a chart to look closer, click twice to see all again.
          </Text>
        </Group>
      )}
      {error ? <ErrorNotice error={error} title="The archives could not be read" onRetry={reload} /> : null}
      {!value && !error ? <Loader role="img" size="sm" aria-label="Reading the archives" /> : null}
      {value && charts.length === 0 ? <EmptyState title="Nothing is recorded yet">Proxmox VE writes a first point within some minutes.</EmptyState> : null}
      <div className="machine-grid">
        {charts.slice(0, isBrief ? 2 : undefined).map((chart) => (
          <TimeChart
            key={chart.title}
            title={chart.title}
            timesMs={value!.timesMs}
            series={chart.series}
            format={chart.format}
            range={chart.range}
            isBinary={chart.isBinary}
            group="machine"
            heightPx={isBrief ? 140 : 180}
          />
        ))}
      </div>
    </>
  )
}
