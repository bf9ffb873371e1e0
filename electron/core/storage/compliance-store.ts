// Compliance as the store keeps it. Signed assessments are only ever added; evidence of old unsigned runs is let go so
// that the store stays small, their results stay. Called by the compliance feature.
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { z } from 'zod'
import { complianceRun, type ComplianceRun } from '#shared/contracts/compliance.ts'
import { AppError } from '#shared/errors.ts'
import { checkResult, evidence, type CheckResult, type Evidence, type Verdict } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Database } from './database.ts'

export type ComplianceRecordKind = 'attestation' | 'exception' | 'list' | 'owner' | 'scan' | 'scan-rows'
export interface SignOffRow {
  sequence: number
  runId: string
  previousHash: string
  hash: string
  body: string
}

/** Unsigned runs whose evidence is kept. */
const runsWithEvidence = 20

export type ComplianceStore = ReturnType<typeof createComplianceStore>

export function createComplianceStore({ sqlite, transaction }: Database) {
  const bodies = <S extends z.ZodType>(schema: S, rows: unknown[]): z.infer<S>[] =>
    (rows as { body: string }[]).flatMap(({ body }) => {
      const parsed = schema.safeParse(JSON.parse(body))
      return parsed.success ? [parsed.data] : []
    })

  return {
    putRun(run: ComplianceRun): void {
      sqlite
        .prepare(
          'INSERT INTO compliance_run VALUES (?, ?, ?, ?, ?) ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, body = excluded.body',
        )
        .run(run.runId, run.siteId, run.startedAtMs, run.state, JSON.stringify(run))
    },
    /** Newest first. */
    runs: (siteId: SiteId, limit = 200): ComplianceRun[] =>
      bodies(complianceRun, sqlite.prepare('SELECT body FROM compliance_run WHERE site_id = ? ORDER BY started_at_ms DESC LIMIT ?').all(siteId, limit)),
    /** Throws `not-found`. */
    run(siteId: SiteId, runId: string): ComplianceRun {
      const [found] = bodies(complianceRun, sqlite.prepare('SELECT body FROM compliance_run WHERE site_id = ? AND run_id = ?').all(siteId, runId))
      if (!found) throw new AppError('not-found', 'This compliance run is no longer there.')
      return found
    },
    /** Runs that an earlier process left unfinished. */
    unfinished: (): ComplianceRun[] => bodies(complianceRun, sqlite.prepare("SELECT body FROM compliance_run WHERE state = 'running'").all()),
    /** One commit for all. */
    putFindings(runId: string, results: readonly CheckResult[], answers: readonly { meta: Evidence; text: string }[]): void {
      if (results.length + answers.length === 0) return
      transaction(() => {
        const result = sqlite.prepare('INSERT OR REPLACE INTO compliance_result VALUES (?, ?, ?, ?, ?)')
        for (const one of results) result.run(runId, one.checkId, one.targetId, one.verdict, JSON.stringify(one))
        const kept = sqlite.prepare('INSERT OR IGNORE INTO compliance_evidence VALUES (?, ?, ?, ?)')
        for (const { meta, text } of answers) kept.run(runId, meta.id, JSON.stringify(meta), deflateRawSync(text))
      })
    },
    results: (runId: string): CheckResult[] =>
      bodies(checkResult, sqlite.prepare('SELECT body FROM compliance_result WHERE run_id = ? ORDER BY check_id, target_id').all(runId)),
    /** Verdicts of one check on one system over the site's runs, oldest first. */
    history(siteId: SiteId, checkId: string, targetId: string): { runId: string; atMs: number; verdict: Verdict }[] {
      return sqlite
        .prepare(
          `SELECT r.run_id AS runId, r.started_at_ms AS atMs, c.verdict FROM compliance_result c
           JOIN compliance_run r ON r.run_id = c.run_id
           WHERE r.site_id = ? AND c.check_id = ? AND c.target_id = ? ORDER BY r.started_at_ms DESC LIMIT 60`,
        )
        .all(siteId, checkId, targetId)
        .reverse() as unknown as { runId: string; atMs: number; verdict: Verdict }[]
    },
    evidence(runId: string, ids: readonly string[]): Evidence[] {
      const one = sqlite.prepare('SELECT meta AS body FROM compliance_evidence WHERE run_id = ? AND evidence_id = ?')
      return ids.flatMap((id) => bodies(evidence, one.all(runId, id)))
    },
    /** Throws `not-found`. */
    evidenceText(runId: string, id: string): string {
      const row = sqlite.prepare('SELECT deflated FROM compliance_evidence WHERE run_id = ? AND evidence_id = ?').get(runId, id) as { deflated: Uint8Array } | undefined
      if (!row)
        throw new AppError('not-found', 'This evidence is no longer kept.', { remedy: 'Evidence of older runs is kept only when they were signed off.' })
      return inflateRawSync(row.deflated).toString('utf8')
    },
    /** SHA-256 of every piece of evidence of a run, for a sign-off. */
    evidenceHashes: (runId: string): Evidence[] => bodies(evidence, sqlite.prepare('SELECT meta AS body FROM compliance_evidence WHERE run_id = ? ORDER BY evidence_id').all(runId)),
    /** Lets go of the evidence of runs that are neither recent nor signed. */
    prune(siteId: SiteId): void {
      sqlite
        .prepare(
          `DELETE FROM compliance_evidence WHERE run_id IN (
             SELECT run_id FROM compliance_run WHERE site_id = ?1
               AND run_id NOT IN (SELECT run_id FROM compliance_sign_off WHERE site_id = ?1)
             ORDER BY started_at_ms DESC LIMIT -1 OFFSET ${runsWithEvidence})`,
        )
        .run(siteId)
    },

    putRecord(siteId: SiteId, kind: ComplianceRecordKind, id: string, atMs: number, body: unknown): void {
      sqlite
        .prepare('INSERT OR REPLACE INTO compliance_record VALUES (?, ?, ?, ?, ?)')
        .run(siteId, kind, id, Math.round(atMs), JSON.stringify(body))
    },
    records: <S extends z.ZodType>(siteId: SiteId, kind: ComplianceRecordKind, schema: S): z.infer<S>[] =>
      bodies(schema, sqlite.prepare('SELECT body FROM compliance_record WHERE site_id = ? AND kind = ? ORDER BY at_ms, id').all(siteId, kind)),
    record: <S extends z.ZodType>(siteId: SiteId, kind: ComplianceRecordKind, id: string, schema: S): z.infer<S> | undefined =>
      bodies(schema, sqlite.prepare('SELECT body FROM compliance_record WHERE site_id = ? AND kind = ? AND id = ?').all(siteId, kind, id))[0],
    removeRecord(siteId: SiteId, kind: ComplianceRecordKind, id: string): boolean {
      return sqlite.prepare('DELETE FROM compliance_record WHERE site_id = ? AND kind = ? AND id = ?').run(siteId, kind, id).changes > 0
    },

    seen(siteId: SiteId): Map<string, number> {
      const rows = sqlite.prepare('SELECT key, first_seen_ms AS ms FROM compliance_seen WHERE site_id = ?').all(siteId) as unknown as { key: string; ms: number }[]
      return new Map(rows.map(({ key, ms }) => [key, ms]))
    },
    putSeen(siteId: SiteId, seen: ReadonlyMap<string, number>): void {
      transaction(() => {
        const insert = sqlite.prepare('INSERT OR IGNORE INTO compliance_seen VALUES (?, ?, ?)')
        for (const [key, ms] of seen) insert.run(siteId, key, Math.round(ms))
      })
    },

    /** Oldest first. */
    signOffs: (siteId: SiteId): SignOffRow[] =>
      sqlite
        .prepare('SELECT sequence, run_id AS runId, previous_hash AS previousHash, hash, body FROM compliance_sign_off WHERE site_id = ? ORDER BY sequence')
        .all(siteId) as unknown as SignOffRow[],
    addSignOff(siteId: SiteId, row: SignOffRow): void {
      sqlite.prepare('INSERT INTO compliance_sign_off VALUES (?, ?, ?, ?, ?, ?)').run(siteId, row.sequence, row.runId, row.previousHash, row.hash, row.body)
    },
  }
}
