// The states of a task in words, with the colour and shape that the whole application uses for such a state.
import type { Task, TaskState } from '#shared/contracts/tasks.ts'
import type { Health } from '#shared/model/inventory.ts'
import { formatDuration } from '#shared/model/quantities.ts'

export const taskStateWords: Record<TaskState, string> = {
  running: 'Running',
  done: 'Done',
  warning: 'Done with warnings',
  failed: 'Failed',
  cancelled: 'Stopped',
  unknown: 'Outcome unknown',
}

export const taskHealth: Record<TaskState, Health> = {
  running: 'ok',
  done: 'ok',
  warning: 'warning',
  failed: 'error',
  cancelled: 'off',
  unknown: 'unknown',
}

export const elapsedText = (task: Task, nowMs: number): string =>
  formatDuration(Math.max(0, (task.endedAtMs ?? nowMs) - task.startedAtMs))
