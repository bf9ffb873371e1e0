// The audit log: one record per command, written before it runs and closed when it ends; never edited.
import { z } from 'zod'
import { command, query, streamTicket, timestampMs } from './kernel.ts'

export const auditRecord = z.object({
  id: z.number().int(),
  atMs: timestampMs,
  /** `sites.remove`, `sql.start`, … */
  procedure: z.string(),
  title: z.string(),
  /** What it was aimed at, in words, without secrets. */
  subject: z.string(),
  siteId: z.string().nullable(),
  outcome: z.enum(['running', 'done', 'failed', 'cancelled', 'unknown']),
  message: z.string().nullable(),
  elapsedMs: z.number().nullable(),
})
export type AuditRecord = z.infer<typeof auditRecord>

export const audit = {
  list: query({
    input: z.object({
      limit: z.number().int().min(1).max(1000),
      beforeId: z.number().int().optional(),
      text: z.string().max(200).optional(),
      outcome: auditRecord.shape.outcome.optional(),
    }),
    output: auditRecord.array(),
  }),
  exportCsv: command({ title: 'Export the audit log', output: streamTicket }),
}
