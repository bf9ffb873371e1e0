// One line a safeguard, for spreadsheets: UTF-8 with its mark, RFC 4180, and no cell that a spreadsheet would compute.
import type { AssessmentContent } from '../record/signing-desk.ts'

const columns = [
  'framework', 'version', 'safeguardId', 'title', 'ig', 'verdict', 'workState', 'accountable', 'responsible', 'lastObserved',
  'evidenceCount', 'oldestEvidence', 'exceptionId', 'exceptionExpiry', 'passing', 'failing', 'unknown',
] as const

const iso = (ms: number | undefined): string => (ms === undefined || !Number.isFinite(ms) ? '' : new Date(ms).toISOString())

/** A cell that begins like a formula gets an apostrophe in front. */
export function csvCell(value: string | number): string {
  const text = String(value)
  const safe = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export function csvReport(content: AssessmentContent): string {
  const times = new Map(content.evidence.map(({ id, atMs }) => [id, atMs]))
  const lines = content.safeguards.map((one) => {
    const results = content.results.filter(({ checkId }) => one.checkIds.includes(checkId))
    const ids = [...new Set(results.flatMap(({ evidence }) => evidence))]
    const seen = ids.flatMap((id) => times.get(id) ?? [])
    const exception = content.exceptions.find(({ checkId }) => one.checkIds.includes(checkId))
    const row: Record<(typeof columns)[number], string | number> = {
      framework: content.framework,
      version: content.version,
      safeguardId: one.id,
      title: one.title,
      ig: one.group,
      verdict: one.state,
      workState: one.attestation ? 'done' : one.owner ? 'in_progress' : 'todo',
      accountable: one.owner ?? '',
      responsible: one.attestation?.owner ?? '',
      lastObserved: iso(seen.length > 0 ? Math.max(...seen) : one.attestation?.atMs),
      evidenceCount: ids.length,
      oldestEvidence: iso(seen.length > 0 ? Math.min(...seen) : undefined),
      exceptionId: exception?.id ?? '',
      exceptionExpiry: iso(exception?.expiresAtMs),
      passing: one.counts.pass ?? 0,
      failing: one.counts.fail ?? 0,
      unknown: (one.counts.unknown ?? 0) + (one.counts.error ?? 0),
    }
    return columns.map((column) => csvCell(row[column])).join(',')
  })
  return `\uFEFF${[columns.join(','), ...lines].join('\r\n')}\r\n`
}
