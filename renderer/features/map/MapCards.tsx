// The cards of the map: an entity, a crowd of one kind, and the band behind a layer.
import { Handle, Position, type Node, type NodeProps } from '@xyflow/react'
import { memo } from 'react'
import { formatBytes, formatPercent } from '#shared/model/quantities.ts'
import type { Entity, EntityKind, Health } from '#shared/model/inventory.ts'
import { EntityIcon, entityKindNames } from '#ui/EntityIcon.tsx'
import { healthColor, healthSymbol, healthWord } from '#ui/theme.ts'
import type { MapCard, MapGroup } from './map-layout.ts'

export type EntityNode = Node<{ card: MapCard; isSelected: boolean; isDim: boolean; isStale: boolean }, 'entity'>
export type GroupNode = Node<{ group: MapGroup; isDim: boolean; onOpen: (id: string) => void }, 'crowd'>
export type BandNode = Node<{ title: string }, 'band'>
export type MapNode = EntityNode | GroupNode | BandNode

const handles = (
  <>
    <Handle className="map-handle" type="target" position={Position.Top} isConnectable={false} />
    <Handle className="map-handle" type="source" position={Position.Bottom} isConnectable={false} />
  </>
)

export const EntityCard = memo(function EntityCard({ data }: NodeProps<EntityNode>) {
  const { entity } = data.card
  return (
    <div
      className="map-card"
      data-selected={data.isSelected || undefined}
      data-dim={data.isDim || undefined}
      data-stale={data.isStale || undefined}
      data-entity={entity.name}
      title={`${entityKindNames[entity.kind].one} ${entity.name}: ${entity.status}`}
    >
      {handles}
      <span className="map-card-bar" style={{ background: healthColor(entity.health) }} />
      <EntityIcon kind={entity.kind} size={entity.kind === 'node' ? 22 : 17} />
      <div style={{ minWidth: 0 }}>
        <div className="map-card-name">
          {entity.health === 'ok' ? null : (
            <span className="map-card-sign" aria-hidden style={{ color: healthColor(entity.health) }}>
              {healthSymbol[entity.health]}{' '}
            </span>
          )}
          {entity.name}
        </div>
        <div className="map-card-status">
          <span aria-hidden style={{ color: healthColor(entity.health) }}>{healthSymbol[entity.health]}</span> {subtitleOf(entity)}
        </div>
      </div>
      {entity.kind === 'node' ? <NodeMeters entity={entity} /> : null}
    </div>
  )
})

/** The state, and the one fact people look for on that kind. */
function subtitleOf(entity: Entity): string {
  const { facts } = entity
  if (entity.kind === 'guest' && facts['vmid'] !== undefined) return `${facts['vmid']} · ${entity.status}`
  if (entity.kind === 'storage' || entity.kind === 'datastore') {
    const used = facts['diskBytes']
    const total = facts['diskTotalBytes']
    if (typeof used === 'number' && typeof total === 'number' && total > 0) return `${formatPercent(used / total)} of ${formatBytes(total)}`
  }
  return entity.status
}

function NodeMeters({ entity }: { entity: Entity }) {
  const { cpuFraction, memoryBytes, memoryTotalBytes } = entity.facts
  const memory = typeof memoryBytes === 'number' && typeof memoryTotalBytes === 'number' && memoryTotalBytes > 0 ? memoryBytes / memoryTotalBytes : null
  return (
    <div className="map-card-meters">
      <Meter label="CPU" fraction={typeof cpuFraction === 'number' ? cpuFraction : null} />
      <Meter label="RAM" fraction={memory} />
    </div>
  )
}

function Meter({ label, fraction }: { label: string; fraction: number | null }) {
  const color = (fraction ?? 0) > 0.9 ? 'var(--health-error)' : (fraction ?? 0) > 0.75 ? 'var(--health-warning)' : 'var(--mantine-primary-color-filled)'
  return (
    <>
      <span>{label}</span>
      <span className="map-meter">
        <span style={{ width: `${Math.round((fraction ?? 0) * 100)}%`, background: color }} />
      </span>
      <span style={{ minWidth: 30, textAlign: 'right' }}>{formatPercent(fraction)}</span>
    </>
  )
}

/** Where the full name would not fit a card. */
const shortNames: Partial<Record<EntityKind, string>> = { 'backup-group': 'backups', 'backup-job': 'backup jobs' }
const worstFirst: readonly Health[] = ['error', 'warning', 'unknown', 'ok', 'off']

export const GroupCard = memo(function GroupCard({ data }: NodeProps<GroupNode>) {
  const { group } = data
  const worst = worstFirst.find((health) => group.counts[health] > 0) ?? 'unknown'
  const present = worstFirst.filter((health) => group.counts[health] > 0)
  return (
    <div className="map-card map-group" data-dim={data.isDim || undefined} title={`${present.map((health) => `${group.counts[health]} ${healthWord[health].toLowerCase()}`).join(', ')}. Open to see each.`}>
      {handles}
      <span className="map-card-bar" style={{ background: healthColor(worst) }} />
      <EntityIcon kind={group.entityKind} />
      <div style={{ minWidth: 0 }}>
        <div className="map-card-name">
          {group.memberIds.length} {shortNames[group.entityKind] ?? entityKindNames[group.entityKind].many.toLowerCase()}
        </div>
        <div className="map-card-status">
          {present.map((health) => (
            <span key={health} style={{ marginRight: 8 }}>
              <span aria-hidden style={{ color: healthColor(health) }}>{healthSymbol[health]}</span> {group.counts[health]}
            </span>
          ))}
        </div>
      </div>
    </div>
  )
})

export const Band = memo(function Band({ data }: NodeProps<BandNode>) {
  return (
    <div className="map-band">
      <span>{data.title}</span>
    </div>
  )
})
