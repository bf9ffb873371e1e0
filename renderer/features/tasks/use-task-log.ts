// The lines of one task's log: read from where they are known, followed while it runs. Begins anew for another task.
import { useEffect, useRef, useState } from 'react'
import { follow, toAppError } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import type { Task, TaskLine } from '#shared/contracts/tasks.ts'
import type { AppError } from '#shared/errors.ts'

const pageLines = 5000

export interface TaskLog {
  lines: readonly string[]
  /** Lines at the beginning that are no longer kept. */
  missingLines: number
  error: AppError | null
}

export function useTaskLog(task: Pick<Task, 'siteId' | 'taskId' | 'state'>): TaskLog {
  const client = useClient()
  const { siteId, taskId } = task
  const isRunning = task.state === 'running'
  const held = useRef<{ taskId: string; lines: TaskLine[] }>({ taskId, lines: [] })
  const [log, setLog] = useState<{ taskId: string; lines: TaskLine[]; error: AppError | null }>({ taskId, lines: [], error: null })
  useEffect(() => {
    const controller = new AbortController()
    const { signal } = controller
    if (held.current.taskId !== taskId) held.current = { taskId, lines: [] }
    const newest = (): number => held.current.lines.at(-1)?.number ?? 0
    const add = (fresh: TaskLine[]): void => {
      if (signal.aborted) return
      const known = newest()
      held.current.lines = [...held.current.lines, ...fresh.filter((line) => line.number > known)]
      setLog({ ...held.current, error: null })
    }
    const readRest = async (): Promise<void> => {
      for (;;) {
        const page = await client.tasks.readLog({ siteId, taskId, afterLine: newest(), limit: pageLines }, { signal })
        add(page)
        if (page.length < pageLines || signal.aborted) return
      }
    }
    const fail = (error: AppError): void => {
      if (!signal.aborted) setLog({ ...held.current, error })
    }
    if (isRunning) void follow((options) => client.tasks.followLog({ siteId, taskId, afterLine: newest() }, options), add, { signal, onError: fail })
    else void readRest().catch((thrown: unknown) => fail(toAppError(thrown)))
    return () => controller.abort()
  }, [client, siteId, taskId, isRunning])
  const lines = log.taskId === taskId ? log.lines : []
  return { lines: lines.map((line) => line.text), missingLines: Math.max(0, (lines[0]?.number ?? 1) - 1), error: log.taskId === taskId ? log.error : null }
}
