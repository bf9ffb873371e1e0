// What the cluster knows of the tasks of a guest or a node, whoever began them; each can be followed in the drawer.
import { Loader, Tooltip } from '@mantine/core'
import { useState } from 'react'
import { attempt } from '#client/attempt.ts'
import type { Client } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useLoaded } from '#client/use-loaded.ts'
import type { SystemTask } from '#shared/contracts/guests.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Health } from '#shared/model/inventory.ts'
import { formatDuration } from '#shared/model/quantities.ts'
import { Age } from '#ui/Age.tsx'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { HealthMark } from '#ui/HealthMark.tsx'
import { showTask } from './guest-commands.ts'

const everyMs = 5000

interface SystemTasksProps {
  label: string
  connectionId: ConnectionId
  load(client: Client, options: { signal: AbortSignal }): Promise<SystemTask[]>
}

export function SystemTasks({ label, connectionId, load }: SystemTasksProps) {
  const client = useClient()
  const { value, error, reload } = useLoaded(`tasks ${connectionId} ${label}`, load, { everyMs })
  const [sort, setSort] = useState<Sort>({ key: 'began', isDescending: true })
  const open = (task: SystemTask): void =>
    void attempt('The task could not be followed', showTask(client.guests.followTask({ connectionId, upid: task.upid })))
  if (error && !value) return <ErrorNotice error={error} title="The tasks could not be read" onRetry={reload} />
  if (!value) return <Loader role="img" size="sm" aria-label="Reading the tasks" />
  if (value.length === 0) return <EmptyState title="No tasks">The cluster remembers none.</EmptyState>
  return <DataTable<SystemTask> label={label} columns={columns} rows={value} rowKey={(task) => task.upid} sort={sort} onSort={setSort} rowHeightPx={30} onOpen={open} />
}

const columns: ReadonlyArray<Column<SystemTask>> = [
  { key: 'state', title: 'State', widthPx: 210, value: (task) => task.status ?? 'running', render: (task) => <StateOf task={task} /> },
  { key: 'type', title: 'Task', widthPx: 170, value: (task) => taskTypeWords[task.type] ?? task.type },
  { key: 'user', title: 'By', widthPx: 150, value: (task) => task.user },
  { key: 'node', title: 'Node', widthPx: 80, value: (task) => task.node },
  { key: 'began', title: 'Began', widthPx: 110, value: (task) => task.startedAtMs, render: (task) => <Age atMs={task.startedAtMs} /> },
  {
    key: 'took',
    title: 'Took',
    widthPx: 90,
    align: 'right',
    value: (task) => (task.endedAtMs === null ? null : task.endedAtMs - task.startedAtMs),
    render: (task) => (task.endedAtMs === null ? '—' : formatDuration(task.endedAtMs - task.startedAtMs)),
  },
]

function StateOf({ task }: { task: SystemTask }) {
  if (task.status === null)
    return (
      <>
        <Loader size={11} aria-hidden /> Running
      </>
    )
  const health: Health = task.status === 'OK' ? 'ok' : task.status.startsWith('WARNINGS') ? 'warning' : task.status === 'unexpected status' ? 'unknown' : 'error'
  const word = health === 'ok' ? 'Done' : health === 'warning' ? 'Done with warnings' : health === 'unknown' ? 'Outcome unknown' : task.status
  return (
    <Tooltip label={task.status} disabled={health !== 'error'}>
      <span>
        <HealthMark health={health} label={word} />
      </span>
    </Tooltip>
  )
}

/** Proxmox VE's short names in words; others are shown as they are. */
const taskTypeWords: Record<string, string> = {
  qmstart: 'Start', qmstop: 'Stop', qmshutdown: 'Shut down', qmreboot: 'Reboot', qmreset: 'Reset', qmpause: 'Pause', qmsuspend: 'Pause or suspend',
  qmresume: 'Resume', qmclone: 'Clone', qmcreate: 'Create', qmdestroy: 'Destroy', qmigrate: 'Migrate', qmsnapshot: 'Take a snapshot',
  qmrollback: 'Roll back', qmdelsnapshot: 'Delete a snapshot', qmrestore: 'Restore', qmconfig: 'Configure', qmtemplate: 'Make a template', qmmove: 'Move a disk',
  vzstart: 'Start', vzstop: 'Stop', vzshutdown: 'Shut down', vzreboot: 'Reboot', vzsuspend: 'Pause', vzresume: 'Resume', vzclone: 'Clone',
  vzcreate: 'Create', vzdestroy: 'Destroy', vzmigrate: 'Migrate', vzsnapshot: 'Take a snapshot', vzrollback: 'Roll back', vzdelsnapshot: 'Delete a snapshot',
  vzrestore: 'Restore', vzdump: 'Back up', hastart: 'Start (HA)', hastop: 'Stop (HA)', hamigrate: 'Migrate (HA)', vncproxy: 'Console', vncshell: 'Node shell',
  aptupdate: 'Update the package list', imgcopy: 'Copy an image', imgdel: 'Delete an image', resize: 'Resize a disk', startall: 'Start all', stopall: 'Stop all',
}
