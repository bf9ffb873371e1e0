// Compliance checklists: CIS Controls v8, automated checks, what people attest, and assessments that are signed and kept.
// Everything here only reads the site's systems; what it changes is Meridian's own record.
import { z } from 'zod'
import {
  attestation,
  checkId,
  checkResult,
  checkSummary,
  control,
  evidence,
  exception,
  person,
  reviewedList,
  safeguard,
  safeguardId,
  safeguardView,
  score,
  verdict,
} from '../model/compliance.ts'
import { siteId } from '../model/connection.ts'
import { channelTicket, command, events, query, streamTicket, timestampMs } from './kernel.ts'

const runId = z.string().min(1).max(64)
const sha256 = z.string().regex(/^[0-9a-f]{64}$/)
const sentence = z.string().trim().min(5).max(4000)

export const runSystem = z.object({
  targetId: z.string(),
  label: z.string(),
  kind: z.enum(['proxmox', 'pbs', 'kubernetes', 'postgres', 'ssh', 'site']),
  state: z.enum(['waiting', 'running', 'done', 'unreachable']),
  done: z.number().int(),
  total: z.number().int(),
  problem: z.string().nullable(),
})
export type RunSystem = z.infer<typeof runSystem>

export const complianceRun = z.object({
  runId,
  siteId,
  startedAtMs: timestampMs,
  endedAtMs: timestampMs.nullable(),
  /** `cut`: the application ended while it ran; what was looked at until then is kept. */
  state: z.enum(['running', 'done', 'cancelled', 'cut']),
  appVersion: z.string(),
  /** Of the checks that it was made with. */
  catalogueSha256: sha256,
  includesActive: z.boolean(),
  systems: z.array(runSystem),
  counts: z.partialRecord(verdict, z.number().int()),
  /** File that it was read from, for an imported scan. */
  importedFrom: z.string().nullable(),
})
export type ComplianceRun = z.infer<typeof complianceRun>

const groupScores = z.object({ 1: score, 2: score, 3: score })
export const trendPoint = z.object({
  runId,
  atMs: timestampMs,
  counts: z.partialRecord(verdict, z.number().int()),
})
export const resultChange = z.object({
  checkId,
  targetId: z.string(),
  targetLabel: z.string(),
  before: verdict.nullable(),
  after: verdict.nullable(),
  says: z.string(),
})
export type ResultChange = z.infer<typeof resultChange>
export const runDifference = z.object({
  from: complianceRun,
  to: complianceRun,
  fixed: z.array(resultChange),
  broken: z.array(resultChange),
  appeared: z.array(resultChange),
  gone: z.array(resultChange),
  unchanged: z.number().int(),
})
export type RunDifference = z.infer<typeof runDifference>

export const complianceOverview = z.object({
  run: complianceRun.nullable(),
  safeguards: z.array(safeguardView),
  /** Of each implementation group as a whole: IG2 holds IG1. */
  scores: groupScores,
  controls: z.array(z.object({ id: z.number().int(), scores: groupScores })),
  /** Worst first; only what is not excepted. */
  failing: z.array(checkResult),
  changes: runDifference.nullable(),
  trend: z.array(trendPoint),
})
export type ComplianceOverview = z.infer<typeof complianceOverview>

export const signOff = z.object({
  sequence: z.number().int(),
  runId,
  atMs: timestampMs,
  signedBy: z.string(),
  statement: z.string(),
  scores: groupScores,
  previousHash: z.string(),
  hash: sha256,
})
export type SignOff = z.infer<typeof signOff>

export const importedScan = z.object({
  source: z.enum(['kube-bench', 'lynis', 'openscap']),
  sourceVersion: z.string().nullable(),
  fileSha256: sha256,
  fileName: z.string(),
  host: z.string(),
  observedAtMs: timestampMs,
  importedAtMs: timestampMs,
  isPartial: z.boolean(),
  counts: z.partialRecord(verdict, z.number().int()),
})
export type ImportedScan = z.infer<typeof importedScan>
export const scanRow = z.object({
  externalId: z.string(),
  verdict,
  message: z.string(),
  remedy: z.string().nullable(),
})

export const compliance = {
  catalogue: query({
    output: z.object({
      framework: z.string(),
      version: z.string(),
      notice: z.string(),
      controls: z.array(control),
      safeguards: z.array(safeguard),
      checks: z.array(checkSummary),
    }),
  }),
  /** The state of every safeguard by the newest finished run, or the one that is named. */
  overview: query({ input: z.object({ siteId, runId: runId.optional() }), output: complianceOverview }),

  startRun: command({
    title: 'Run the compliance checks',
    input: z.object({ siteId, includesActive: z.boolean() }),
    output: complianceRun,
  }),
  cancelRun: command({ title: 'Cancel a compliance run', input: z.object({ runId }) }),
  /** The run at work, with its progress; null when there is none. */
  watchRun: events({ input: z.object({ siteId }), event: complianceRun.nullable() }),
  runs: query({ input: z.object({ siteId }), output: complianceRun.array() }),
  results: query({ input: z.object({ siteId, runId: runId.optional() }), output: checkResult.array() }),
  finding: query({
    input: z.object({ siteId, checkId, targetId: z.string().max(64), runId: runId.optional() }),
    output: z.object({
      run: complianceRun,
      result: checkResult,
      evidence: z.array(evidence),
      history: z.array(z.object({ runId, atMs: timestampMs, verdict })),
      exceptions: z.array(exception),
    }),
  }),
  evidenceText: query({ input: z.object({ runId, evidenceId: z.string().max(80) }), output: z.string() }),
  compare: query({ input: z.object({ siteId, fromRunId: runId, toRunId: runId }), output: runDifference }),

  /** A file on its way into the record: the page sends its bytes over the channel and gets the SHA-256 back. */
  uploadFile: command({
    title: 'Keep a file for compliance',
    input: z.object({ siteId, name: z.string().min(1).max(255), byteLength: z.number().int().min(1).max(50_000_000) }),
    output: channelTicket,
  }),
  downloadFile: command({ title: 'Read a kept compliance file', input: z.object({ siteId, sha256 }), output: streamTicket }),
  attest: command({
    title: 'Attest a safeguard',
    input: z.object({
      siteId,
      safeguardId,
      claim: attestation.shape.claim,
      statement: sentence,
      owner: person,
      expiresAtMs: timestampMs,
      file: z.object({ name: z.string().min(1).max(255), sha256 }).nullable(),
    }),
    output: attestation,
  }),
  withdrawAttestation: command({ title: 'Withdraw an attestation', input: z.object({ siteId, id: z.string().max(64) }) }),
  acceptRisk: command({
    title: 'Accept a risk',
    input: z.object({
      siteId,
      checkId,
      targetId: z.string().max(64).nullable(),
      objects: z.array(z.string().min(1).max(300)).max(1000),
      reason: sentence,
      requestedBy: person,
      approvedBy: person,
      expiresAtMs: timestampMs,
    }),
    output: exception,
  }),
  revokeException: command({ title: 'End the acceptance of a risk', input: z.object({ siteId, id: z.string().max(64) }) }),
  exceptions: query({ input: z.object({ siteId }), output: exception.array() }),
  lists: query({ input: z.object({ siteId }), output: reviewedList.array() }),
  saveList: command({
    title: 'Review a compliance list',
    input: z.object({
      siteId,
      id: z.string().max(60),
      items: z.array(z.string().trim().min(1).max(300)).max(20_000),
      owner: person,
      nextReviewAtMs: timestampMs,
    }),
    output: reviewedList,
  }),
  /** What the newest run saw of the things that a list names: a start for a first review. */
  suggestItems: query({ input: z.object({ siteId, id: z.string().max(60) }), output: z.array(z.string()) }),
  setOwner: command({
    title: 'Name the owner of a safeguard',
    input: z.object({ siteId, safeguardId, owner: person.nullable() }),
  }),

  signOff: command({
    title: 'Sign off an assessment',
    input: z.object({ siteId, runId, signedBy: person, statement: sentence, confirmation: z.string().max(100) }),
    output: signOff,
  }),
  signOffs: query({ input: z.object({ siteId }), output: signOff.array() }),
  /** Recomputes every hash of the site's chain. */
  verifyChain: query({
    input: z.object({ siteId }),
    output: z.object({
      isIntact: z.boolean(),
      records: z.number().int(),
      /** Of the first record that does not fit. */
      brokenAt: z.number().int().nullable(),
      says: z.string(),
    }),
  }),
  exportReport: command({
    title: 'Export a compliance report',
    input: z.object({ siteId, runId, format: z.enum(['html', 'pdf', 'csv']) }),
    output: streamTicket,
  }),

  importScan: command({
    title: 'Import a scan',
    input: z.object({
      siteId,
      source: importedScan.shape.source,
      fileName: z.string().min(1).max(255),
      sha256,
      host: z.string().trim().min(1).max(200),
      /** For files that carry no time. */
      observedAtMs: timestampMs,
    }),
    output: importedScan,
  }),
  scans: query({ input: z.object({ siteId }), output: importedScan.array() }),
  scanRows: query({ input: z.object({ siteId, fileSha256: sha256 }), output: scanRow.array() }),
}
