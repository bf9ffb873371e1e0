// The page's mirror of the site's long operations, and what of them is open: the drawer and the task whose log is shown.
// Kept live by the frame; any screen may read the tasks of its own things here.
import { create } from 'zustand'
import type { Task, TaskEvent } from '#shared/contracts/tasks.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { follow, type Client } from './client.ts'

export interface TasksState {
  tasks: ReadonlyMap<string, Task>
  isOpen: boolean
  selectedId: string | null
}

export const useTasks = create<TasksState>(() => ({ tasks: new Map(), isOpen: false, selectedId: null }))

/** Opens the drawer, at this task when one is given. */
export const openTasks = (taskId: string | null = null): void =>
  useTasks.setState((state) => ({ isOpen: true, selectedId: taskId ?? state.selectedId }))
export const closeTasks = (): void => useTasks.setState({ isOpen: false })
export const selectTask = (selectedId: string | null): void => useTasks.setState({ selectedId })

export function applyTaskEvent(tasks: ReadonlyMap<string, Task>, event: TaskEvent): ReadonlyMap<string, Task> {
  const next = new Map(event.isWhole ? [] : tasks)
  for (const id of event.removedIds) next.delete(id)
  for (const task of event.tasks) next.set(task.taskId, task)
  return next
}

/** Follows the site's tasks until the returned function is called. */
export function followTasks(client: Client, siteId: SiteId): () => void {
  const controller = new AbortController()
  useTasks.setState({ tasks: new Map(), selectedId: null })
  void follow(
    (options) => client.tasks.watch({ siteId }, options),
    (event) => {
      const before = useTasks.getState().tasks
      useTasks.setState({ tasks: applyTaskEvent(before, event) })
      // What has just ended has changed something: the picture is asked for anew instead of at the next poll.
      const hasEnded = event.tasks.some((task) => task.state !== 'running' && before.get(task.taskId)?.state === 'running')
      if (hasEnded) void client.inventory.refresh({ siteId }).catch(() => undefined)
    },
    { signal: controller.signal },
  )
  return () => {
    controller.abort()
    useTasks.setState({ tasks: new Map(), selectedId: null })
  }
}

export const runningCount = (state: TasksState): number => {
  let count = 0
  for (const task of state.tasks.values()) if (task.state === 'running') count += 1
  return count
}
