// Long operations of the site's systems, followed to their end whatever happens to the window that began them: state,
// progress, log. Kept in the store; after a restart those that still run are followed again.
import { z } from 'zod'
import { connectionId, siteId } from '../model/connection.ts'
import { command, events, query, timestampMs } from './kernel.ts'

/** `warning` = done, and the system warned; `unknown` = nobody can say whether it was done. */
export const taskStates = ['running', 'done', 'warning', 'failed', 'cancelled', 'unknown'] as const
export const taskState = z.enum(taskStates)
export type TaskState = z.infer<typeof taskState>

export const taskId = z.string().min(1).max(64)

export const task = z.object({
  taskId,
  /** Which driver follows it: `proxmox`, `pbs`, … */
  kind: z.string(),
  siteId,
  connectionId: connectionId.nullable(),
  /** In words: `Migrate proj-pg01 to node03`. */
  title: z.string(),
  /** What it is done to, as people know it: `proj-pg01 (2002)`. */
  subject: z.string(),
  /** The thing of the inventory that it is done to. */
  entityId: z.string().nullable(),
  /** The system's own name for it, e.g. a UPID. */
  reference: z.string(),
  state: taskState,
  startedAtMs: timestampMs,
  endedAtMs: timestampMs.nullable(),
  /** 0 to 1; null while the system does not say. */
  fraction: z.number().nullable(),
  /** What it is doing now, or the sentence it ended with. */
  message: z.string(),
  /** What to do when it did not end well. */
  remedy: z.string().nullable(),
  canStop: z.boolean(),
  /** Lines that its log has had so far; the oldest may be gone. */
  logLines: z.number().int(),
})
export type Task = z.infer<typeof task>

export const taskLine = z.object({ number: z.number().int(), text: z.string() })
export type TaskLine = z.infer<typeof taskLine>

/** The whole list at first, then what changed. */
export const taskEvent = z.object({ isWhole: z.boolean(), tasks: task.array(), removedIds: taskId.array() })
export type TaskEvent = z.infer<typeof taskEvent>

const named = z.object({ siteId, taskId })

export const tasks = {
  /** Newest first. */
  list: query({
    input: z.object({ siteId, entityId: z.string().max(500).optional(), limit: z.number().int().min(1).max(500).default(200) }),
    output: task.array(),
  }),
  watch: events({ input: z.object({ siteId }), event: taskEvent }),
  /** A piece of the kept log, oldest first, from the line after `afterLine`. */
  readLog: query({
    input: named.extend({ afterLine: z.number().int().min(0).default(0), limit: z.number().int().min(1).max(5000).default(1000) }),
    output: taskLine.array(),
  }),
  /** The same, then every further piece as it comes; ends with the task. */
  followLog: events({ input: named.extend({ afterLine: z.number().int().min(0).default(0) }), event: taskLine.array() }),
  stop: command({ title: 'Stop a task', writes: 'site', input: named, output: task }),
  /** Takes an ended task off the list. */
  dismiss: command({ title: 'Take a task off the list', input: named }),
  dismissEnded: command({ title: 'Clear the list of tasks', input: z.object({ siteId }) }),
}
