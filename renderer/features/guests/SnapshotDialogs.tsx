// Taking a snapshot of a guest, going back to one, deleting one.
import { Checkbox, Text, Textarea, TextInput } from '@mantine/core'
import { useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import { snapshotName, type GuestSnapshot } from '#shared/contracts/guests.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { ActionDialog } from './ActionDialog.tsx'
import { showTask } from './guest-commands.ts'
import { guestRefOf, isContainer, runStateOf } from './guest-ref.ts'

/** `2026-11-24 09:05` as a name that Proxmox VE takes. */
const suggestedName = (nowMs: number): string => `snap-${new Date(nowMs).toISOString().slice(0, 16).replace(/[-:]/g, '').replace('T', '-')}`

/** What is wrong with a name; null when nothing is. */
export const snapshotNameFault = (name: string): string | null => snapshotName.safeParse(name).error?.issues[0]?.message ?? null

export function TakeSnapshotDialog({ guest }: { guest: Entity }) {
  const client = useClient()
  const [name, setName] = useState(() => suggestedName(Date.now()))
  const [description, setDescription] = useState('')
  const [withMemory, setWithMemory] = useState(false)
  const canHaveMemory = !isContainer(guest) && runStateOf(guest) === 'running'
  const fault = snapshotNameFault(name)
  return (
    <ActionDialog
      title={`Snapshot of ${guest.name}`}
      submitLabel="Take the snapshot"
      disabledReason={fault}
      onSubmit={() => showTask(client.guests.takeSnapshot({ ...guestRefOf(guest)!, snapshot: name, description, withMemory: withMemory && canHaveMemory }))}
    >
      <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} error={fault} data-autofocus autoComplete="off" />
      <Textarea label="Description" rows={3} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
      <Checkbox
        label="With the memory"
        description={canHaveMemory ? 'Going back continues where it was. Takes longer, and room for the memory.' : 'Only for a running virtual machine.'}
        disabled={!canHaveMemory}
        checked={withMemory && canHaveMemory}
        onChange={(event) => setWithMemory(event.currentTarget.checked)}
      />
      <Text size="xs" c="var(--text-dim)">
        A snapshot is kept on the same storage: it is no backup.
      </Text>
    </ActionDialog>
  )
}

export function RollBackDialog({ guest, snapshot, onBegun }: { guest: Entity; snapshot: GuestSnapshot; onBegun?: () => void }) {
  const client = useClient()
  const [startAfterwards, setStart] = useState(runStateOf(guest) === 'running' && !snapshot.hasMemory)
  return (
    <ConfirmDialog
      title={`Roll ${guest.name} back to ${snapshot.name}?`}
      confirmLabel="Roll back"
      typedName={guest.name}
      isDangerous
      onConfirm={async (confirmation) => {
        await showTask(client.guests.rollBack({ ...guestRefOf(guest)!, snapshot: snapshot.name, startAfterwards, confirmation }))
        onBegun?.()
      }}
      onClose={closeDialog}
    >
      <Text size="sm" mb="sm">
        Everything that was written since {snapshot.takenAtMs ? new Date(snapshot.takenAtMs).toLocaleString() : 'it was taken'} is lost, the
        configuration included. {runStateOf(guest) === 'running' ? 'The guest is stopped for it.' : ''} Take a snapshot first if the present state may be
        wanted again.
      </Text>
      {snapshot.hasMemory ? (
        <Text size="sm">It holds the memory: the guest goes on running from there.</Text>
      ) : (
        <Checkbox label="Start it afterwards" checked={startAfterwards} onChange={(event) => setStart(event.currentTarget.checked)} />
      )}
    </ConfirmDialog>
  )
}

export function DeleteSnapshotDialog({ guest, snapshot }: { guest: Entity; snapshot: GuestSnapshot }) {
  const client = useClient()
  return (
    <ConfirmDialog
      title={`Delete the snapshot ${snapshot.name}?`}
      confirmLabel="Delete"
      typedName={guest.name}
      isDangerous
      onConfirm={(confirmation) => client.guests.deleteSnapshot({ ...guestRefOf(guest)!, snapshot: snapshot.name, confirmation })}
      onClose={closeDialog}
    >
      <Text size="sm">
        {guest.name} stays as it is; it can no longer be taken back to this point. Snapshots that were taken after it stay.
      </Text>
    </ConfirmDialog>
  )
}

export function DescribeSnapshotDialog({ guest, snapshot, onDone }: { guest: Entity; snapshot: GuestSnapshot; onDone: () => void }) {
  const client = useClient()
  const [description, setDescription] = useState(snapshot.description)
  return (
    <ActionDialog
      title={`Description of ${snapshot.name}`}
      submitLabel="Save"
      onSubmit={async () => {
        await client.guests.describeSnapshot({ ...guestRefOf(guest)!, snapshot: snapshot.name, description })
        onDone()
      }}
    >
      <Textarea label="Description" rows={4} value={description} onChange={(event) => setDescription(event.currentTarget.value)} data-autofocus />
    </ActionDialog>
  )
}
