// The four figures of all cards over time, with one pointer.
import { useMemo } from 'react'
import type { Gpu, GpuHistory } from '#shared/contracts/gpu.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { TimeChart, type TimeSeries } from '#ui/TimeChart.tsx'

const asPercent = (value: number): string => `${Math.round(value)} %`
const asCelsius = (value: number): string => `${Math.round(value)} °C`
const asWatts = (value: number): string => `${Math.round(value)} W`
const asMemory = (value: number): string => formatBytes(value * 2 ** 20)
const percentRange = [0, 100] as const
const heightPx = 130

/** The whole span is drawn, also where nothing is known of it. */
function overSpan({ timesMs, gpus }: GpuHistory, spanMs: number): GpuHistory {
  const newestMs = timesMs.at(-1)
  if (newestMs === undefined || timesMs[0]! <= newestMs - spanMs) return { timesMs, gpus }
  const pad = (values: GpuHistory['gpus'][number]['powerWatts']) => [null, ...values]
  return {
    timesMs: [newestMs - spanMs, ...timesMs],
    gpus: gpus.map(({ uuid, utilizationPercent, memoryUsedMebibytes, temperatureC, powerWatts }) => ({
      uuid,
      utilizationPercent: pad(utilizationPercent),
      memoryUsedMebibytes: pad(memoryUsedMebibytes),
      temperatureC: pad(temperatureC),
      powerWatts: pad(powerWatts),
    })),
  }
}

type Key = 'utilizationPercent' | 'memoryUsedMebibytes' | 'temperatureC' | 'powerWatts'

export function GpuCharts({ gpus, history: known, spanMs }: { gpus: readonly Gpu[]; history: GpuHistory; spanMs: number }) {
  const history = useMemo(() => overSpan(known, spanMs), [known, spanMs])
  const names = useMemo(() => new Map(gpus.map(({ uuid, index }) => [uuid, `GPU ${index}`])), [gpus.map(({ uuid }) => uuid).join()]) // eslint-disable-line react-hooks/exhaustive-deps -- readings come every few seconds; the cards stay
  const series = useMemo(() => {
    const of = (key: Key): TimeSeries[] =>
      history.gpus.map((one) => ({ label: names.get(one.uuid) ?? one.uuid.slice(0, 12), values: one[key], isFilled: history.gpus.length === 1 }))
    return { utilization: of('utilizationPercent'), memory: of('memoryUsedMebibytes'), temperature: of('temperatureC'), power: of('powerWatts') }
  }, [history, names])
  const memoryRange = useMemo(() => [0, Math.max(...gpus.map((one) => one.memoryTotalMebibytes ?? 0)) || null] as const, [gpus[0]?.memoryTotalMebibytes, gpus.length]) // eslint-disable-line react-hooks/exhaustive-deps -- the same
  const common = { timesMs: history.timesMs, heightPx, group: 'gpu' }
  return (
    <div className="gpu-charts">
      <TimeChart title="Utilisation" series={series.utilization} format={asPercent} range={percentRange} {...common} />
      <TimeChart title="Memory" series={series.memory} format={asMemory} range={memoryRange} {...common} />
      <TimeChart title="Temperature" series={series.temperature} format={asCelsius} {...common} />
      <TimeChart title="Power" series={series.power} format={asWatts} {...common} />
    </div>
  )
}
