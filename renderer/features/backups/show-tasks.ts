// What has begun at a system is shown at once: the task drawer opens at it, with its log as it grows.
import { openTasks } from '#client/tasks.store.ts'
import type { Task } from '#shared/contracts/tasks.ts'

export async function showTasks(work: Promise<Task | readonly Task[]>): Promise<void> {
  const begun = await work
  const [first] = [begun].flat() as Task[]
  if (first) openTasks(first.taskId)
}
