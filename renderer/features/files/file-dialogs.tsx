// What is asked before files are made, renamed, protected, replaced or deleted.
import { Button, Checkbox, Group, Modal, Stack, Table, Text, TextInput } from '@mantine/core'
import { useState, type FormEvent, type ReactNode } from 'react'
import { toAppError, type Client } from '#client/client.ts'
import { closeDialog, openDialog } from '#client/dialogs.store.ts'
import type { RemoteFile } from '#shared/contracts/files.ts'
import type { AppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { modeText } from './file-words.ts'

interface About {
  client: Client
  connectionId: ConnectionId
  path: string
  onDone(): void
}

/** A form in a dialog that stays open, with the reason, when its work fails. */
function AskForm(props: { title: string; action: string; children: ReactNode; isReady: boolean; work(): Promise<unknown>; onDone(): void }) {
  const [error, setError] = useState<AppError | null>(null)
  const [isBusy, setBusy] = useState(false)
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!props.isReady || isBusy) return
    setBusy(true)
    try {
      await props.work()
      closeDialog()
      props.onDone()
    } catch (thrown) {
      setError(toAppError(thrown))
      setBusy(false)
    }
  }
  return (
    <Modal opened onClose={closeDialog} title={props.title}>
      <form onSubmit={(event) => void submit(event)}>
        <Stack>
          {props.children}
          {error ? <ErrorNotice error={error} /> : null}
          <Group justify="flex-end">
            <Button variant="default" onClick={closeDialog}>
              Cancel
            </Button>
            <Button type="submit" loading={isBusy} disabled={!props.isReady}>
              {props.action}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}

export const newFolderDialog = (about: About): ReactNode => <NewFolder {...about} />
export const renameDialog = (about: About): ReactNode => <Rename {...about} />
export const modeDialog = (about: About & { mode: number }): ReactNode => <Mode {...about} />
export const deleteDialog = (about: About & { file: RemoteFile }): ReactNode => <Delete {...about} />

function NewFolder({ client, connectionId, path, onDone }: About) {
  const [name, setName] = useState('')
  const isReady = name.trim() !== '' && !name.includes('/')
  return (
    <AskForm title={`New folder in ${path}`} action="Make it" isReady={isReady} onDone={onDone} work={() => client.files.makeDirectory({ connectionId, path, name: name.trim() })}>
      <TextInput label="Name" value={name} onChange={(event) => setName(event.currentTarget.value)} data-autofocus autoComplete="off" />
    </AskForm>
  )
}

function Rename({ client, connectionId, path, onDone }: About) {
  const [to, setTo] = useState(path)
  const isReady = to.startsWith('/') && to !== path
  return (
    <AskForm title={`Rename or move ${path.split('/').at(-1)}`} action="Rename" isReady={isReady} onDone={onDone} work={() => client.files.rename({ connectionId, path, to })}>
      <TextInput label="New path" description="Another folder moves it there." value={to} onChange={(event) => setTo(event.currentTarget.value)} data-autofocus autoComplete="off" spellCheck={false} />
    </AskForm>
  )
}

const classes = ['Owner', 'Group', 'Others'] as const
const rights = ['Read', 'Write', 'Execute'] as const

function Mode({ client, connectionId, path, mode: before, onDone }: About & { mode: number }) {
  const [mode, setMode] = useState(before)
  return (
    <AskForm title={`Permissions of ${path.split('/').at(-1)}`} action="Change" isReady={mode !== before} onDone={onDone} work={() => client.files.setMode({ connectionId, path, mode })}>
      <Table withRowBorders={false}>
        <Table.Tbody>
          {classes.map((who, row) => (
            <Table.Tr key={who}>
              <Table.Th scope="row" w={90}>
                {who}
              </Table.Th>
              {rights.map((right, column) => {
                const bit = 1 << (8 - 3 * row - column)
                return (
                  <Table.Td key={right}>
                    <Checkbox label={right} checked={(mode & bit) !== 0} onChange={() => setMode(mode ^ bit)} />
                  </Table.Td>
                )
              })}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="sm" c="var(--text-dim)">
        {modeText({ kind: 'file', mode: before })} → <code>{modeText({ kind: 'file', mode })}</code> ({mode.toString(8).padStart(3, '0')})
      </Text>
    </AskForm>
  )
}

function Delete({ client, connectionId, path, file, onDone }: About & { file: RemoteFile }) {
  const isDirectory = file.kind === 'directory'
  return (
    <ConfirmDialog
      title={`Delete ${file.name}?`}
      confirmLabel={isDirectory ? 'Delete the folder' : 'Delete'}
      isDangerous
      {...(isDirectory ? { typedName: file.name } : {})}
      onClose={closeDialog}
      onConfirm={async () => {
        await client.files.remove({ connectionId, path, confirmation: file.name })
        onDone()
      }}
    >
      {isDirectory ? (
        <>The folder {path} goes with everything in it. There is no way to get it back.</>
      ) : file.kind === 'link' ? (
        <>Only the link {path} is deleted, not what it leads to.</>
      ) : (
        <>{path} is deleted on the host. There is no way to get it back.</>
      )}
    </ConfirmDialog>
  )
}

/** Resolves with whether the files that are there already may be replaced. */
export const replaceDialog = (names: readonly string[]): Promise<boolean> =>
  new Promise((resolve) => {
    const end = (isWanted: boolean): void => {
      closeDialog()
      resolve(isWanted)
    }
    openDialog(
      <ConfirmDialog title="Replace what is there?" confirmLabel="Replace" isDangerous onClose={() => end(false)} onConfirm={() => Promise.resolve(end(true))}>
        {names.length === 1 ? `${names[0]} is in this folder already.` : `${names.length} of these files are in this folder already: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}.`}
      </ConfirmDialog>,
    )
  })

