// All jobs that make, verify, prune, copy and clean up backups, of both servers in one table, each to be run now.
import { useState } from 'react'
import { IconPlayerPlay } from '@tabler/icons-react'
import { useClient } from '#client/client-context.ts'
import { closeDialog, openDialog } from '#client/dialogs.store.ts'
import type { JobView } from '#shared/contracts/backups.ts'
import type { Site } from '#shared/model/connection.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { Age } from '#ui/Age.tsx'
import { ConfirmDialog } from '#ui/ConfirmDialog.tsx'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { healthColor, healthSymbol } from '#ui/theme.ts'
import type { Health } from '#shared/model/inventory.ts'
import type { TabProps } from './BackupsScreen.tsx'
import { momentText, obstacle } from './backup-words.ts'
import { showTasks } from './show-tasks.ts'

const kindWords: Record<JobView['kind'], string> = { vzdump: 'Backup', verify: 'Verification', prune: 'Prune', sync: 'Sync', gc: 'Garbage collection' }
const keyOf = (job: JobView): string => `${job.connectionId}|${job.kind}|${job.id}`

export function JobsTab({ site, state }: TabProps) {
  const [sort, setSort] = useState<Sort>({ key: 'kind', isDescending: false })
  const [selectedKey, setSelected] = useState<string | null>(null)
  if (state.jobs.length === 0) return <EmptyState title="No job is known">Jobs of Proxmox VE and of the backup server are listed here as soon as one has answered.</EmptyState>
  const reasonOf = (job: JobView): string | null => obstacle(site, state.sources.find((it) => it.connectionId === job.connectionId))
  const run: Column<JobView> = {
    key: 'run',
    title: 'By hand',
    widthPx: 118,
    value: () => null,
    render: (job) => (
      <ActionButton size="compact-xs" variant="default" leftSection={<IconPlayerPlay size={13} aria-hidden />} disabledReason={reasonOf(job)} aria-label={`Run now: ${job.id}`} onClick={() => openDialog(<RunDialog site={site} job={job} />)}>
        Run now
      </ActionButton>
    ),
  }
  return (
    <div className="backups-main">
      <DataTable<JobView> label="Jobs" columns={[...columns, run]} rows={state.jobs} rowKey={keyOf} sort={sort} onSort={setSort} rowHeightPx={38} selectedKey={selectedKey} onSelect={(job) => setSelected(keyOf(job))} />
    </div>
  )
}

const explanations: Record<JobView['kind'], string> = {
  vzdump: 'Every guest of the job is backed up now, on all nodes at once. Guests keep running in the mode “snapshot”.',
  verify: 'The server reads the backups of the job and compares every chunk with its checksum.',
  prune: 'Backups beyond what the job keeps are forgotten. Protected ones stay.',
  sync: 'Backups that are missing here, or there, are copied.',
  gc: 'Chunks that no backup refers to any more, and that are older than a day, are freed.',
}

function RunDialog({ site, job }: { site: Site; job: JobView }) {
  const client = useClient()
  const { connectionId, id, kind } = job
  return (
    <ConfirmDialog
      title={`Run ${id} now`}
      confirmLabel="Run it now"
      isDangerous={kind === 'prune'}
      onConfirm={() =>
        showTasks(
          kind === 'vzdump'
            ? client.backups.runBackupJob({ siteId: site.id, connectionId, id })
            : client.backups.runServerJob({ siteId: site.id, connectionId, kind, id }),
        )
      }
      onClose={closeDialog}
    >
      {explanations[kind]} {job.selection}; {job.target}. The tasks at the bottom of the window show how it goes.
    </ConfirmDialog>
  )
}

function stateOf(job: JobView): { health: Health; text: string } {
  if (!job.isEnabled) return { health: 'off', text: 'switched off' }
  if (job.lastState === null) return { health: 'unknown', text: 'has not run' }
  if (job.lastState === 'OK') return { health: 'ok', text: 'OK' }
  return { health: /^WARNINGS/.test(job.lastState) ? 'warning' : 'error', text: job.lastState }
}

const columns: ReadonlyArray<Column<JobView>> = [
  { key: 'kind', title: 'Kind', widthPx: 124, value: (job) => kindWords[job.kind] },
  { key: 'id', title: 'Job', widthPx: 130, value: (job) => job.id },
  { key: 'schedule', title: 'Runs', widthPx: 108, value: (job) => job.scheduleText },
  { key: 'selection', title: 'Takes', widthPx: 116, value: (job) => job.selection },
  { key: 'target', title: 'Where', widthPx: 112, value: (job) => job.target },
  {
    key: 'state',
    title: 'Last run',
    widthPx: 196,
    value: (job) => stateOf(job).text,
    render: (job) => {
      const { health, text } = stateOf(job)
      return (
        <span className="verdict">
          <span aria-hidden style={{ color: healthColor(health) }}>
            {healthSymbol[health]}
          </span>
          {text}
          {job.lastRunAtMs === null ? null : <span className="kbd-hint"><Age atMs={job.lastRunAtMs} /></span>}
        </span>
      )
    },
  },
  { key: 'next', title: 'Next run', widthPx: 106, value: (job) => (job.nextRunAtMs === null ? null : momentText(job.nextRunAtMs)), order: (job) => job.nextRunAtMs },
  { key: 'comment', title: 'Notes', widthPx: 96, value: (job) => job.comment || null },
]
