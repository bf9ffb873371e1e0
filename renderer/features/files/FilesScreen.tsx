// Files of an SSH host: one folder as a table, what can be done with the selected one beside it, uploads below. Files
// dropped on the table are sent into the folder that is shown.
import './files.css'
import { ActionIcon, Button, Checkbox, FileButton, Group, Loader, Select, TextInput, Tooltip } from '@mantine/core'
import { IconArrowUp, IconFolderPlus, IconFolders, IconRefresh, IconSearch, IconTerminal2, IconUpload } from '@tabler/icons-react'
import { useMemo, useState, type DragEvent } from 'react'
import { useClient } from '#client/client-context.ts'
import { openConsole } from '#client/console-link.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import { openFiles, sshConnectionsOf } from '#client/ssh-hosts.ts'
import type { RemoteFile } from '#shared/contracts/files.ts'
import type { Connection, ConnectionId } from '#shared/model/connection.ts'
import { formatAge, formatBytes } from '#shared/model/quantities.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { useNowMs } from '#ui/clock.ts'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { FileIcon } from './FileIcon.tsx'
import { FilePanel } from './FilePanel.tsx'
import { newFolderDialog, replaceDialog } from './file-dialogs.tsx'
import { FileEditor } from './FileEditor.tsx'
import { crumbsOf, isFolder, isReadable, joinPath, modeText, parentOf } from './file-words.ts'
import { upload } from './transfers.store.ts'
import { Transfers } from './Transfers.tsx'
import { useFolder } from './use-folder.ts'

export default function FilesScreen() {
  const { query } = usePlace()
  const site = useSession(currentSite)
  const hosts = sshConnectionsOf(site)
  const chosen = hosts.find((one) => one.id === query.get('host')) ?? hosts[0]
  if (!chosen)
    return (
      <EmptyState
        icon={<IconFolders size={40} />}
        title="No SSH host yet"
        action={<Button onClick={() => navigate('/connections')}>Add a connection</Button>}
      >
        Files are reached over SSH. Add an SSH connection to the site, then browse, fetch and send files here.
      </EmptyState>
    )
  return <Browser key={chosen.id} host={chosen} hosts={hosts} path={query.get('path')} />
}

function Browser({ host, hosts, path }: { host: Connection; hosts: Connection[]; path: string | null }) {
  const client = useClient()
  const site = useSession(currentSite)
  const folder = useFolder(host.id, path)
  const [filter, setFilter] = useState('')
  const [showsHidden, setShowsHidden] = useState(false)
  const [selected, setSelected] = useState<string | null>(null)
  const [isOver, setOver] = useState(false)
  const obstacle = site?.isReadOnly ? `${site.name} is read-only in Meridian; allow changes under Connections.` : null
  const known = folder.current
  const here = known?.path ?? path ?? ''
  const rows = useMemo(
    () =>
      (known?.files ?? []).filter(
        ({ name }) => (showsHidden || !name.startsWith('.')) && name.toLowerCase().includes(filter.toLowerCase()),
      ),
    [known, showsHidden, filter],
  )
  const file = rows.find((one) => one.name === selected) ?? null
  const go = (to: string): void => {
    setSelected(null)
    setFilter('')
    openFiles(host.id, to)
  }
  const open = (one: RemoteFile): void => {
    if (isFolder(one)) go(joinPath(here, one.name))
    else if (isReadable(one)) openDialog(<FileEditor connectionId={host.id} path={joinPath(here, one.name)} onSaved={folder.reload} />)
  }
  const send = async (files: readonly File[]): Promise<void> => {
    const present = new Set(known?.files.map(({ name }) => name))
    const doubled = files.filter(({ name }) => present.has(name))
    if (doubled.length > 0 && !(await replaceDialog(doubled.map(({ name }) => name)))) return
    for (const one of files) {
      await upload(client, { connectionId: host.id, folder: here, mayReplace: present.has(one.name) }, one)
      folder.reload()
    }
  }
  const drop = (event: DragEvent): void => {
    event.preventDefault()
    setOver(false)
    if (!obstacle && known) void send([...event.dataTransfer.files])
  }
  return (
    <div className="screen files">
      <div className="screen-head">
        <h1>Files</h1>
        <Select
          aria-label="Host"
          data={hosts.map(({ id, label }) => ({ value: id, label }))}
          value={host.id}
          allowDeselect={false}
          searchable
          w={210}
          onChange={(id) => id && openFiles(id as ConnectionId)}
        />
        <TextInput
          aria-label="Filter"
          placeholder="Filter"
          leftSection={<IconSearch size={15} />}
          value={filter}
          onChange={(event) => setFilter(event.currentTarget.value)}
          w={170}
        />
        <Checkbox label="Hidden files" checked={showsHidden} onChange={(event) => setShowsHidden(event.currentTarget.checked)} />
        <Group ml="auto" gap="xs">
          <Button
            variant="default"
            leftSection={<IconTerminal2 size={16} aria-hidden />}
            onClick={() => openConsole({ connectionId: host.id, target: { kind: 'ssh' }, label: host.label })}
          >
            Shell
          </Button>
          <ActionButton
            variant="default"
            leftSection={<IconFolderPlus size={16} aria-hidden />}
            disabledReason={obstacle ?? (known ? null : 'No folder is open.')}
            onClick={() => openDialog(newFolderDialog({ client, connectionId: host.id, path: here, onDone: folder.reload }))}
          >
            New folder
          </ActionButton>
          {obstacle || !known ? (
            <ActionButton leftSection={<IconUpload size={16} aria-hidden />} disabledReason={obstacle ?? 'No folder is open.'}>
              Upload
            </ActionButton>
          ) : (
            <FileButton multiple inputProps={{ 'aria-label': 'Files to upload' }} onChange={(files) => void send(files)}>
              {(props) => (
                <Button {...props} leftSection={<IconUpload size={16} aria-hidden />}>
                  Upload
                </Button>
              )}
            </FileButton>
          )}
        </Group>
      </div>
      <div className="files-way">
        <Tooltip label="Parent folder">
          <ActionIcon variant="subtle" color="gray" aria-label="Parent folder" disabled={here === '/' || !here} onClick={() => go(parentOf(here))}>
            <IconArrowUp size={17} />
          </ActionIcon>
        </Tooltip>
        <Tooltip label="Read the folder again">
          <ActionIcon variant="subtle" color="gray" aria-label="Read the folder again" onClick={folder.reload}>
            <IconRefresh size={17} />
          </ActionIcon>
        </Tooltip>
        <nav aria-label="Folder" className="files-crumbs">
          {here ? crumbsOf(here).map((crumb) => (
            <button key={crumb.path} onClick={() => go(crumb.path)} aria-current={crumb.path === here ? 'page' : undefined}>
              {crumb.name}
            </button>
          )) : null}
        </nav>
        <span className="files-count" role="status">
          {folder.isLoading ? <Loader role="img" size={14} aria-label="Reading the folder" /> : known ? countWords(rows.length, known.files.length, known.leftOut) : ''}
        </span>
      </div>
      <div className="files-room">
        <div
          className="files-table"
          data-over={isOver || undefined}
          onDragOver={(event) => {
            event.preventDefault()
            setOver(!obstacle)
          }}
          onDragLeave={() => setOver(false)}
          onDrop={drop}
        >
          {folder.error ? <ErrorNotice error={folder.error} onRetry={folder.reload} /> : null}
          {known ? <FileTable path={known.path} rows={rows} selected={selected} onSelect={setSelected} onOpen={open} /> : null}
        </div>
        {file && known ? (
          <FilePanel
            host={host}
            folder={known.path}
            file={file}
            obstacle={obstacle}
            onOpen={() => open(file)}
            onChanged={() => {
              setSelected(null)
              folder.reload()
            }}
          />
        ) : null}
      </div>
      <Transfers connectionId={host.id} />
    </div>
  )
}

function countWords(shown: number, all: number, leftOut: number): string {
  const words = shown === all ? `${all} ${all === 1 ? 'entry' : 'entries'}` : `${shown} of ${all} shown`
  return leftOut > 0 ? `${words}; ${leftOut} more are not listed` : words
}

function FileTable(props: {
  path: string
  rows: readonly RemoteFile[]
  selected: string | null
  onSelect(name: string): void
  onOpen(file: RemoteFile): void
}) {
  const [sort, setSort] = useState<Sort>({ key: 'name', isDescending: false })
  const nowMs = useNowMs()
  const columns = useMemo(
    (): Column<RemoteFile>[] => [
      {
        key: 'name',
        title: 'Name',
        widthPx: 300,
        value: ({ name }) => name,
        // Folders stand together, as every file manager has them.
        order: (file) => `${isFolder(file) ? '0' : '1'}${file.name}`,
        render: (file) => (
          <span className="files-name">
            <FileIcon file={file} />
            <span>{file.name}</span>
            {file.kind === 'link' ? <span className="files-target">→ {file.linkTarget ?? '?'}</span> : null}
          </span>
        ),
      },
      { key: 'size', title: 'Size', widthPx: 90, align: 'right', value: (file) => (file.kind === 'file' ? file.sizeBytes : null), render: (file) => (file.kind === 'file' ? formatBytes(file.sizeBytes) : '') },
      {
        key: 'modified',
        title: 'Modified',
        widthPx: 130,
        value: ({ modifiedMs }) => new Date(modifiedMs).toLocaleString(),
        order: ({ modifiedMs }) => modifiedMs,
        render: ({ modifiedMs }) => formatAge(Math.max(0, nowMs - modifiedMs)),
      },
      { key: 'mode', title: 'Permissions', widthPx: 110, value: modeText, render: (file) => <code>{modeText(file)}</code> },
      { key: 'owner', title: 'Owner', widthPx: 130, value: ({ owner, group }) => [owner, group].filter(Boolean).join(' : ') },
    ],
    [nowMs],
  )
  if (props.rows.length === 0)
    return (
      <EmptyState icon={<IconFolders size={34} />} title="Nothing to show in this folder">
        Drop files here to send them, or show hidden files.
      </EmptyState>
    )
  return (
    <DataTable
      key={props.path}
      label={`Files in ${props.path}`}
      columns={columns}
      rows={props.rows}
      rowKey={({ name }) => name}
      sort={sort}
      onSort={setSort}
      rowHeightPx={30}
      selectedKey={props.selected}
      onSelect={({ name }) => props.onSelect(name)}
      onOpen={props.onOpen}
    />
  )
}
