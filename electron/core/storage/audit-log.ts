// The audit log: a record is opened before a command runs and closed when it ends. A record still `running`
// when the application starts was cut short by its death: its outcome is unknown, and says so; unless a task that is
// still followed will close it.
import type { AuditRecord } from '#shared/contracts/audit.ts'
import type { Database } from './database.ts'

export interface AuditLog {
  open(procedure: string, title: string, subject: string, siteId: string | null): number
  close(id: number, outcome: AuditRecord['outcome'], message: string | null, elapsedMs: number): void
  /** Puts better words for what a running record is aimed at. */
  describe(id: number, subject: string): void
  /** Newest first. */
  list(query: { limit: number; beforeId?: number; text?: string; outcome?: AuditRecord['outcome'] }): AuditRecord[]
}

type Row = {
  id: number
  at_ms: number
  procedure: string
  title: string
  subject: string
  site_id: string | null
  outcome: AuditRecord['outcome']
  message: string | null
  elapsed_ms: number | null
}

export function createAuditLog(database: Database, now: () => number): AuditLog {
  const { sqlite } = database
  sqlite
    .prepare(
      `UPDATE audit SET outcome = 'unknown', message = 'Meridian ended before this action did.'
       WHERE outcome = 'running'
         AND id NOT IN (SELECT audit_record_id FROM task WHERE state = 'running' AND audit_record_id IS NOT NULL)`,
    )
    .run()
  const insert = sqlite.prepare(
    "INSERT INTO audit (at_ms, procedure, title, subject, site_id, outcome) VALUES (?, ?, ?, ?, ?, 'running')",
  )
  const update = sqlite.prepare('UPDATE audit SET outcome = ?, message = ?, elapsed_ms = ? WHERE id = ?')
  const rename = sqlite.prepare('UPDATE audit SET subject = ? WHERE id = ?')
  const select = sqlite.prepare(
    `SELECT * FROM audit
     WHERE id < ? AND (? IS NULL OR outcome = ?)
       AND (? IS NULL OR instr(lower(title || ' ' || subject || ' ' || procedure || ' ' || coalesce(message, '')), ?) > 0)
     ORDER BY id DESC LIMIT ?`,
  )
  return {
    open: (procedure, title, subject, siteId) =>
      Number(insert.run(now(), procedure, title, subject, siteId).lastInsertRowid),
    describe: (id, subject) => void rename.run(subject.slice(0, 4000), id),
    close: (id, outcome, message, elapsedMs) => void update.run(outcome, message, elapsedMs, id),
    list({ limit, beforeId, text, outcome }) {
      const wanted = text ? text.toLowerCase() : null
      const rows = select.all(
        beforeId ?? Number.MAX_SAFE_INTEGER, outcome ?? null, outcome ?? null, wanted, wanted, limit,
      ) as unknown as Row[]
      return rows.map((row) => ({
        id: row.id,
        atMs: row.at_ms,
        procedure: row.procedure,
        title: row.title,
        subject: row.subject,
        siteId: row.site_id,
        outcome: row.outcome,
        message: row.message,
        elapsedMs: row.elapsed_ms,
      }))
    },
  }
}
