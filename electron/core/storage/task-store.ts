// Tasks and their logs as the store keeps them. Written by the task desk only. A log is bounded: its oldest lines go
// first; the oldest ended tasks go when there are too many.
import { task as taskSchema, type Task, type TaskLine } from '#shared/contracts/tasks.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { Database } from './database.ts'

export interface TaskRecord {
  task: Task
  /** What the driver needs to find it again, as JSON. */
  reference: string
  auditRecordId: number | null
}

export interface TaskStore {
  add(record: TaskRecord): void
  save(task: Task): void
  find(taskId: string): TaskRecord | undefined
  findByReference(kind: string, connectionId: ConnectionId | null, reference: string): Task | undefined
  /** Newest first. */
  list(siteId: SiteId, options: { limit: number; entityId?: string | undefined }): Task[]
  running(): TaskRecord[]
  remove(taskId: string): void
  /** Appends and returns how many lines the log has had so far. */
  append(taskId: string, lines: readonly string[]): number
  readLog(taskId: string, afterLine: number, limit: number): TaskLine[]
}

const keptTasks = 500
const keptLines = 20_000

type Row = { body: string; reference: string; audit_record_id: number | null }

export function createTaskStore(database: Database): TaskStore {
  const { sqlite } = database
  const upsert = sqlite.prepare(
    `INSERT INTO task VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (task_id) DO UPDATE SET state = excluded.state, body = excluded.body`,
  )
  const prune = sqlite.prepare(
    `DELETE FROM task WHERE state <> 'running'
       AND task_id NOT IN (SELECT task_id FROM task ORDER BY started_at_ms DESC, rowid DESC LIMIT ?)`,
  )
  const insertLine = sqlite.prepare('INSERT INTO task_line VALUES (?, ?, ?)')
  const put = ({ task, reference, auditRecordId }: TaskRecord): void =>
    void upsert.run(
      task.taskId, task.kind, task.siteId, task.connectionId, reference, auditRecordId, task.state,
      Math.round(task.startedAtMs), JSON.stringify(task),
    )
  const toRecord = (row: Row): TaskRecord[] => {
    const parsed = taskSchema.safeParse(JSON.parse(row.body))
    return parsed.success ? [{ task: parsed.data, reference: row.reference, auditRecordId: row.audit_record_id }] : []
  }
  const select = (where: string, ...values: Array<string | number | null>): TaskRecord[] =>
    (sqlite.prepare(`SELECT body, reference, audit_record_id FROM task WHERE ${where}`).all(...values) as unknown as Row[]).flatMap(toRecord)
  const find = (taskId: string): TaskRecord | undefined => select('task_id = ?', taskId)[0]
  const newest = (taskId: string): number =>
    (sqlite.prepare('SELECT coalesce(max(number), 0) AS newest FROM task_line WHERE task_id = ?').get(taskId) as { newest: number }).newest
  return {
    find,
    add(record) {
      database.transaction(() => {
        put(record)
        prune.run(keptTasks)
      })
    },
    save: (task) => void sqlite.prepare('UPDATE task SET state = ?, body = ? WHERE task_id = ?').run(task.state, JSON.stringify(task), task.taskId),
    findByReference: (kind, connectionId, reference) =>
      select('kind = ? AND connection_id IS ? AND reference = ?', kind, connectionId, reference)[0]?.task,
    list: (siteId, { limit, entityId }) =>
      select(
        "site_id = ? AND (? IS NULL OR json_extract(body, '$.entityId') = ?) ORDER BY started_at_ms DESC, rowid DESC LIMIT ?",
        siteId, entityId ?? null, entityId ?? null, limit,
      ).map(({ task }) => task),
    running: () => select("state = 'running' ORDER BY started_at_ms"),
    remove: (taskId) => void sqlite.prepare('DELETE FROM task WHERE task_id = ?').run(taskId),
    append: (taskId, lines) =>
      database.transaction(() => {
        let number = newest(taskId)
        for (const text of lines) insertLine.run(taskId, (number += 1), text)
        sqlite.prepare('DELETE FROM task_line WHERE task_id = ? AND number <= ?').run(taskId, number - keptLines)
        return number
      }),
    readLog: (taskId, afterLine, limit) =>
      sqlite
        .prepare('SELECT number, text FROM task_line WHERE task_id = ? AND number > ? ORDER BY number LIMIT ?')
        .all(taskId, afterLine, limit) as unknown as TaskLine[],
  }
}
