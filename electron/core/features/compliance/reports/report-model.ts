// The report as sections, before it becomes HTML or PDF: what a reader wants first stands first, denominators are always
// there, and what was not looked at is said as loudly as what fails. Pure.
import {
  assessedOf,
  controlOf,
  scoreSentence,
  severities,
  stateWord,
  verdictWord,
  type CheckResult,
  type CheckSummary,
  type Score,
} from '#shared/model/compliance.ts'
import type { AssessmentContent } from '../record/signing-desk.ts'

export interface ReportTable {
  columns: { title: string; share: number }[]
  rows: string[][]
}
export interface ReportFinding {
  title: string
  severity: string
  verdict: string
  target: string
  says: string
  rule: string
  remedy: string
  objects: string[]
  evidence: string[]
}
export interface Report {
  title: string
  subtitle: string
  facts: [string, string][]
  scores: { title: string; score: Score; sentence: string }[]
  controls: ReportTable
  safeguards: { title: string; table: ReportTable }[]
  failing: ReportFinding[]
  unseen: ReportTable
  exceptions: ReportTable
  attestations: ReportTable
  evidence: ReportTable
  signature: [string, string][] | null
  notice: string
}

const maxObjects = 20
export const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10)
export const moment = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`

export function reportOf(content: AssessmentContent): Report {
  const { run, signature } = content
  const checks = new Map(content.checks.map((check) => [check.id, check]))
  const evidence = new Map(content.evidence.map((one) => [one.id, one]))
  const rank = (result: CheckResult): number => severities.indexOf(checks.get(result.checkId)?.severity ?? 'low')
  const byRank = (left: CheckResult, right: CheckResult): number => rank(left) - rank(right) || left.checkId.localeCompare(right.checkId)
  const of = (...wanted: string[]) => content.results.filter(({ verdict }) => wanted.includes(verdict)).sort(byRank)

  return {
    title: `${content.framework} v${content.version}`,
    subtitle: `Assessment of ${content.siteName}`,
    facts: [
      ['State', signature ? `Signed off, record ${signature.sequence}` : 'Draft: not signed off'],
      ['Looked at', `${moment(run.startedAtMs)}${run.endedAtMs ? ` to ${moment(run.endedAtMs)}` : ''}`],
      ['Run', `${run.runId} (${run.state === 'done' ? 'complete' : run.state})`],
      ['Made with', `Meridian ${run.appVersion}, checks ${run.catalogueSha256.slice(0, 16)}`],
      ['Systems', run.systems.filter(({ kind }) => kind !== 'site').map(({ label, state }) => (state === 'unreachable' ? `${label} (not reachable)` : label)).join(', ') || 'none'],
      ['Results', Object.entries(run.counts).map(([verdict, count]) => `${count} ${verdictWord[verdict as keyof typeof verdictWord]}`).join(', ')],
    ],
    scores: ([1, 2, 3] as const).map((group) => ({
      title: `Implementation group ${group}`,
      score: content.scores[group],
      sentence: scoreSentence(content.scores[group]),
    })),
    controls: {
      columns: [
        { title: 'No.', share: 1 },
        { title: 'Control', share: 6 },
        { title: 'IG1 met', share: 2 },
        { title: 'IG2 met', share: 2 },
        { title: 'IG3 met', share: 2 },
        { title: 'Not looked at', share: 2 },
      ],
      rows: content.controls.map(({ id, title }) => {
        const scores = content.controlScores.find((one) => one.id === id)!.scores
        return [String(id), title, ...([1, 2, 3] as const).map((group) => metText(scores[group])), `${scores[3].unlooked} of ${scores[3].total}`]
      }),
    },
    safeguards: content.controls.map(({ id, title }) => ({
      title: `${id}  ${title}`,
      table: {
        columns: [
          { title: 'No.', share: 1 },
          { title: 'Safeguard', share: 6 },
          { title: 'IG', share: 1 },
          { title: 'State', share: 3 },
          { title: 'Why', share: 7 },
          { title: 'Owner', share: 3 },
        ],
        rows: content.safeguards
          .filter((one) => controlOf(one.id) === id)
          .map((one) => [one.id, one.title, String(one.group), stateWord[one.state], one.says, one.owner ?? one.attestation?.owner ?? '–']),
      },
    })),
    failing: of('fail', 'warn').map((result) => finding(result, checks.get(result.checkId), evidence)),
    unseen: {
      columns: [
        { title: 'Check', share: 3 },
        { title: 'System', share: 4 },
        { title: 'State', share: 2 },
        { title: 'Why', share: 10 },
      ],
      rows: of('unknown', 'error').map(({ checkId, targetLabel, verdict, says }) => [checkId, targetLabel, verdictWord[verdict], says]),
    },
    exceptions: {
      columns: [
        { title: 'Check', share: 3 },
        { title: 'Covers', share: 4 },
        { title: 'Reason', share: 7 },
        { title: 'Requested by', share: 3 },
        { title: 'Approved by', share: 3 },
        { title: 'Until', share: 2 },
      ],
      rows: content.exceptions.map((one) => [one.checkId, one.objects.join(', ') || 'all objects', one.reason, one.requestedBy, one.approvedBy, day(one.expiresAtMs)]),
    },
    attestations: {
      columns: [
        { title: 'Safeguard', share: 2 },
        { title: 'Claim', share: 3 },
        { title: 'Statement', share: 8 },
        { title: 'Owner', share: 3 },
        { title: 'Until', share: 2 },
        { title: 'File', share: 4 },
      ],
      rows: content.attestations.map((one) => [
        one.safeguardId,
        one.claim.replace('-', ' '),
        one.statement,
        one.owner,
        `${day(one.expiresAtMs)}${one.expiresAtMs < run.startedAtMs ? ' (expired)' : ''}`,
        one.file ? `${one.file.name}, SHA-256 ${one.file.sha256.slice(0, 16)}…` : '–',
      ]),
    },
    evidence: {
      columns: [
        { title: 'When', share: 4 },
        { title: 'System, as', share: 5 },
        { title: 'Asked', share: 9 },
        { title: 'SHA-256', share: 7 },
      ],
      rows: content.evidence.map((one) => [moment(one.atMs), `${one.target}, ${one.identity}`, one.problem ? `${one.probe}: ${one.problem}` : one.probe, one.sha256]),
    },
    signature: signature && [
      ['Signed by', signature.signedBy],
      ['On', moment(signature.atMs)],
      ['Statement', signature.statement],
      ['Record', `${signature.sequence} of this site’s chain`],
      ['Hash of this record', signature.hash],
      ['Hash of the record before', signature.previousHash],
    ],
    notice: content.notice,
  }
}

const metText = (score: Score): string =>
  score.total === 0 ? '–' : `${score.met} of ${assessedOf(score)} assessed (${score.total})`

function finding(
  result: CheckResult,
  check: CheckSummary | undefined,
  evidence: ReadonlyMap<string, AssessmentContent['evidence'][number]>,
): ReportFinding {
  const bad = result.objects.filter(({ verdict }) => verdict === 'fail' || verdict === 'warn')
  const more = (result.counts.fail ?? 0) + (result.counts.warn ?? 0) - Math.min(bad.length, maxObjects)
  return {
    title: `${result.checkId}  ${check?.title ?? ''}`,
    severity: check?.severity ?? 'low',
    verdict: verdictWord[result.verdict],
    target: result.targetLabel,
    says: result.says,
    rule: check?.rule ?? '',
    remedy: check?.remedy ?? '',
    objects: [...bad.slice(0, maxObjects).map(({ name, says }) => `${name}: ${says}`), ...(bad.length > 0 && more > 0 ? [`… and ${more} more`] : [])],
    evidence: result.evidence.slice(0, 6).flatMap((id) => {
      const one = evidence.get(id)
      return one ? [`${one.probe.slice(0, 160)} · ${moment(one.atMs)} · SHA-256 ${one.sha256.slice(0, 16)}…`] : []
    }),
  }
}
