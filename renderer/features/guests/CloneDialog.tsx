// Cloning a guest: the number and name of the new one, whole or linked to its template, and where its disks go.
import { Loader, NumberInput, SegmentedControl, Select, Text, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { useClient } from '#client/client-context.ts'
import { useLoaded } from '#client/use-loaded.ts'
import { guestName } from '#shared/contracts/guests.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { ActionDialog } from './ActionDialog.tsx'
import { showTask } from './guest-commands.ts'
import { guestRefOf, isContainer, isTemplate } from './guest-ref.ts'
import { StorageSelect } from './StorageSelect.tsx'

export function CloneDialog({ guest }: { guest: Entity }) {
  const client = useClient()
  const ref = guestRefOf(guest)!
  const { value: choices, error } = useLoaded(`clone ${guest.id}`, (calls, options) => calls.guests.cloneChoices(ref, options))
  const [newVmid, setVmid] = useState<number | null>(null)
  const [name, setName] = useState(`${guest.name}-copy`)
  const [mode, setMode] = useState<'full' | 'linked'>(isTemplate(guest) ? 'linked' : 'full')
  const [storage, setStorage] = useState<string | null>(null)
  const [pool, setPool] = useState<string | null>(null)
  const [fromSnapshot, setSnapshot] = useState<string | null>(null)
  useEffect(() => {
    if (choices) setVmid((typed) => typed ?? choices.nextVmid)
  }, [choices])
  const nameFault = guestName.min(1, 'It needs a name').safeParse(name).error?.issues[0]?.message ?? null
  const vmidFault = newVmid === null || newVmid < 100 || newVmid > 999_999_999 ? 'A number from 100' : null
  return (
    <ActionDialog
      title={`Clone ${guest.name}`}
      submitLabel="Clone"
      disabledReason={choices ? (nameFault ?? vmidFault) : 'Asking the cluster what is free.'}
      onSubmit={() =>
        showTask(
          client.guests.clone({
            ...ref,
            newVmid: newVmid!,
            name,
            isFull: mode === 'full',
            ...(mode === 'full' && storage ? { storage } : {}),
            ...(pool ? { pool } : {}),
            ...(fromSnapshot ? { fromSnapshot } : {}),
          }),
        )
      }
    >
      {error ? <ErrorNotice error={error} title="What can be chosen could not be read" /> : null}
      <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} error={nameFault} data-autofocus autoComplete="off" />
      <NumberInput
        label="VMID"
        value={newVmid ?? ''}
        onChange={(value) => setVmid(typeof value === 'number' ? value : null)}
        min={100}
        max={999_999_999}
        allowDecimal={false}
        rightSection={choices ? null : <Loader role="img" size={14} aria-label="Asking for a free number" />}
      />
      {isTemplate(guest) ? (
        <div>
          <Text size="sm" fw={500} id="clone-mode">
            Disks
          </Text>
          <SegmentedControl
            aria-labelledby="clone-mode"
            size="xs"
            value={mode}
            onChange={(value) => setMode(value as 'full' | 'linked')}
            data={[
              { value: 'linked', label: 'Linked to the template' },
              { value: 'full', label: 'Whole copies' },
            ]}
          />
          <Text size="xs" c="var(--text-dim)" mt={4}>
            {mode === 'linked' ? 'Made at once, and takes room only for what changes. The template must stay.' : 'Stands on its own. Takes as long as copying its disks.'}
          </Text>
        </div>
      ) : null}
      {!isTemplate(guest) && (choices?.snapshots.length ?? 0) > 0 ? (
        <Select
          label="From"
          data={[{ value: '', label: 'the present state' }, ...choices!.snapshots.map((item) => ({ value: item, label: `the snapshot ${item}` }))]}
          value={fromSnapshot ?? ''}
          onChange={(value) => setSnapshot(value || null)}
          allowDeselect={false}
        />
      ) : null}
      {mode === 'full' ? (
        <StorageSelect label="Storage" storages={choices?.storages ?? []} value={storage} onChange={setStorage} sameLabel="the same as the original" />
      ) : null}
      <Select
        label="Pool"
        data={[{ value: '', label: 'none' }, ...(choices?.pools ?? [])]}
        value={pool ?? ''}
        onChange={(value) => setPool(value || null)}
        allowDeselect={false}
      />
      {choices?.isRunning && !isContainer(guest) ? (
        <Text size="xs" c="var(--text-dim)">
          It is running: the copy is what its disks hold at that moment, as after a power cut.
        </Text>
      ) : null}
    </ActionDialog>
  )
}
