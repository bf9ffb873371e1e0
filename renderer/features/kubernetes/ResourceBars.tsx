// How much of a resource is asked for, allowed and used: bars against what a node can give.
import type { ResourceUse } from '#shared/model/kubernetes.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { formatCpu } from './kind-columns.tsx'

const format = (unit: ResourceUse['unit'], value: number): string => (unit === 'bytes' ? formatBytes(value) : unit === 'cpu' ? formatCpu(value) : String(value))

export function ResourceBars({ resources, isPod = false }: { resources: readonly ResourceUse[]; isPod?: boolean }) {
  return (
    <div className="kube-bars">
      {resources.map((use) => (
        <ResourceBar key={use.name} use={use} isPod={isPod} />
      ))}
    </div>
  )
}

function ResourceBar({ use, isPod }: { use: ResourceUse; isPod: boolean }) {
  const { name, unit, requested, limits, used } = use
  const whole = isPod ? Math.max(limits, requested, used ?? 0) : use.allocatable
  const share = (value: number): number => (whole > 0 ? Math.min(100, (100 * value) / whole) : 0)
  const text = (value: number): string => format(unit, value)
  const isFull = !isPod && whole > 0 && requested / whole > 0.95
  const words = isPod
    ? `${text(requested)} requested${limits > 0 ? `, at most ${text(limits)}` : ', no limit'}${used === null ? '' : `, ${text(used)} used`}`
    : `${text(requested)} of ${text(use.allocatable)} requested${used === null ? '' : `, ${text(used)} used`}${limits > requested ? `, limits ${text(limits)}` : ''}`
  return (
    <div>
      <div className="kube-bar-head">
        <span>{name}</span>
        <span className="kube-dim">{words}</span>
      </div>
      <div className="kube-bar" role="img" aria-label={`${name}: ${words}`}>
        <div className="kube-bar-requested" data-full={isFull || undefined} style={{ width: `${share(requested)}%` }} />
        {used === null ? null : <div className="kube-bar-used" style={{ width: `${share(used)}%` }} />}
      </div>
    </div>
  )
}
