// What was last known of a cluster that does not answer: nodes, workloads and pods from the inventory, with their age,
// to read only.
import { SegmentedControl } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useInventory } from '#client/inventory.store.ts'
import { navigate } from '#client/location.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Entity, EntityKind } from '#shared/model/inventory.ts'
import { Age } from '#ui/Age.tsx'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'

const groups: Array<{ value: string; label: string; kinds: EntityKind[] }> = [
  { value: 'nodes', label: 'Nodes', kinds: ['kubernetes-node'] },
  { value: 'workloads', label: 'Workloads', kinds: ['workload', 'job', 'ray-cluster', 'ray-job'] },
  { value: 'pods', label: 'Pods', kinds: ['pod'] },
]

const columns: Column<Entity>[] = [
  { key: 'name', title: 'Name', widthPx: 260, value: (entity) => entity.name },
  { key: 'place', title: 'In', widthPx: 160, value: (entity) => entity.parentId?.split('/').pop() ?? '' },
  { key: 'state', title: 'Last known state', widthPx: 240, value: (entity) => entity.status, render: (entity) => <HealthMark health={entity.health} label={entity.status} /> },
]

export function KnownPanel({ connectionId, kind }: { connectionId: ConnectionId; kind: string }) {
  const entities = useInventory((state) => state.entities)
  const source = useInventory((state) => state.sources.find((item) => item.connectionId === connectionId))
  const [chosen, setChosen] = useState(kind === 'nodes' ? 'nodes' : kind === 'pods' || kind === 'overview' ? 'pods' : 'workloads')
  const [sort, setSort] = useState<Sort>({ key: 'name', isDescending: false })
  const group = groups.find((item) => item.value === chosen) ?? groups[0]!
  const rows = useMemo(
    () => [...entities.values()].filter((entity) => entity.connectionId === connectionId && group.kinds.includes(entity.kind)),
    [entities, connectionId, group],
  )
  return (
    <>
      <div className="screen-head">
        <h1>Last known</h1>
        <SegmentedControl aria-label="What" size="xs" data={groups.map(({ value, label }) => ({ value, label }))} value={chosen} onChange={setChosen} />
        <span className="kbd-hint" role="status">
          {rows.length} · seen <Age atMs={source?.lastSeenAtMs ?? null} />
        </span>
      </div>
      <div className="kube-body">
        {rows.length > 0 ? (
          <DataTable<Entity>
            label={`Last known ${group.label.toLowerCase()}`}
            columns={columns}
            rows={rows}
            rowKey={(entity) => entity.id}
            sort={sort}
            onSort={setSort}
            onOpen={(entity) => navigate('/inventory', { kind: entity.kind, entity: entity.id })}
          />
        ) : (
          <EmptyState title="Nothing is known of it">Meridian has never seen {group.label.toLowerCase()} of this cluster.</EmptyState>
        )}
      </div>
    </>
  )
}
