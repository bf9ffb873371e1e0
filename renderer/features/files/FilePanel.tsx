// One remote file: what it is, and what can be done with it.
import { Button, Group, Stack } from '@mantine/core'
import { IconDownload, IconEdit, IconFolderOpen, IconLock, IconPencil, IconTrash } from '@tabler/icons-react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { openDialog } from '#client/dialogs.store.ts'
import type { RemoteFile } from '#shared/contracts/files.ts'
import type { Connection } from '#shared/model/connection.ts'
import { formatBytes } from '#shared/model/quantities.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { downloadUrl } from '#ui/download.ts'
import { FileIcon } from './FileIcon.tsx'
import { deleteDialog, modeDialog, renameDialog } from './file-dialogs.tsx'
import { isFolder, isReadable, joinPath, kindWord, modeText } from './file-words.ts'

interface FilePanelProps {
  host: Connection
  folder: string
  file: RemoteFile
  /** Why nothing may be changed; null when it may. */
  obstacle: string | null
  onOpen(): void
  onChanged(): void
}

export function FilePanel({ host, folder, file, obstacle, onOpen, onChanged }: FilePanelProps) {
  const client = useClient()
  const path = joinPath(folder, file.name)
  const about = { client, connectionId: host.id, path, onDone: onChanged }
  const facts: Array<[string, string]> = [
    ['Kind', kindWord(file)],
    ['Size', file.kind === 'file' ? `${formatBytes(file.sizeBytes)} (${file.sizeBytes.toLocaleString('en')} bytes)` : '—'],
    ['Modified', new Date(file.modifiedMs).toLocaleString()],
    ['Permissions', `${modeText(file)} (${file.mode.toString(8).padStart(3, '0')})`],
    ['Owner', [file.owner, file.group].filter(Boolean).join(' : ') || '—'],
  ]
  return (
    <aside className="files-panel" aria-label={`About ${file.name}`}>
      <Stack gap="sm">
        <Group gap="xs" wrap="nowrap">
          <FileIcon file={file} />
          <strong style={{ overflowWrap: 'anywhere' }}>{file.name}</strong>
        </Group>
        <dl className="files-facts">
          {facts.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </div>
          ))}
        </dl>
        <Stack gap={6}>
          {isFolder(file) ? (
            <Button variant="default" leftSection={<IconFolderOpen size={16} aria-hidden />} onClick={onOpen}>
              Open
            </Button>
          ) : null}
          {isReadable(file) ? (
            <>
              <Button
                leftSection={<IconDownload size={16} aria-hidden />}
                onClick={() => void attempt(`${file.name} could not be downloaded`, client.files.download({ connectionId: host.id, path }).then((ticket) => downloadUrl(ticket.url, file.name)))}
              >
                Download
              </Button>
              <Button variant="default" leftSection={<IconEdit size={16} aria-hidden />} onClick={onOpen}>
                View or edit
              </Button>
            </>
          ) : null}
          <ActionButton variant="default" disabledReason={obstacle} leftSection={<IconPencil size={16} aria-hidden />} onClick={() => openDialog(renameDialog(about))}>
            Rename or move…
          </ActionButton>
          {file.kind === 'link' ? null : (
            <ActionButton variant="default" disabledReason={obstacle} leftSection={<IconLock size={16} aria-hidden />} onClick={() => openDialog(modeDialog({ ...about, mode: file.mode }))}>
              Permissions…
            </ActionButton>
          )}
          <ActionButton variant="light" color="red" disabledReason={obstacle} leftSection={<IconTrash size={16} aria-hidden />} onClick={() => openDialog(deleteDialog({ ...about, file }))}>
            Delete…
          </ActionButton>
        </Stack>
      </Stack>
    </aside>
  )
}
