// The table of one kind: filter, namespaces, columns, keys, and the open object beside it.
import { ActionIcon, Button, Group, Loader, Menu, MultiSelect, SegmentedControl, TextInput, Tooltip } from '@mantine/core'
import { IconColumns3, IconDownload, IconFilePlus, IconSearch } from '@tabler/icons-react'
import { useMemo, useRef, useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { useSession } from '#client/session.store.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KindInfo, KubeRow } from '#shared/model/kubernetes.ts'
import { Age } from '#ui/Age.tsx'
import { DataTable, toCsv, type Sort } from '#ui/DataTable.tsx'
import { downloadText } from '#ui/download.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { columnsOf, type KindColumn } from './kind-columns.tsx'
import { ManifestDialog } from './ManifestDialog.tsx'
import { ObjectDrawer } from './ObjectDrawer.tsx'
import { goToKube, refOf, type KubePlace } from './place.ts'
import { runRowKey } from './row-keys.ts'
import type { RowView } from './row-table.ts'
import { useRows, type LiveRows } from './use-rows.ts'

type Which = 'all' | 'problems'

export function KindPanel({ connectionId, kind, place }: { connectionId: ConnectionId; kind: KindInfo; place: KubePlace }) {
  const client = useClient()
  const isCompact = useSession((state) => state.settings?.density === 'compact')
  const [text, setText] = useState('')
  const [only, setOnly] = useState<Which>('all')
  const [sort, setSort] = useState<Sort>(kind.id === 'events' ? { key: 'cell last', isDescending: false } : { key: 'name', isDescending: false })
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set())
  /** Namespaces are asked for one by one only where all of them are not visible. */
  const [isNarrow, setNarrow] = useState(false)
  const columnsRef = useRef<readonly KindColumn[]>([])
  const namespaceKey = place.namespaces.join(',')
  const view = useMemo<RowView>(() => {
    const chosen = new Set(namespaceKey.split(',').filter(Boolean))
    const words = text.toLowerCase().split(/\s+/).filter(Boolean)
    const column = () => columnsRef.current.find((item) => item.key === sort.key)
    return {
      isDescending: sort.isDescending,
      sortBy: (row) => {
        const by = column()
        return by ? (by.order ?? by.value)(row) : row.key
      },
      isShown: (row) =>
        (chosen.size === 0 || row.namespace === null || chosen.has(row.namespace)) &&
        (only === 'all' || row.health === 'error' || row.health === 'warning') &&
        (words.length === 0 || matches(row, words)),
    }
  }, [namespaceKey, text, only, sort])
  const rows = useRows(connectionId, kind.id, isNarrow ? place.namespaces : [], view)
  const hasStatus = rows.size === 0 || hasAnyStatus(rows)
  const columns = useMemo(() => columnsOf(rows.columns, { isNamespaced: kind.isNamespaced, hasStatus, hasNames: kind.id !== 'events' }), [rows.columns, kind, hasStatus])
  columnsRef.current = columns
  const shownColumns = columns.filter((column) => column.isShownAtFirst !== toggled.has(column.key))
  const filter = useRef<HTMLInputElement>(null)
  const select = (key: string | null, tab?: string): void =>
    goToKube({ connectionId, kind: kind.id, namespaces: place.namespaces, object: key, ...(tab ? { tab } : {}) }, { replace: true })
  const onRowKey = (key: string, row: KubeRow): boolean => runRowKey(key, { client, connectionId, kind, row, select })
  if (rows.state === 'denied' && !isNarrow && kind.isNamespaced && place.namespaces.length > 0) setNarrow(true)
  return (
    <>
      <div
        className="screen-head"
        onKeyDown={(event) => {
          if (event.key === 'Escape' && event.target === filter.current) setText('')
        }}
      >
        <h1>{kind.title}</h1>
        <TextInput
          ref={filter}
          aria-label="Filter"
          placeholder="Name, label, state …   /"
          leftSection={<IconSearch size={15} />}
          size="xs"
          w={220}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {kind.isNamespaced ? (
          <NamespacePicker
            connectionId={connectionId}
            rows={rows}
            value={place.namespaces}
            onChange={(namespaces) => goToKube({ connectionId, kind: kind.id, namespaces }, { replace: true })}
          />
        ) : null}
        {hasStatus ? (
          <SegmentedControl
            aria-label="Which"
            size="xs"
            data={[
              { value: 'all', label: 'All' },
              { value: 'problems', label: 'Problems' },
            ]}
            value={only}
            onChange={(value) => setOnly(value as Which)}
          />
        ) : null}
        <Freshness rows={rows} />
        <Group ml="auto" gap={6} wrap="nowrap">
          <Tooltip label="Apply a manifest">
            <ActionIcon variant="default" size={30} aria-label="Apply a manifest" onClick={() => openDialog(<ManifestDialog connectionId={connectionId} namespace={place.namespaces[0] ?? 'default'} />)}>
              <IconFilePlus size={16} />
            </ActionIcon>
          </Tooltip>
          <ColumnMenu columns={columns} toggled={toggled} onToggle={setToggled} />
          <Tooltip label="Save as CSV">
            <ActionIcon variant="default" size={30} aria-label="Save as CSV" onClick={() => downloadText(toCsv(rows.visible, shownColumns), `${kind.id}.csv`, 'text/csv')}>
              <IconDownload size={16} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </div>
      <div
        className="kube-body"
        onKeyDown={(event) => {
          const isTyping = event.target instanceof HTMLInputElement || event.target instanceof HTMLTextAreaElement || (event.target as HTMLElement).isContentEditable
          if (event.key !== '/' || isTyping) return
          event.preventDefault()
          filter.current?.focus()
        }}
      >
        {rows.visible.length > 0 ? (
          <DataTable<KubeRow>
            label={kind.title}
            columns={shownColumns}
            rows={rows.visible}
            rowKey={rowKey}
            sort={sort}
            onSort={setSort}
            isSorted
            rowHeightPx={isCompact ? 26 : 32}
            selectedKey={place.object}
            onSelect={(row) => select(row.key, place.tab)}
            onOpen={(row) => select(row.key)}
            onRowKey={onRowKey}
          />
        ) : (
          <NoRows kind={kind} rows={rows} isFiltered={text !== '' || only !== 'all' || place.namespaces.length > 0} />
        )}
        {place.object ? (
          <ObjectDrawer
            key={place.object}
            connectionId={connectionId}
            objectRef={refOf(kind.id, place.object)}
            tab={place.tab}
            onTab={(tab) => select(place.object, tab)}
            onClose={() => select(null)}
          />
        ) : null}
      </div>
    </>
  )
}

const rowKey = (row: KubeRow): string => row.key
const matches = (row: KubeRow, words: readonly string[]): boolean => {
  const text = `${row.key} ${row.status} ${row.cells.join(' ')} ${row.labels}`.toLowerCase()
  return words.every((word) => text.includes(word))
}
function hasAnyStatus(rows: LiveRows): boolean {
  let looked = 0
  for (const row of rows.all()) {
    if (row.status !== '') return true
    if (++looked > 100) break
  }
  return false
}

/** How many, and whether what is shown is still true. */
function Freshness({ rows }: { rows: LiveRows }) {
  const count = rows.visible.length === rows.size ? `${rows.size}` : `${rows.visible.length} of ${rows.size}`
  return (
    <span className="kbd-hint" role="status" data-state={rows.state} data-testid="rows-state">
      {count}
      {rows.state === 'partial' || rows.state === 'loading' ? ' · loading' : null}
      {rows.onlyNamespace ? ` · only ${rows.onlyNamespace} is visible to you` : null}
      {rows.state === 'lost' ? (
        <Tooltip label={rows.error?.message ?? rows.problem ?? 'The API server does not answer.'} multiline maw={360}>
          <span style={{ color: 'var(--health-warning)' }} tabIndex={0}>
            {' '}
            · not live, <Age atMs={rows.atMs} />
          </span>
        </Tooltip>
      ) : null}
    </span>
  )
}

function NoRows({ kind, rows, isFiltered }: { kind: KindInfo; rows: LiveRows; isFiltered: boolean }) {
  const many = kind.title.toLowerCase()
  if (rows.state === 'denied')
    return (
      <EmptyState title={`You may not see ${many}`}>
        {rows.problem} {kind.isNamespaced ? 'If you may see them in certain namespaces, choose these above.' : ''}
      </EmptyState>
    )
  if (rows.error) return <EmptyState title={`The ${many} cannot be read`}>{rows.error.message} {rows.error.remedy}</EmptyState>
  if (rows.state === 'lost') return <EmptyState title={`The ${many} cannot be read now`}>{rows.problem}</EmptyState>
  if (rows.state !== 'live') return <Loader role="img" m="xl" aria-label={`Loading ${many}`} />
  return isFiltered && rows.size > 0 ? (
    <EmptyState title="Nothing passes the filter">{`Loosen the words, the namespaces or the choice: there are ${rows.size} ${many}.`}</EmptyState>
  ) : (
    <EmptyState title={`No ${many}`}>{`The cluster has none${kind.isNamespaced ? ' in what you may see' : ''}.`}</EmptyState>
  )
}

function NamespacePicker(props: { connectionId: ConnectionId; rows: LiveRows; value: string[]; onChange: (namespaces: string[]) => void }) {
  const entities = useInventory((state) => state.entities)
  const { rows, value, connectionId } = props
  const names = useMemo(() => {
    const found = new Set<string>(value)
    for (const row of rows.all()) if (row.namespace) found.add(row.namespace)
    for (const entity of entities.values()) if (entity.kind === 'namespace' && entity.connectionId === connectionId) found.add(entity.name)
    return [...found].sort()
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the number of rows stands for the rows
  }, [rows.size, entities, value, connectionId])
  return (
    <MultiSelect
      aria-label="Namespaces"
      placeholder={value.length === 0 ? 'All namespaces' : ''}
      size="xs"
      w={value.length > 1 ? 300 : 200}
      data={names}
      value={value}
      onChange={props.onChange}
      searchable
      clearable
      hidePickedOptions
      clearButtonProps={{ 'aria-label': 'All namespaces' }}
      maxDropdownHeight={320}
    />
  )
}

function ColumnMenu(props: { columns: readonly KindColumn[]; toggled: ReadonlySet<string>; onToggle: (next: Set<string>) => void }) {
  const { columns, toggled } = props
  return (
    <Menu position="bottom-end" closeOnItemClick={false}>
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
            disabled={column.key === 'name' && column.isShownAtFirst}
            onChange={() => {
              const next = new Set(toggled)
              if (!next.delete(column.key)) next.add(column.key)
              props.onToggle(next)
            }}
          >
            {column.title}
          </Menu.CheckboxItem>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
