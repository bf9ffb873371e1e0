// What can be done to the backups of a group: prune with its preview first, notes, and forgetting one for good.
import { Button, Group, Modal, NumberInput, Stack, Table, Text, TextInput, Textarea } from '@mantine/core'
import { useEffect, useState } from 'react'
import { toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { closeDialog } from '#client/dialogs.store.ts'
import type { GroupName, PruneRow, Retention } from '#shared/contracts/backups.ts'
import type { AppError } from '#shared/errors.ts'
import type { Site } from '#shared/model/connection.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { groupTitle, momentText } from './backup-words.ts'

interface DialogProps {
  site: Site
  group: GroupName
}

const keeps = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const satisfies Array<keyof Retention>
export const timeText = (backupTime: number): string => momentText(backupTime * 1000)

export function ForgetDialog({ site, group, backupTime }: DialogProps & { backupTime: number }) {
  const client = useClient()
  return (
    <ConfirmDialog
      title={`Forget the backup of ${timeText(backupTime)}`}
      confirmLabel="Forget it"
      typedName={groupTitle(group)}
      onConfirm={(confirmation) => client.backups.forget({ siteId: site.id, group, backupTime, confirmation })}
      onClose={closeDialog}
    >
      The backup of {groupTitle(group)} from {timeText(backupTime)} is removed from {group.store}. It cannot be brought
      back. The space is free after the next garbage collection.
    </ConfirmDialog>
  )
}

export function NotesDialog({ site, group, backupTime }: DialogProps & { backupTime: number }) {
  const client = useClient()
  const [notes, setNotes] = useState<string | null>(null)
  const [error, setError] = useState<AppError | null>(null)
  useEffect(() => {
    const leaving = new AbortController()
    client.backups.readNotes({ siteId: site.id, group, backupTime }, { signal: leaving.signal }).then(
      (answer) => setNotes(answer.notes),
      (thrown: unknown) => leaving.signal.aborted || setError(toAppError(thrown)),
    )
    return () => leaving.abort()
  }, [client, site.id, group, backupTime])
  if (error)
    return (
      <Modal opened onClose={closeDialog} title="Notes">
        <ErrorNotice error={error} />
      </Modal>
    )
  return (
    <ConfirmDialog
      title={`Notes of the backup of ${timeText(backupTime)}`}
      confirmLabel="Save the notes"
      onConfirm={() => (notes === null ? Promise.resolve() : client.backups.editNotes({ siteId: site.id, group, backupTime, notes }))}
      onClose={closeDialog}
    >
      <Textarea label="Notes" minRows={4} autosize maxRows={12} disabled={notes === null} value={notes ?? ''} onChange={(event) => setNotes(event.currentTarget.value)} data-autofocus />
    </ConfirmDialog>
  )
}

/** Nothing goes before it has been seen: the preview comes first, and the group's name is typed. */
export function PruneDialog({ site, group }: DialogProps) {
  const client = useClient()
  const [keep, setKeep] = useState<Retention>({ daily: 7 })
  const [preview, setPreview] = useState<{ keep: Retention; rows: PruneRow[] } | null>(null)
  const [typed, setTyped] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const isEmpty = keeps.every((name) => keep[name] === undefined)
  const isCurrent = preview !== null && JSON.stringify(preview.keep) === JSON.stringify(keep)
  const going = isCurrent ? preview.rows.filter((row) => !row.isKept).length : 0
  const run = async (work: () => Promise<void>): Promise<void> => {
    setBusy(true)
    setError(null)
    try {
      await work()
    } catch (thrown) {
      setError(toAppError(thrown))
    } finally {
      setBusy(false)
    }
  }
  const look = (): Promise<void> =>
    run(async () => setPreview({ keep, rows: await client.backups.previewPrune({ siteId: site.id, group, keep }) }))
  const prune = (): Promise<void> =>
    run(async () => {
      await client.backups.prune({ siteId: site.id, group, keep, confirmation: typed })
      closeDialog()
    })
  return (
    <Modal opened onClose={closeDialog} size="lg" title={`Prune ${groupTitle(group)}`}>
      <Stack>
        <Text size="sm">
          Keeps the newest of each period and forgets the others; protected backups always stay. The space is free after
          the next garbage collection.
        </Text>
        <Group grow align="flex-end">
          {keeps.map((name) => (
            <NumberInput key={name} label={`Keep ${name}`} min={1} max={9999} allowDecimal={false} value={keep[name] ?? ''} onChange={(value) => setKeep({ ...keep, [name]: typeof value === 'number' ? value : undefined })} />
          ))}
        </Group>
        {isCurrent ? (
          <div className="prune-preview" tabIndex={0} role="region" aria-label="Preview">
            <Table verticalSpacing={4}>
              <Table.Tbody>
                {preview.rows.map((row) => (
                  <Table.Tr key={row.backupTime}>
                    <Table.Td>{timeText(row.backupTime)}</Table.Td>
                    <Table.Td style={{ color: row.isKept ? 'var(--health-ok)' : 'var(--health-error)' }}>{row.isProtected ? 'kept, protected' : row.isKept ? 'kept' : 'goes'}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </div>
        ) : null}
        {isCurrent && going > 0 ? (
          <TextInput label={`${going} of ${preview.rows.length} go. Type “${groupTitle(group)}” to confirm`} value={typed} onChange={(event) => setTyped(event.currentTarget.value)} autoComplete="off" />
        ) : null}
        {isCurrent && going === 0 ? <Text size="sm">Nothing would go.</Text> : null}
        {error ? <ErrorNotice error={error} /> : null}
        <Group justify="flex-end">
          <Button variant="default" onClick={closeDialog}>
            Cancel
          </Button>
          <Button variant="default" disabled={isEmpty} loading={isBusy} onClick={() => void look()}>
            Preview
          </Button>
          <Button color="red" disabled={!isCurrent || going === 0 || typed !== groupTitle(group)} loading={isBusy} onClick={() => void prune()}>
            Prune
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
