// A run as it stands now: its results with accepted risks laid over, the state of every safeguard, the scores. What the
// overview shows, what a report prints and what a signature freezes all come from here, so that they never differ.
import type { ComplianceOverview, ComplianceRun } from '#shared/contracts/compliance.ts'
import type { CheckResult, Severity } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { ComplianceStore } from '../../../storage/compliance-store.ts'
import type { Catalogue } from '../catalogue.ts'
import { countOf } from '../engine/judge-check.ts'
import { applyExceptions } from './apply-exceptions.ts'
import { compareRuns } from './compare-runs.ts'
import type { ComplianceRecord } from './compliance-record.ts'
import { controlScores, groupScores, safeguardViews } from './safeguard-views.ts'

const trendRuns = 40
const severityRank: Record<Severity, number> = { critical: 0, high: 1, medium: 2, low: 3 }

export interface AssessmentDesk {
  /** The run that is named, else the newest that was carried out in full, else the newest. */
  chosenRun(siteId: SiteId, runId: string | undefined): ComplianceRun | undefined
  results(siteId: SiteId, run: ComplianceRun): CheckResult[]
  overview(siteId: SiteId, runId: string | undefined): ComplianceOverview
}

export function createAssessmentDesk(options: {
  store: ComplianceStore
  record: ComplianceRecord
  catalogue: Catalogue
  now(): number
}): AssessmentDesk {
  const { store, record, catalogue, now } = options
  const { controls, safeguards } = catalogue.framework
  const checks = catalogue.checks.map(({ id, data }) => ({ id, safeguards: data.safeguards, severity: data.severity }))
  const severityOf = new Map(checks.map(({ id, severity }) => [id, severity]))

  const chosenRun: AssessmentDesk['chosenRun'] = (siteId, runId) => {
    if (runId !== undefined) return store.run(siteId, runId)
    const runs = store.runs(siteId).filter(({ state }) => state !== 'running')
    return runs.find(({ state }) => state === 'done') ?? runs[0]
  }
  const results: AssessmentDesk['results'] = (siteId, run) => {
    const exceptions = record.exceptions(siteId)
    return store.results(run.runId).map((result) => applyExceptions(result, exceptions, now()))
  }
  return {
    chosenRun,
    results,
    overview(siteId, runId) {
      const run = chosenRun(siteId, runId)
      const found = run ? results(siteId, run) : []
      const views = safeguardViews({
        safeguards,
        checks,
        results: found,
        attestations: record.attestations(siteId),
        owners: record.owners(siteId),
        nowMs: now(),
      })
      const finished = store.runs(siteId).filter(({ state }) => state === 'done')
      const previous = run && finished.find(({ startedAtMs }) => startedAtMs < run.startedAtMs)
      return {
        run: run ? { ...run, counts: countOf(found.map(({ verdict }) => verdict)) } : null,
        safeguards: views,
        scores: groupScores(safeguards, views),
        controls: controlScores(controls, safeguards, views),
        failing: found
          .filter(({ verdict }) => verdict === 'fail')
          .sort(
            (left, right) =>
              severityRank[severityOf.get(left.checkId) ?? 'low'] - severityRank[severityOf.get(right.checkId) ?? 'low'] ||
              (right.counts.fail ?? 0) - (left.counts.fail ?? 0),
          )
          .slice(0, 50),
        changes:
          run && previous
            ? compareRuns({ run: previous, results: results(siteId, previous) }, { run, results: found })
            : null,
        trend: finished
          .slice(0, trendRuns)
          .reverse()
          .map(({ runId: id, startedAtMs, counts }) => ({ runId: id, atMs: startedAtMs, counts })),
      }
    },
  }
}
