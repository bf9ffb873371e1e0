// One task in full: what it does and to what, how it ended and what to do then, its log, and how to stop it.
import { Button, CopyButton, Group, Progress } from '@mantine/core'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { navigate } from '#client/location.ts'
import { currentSite, useSession } from '#client/session.store.ts'
import type { Task } from '#shared/contracts/tasks.ts'
import { ActionButton } from '#ui/ActionButton.tsx'
import { useNowMs } from '#ui/clock.ts'
import { ErrorNotice } from '#ui/ErrorNotice.tsx'
import { LogView } from '#ui/LogView.tsx'
import { elapsedText, taskStateWords } from './task-words.ts'
import { TaskStateMark } from './TaskState.tsx'
import { useTaskLog } from './use-task-log.ts'

export function TaskPanel({ task }: { task: Task }) {
  const client = useClient()
  const nowMs = useNowMs()
  const isReadOnly = useSession((state) => currentSite(state)?.isReadOnly ?? false)
  const { lines, missingLines, error } = useTaskLog(task)
  const { siteId, taskId } = task
  const isRunning = task.state === 'running'
  const { entityId } = task
  return (
    <section className="task-panel" aria-label={`Task: ${task.title}`}>
      <Group gap="sm" wrap="nowrap" align="flex-start">
        <div style={{ flex: 1, minWidth: 0 }}>
          <h3 className="task-title">{task.title}</h3>
          <div className="task-line">
            <TaskStateMark task={task} /> · {elapsedText(task, nowMs)}
            {isRunning || task.message !== taskStateWords[task.state] ? ` · ${task.message}` : ''}
          </div>
          {task.remedy ? <div className="task-line">{task.remedy}</div> : null}
        </div>
        {entityId ? (
          <Button size="compact-xs" variant="default" onClick={() => navigate('/map', { entity: entityId })}>
            Show {task.subject.split(' ')[0]}
          </Button>
        ) : null}
        <CopyButton value={[task.reference, ...lines].join('\n')}>
          {({ copied, copy }) => (
            <Button size="compact-xs" variant="default" onClick={copy}>
              {copied ? 'Copied' : 'Copy the log'}
            </Button>
          )}
        </CopyButton>
        {isRunning ? (
          <ActionButton
            size="compact-xs"
            color="red"
            variant="light"
            disabledReason={!task.canStop ? 'This task cannot be stopped from here.' : isReadOnly ? 'The site is read-only in Meridian.' : null}
            onClick={() => void attempt('The task could not be stopped', client.tasks.stop({ siteId, taskId }))}
          >
            Stop
          </ActionButton>
        ) : (
          <Button size="compact-xs" variant="default" onClick={() => void attempt('The task could not be taken off the list', client.tasks.dismiss({ siteId, taskId }))}>
            Dismiss
          </Button>
        )}
      </Group>
      {isRunning && task.fraction !== null ? <Progress value={task.fraction * 100} size="xs" aria-label="Progress" /> : null}
      {error ? <ErrorNotice error={error} title="The log could not be read" /> : null}
      {missingLines > 0 ? <div className="task-line">The first {missingLines} lines are no longer kept.</div> : null}
      <div style={{ flex: 1, minHeight: 0 }}>
        <LogView label={`Log of ${task.title}`} lines={lines} emptyText={isRunning ? 'It has written nothing yet.' : 'It has written nothing.'} />
      </div>
      <div className="task-reference">{task.reference}</div>
    </section>
  )
}
