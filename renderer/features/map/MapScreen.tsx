// The topology map: the whole site in layers, with filters, neighbours, details and export.
import { Button, Group, Loader, Menu, SegmentedControl, Select, Switch, TextInput } from '@mantine/core'
import { IconDownload, IconFilter, IconFocus2, IconSearch, IconX } from '@tabler/icons-react'
import { useCallback, useDeferredValue, useMemo, useRef, useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { useScreenCommands } from '#client/commands.store.ts'
import { useEntityActions } from '#client/entity-actions.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { entityKinds, type Entity, type EntityKind } from '#shared/model/inventory.ts'
import { downloadBlob, downloadText } from '#ui/download.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { EntityActions } from '#ui/EntityActions.tsx'
import { EntityDetails } from '#ui/EntityDetails.tsx'
import { entityKindNames } from '#ui/EntityIcon.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { linesOf, type MapLine } from './map-edges.ts'
import { adjacency, filterEntities, neighbourhood, noFilter, type MapFilter } from './map-filter.ts'
import { layOut, type MapLayout } from './map-layout.ts'
import { pictureSize, toPng, toSvg } from './map-picture.ts'
import { MapCanvas } from './MapCanvas.tsx'

/** Hidden at first: they are many, and the map reads better without them. */
const hiddenAtFirst: ReadonlySet<EntityKind> = new Set(['namespace', 'pool'])

export default function MapScreen() {
  const entities = useInventory((state) => state.entities)
  const edges = useInventory((state) => state.edges)
  const sources = useInventory((state) => state.sources)
  const error = useInventory((state) => state.error)
  const selectedId = usePlace().query.get('entity')
  const [filter, setFilter] = useState<MapFilter>({ ...noFilter, hiddenKinds: hiddenAtFirst })
  const [openGroups, setOpenGroups] = useState<ReadonlySet<string>>(new Set())
  const deferred = useDeferredValue(filter)
  const change = useCallback((changes: Partial<MapFilter>) => setFilter((current) => ({ ...current, ...changes })), [])

  const shown = useMemo(() => filterEntities(entities, edges, deferred), [entities, edges, deferred])
  const layout = useMemo(() => layOut(shown, entities, edges.values(), openGroups), [shown, entities, edges, openGroups])
  const lines = useMemo(() => linesOf(layout, edges.values(), selectedId), [layout, edges, selectedId])
  const selected = selectedId ? entities.get(selectedId) : undefined
  const actions = useEntityActions(useMemo(() => (selected ? [selected] : []), [selected]))
  const brightIds = useMemo(() => (selected && layout.standsIn.has(selected.id) ? neighbourhood(selected.id, adjacency(entities, edges.values()), 1) : null), [selected, layout, entities, edges])
  const stale = useMemo(() => new Set(sources.filter((source) => source.state !== 'live').map((source) => source.connectionId)), [sources])

  const select = useCallback((entity: Entity | null) => navigate('/map', entity ? { entity: entity.id } : {}), [])
  const openGroup = useCallback((id: string) => setOpenGroups((open) => new Set(open).add(id)), [])
  useMapCommands(layout, lines, change)

  if (entities.size === 0) return <NothingYet />
  return (
    <div className="screen">
      <Toolbar filter={filter} change={change} selected={selected} layout={layout} lines={lines} shownCount={shown.length} onCloseGroups={openGroups.size > 0 ? () => setOpenGroups(new Set()) : null} />
      {error ? <ErrorNotice error={error} /> : null}
      <div className="map-shell">
        {shown.length === 0 ? (
          <EmptyState icon={<IconFilter size={40} />} title="Nothing passes the filter" action={<Button onClick={() => setFilter({ ...noFilter, hiddenKinds: hiddenAtFirst })}>Show everything</Button>}>
            {filter.onlyProblems ? 'No system reports a warning or an error in what is shown.' : 'Loosen the search, the node or the network.'}
          </EmptyState>
        ) : (
          <MapCanvas layout={layout} lines={lines} selectedId={selectedId} brightIds={brightIds} staleConnections={stale} onSelect={select} onOpenGroup={openGroup} />
        )}
        {selected ? (
          <EntityDetails
            entity={selected}
            entities={entities}
            edges={edges}
            source={sources.find((source) => source.connectionId === selected.connectionId)}
            actions={<EntityActions actions={actions} />}
            onSelect={select}
            onClose={() => select(null)}
          />
        ) : null}
      </div>
    </div>
  )
}

function NothingYet() {
  const sources = useInventory((state) => state.sources)
  const error = useInventory((state) => state.error)
  if (error) return <ErrorNotice error={error} />
  if (sources.some((source) => source.state === 'connecting')) {
    return (
      <EmptyState icon={<Loader role="img" aria-label="Loading" />} title="Asking the systems of this site">
        The map appears with the first answer.
      </EmptyState>
    )
  }
  return (
    <EmptyState icon={<IconFocus2 size={40} />} title="Nothing is known of this site yet" action={<Button onClick={() => navigate('/connections')}>Look at its connections</Button>}>
      Connect Proxmox VE first: it brings the hardware and the guests that everything else stands on.
    </EmptyState>
  )
}

function useMapCommands(layout: MapLayout, lines: readonly MapLine[], change: (changes: Partial<MapFilter>) => void): void {
  const site = useSession(currentSite)
  /** What is exported is what is drawn at that moment, not what was drawn when the command was registered. */
  const latest = useRef({ layout, lines })
  latest.current = { layout, lines }
  const name = site?.name ?? 'Site'
  useScreenCommands(
    () => [
      { id: 'map-problems', title: 'Map: only problems', group: 'Topology', run: () => change({ onlyProblems: true }) },
      { id: 'map-all', title: 'Map: show everything', group: 'Topology', run: () => change({ ...noFilter, hiddenKinds: new Set() }) },
      { id: 'map-svg', title: 'Map: export as SVG', group: 'Topology', run: () => exportSvg(latest.current.layout, latest.current.lines, name) },
      { id: 'map-png', title: 'Map: export as PNG', group: 'Topology', run: () => void attempt('The picture could not be made', exportPng(latest.current.layout, latest.current.lines, name)) },
    ],
    name,
  )
}

const pictureTitle = (site: string): string => `${site}, ${new Date().toISOString().slice(0, 16).replace('T', ' ')} UTC`
const exportSvg = (layout: MapLayout, lines: readonly MapLine[], site: string): void =>
  downloadText(toSvg(layout, lines, pictureTitle(site)), 'topology.svg', 'image/svg+xml')
async function exportPng(layout: MapLayout, lines: readonly MapLine[], site: string): Promise<void> {
  const { widthPx, heightPx } = pictureSize(layout)
  downloadBlob(await toPng(toSvg(layout, lines, pictureTitle(site)), widthPx, heightPx), 'topology.png')
}

/** The entities of a kind as choices, by name. */
const optionsOf = (entities: ReadonlyMap<string, Entity>, kind: EntityKind): Array<{ value: string; label: string }> =>
  [...entities.values()]
    .filter((entity) => entity.kind === kind)
    .map((entity) => ({ value: entity.id, label: entity.name }))
    .sort((a, b) => a.label.localeCompare(b.label))

interface ToolbarProps {
  filter: MapFilter
  change(changes: Partial<MapFilter>): void
  selected: Entity | undefined
  layout: MapLayout
  lines: readonly MapLine[]
  shownCount: number
  onCloseGroups: (() => void) | null
}

function Toolbar({ filter, change, selected, layout, lines, shownCount, onCloseGroups }: ToolbarProps) {
  const entities = useInventory((state) => state.entities)
  const site = useSession(currentSite)
  const nodes = useMemo(() => optionsOf(entities, 'node'), [entities])
  const networks = useMemo(() => optionsOf(entities, 'network'), [entities])
  return (
    <div className="screen-head" style={{ gap: 8 }}>
      <h1 style={{ marginRight: 6 }}>Topology</h1>
      <TextInput aria-label="Find on the map" placeholder="Name, VMID, address, tag" size="xs" w={190} leftSection={<IconSearch size={14} />} value={filter.text} onChange={(event) => change({ text: event.currentTarget.value })} />
      <Select aria-label="Node" placeholder="All nodes" size="xs" w={120} clearable data={nodes} value={filter.nodeId} onChange={(nodeId) => change({ nodeId })} />
      <Select aria-label="Network" placeholder="All networks" size="xs" w={140} clearable data={networks} value={filter.networkId} onChange={(networkId) => change({ networkId })} />
      <KindMenu filter={filter} change={change} />
      <Switch size="xs" label="Problems only" checked={filter.onlyProblems} onChange={(event) => change({ onlyProblems: event.currentTarget.checked })} />
      {selected || filter.focusId ? (
        <Group gap={6} wrap="nowrap">
          <Switch size="xs" label={`Only around ${entities.get(filter.focusId ?? '')?.name ?? selected?.name ?? 'it'}`} checked={filter.focusId !== null} onChange={(event) => change({ focusId: event.currentTarget.checked ? (selected?.id ?? null) : null })} />
          {filter.focusId ? <SegmentedControl size="xs" aria-label="Hops" data={['1', '2', '3', '4']} value={String(filter.hops)} onChange={(hops) => change({ hops: Number(hops) })} /> : null}
        </Group>
      ) : null}
      <Group ml="auto" gap={6} wrap="nowrap">
        <span className="kbd-hint" role="status">
          {shownCount} of {entities.size}
        </span>
        {onCloseGroups ? (
          <Button size="xs" variant="subtle" leftSection={<IconX size={14} />} onClick={onCloseGroups}>
            Close groups
          </Button>
        ) : null}
        <Menu position="bottom-end">
          <Menu.Target>
            <Button size="xs" variant="default" leftSection={<IconDownload size={14} />}>
              Export
            </Button>
          </Menu.Target>
          <Menu.Dropdown>
            <Menu.Item onClick={() => exportSvg(layout, lines, site?.name ?? 'Site')}>SVG</Menu.Item>
            <Menu.Item onClick={() => void attempt('The picture could not be made', exportPng(layout, lines, site?.name ?? 'Site'))}>PNG</Menu.Item>
          </Menu.Dropdown>
        </Menu>
      </Group>
    </div>
  )
}

function KindMenu({ filter, change }: Pick<ToolbarProps, 'filter' | 'change'>) {
  const entities = useInventory((state) => state.entities)
  const present = useMemo(() => new Set([...entities.values()].map((entity) => entity.kind)), [entities])
  const flip = (kind: EntityKind): void => {
    const hiddenKinds = new Set(filter.hiddenKinds)
    if (!hiddenKinds.delete(kind)) hiddenKinds.add(kind)
    change({ hiddenKinds })
  }
  return (
    <Menu>
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<IconFilter size={14} />}>
          Kinds
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={420} style={{ overflowY: 'auto' }}>
        {entityKinds.filter((kind) => present.has(kind)).map((kind) => (
          <Menu.CheckboxItem key={kind} checked={!filter.hiddenKinds.has(kind)} onChange={() => flip(kind)}>
            {entityKindNames[kind].many}
          </Menu.CheckboxItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
