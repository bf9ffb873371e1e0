// The drawer at the bottom of the frame: the site's long operations, newest first, and the log of the one chosen.
import './tasks.css'
import { ActionIcon, Button, Group } from '@mantine/core'
import { IconX } from '@tabler/icons-react'
import { useEffect, useMemo, useState } from 'react'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { useSession } from '#client/session.store.ts'
import { closeTasks, selectTask, useTasks } from '#client/tasks.store.ts'
import type { Task } from '#shared/contracts/tasks.ts'
import { Age } from '#ui/Age.tsx'
import { useNowMs } from '#ui/clock.ts'
import { DataTable, type Column, type Sort } from '#ui/DataTable.tsx'
import { EmptyState } from '#ui/EmptyState.tsx'
import { TaskPanel } from './TaskPanel.tsx'
import { TaskStateMark } from './TaskState.tsx'
import { elapsedText, taskStateWords } from './task-words.ts'

export function TaskDrawer() {
  const client = useClient()
  const isOpen = useTasks((state) => state.isOpen)
  const tasks = useTasks((state) => state.tasks)
  const selectedId = useTasks((state) => state.selectedId)
  const siteId = useSession((state) => state.siteId)
  const rows = useMemo(() => [...tasks.values()], [tasks])
  const [sort, setSort] = useState<Sort>({ key: 'started', isDescending: true })
  const newestId = rows.reduce<Task | null>((newest, task) => (newest && newest.startedAtMs >= task.startedAtMs ? newest : task), null)?.taskId ?? null
  const selected = (selectedId ? tasks.get(selectedId) : undefined) ?? (newestId ? tasks.get(newestId) : undefined)
  useEffect(() => {
    if (isOpen && selectedId === null && newestId) selectTask(newestId)
  }, [isOpen, selectedId, newestId])
  if (!isOpen || !siteId) return null
  return (
    <section className="task-drawer" aria-label="Tasks">
      <div className="task-head">
        <h2>Tasks</h2>
        <Group gap="xs" ml="auto" wrap="nowrap">
          <Button
            size="compact-xs"
            variant="default"
            disabled={!rows.some((task) => task.state !== 'running')}
            onClick={() => void attempt('The list could not be cleared', client.tasks.dismissEnded({ siteId }))}
          >
            Clear what has ended
          </Button>
          <ActionIcon size="sm" variant="subtle" color="gray" aria-label="Close the tasks" onClick={closeTasks}>
            <IconX size={15} />
          </ActionIcon>
        </Group>
      </div>
      {rows.length === 0 ? (
        <EmptyState title="No tasks yet">What is started from here and takes its time is followed to its end in this list, with its log.</EmptyState>
      ) : (
        <div className="task-body">
          <div className="task-list">
            <DataTable<Task>
              label="Tasks"
              columns={columns}
              rows={rows}
              rowKey={(task) => task.taskId}
              sort={sort}
              onSort={setSort}
              rowHeightPx={28}
              selectedKey={selected?.taskId ?? null}
              onSelect={(task) => selectTask(task.taskId)}
            />
          </div>
          {selected ? <TaskPanel key={selected.taskId} task={selected} /> : null}
        </div>
      )}
    </section>
  )
}

const columns: ReadonlyArray<Column<Task>> = [
  { key: 'state', title: 'State', widthPx: 150, value: (task) => taskStateWords[task.state], render: (task) => <TaskStateMark task={task} /> },
  { key: 'title', title: 'Task', widthPx: 250, value: (task) => task.title },
  { key: 'elapsed', title: 'Took', widthPx: 90, align: 'right', value: (task) => (task.endedAtMs ?? Date.now()) - task.startedAtMs, render: (task) => <Elapsed task={task} /> },
  { key: 'started', title: 'Began', widthPx: 90, value: (task) => task.startedAtMs, render: (task) => <Age atMs={task.startedAtMs} /> },
]

function Elapsed({ task }: { task: Task }) {
  return <>{elapsedText(task, useNowMs())}</>
}
