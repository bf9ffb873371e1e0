// Backing a guest up now: where to, how consistent, with which notes.
import { Checkbox, Select, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { ActionDialog } from './ActionDialog.tsx'
import { showTask } from './guest-commands.ts'
import { guestRefOf } from './guest-ref.ts'
import { StorageSelect } from './StorageSelect.tsx'

const modes = [
  { value: 'snapshot', label: 'Snapshot: the guest goes on running' },
  { value: 'suspend', label: 'Suspend: the guest stands still for a while' },
  { value: 'stop', label: 'Stop: shut down, back up, start' },
] as const
type Mode = (typeof modes)[number]['value']

export function BackupDialog({ guest }: { guest: Entity }) {
  const client = useClient()
  const ref = guestRefOf(guest)!
  const { value: choices, error } = useLoaded(`backup ${guest.id}`, (calls, options) => calls.guests.backupChoices(ref, options))
  const [storage, setStorage] = useState<string | null>(null)
  const [mode, setMode] = useState<Mode>('snapshot')
  const [notes, setNotes] = useState('{{guestname}}')
  const [isProtected, setProtected] = useState(false)
  useEffect(() => {
    if (choices) setStorage((chosen) => chosen ?? choices.storages[0]?.storage ?? null)
  }, [choices])
  return (
    <ActionDialog
      title={`Back up ${guest.name}`}
      submitLabel="Back up"
      disabledReason={!choices ? 'Asking the cluster where to.' : storage ? null : 'Its node has no storage for backups.'}
      onSubmit={() => showTask(client.guests.backUp({ ...ref, storage: storage!, mode, notes, isProtected }))}
    >
      {error ? <ErrorNotice error={error} title="The storages could not be read" /> : null}
      <StorageSelect label="Storage" storages={choices?.storages ?? []} value={storage} onChange={setStorage} />
      <Select label="Mode" data={[...modes]} value={mode} onChange={(value) => setMode((value ?? 'snapshot') as Mode)} allowDeselect={false} />
      <TextInput label="Notes" description="{{guestname}}, {{vmid}}, {{node}} and {{cluster}} are filled in." value={notes} onChange={(event) => setNotes(event.currentTarget.value)} />
      <Checkbox label="Protected: no job prunes it" checked={isProtected} onChange={(event) => setProtected(event.currentTarget.checked)} />
    </ActionDialog>
  )
}
