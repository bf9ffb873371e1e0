// What became of each guest of a bulk action: which worked, which not, and why.
import { Loader } from '@mantine/core'
import { useTasks } from '#client/tasks.store.ts'
import type { Task } from '#shared/contracts/tasks.ts'
import type { Health } from '#shared/model/inventory.ts'
import { formatPercent } from '#shared/model/quantities.ts'
import { HealthMark } from '#ui/HealthMark.tsx'
import type { BulkItem, BulkRun } from './bulk.store.ts'

interface Outcome {
  health: Health | null
  word: string
  text: string
}

export function BulkResults({ run }: { run: BulkRun }) {
  const tasks = useTasks((state) => state.tasks)
  const outcomes = run.items.map((item) => outcomeOf(item, item.taskId ? tasks.get(item.taskId) : undefined))
  const count = (word: string): number => outcomes.filter((outcome) => outcome.word === word).length
  const summary = [...new Set(outcomes.map((outcome) => outcome.word))].map((word) => `${count(word)} ${word.toLowerCase()}`).join(', ')
  return (
    <>
      <p role="status" style={{ fontSize: 13, margin: '0 0 8px' }}>
        {summary}
      </p>
      <table className="bulk-table" aria-label="Results">
        <tbody>
          {run.items.map((item, at) => {
            const { health, word, text } = outcomes[at]!
            return (
              <tr key={item.guest.id}>
                <td>{item.guest.name}</td>
                <td style={{ whiteSpace: 'nowrap' }}>
                  {health ? (
                    <HealthMark health={health} label={word} />
                  ) : (
                    <>
                      <Loader size={11} aria-hidden /> {word}
                    </>
                  )}
                </td>
                <td>{text}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </>
  )
}

function outcomeOf(item: BulkItem, task: Task | undefined): Outcome {
  if (item.state === 'waiting') return { health: 'off', word: 'Waiting', text: '' }
  if (item.state === 'left out') return { health: 'off', word: 'Left out', text: item.reason ?? '' }
  if (item.state === 'refused') return { health: 'error', word: 'Failed', text: item.reason ?? '' }
  if (!task || task.state === 'running') return { health: null, word: 'Running', text: task?.fraction != null ? formatPercent(task.fraction) : '' }
  if (task.state === 'done') return { health: 'ok', word: 'Done', text: '' }
  const text = [task.message, task.remedy].filter(Boolean).join(' ')
  if (task.state === 'warning') return { health: 'warning', word: 'Done with warnings', text }
  if (task.state === 'unknown') return { health: 'unknown', word: 'Outcome unknown', text }
  return task.state === 'cancelled' ? { health: 'off', word: 'Stopped', text } : { health: 'error', word: 'Failed', text }
}
