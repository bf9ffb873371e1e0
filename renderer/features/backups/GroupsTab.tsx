// Groups of backups by datastore and namespace, and the backups of the chosen one: when, how big, verified, protected,
// encrypted, whose, with which notes, and what can be done with each.
import { Select, TextInput } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { navigate, usePlace } from '#client/location.ts'
import type { GroupView } from '#shared/contracts/backups.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { Age } from '#ui/Age.tsx'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import type { TabProps } from './BackupsScreen.tsx'
import { groupKey, groupTitle, verificationHealth, verificationWords } from './backup-words.ts'
import { SnapshotList } from './SnapshotList.tsx'

const all = '*'

export function GroupsTab({ site, state }: TabProps) {
  const { query } = usePlace()
  const [text, setText] = useState('')
  const [sort, setSort] = useState<Sort>({ key: 'name', isDescending: false })
  const namespace = query.get('namespace') ?? all
  const selectedKey = query.get('group')
  const places = [...new Set(state.groups.map((group) => group.namespace))].sort()
  const rows = useMemo(
    () => state.groups.filter((group) => (namespace === all || group.namespace === namespace) && fits(group, text)),
    [state.groups, namespace, text],
  )
  const selected = state.groups.find((group) => groupKey(group) === selectedKey)
  const go = (changes: { namespace?: string; group?: string | null }): void => {
    const next = { namespace, group: selectedKey, ...changes }
    navigate('/backups', { tab: 'groups', ...(next.namespace === all ? {} : { namespace: next.namespace }), ...(next.group ? { group: next.group } : {}) }, { replace: true })
  }
  if (state.groups.length === 0)
    return <EmptyState title="No backup is known">Connect a Proxmox Backup Server, or wait until it has answered once.</EmptyState>
  return (
    <div className="backups-split">
      <div className="backups-main">
        <div className="coverage-bar">
          <TextInput aria-label="Filter" placeholder="Group, machine, owner or notes" leftSection={<IconSearch size={15} />} size="xs" w={240} value={text} onChange={(event) => setText(event.currentTarget.value)} />
          <Select aria-label="Namespace" size="xs" w={190} allowDeselect={false} data={[{ value: all, label: 'All namespaces' }, ...places.map((name) => ({ value: name, label: name === '' ? 'Root namespace' : name }))]} value={namespace} onChange={(value) => go({ namespace: value ?? all, group: null })} />
          <span className="kbd-hint" role="status">
            {rows.length === state.groups.length ? `${rows.length}` : `${rows.length} of ${state.groups.length}`}
          </span>
        </div>
        <DataTable<GroupView> label="Groups of backups" columns={columns} rows={rows} rowKey={groupKey} sort={sort} onSort={setSort} selectedKey={selectedKey} onSelect={(group) => go({ group: groupKey(group) })} onOpen={(group) => go({ group: groupKey(group) })} />
      </div>
      {selected ? <SnapshotList key={selectedKey} site={site} state={state} group={selected} onClose={() => go({ group: null })} /> : null}
    </div>
  )
}

const fits = (group: GroupView, text: string): boolean => {
  const wanted = text.trim().toLowerCase()
  return wanted === '' || [groupTitle(group), group.ofName, group.owner, group.comment].some((value) => value?.toLowerCase().includes(wanted))
}

const columns: ReadonlyArray<Column<GroupView>> = [
  { key: 'name', title: 'Group', widthPx: 120, value: groupTitle },
  { key: 'of', title: 'Of', widthPx: 150, value: (group) => group.ofName ?? 'nothing known' },
  { key: 'place', title: 'Where', widthPx: 150, value: (group) => `${group.store}${group.namespace === '' ? '' : `/${group.namespace}`}` },
  { key: 'count', title: 'Backups', widthPx: 76, align: 'right', value: (group) => group.snapshotCount },
  { key: 'last', title: 'Newest', widthPx: 90, value: (group) => (group.lastBackupAtMs === null ? null : new Date(group.lastBackupAtMs).toISOString()), order: (group) => group.lastBackupAtMs, render: (group) => <Age atMs={group.lastBackupAtMs} /> },
  {
    key: 'verified',
    title: 'Verified',
    widthPx: 110,
    value: (group) => verificationWords[group.verification],
    render: (group) => <VerificationMark state={group.verification} />,
  },
  { key: 'size', title: 'Size', widthPx: 92, align: 'right', value: (group) => group.sizeBytes, render: (group) => formatBytes(group.sizeBytes), csvTitle: 'Size in bytes' },
  { key: 'protected', title: 'Protected', widthPx: 86, align: 'right', value: (group) => group.protectedCount || null },
  { key: 'encrypted', title: 'Encrypted', widthPx: 86, value: (group) => (group.isEncrypted ? 'yes' : 'no') },
  { key: 'owner', title: 'Owner', widthPx: 140, value: (group) => group.owner },
]

export function VerificationMark({ state }: { state: GroupView['verification'] }) {
  const health = verificationHealth[state]
  return (
    <span className="verdict">
      <span aria-hidden style={{ color: healthColor(health) }}>
        {healthSymbol[health]}
      </span>
      {verificationWords[state]}
    </span>
  )
}
