// One card now: what it does, how full, how hot, how hungry, and what slows it.
import { Badge, Progress } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Gpu } from '#shared/contracts/gpu.ts'
import { formatBytes } from '#shared/model/quantities.ts'

const mebibyte = 2 ** 20
const share = (part: number | null, whole: number | null): number | null =>
  part === null || whole === null || whole === 0 ? null : Math.min(100, (100 * part) / whole)
const hotC = 85

export function GpuCard({ gpu }: { gpu: Gpu }) {
  const memory = share(gpu.memoryUsedMebibytes, gpu.memoryTotalMebibytes)
  const power = share(gpu.powerWatts, gpu.powerLimitWatts)
  return (
    <section className="gpu-card" aria-label={`GPU ${gpu.index}`}>
      <header>
        <strong>
          {gpu.index} · {gpu.name}
        </strong>
        <span className="gpu-dim">
          {[gpu.performanceState, gpu.smClockMegahertz === null ? null : `${gpu.smClockMegahertz} MHz`, gpu.fanPercent === null ? null : `fan ${gpu.fanPercent} %`].filter(Boolean).join(' · ')}
        </span>
      </header>
      <div className="gpu-figures">
        <Figure name="Utilisation" value={gpu.utilizationPercent} part={gpu.utilizationPercent} text={percent(gpu.utilizationPercent)} />
        <Figure
          name="Memory"
          value={gpu.memoryUsedMebibytes}
          part={memory}
          text={gpu.memoryUsedMebibytes === null ? '—' : formatBytes(gpu.memoryUsedMebibytes * mebibyte)}
          note={gpu.memoryTotalMebibytes === null ? '' : `of ${formatBytes(gpu.memoryTotalMebibytes * mebibyte)}`}
        />
        <Figure name="Temperature" value={gpu.temperatureC} part={share(gpu.temperatureC, 100)} isBad={(gpu.temperatureC ?? 0) >= hotC} text={gpu.temperatureC === null ? '—' : `${gpu.temperatureC} °C`} />
        <Figure name="Power" value={gpu.powerWatts} part={power} text={gpu.powerWatts === null ? '—' : `${gpu.powerWatts.toFixed(0)} W`} note={gpu.powerLimitWatts === null ? '' : `of ${gpu.powerLimitWatts.toFixed(0)} W`} />
      </div>
      <Notes gpu={gpu} />
    </section>
  )
}

const percent = (value: number | null): string => (value === null ? '—' : `${value} %`)

function Figure(props: { name: string; value: number | null; part: number | null; text: string; note?: string; isBad?: boolean }) {
  return (
    <div className="gpu-figure">
      <span className="gpu-dim">{props.name}</span>
      <span className="gpu-value" data-bad={props.isBad || undefined}>
        {props.text} <small>{props.note}</small>
      </span>
      <Progress value={props.part ?? 0} size={5} color={props.isBad ? 'red' : 'meridian'} aria-label={`${props.name} ${props.text}`} />
    </div>
  )
}

function Notes({ gpu }: { gpu: Gpu }) {
  const notes: ReactNode[] = [
    ...gpu.throttleReasons.map((reason) => badge(`slowed: ${reason}`, 'yellow')),
    ...(gpu.uncorrectedErrors ? [badge(`${gpu.uncorrectedErrors} uncorrected memory errors`, 'red')] : []),
    ...(gpu.migDevices ? [badge(gpu.migDevices.length > 0 ? `divided: ${gpu.migDevices.join(', ')}` : 'MIG on, not divided', 'gray')] : []),
  ]
  return notes.length === 0 ? null : <div className="gpu-notes">{notes}</div>
}

const badge = (text: string, color: string): ReactNode => (
  <Badge key={text} variant="light" color={color} style={{ textTransform: 'none' }}>
    {text}
  </Badge>
)
