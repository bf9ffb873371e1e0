// The state of a task: a turning mark and how far it is while it runs, else the state's shape and word.
import { Loader } from '@mantine/core'
import type { Task } from '#shared/contracts/tasks.ts'
import { formatPercent } from '#shared/model/quantities.ts'
import { HealthMark } from '#ui/HealthMark.tsx'
import { taskHealth, taskStateWords } from './task-words.ts'

export function TaskStateMark({ task }: { task: Task }) {
  if (task.state !== 'running') return <HealthMark health={taskHealth[task.state]} label={taskStateWords[task.state]} />
  return (
    <span style={{ display: 'inline-flex', alignItems: 'center', gap: 7, whiteSpace: 'nowrap' }}>
      <Loader size={12} aria-hidden />
      {taskStateWords.running}
      {task.fraction === null ? null : ` ${formatPercent(task.fraction)}`}
    </span>
  )
}
