// What was run, newest first, and the results that were kept: open one again without asking any server.
import { ActionIcon, Badge, Group, Menu, ScrollArea, Switch, Text, TextInput, UnstyledButton, VisuallyHidden } from '@mantine/core'
import { IconDots, IconSearch } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient, useFollow } from '#client/client-context.ts'
import type { Run } from '#shared/contracts/sql.ts'
import { formatCount, formatDuration } from '#shared/model/quantities.ts'
import { Age } from '#ui/Age.tsx'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { deleteRun, loadHistory, noteRun, openKeptResult, useSql } from './sql.store.ts'

const colors: Record<Run['state'], string> = { running: 'meridian', done: 'green', cut: 'yellow', failed: 'red', cancelled: 'gray', interrupted: 'yellow' }

export function RunHistory({ onReplace }: { onReplace: (sql: string) => void }) {
  const client = useClient()
  const history = useSql((state) => state.history)
  const [text, setText] = useState('')
  const [onlySaved, setOnlySaved] = useState(false)
  useEffect(() => void loadHistory(client), [client])
  useFollow('runs', (each, options) => each.sql.watchRuns(undefined, options), noteRun)
  const runs = history.state === 'ready' ? history.value : []
  const wanted = text.toLowerCase()
  const shown = runs.filter((run) => (!onlySaved || run.isSaved) && `${run.name ?? ''} ${run.sql} ${run.connectionLabel}`.toLowerCase().includes(wanted))
  return (
    <div style={{ display: 'flex', flexDirection: 'column', flex: 1, minHeight: 0 }}>
      <div style={{ padding: '0 8px 8px', display: 'grid', gap: 6 }}>
        <TextInput aria-label="Search the history" placeholder="Text, name or database" size="xs" leftSection={<IconSearch size={13} />} value={text} onChange={(event) => setText(event.currentTarget.value)} />
        <Switch size="xs" label="Saved only" checked={onlySaved} onChange={(event) => setOnlySaved(event.currentTarget.checked)} />
      </div>
      {history.state === 'failed' ? <ErrorNotice error={history.error} onRetry={() => void loadHistory(client)} /> : null}
      <ScrollArea style={{ flex: 1, minHeight: 0 }} type="auto">
        {history.state === 'ready' && shown.length === 0 ? (
          <Text size="sm" p="md" c="var(--text-dim)">
            {wanted ? 'No run has these words.' : onlySaved ? 'No result is saved yet. “Save” under a result keeps it here.' : 'Nothing was run yet.'}
          </Text>
        ) : null}
        <ul style={{ listStyle: 'none', margin: 0, padding: 0 }} aria-label="Runs">
          {shown.map((run) => (
            <HistoryItem key={run.runId} run={run} onReplace={onReplace} />
          ))}
        </ul>
      </ScrollArea>
    </div>
  )
}

/** Its name, or how it begins. */
const titleOf = (run: Run): string => run.name ?? run.sql.slice(0, 60)

function HistoryItem({ run, onReplace }: { run: Run; onReplace: (sql: string) => void }) {
  const client = useClient()
  const canOpen = run.resultBytes > 0 && run.state !== 'running'
  const open = (): void => {
    onReplace(run.sql)
    if (canOpen) void openKeptResult(client, run.runId)
  }
  return (
    <li style={{ position: 'relative' }}>
      <UnstyledButton className="history-item" onClick={open}>
        <VisuallyHidden>Open</VisuallyHidden>{' '}
        {run.name ? <Text size="sm" fw={600} component="span">{run.name}</Text> : null}
        <code>{run.sql.slice(0, 600)}</code>
        <Group gap={6} mt={4}>
          <Badge size="xs" variant="light" color={colors[run.state]} style={{ textTransform: 'none' }}>
            {run.state}
          </Badge>
          <Text size="xs" c="var(--text-dim)" component="span">
            {formatCount(run.rows)} rows · {formatDuration(run.elapsedMs)} · <Age atMs={run.startedAtMs} />
            {canOpen ? '' : ' · rows not kept'}
          </Text>
        </Group>
      </UnstyledButton>
      <Menu position="bottom-end">
        <Menu.Target>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label={`More for ${titleOf(run)}`} style={{ position: 'absolute', right: 6, top: 6 }}>
            <IconDots size={14} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => onReplace(run.sql)}>Put the text in the editor</Menu.Item>
          <Menu.Item disabled={!canOpen} onClick={() => void openKeptResult(client, run.runId)}>
            Open the rows
          </Menu.Item>
          <Menu.Item color="red" disabled={run.state === 'running'} onClick={() => void attempt('The run could not be deleted', deleteRun(client, run.runId))}>
            Delete
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
    </li>
  )
}
