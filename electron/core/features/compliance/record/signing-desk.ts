// Signing: what an assessment says at that moment becomes a record of its own, chained to the one before, that nothing
// can change. Reports of a signed run are made from that record, not from what is true today.
import { z } from 'zod'
import {
  complianceOverview,
  complianceRun,
  type SignOff,
} from '#shared/contracts/compliance.ts'
import { AppError } from '#shared/errors.ts'
import { attestation, checkResult, checkSummary, exception, evidence, reviewedList } from '#shared/model/compliance.ts'
import type { Site, SiteId } from '#shared/model/connection.ts'
import type { ComplianceStore, SignOffRow } from '../../../storage/compliance-store.ts'
import { summaryOf, type Catalogue } from '../catalogue.ts'
import { isInForce } from './apply-exceptions.ts'
import type { AssessmentDesk } from './assessment.ts'
import type { ComplianceRecord } from './compliance-record.ts'
import { sealRecord, verifyChain } from './sign-off-chain.ts'

/** Everything that a report says, frozen or as it stands. */
export const assessmentContent = z.object({
  framework: z.string(),
  version: z.string(),
  notice: z.string(),
  controls: z.array(z.object({ id: z.number(), title: z.string() })),
  siteName: z.string(),
  run: complianceRun,
  scores: complianceOverview.shape.scores,
  controlScores: complianceOverview.shape.controls,
  safeguards: z.array(
    complianceOverview.shape.safeguards.element.extend({ title: z.string(), group: z.number() }),
  ),
  checks: z.array(checkSummary),
  results: z.array(checkResult),
  evidence: z.array(evidence),
  exceptions: z.array(exception),
  attestations: z.array(attestation),
  lists: z.array(reviewedList),
  signature: z
    .object({ signedBy: z.string(), statement: z.string(), atMs: z.number(), sequence: z.number(), hash: z.string(), previousHash: z.string() })
    .nullable(),
})
export type AssessmentContent = z.infer<typeof assessmentContent>

const signedBody = assessmentContent.omit({ signature: true }).extend({
  signedBy: z.string(),
  statement: z.string(),
  atMs: z.number(),
})

export function createSigningDesk(options: {
  store: ComplianceStore
  record: ComplianceRecord
  assessments: AssessmentDesk
  catalogue: Catalogue
  now(): number
}) {
  const { store, record, assessments, catalogue, now } = options

  function current(site: Site, runId: string): Omit<AssessmentContent, 'signature'> {
    const run = store.run(site.id, runId)
    if (run.state === 'running') throw new AppError('conflict', 'This run is still at work.', { remedy: 'Wait for its end.' })
    const overview = assessments.overview(site.id, runId)
    const { framework, version, notice, controls, safeguards } = catalogue.framework
    const known = new Map(safeguards.map((one) => [one.id, one]))
    return {
      framework,
      version,
      notice,
      controls,
      siteName: site.name,
      run: overview.run ?? run,
      scores: overview.scores,
      controlScores: overview.controls,
      safeguards: overview.safeguards.map((view) => ({ ...view, title: known.get(view.id)?.title ?? '', group: known.get(view.id)?.group ?? 3 })),
      checks: catalogue.checks.map(summaryOf),
      results: assessments.results(site.id, run),
      evidence: store.evidenceHashes(runId),
      exceptions: record.exceptions(site.id).filter((one) => isInForce(one, now())),
      attestations: record.attestations(site.id),
      lists: record.lists(site.id).filter(({ reviewedAtMs }) => reviewedAtMs !== null),
    }
  }
  const toSignOff = (row: SignOffRow): SignOff => {
    const body = signedBody.parse(JSON.parse(row.body))
    return { sequence: row.sequence, runId: row.runId, atMs: body.atMs, signedBy: body.signedBy, statement: body.statement, scores: body.scores, previousHash: row.previousHash, hash: row.hash }
  }
  return {
    list: (siteId: SiteId): SignOff[] => store.signOffs(siteId).map(toSignOff),
    /** Throws `conflict` for a run that is at work, was signed already, or when the chain is broken. */
    sign(site: Site, given: { runId: string; signedBy: string; statement: string }): SignOff {
      const chain = store.signOffs(site.id)
      const state = verifyChain(chain)
      if (!state.isIntact)
        throw new AppError('conflict', `The chain of signed assessments is broken: ${state.says}`, { remedy: 'Restore the data directory from a backup before you sign again.' })
      if (chain.some(({ runId }) => runId === given.runId))
        throw new AppError('conflict', 'This run has been signed off already.', { remedy: 'Run the checks again to sign a newer state.' })
      const row = sealRecord(chain, given.runId, { ...current(site, given.runId), signedBy: given.signedBy, statement: given.statement, atMs: now() })
      store.addSignOff(site.id, row)
      return toSignOff(row)
    },
    /** The frozen record of a signed run; what stands now of another. */
    content(site: Site, runId: string): AssessmentContent {
      const row = store.signOffs(site.id).find((one) => one.runId === runId)
      if (!row) return { ...current(site, runId), signature: null }
      const { signedBy, statement, atMs, ...frozen } = signedBody.parse(JSON.parse(row.body))
      return { ...frozen, signature: { signedBy, statement, atMs, sequence: row.sequence, hash: row.hash, previousHash: row.previousHash } }
    },
  }
}
