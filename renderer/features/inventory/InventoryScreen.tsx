// Everything the site has, as tables: one tab a kind, with filter, sorting, choice of columns, CSV and details.
import { Button, Checkbox, Group, Menu, SegmentedControl, TextInput } from '@mantine/core'
import { IconColumns3, IconDownload, IconListDetails, IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useInventory } from '#client/inventory.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import { entityKinds, type Entity, type EntityKind } from '#shared/model/inventory.ts'
import { DataTable, toCsv, type Sort } from '#ui/DataTable.tsx'
import { downloadText } from '#ui/download.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { EntityDetails } from '#ui/EntityDetails.tsx'
import { EntityIcon, entityKindNames } from '#ui/EntityIcon.tsx'
import { columnsFor, type InventoryColumn } from './inventory-columns.tsx'

type Which = 'all' | 'problems'

export default function InventoryScreen() {
  const { query } = usePlace()
  const entities = useInventory((state) => state.entities)
  const byKind = useMemo(() => Map.groupBy(entities.values(), (entity) => entity.kind), [entities])
  const kinds = entityKinds.filter((kind) => byKind.has(kind))
  const wanted = query.get('kind') as EntityKind | null
  const kind = wanted && byKind.has(wanted) ? wanted : byKind.has('guest') ? 'guest' : kinds[0]
  if (!kind) {
    return (
      <EmptyState icon={<IconListDetails size={40} />} title="Nothing is known of this site yet" action={<Button onClick={() => navigate('/connections')}>Look at its connections</Button>}>
        As soon as one of its systems has answered, everything in it is listed here, and stays readable without a network.
      </EmptyState>
    )
  }
  return (
    <div className="screen">
      <div className="screen-head" style={{ paddingBottom: 4 }}>
        <h1>Inventory</h1>
        <div style={{ flex: 1 }}>
          <Group gap={2} role="tablist" aria-label="Kinds">
            {kinds.map((item) => (
              <Button
                key={item}
                role="tab"
                aria-selected={item === kind}
                size="compact-sm"
                variant={item === kind ? 'light' : 'subtle'}
                color={item === kind ? undefined : 'gray'}
                leftSection={<EntityIcon kind={item} size={15} />}
                onClick={() => navigate('/inventory', { kind: item })}
                style={{ flexShrink: 0 }}
              >
                {entityKindNames[item].many} {byKind.get(item)!.length}
              </Button>
            ))}
          </Group>
        </div>
      </div>
      <KindTable key={kind} kind={kind} entities={byKind.get(kind)!} selectedId={query.get('entity')} />
    </div>
  )
}

function KindTable({ kind, entities, selectedId }: { kind: EntityKind; entities: Entity[]; selectedId: string | null }) {
  const all = useInventory((state) => state.entities)
  const edges = useInventory((state) => state.edges)
  const sources = useInventory((state) => state.sources)
  const isCompact = useSession((state) => state.settings?.density === 'compact')
  const [text, setText] = useState('')
  const [only, setOnly] = useState<Which>('all')
  const [sort, setSort] = useState<Sort>({ key: 'name', isDescending: false })
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  const columns = useMemo(() => columnsFor(kind, entities, (id) => all.get(id)?.name ?? id), [kind, entities, all])
  const visible = columns.filter((column) => column.isShownAtFirst !== toggled.has(column.key))
  const rows = useMemo(() => filterRows(entities, columns, text, only), [entities, columns, text, only])
  const selected = selectedId ? all.get(selectedId) : undefined
  const select = (entity: Entity | null): void => navigate('/inventory', entity ? { kind, entity: entity.id } : { kind })
  return (
    <>
      <Group px={20} pb={10} gap="sm">
        <TextInput
          aria-label="Filter"
          placeholder={`Filter ${entityKindNames[kind].many.toLowerCase()}: name, address, tag, state`}
          leftSection={<IconSearch size={15} />}
          size="sm"
          w={340}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <SegmentedControl aria-label="Which" size="xs" data={[{ value: 'all', label: 'All' }, { value: 'problems', label: 'Problems only' }]} value={only} onChange={(value) => setOnly(value as Which)} />
        <span className="kbd-hint" role="status">
          {rows.length === entities.length ? `${entities.length}` : `${rows.length} of ${entities.length}`}
        </span>
        <Group ml="auto" gap="xs">
          <ColumnMenu columns={columns} toggled={toggled} onToggle={setToggled} />
          <Button size="xs" variant="default" leftSection={<IconDownload size={15} />} onClick={() => downloadText(toCsv(rows, visible), `${kind}.csv`, 'text/csv')}>
            CSV
          </Button>
        </Group>
      </Group>
      <div style={{ flex: 1, minHeight: 0, display: 'flex', gap: 12, padding: '0 20px 16px' }}>
        <div style={{ flex: 1, minWidth: 0 }}>
          <DataTable<Entity>
            label={entityKindNames[kind].many}
            columns={visible}
            rows={rows}
            rowKey={(entity) => entity.id}
            sort={sort}
            onSort={setSort}
            rowHeightPx={isCompact ? 28 : 36}
            selectedKey={selectedId}
            onSelect={select}
            onOpen={(entity) => navigate('/map', { entity: entity.id })}
          />
        </div>
        {selected ? (
          <EntityDetails
            entity={selected}
            entities={all}
            edges={edges}
            source={sources.find((item) => item.connectionId === selected.connectionId)}
            onSelect={(entity) => navigate('/inventory', { kind: entity.kind, entity: entity.id })}
            onShowOnMap={() => navigate('/map', { entity: selected.id })}
            onClose={() => select(null)}
          />
        ) : null}
      </div>
    </>
  )
}

function filterRows(entities: Entity[], columns: InventoryColumn[], text: string, only: Which): Entity[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return entities.filter((entity) => {
    if (only === 'problems' && entity.health !== 'error' && entity.health !== 'warning') return false
    if (words.length === 0) return true
    const haystack = `${columns.map((column) => column.value(entity) ?? '').join(' ')} ${entity.addresses.join(' ')} ${entity.id}`.toLowerCase()
    return words.every((word) => haystack.includes(word))
  })
}

function ColumnMenu(props: { columns: InventoryColumn[]; toggled: ReadonlySet<string>; onToggle: (next: Set<string>) => void }) {
  const { columns, toggled } = props
  const flip = (key: string): void => {
    const next = new Set(toggled)
    if (!next.delete(key)) next.add(key)
    props.onToggle(next)
  }
  return (
    <Menu closeOnItemClick={false} position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconColumns3 size={15} />}>
          Columns
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={400} style={{ overflowY: 'auto' }}>
        {columns.map((column) => (
          <Menu.Item key={column.key} onClick={() => flip(column.key)} disabled={column.key === 'name'} role="menuitemcheckbox" aria-checked={column.isShownAtFirst !== toggled.has(column.key)}>
            <Checkbox component="div" size="xs" label={column.title} checked={column.isShownAtFirst !== toggled.has(column.key)} readOnly tabIndex={-1} style={{ pointerEvents: 'none' }} />
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
