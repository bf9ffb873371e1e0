// The frame's one word on long operations: how many run, and the way into their list.
import { Loader } from '@mantine/core'
import { useSession } from '#client/session.store.ts'
import { closeTasks, openTasks, runningCount, useTasks } from '#client/tasks.store.ts'

export function TaskStatusItem() {
  const hasSite = useSession((state) => state.siteId !== null)
  const isOpen = useTasks((state) => state.isOpen)
  const running = useTasks(runningCount)
  if (!hasSite) return null
  return (
    <button className="status-item" aria-expanded={isOpen} data-testid="tasks-status" onClick={() => (isOpen ? closeTasks() : openTasks())}>
      {running > 0 ? <Loader size={11} aria-hidden /> : null}
      {running > 0 ? `${running} ${running === 1 ? 'task' : 'tasks'} running` : 'Tasks'}
    </button>
  )
}
