// Everything the site has, as tables: one tab a kind, with filter, sorting, choice of columns, CSV and details.
import './inventory.css'
import { Button, Group, Menu, SegmentedControl, Tabs, TextInput } from '@mantine/core'
import { IconColumns3, IconDownload, IconListDetails, IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useEntityActions } from '#client/entity-actions.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import { useSession } from '#client/session.store.ts'
import { entityKinds, type Entity, type EntityKind, type Health } from '#shared/model/inventory.ts'
import { DataTable, sortRows, toCsv, type Sort } from '#ui/DataTable.tsx'
import { downloadText } from '#ui/download.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { EntityActions } from '#ui/EntityActions.tsx'
import { EntityDetails } from '#ui/EntityDetails.tsx'
import { EntityIcon, entityKindNames } from '#ui/EntityIcon.tsx'
import { healthColor, healthSymbol, healthWord } from '#ui/theme.ts'
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
      <EmptyState
        icon={<IconListDetails size={40} />}
        title="Nothing is known of this site yet"
        action={<Button onClick={() => navigate('/connections')}>Look at its connections</Button>}
      >
        As soon as one of its systems has answered, everything in it is listed here, and stays readable without a
        network.
      </EmptyState>
    )
  }
  return (
    <Tabs
      className="inventory"
      orientation="vertical"
      variant="pills"
      value={kind}
      onChange={(next) => next && navigate('/inventory', { kind: next })}
      keepMounted={false}
      activateTabWithKeyboard={false}
    >
      <Tabs.List className="inventory-kinds" aria-label="Kinds">
        {kinds.map((item) => (
          <KindTab key={item} kind={item} entities={byKind.get(item)!} />
        ))}
      </Tabs.List>
      <Tabs.Panel value={kind} className="inventory-panel">
        <KindTable key={kind} kind={kind} entities={byKind.get(kind)!} selectedId={query.get('entity')} />
      </Tabs.Panel>
    </Tabs>
  )
}

/** A kind, how many there are, and the worst that is wrong with one of them. */
function KindTab({ kind, entities }: { kind: EntityKind; entities: Entity[] }) {
  const worst = (['error', 'warning'] satisfies Health[]).find((health) => entities.some((entity) => entity.health === health))
  return (
    <Tabs.Tab value={kind} leftSection={<EntityIcon kind={kind} size={16} />}>
      <span>{entityKindNames[kind].many}</span>{' '}
      <span className="inventory-count">
        {worst ? (
          <span style={{ color: healthColor(worst) }} title={healthWord[worst]} aria-hidden>
            {healthSymbol[worst]}{' '}
          </span>
        ) : null}
        {entities.length}
      </span>
    </Tabs.Tab>
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
  const [checked, setChecked] = useState<ReadonlySet<string>>(new Set())
  const chosen = useMemo(() => rows.filter((entity) => checked.has(entity.id)), [rows, checked])
  const many = entityKindNames[kind].many
  const actions = useEntityActions(useMemo(() => (selected ? [selected] : []), [selected]))
  const bulkActions = useEntityActions(chosen)
  /** Boxes stand only where something can be done with several of a kind. */
  const canChoose = useEntityActions(useMemo(() => (entities.length > 1 ? entities.slice(0, 2) : []), [entities])).length > 0
  const select = (entity: Entity | null): void =>
    navigate('/inventory', entity ? { kind, entity: entity.id } : { kind }, { replace: true })
  return (
    <>
      <div className="screen-head">
        <h1>{many}</h1>
        <TextInput
          aria-label="Filter"
          placeholder="Name, address, tag or state"
          leftSection={<IconSearch size={15} />}
          size="xs"
          w={240}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <SegmentedControl
          aria-label="Which"
          size="xs"
          data={[
            { value: 'all', label: 'All' },
            { value: 'problems', label: 'Problems only' },
          ]}
          value={only}
          onChange={(value) => setOnly(value as Which)}
        />
        <span className="kbd-hint" role="status">
          {rows.length === entities.length ? `${entities.length}` : `${rows.length} of ${entities.length}`}
        </span>
        <Group ml="auto" gap="xs" wrap="nowrap">
          <ColumnMenu columns={columns} toggled={toggled} onToggle={setToggled} />
          <Button
            size="xs"
            variant="default"
            leftSection={<IconDownload size={15} />}
            onClick={() => downloadText(toCsv(sortRows(rows, columns, sort), visible), `${kind}.csv`, 'text/csv')}
          >
            CSV
          </Button>
        </Group>
      </div>
      {chosen.length > 0 ? (
        <div className="inventory-chosen" role="region" aria-label="Chosen">
          <b>{chosen.length} chosen</b>
          {bulkActions.length > 0 ? <EntityActions actions={bulkActions} isInline /> : <span className="kbd-hint">Nothing can be done with them together.</span>}
          <Button size="compact-xs" variant="subtle" color="gray" ml="auto" onClick={() => setChecked(new Set())}>
            Choose none
          </Button>
        </div>
      ) : null}
      <div className="inventory-body">
        {rows.length > 0 ? (
          <DataTable<Entity>
            label={many}
            columns={visible}
            rows={rows}
            rowKey={keyOf}
            sort={sort}
            onSort={setSort}
            rowHeightPx={isCompact ? 28 : 36}
            selectedKey={selectedId}
            onSelect={select}
            onOpen={(entity) => openEntity(entity)}
            {...(canChoose ? { checkedKeys: checked, onCheck: setChecked } : {})}
            rowLabel={(entity) => entity.name}
          />
        ) : (
          <EmptyState title="Nothing passes the filter">
            {only === 'problems' && text === ''
              ? `No warning and no error among ${entities.length} ${many.toLowerCase()}.`
              : `Loosen the words or show all ${entities.length} ${many.toLowerCase()}.`}
          </EmptyState>
        )}
        {selected ? (
          <EntityDetails
            entity={selected}
            entities={all}
            edges={edges}
            source={sources.find((item) => item.connectionId === selected.connectionId)}
            onSelect={(entity) => navigate('/inventory', { kind: entity.kind, entity: entity.id })}
            onShowOnMap={() => navigate('/map', { entity: selected.id })}
            actions={<EntityActions actions={actions} />}
            onClose={() => select(null)}
          />
        ) : null}
      </div>
    </>
  )
}

/** Things with a page of their own open it; the others show where they stand. */
function openEntity(entity: Entity): void {
  const page = entity.kind === 'guest' || entity.kind === 'node' || entity.kind === 'storage' ? `/${entity.kind}` : '/map'
  navigate(page, { entity: entity.id })
}

const keyOf = (entity: Entity): string => entity.id

function filterRows(entities: Entity[], columns: InventoryColumn[], text: string, only: Which): Entity[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  return entities.filter((entity) => {
    if (only === 'problems' && entity.health !== 'error' && entity.health !== 'warning') return false
    if (words.length === 0) return true
    const values = columns.map((column) => column.value(entity) ?? '').join(' ')
    const haystack = `${values} ${entity.addresses.join(' ')} ${entity.id}`.toLowerCase()
    return words.every((word) => haystack.includes(word))
  })
}

function ColumnMenu(props: {
  columns: InventoryColumn[]
  toggled: ReadonlySet<string>
  onToggle: (next: Set<string>) => void
}) {
  const { columns, toggled } = props
  const flip = (key: string): void => {
    const next = new Set(toggled)
    if (!next.delete(key)) next.add(key)
    props.onToggle(next)
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconColumns3 size={15} />}>
          Columns
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={400} style={{ overflowY: 'auto' }}>
        {columns.map((column) => (
          <Menu.CheckboxItem
            key={column.key}
            checked={column.isShownAtFirst !== toggled.has(column.key)}
            onChange={() => flip(column.key)}
            disabled={column.key === 'name'}
          >
            {column.title}
          </Menu.CheckboxItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
