// Backs up guests now, outside of their jobs: where to, how, with which notes. One task a node; the drawer shows them.
import { Select, SegmentedControl, Switch, Text, TextInput } from '@mantine/core'
import { useMemo, useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import type { CoverageRow } from '#shared/contracts/backups.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type { Site } from '#shared/model/connection.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { showTasks } from './show-tasks.ts'

type Mode = 'snapshot' | 'suspend' | 'stop'
const modes: Record<Mode, string> = {
  snapshot: 'The guests keep running.',
  suspend: 'The guests are suspended for a moment, for a consistent state.',
  stop: 'The guests are shut down, backed up and started again.',
}

export function BackUpDialog({ site, rows }: { site: Site; rows: readonly CoverageRow[] }) {
  const client = useClient()
  const entities = useInventory((state) => state.entities)
  const storages = useMemo(() => storagesOf(entities.values()), [entities])
  const [storage, setStorage] = useState<string | null>(null)
  const [mode, setMode] = useState<Mode>('snapshot')
  const [isProtected, setProtected] = useState(false)
  const [notes, setNotes] = useState('{{guestname}}')
  const chosen = storage ?? storages[0] ?? ''
  const what = rows.length === 1 ? rows[0]!.name : `${rows.length} guests`
  return (
    <ConfirmDialog
      title={`Back up ${what} now`}
      confirmLabel={`Back up ${what}`}
      isDangerous={mode === 'stop'}
      onConfirm={() => showTasks(client.backups.backUpGuests({ siteId: site.id, entityIds: rows.map((row) => row.entityId), storage: chosen, mode, isProtected, notes }))}
      onClose={closeDialog}
    >
      {rows.length > 1 ? (
        <Text size="sm" mb="sm" lineClamp={3}>
          {rows.map((row) => row.name).join(', ')}
        </Text>
      ) : null}
      <Select label="To the storage" allowDeselect={false} mb="sm" data={storages} value={chosen} onChange={setStorage} />
      <SegmentedControl aria-label="Mode" fullWidth data={Object.keys(modes)} value={mode} onChange={(value) => setMode(value as Mode)} />
      <Text size="xs" c="var(--text-dim)" mt={4} mb="sm">
        {modes[mode]}
      </Text>
      <TextInput label="Notes" description="{{guestname}}, {{vmid}}, {{node}} and {{cluster}} are filled in" mb="sm" value={notes} maxLength={500} onChange={(event) => setNotes(event.currentTarget.value)} />
      <Switch label="Protect it: no prune takes it away" checked={isProtected} onChange={(event) => setProtected(event.currentTarget.checked)} />
    </ConfirmDialog>
  )
}

/** Datastores of a backup server first, then any storage that says it holds backups. */
function storagesOf(entities: Iterable<Entity>): string[] {
  const fitting = [...entities].filter(takesBackups).sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
  const onServer = fitting.filter((entity) => entity.facts['pbsDatastore'] !== undefined)
  return [...new Set([...onServer, ...fitting].map((entity) => entity.name))]
}

function takesBackups({ kind, facts }: Entity): boolean {
  const { content, pbsDatastore } = facts
  return kind === 'storage' && (pbsDatastore !== undefined || (Array.isArray(content) ? content.includes('backup') : typeof content === 'string' && content.split(',').includes('backup')))
}
