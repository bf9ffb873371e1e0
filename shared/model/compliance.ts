// What a compliance assessment is made of, as every room sees it: verdicts, results per object, what people say about
// safeguards, and how all of it becomes a state per safeguard. Pure; the core computes, the renderer shows.
import { z } from 'zod'
import { connectionId } from './connection.ts'

/** `unknown`: could not look. `error`: looked, but the answer could not be judged. Neither is ever a pass. */
export const verdicts = ['fail', 'error', 'unknown', 'warn', 'excepted', 'pass', 'not-applicable'] as const
export const verdict = z.enum(verdicts)
export type Verdict = z.infer<typeof verdict>
export const severities = ['critical', 'high', 'medium', 'low'] as const
export const severity = z.enum(severities)
export type Severity = z.infer<typeof severity>
export const group = z.union([z.literal(1), z.literal(2), z.literal(3)])
export type Group = z.infer<typeof group>

export const safeguardId = z.string().regex(/^\d{1,2}\.\d{1,2}$/)
export const checkId = z.string().regex(/^[A-Z0-9]+(-[A-Z0-9]+)+$/).max(40)

export const safeguard = z.object({
  id: safeguardId,
  title: z.string(),
  assetType: z.string(),
  securityFunction: z.string(),
  /** The lowest implementation group that includes it; higher groups include it too. */
  group,
})
export type Safeguard = z.infer<typeof safeguard>
export const control = z.object({ id: z.number().int(), title: z.string() })
export type Control = z.infer<typeof control>

/** A check as people read it; how it looks stays in the core. */
export const checkSummary = z.object({
  id: checkId,
  target: z.string(),
  title: z.string(),
  severity,
  safeguards: z.array(safeguardId),
  rule: z.string(),
  remedy: z.string(),
  requires: z.string().nullable(),
  note: z.string().nullable(),
  /** What it asks, word for word: paths, statements, commands. */
  probes: z.array(z.string()),
  /** Lists that it consults. */
  lists: z.array(z.string()),
  /** Runs only when a person asks for active checks. */
  isManual: z.boolean(),
})
export type CheckSummary = z.infer<typeof checkSummary>

export const objectResult = z.object({
  name: z.string(),
  /** Where the inventory knows it: a kind, and a name or VMID. */
  entity: z.object({ kind: z.string(), key: z.string() }).nullable(),
  verdict,
  says: z.string(),
})
export type ObjectResult = z.infer<typeof objectResult>

export const checkResult = z.object({
  checkId,
  /** The connection's id, or `site`. */
  targetId: z.string(),
  targetLabel: z.string(),
  connectionId: connectionId.nullable(),
  verdict,
  /** One sentence; the worst object's when there are several. */
  says: z.string(),
  /** All that do not pass, up to a limit; what passes is only counted. */
  objects: z.array(objectResult),
  counts: z.partialRecord(verdict, z.number().int()),
  /** Ids of the answers it was judged by. */
  evidence: z.array(z.string()),
  elapsedMs: z.number(),
})
export type CheckResult = z.infer<typeof checkResult>

/** One answer, as it was kept: redacted first, hashed after. */
export const evidence = z.object({
  id: z.string(),
  probe: z.string(),
  target: z.string(),
  identity: z.string(),
  atMs: z.number(),
  elapsedMs: z.number(),
  appVersion: z.string(),
  /** Of the kept text. */
  sha256: z.string(),
  byteLength: z.number().int(),
  /** True when the kept text is only the beginning. */
  isCut: z.boolean(),
  /** How many values were taken out. */
  redactions: z.number().int(),
  /** Why there is no answer; null when there is one. */
  problem: z.string().nullable(),
})
export type Evidence = z.infer<typeof evidence>

export const person = z.string().trim().min(2).max(100)
export const attestation = z.object({
  id: z.string(),
  safeguardId,
  claim: z.enum(['implemented', 'partly', 'not-implemented', 'not-applicable']),
  statement: z.string(),
  owner: z.string(),
  atMs: z.number(),
  expiresAtMs: z.number(),
  file: z.object({ name: z.string(), sha256: z.string(), byteLength: z.number().int() }).nullable(),
})
export type Attestation = z.infer<typeof attestation>

export const exception = z.object({
  id: z.string(),
  checkId,
  targetId: z.string().nullable(),
  /** Names of objects; empty covers all of the check. */
  objects: z.array(z.string()),
  reason: z.string(),
  requestedBy: z.string(),
  approvedBy: z.string(),
  atMs: z.number(),
  expiresAtMs: z.number(),
  revokedAtMs: z.number().nullable(),
})
export type Exception = z.infer<typeof exception>

export const reviewedList = z.object({
  id: z.string(),
  title: z.string(),
  /** What stands in it, in one sentence. */
  purpose: z.string(),
  items: z.array(z.string()),
  owner: z.string().nullable(),
  reviewedAtMs: z.number().nullable(),
  nextReviewAtMs: z.number().nullable(),
})
export type ReviewedList = z.infer<typeof reviewedList>

/**
 * `met`: an owner stands for it and no check speaks against it. `supported`: checks pass, nobody has confirmed it yet.
 * `partial`: some of it holds. `unlooked`: nothing has been seen and nobody has said anything.
 */
export const safeguardStates = ['met', 'supported', 'partial', 'not-met', 'unlooked', 'not-applicable'] as const
export const safeguardState = z.enum(safeguardStates)
export type SafeguardState = z.infer<typeof safeguardState>

export const safeguardView = z.object({
  id: safeguardId,
  state: safeguardState,
  /** Why the state is what it is. */
  says: z.string(),
  counts: z.partialRecord(verdict, z.number().int()),
  checkIds: z.array(checkId),
  owner: z.string().nullable(),
  attestation: attestation.nullable(),
})
export type SafeguardView = z.infer<typeof safeguardView>

/** Always shown with its denominators. */
export const score = z.object({
  total: z.number().int(),
  met: z.number().int(),
  supported: z.number().int(),
  partial: z.number().int(),
  notMet: z.number().int(),
  unlooked: z.number().int(),
  notApplicable: z.number().int(),
})
export type Score = z.infer<typeof score>

export function scoreOf(states: readonly SafeguardState[]): Score {
  const count = (state: SafeguardState): number => states.filter((one) => one === state).length
  return {
    total: states.length,
    met: count('met'),
    supported: count('supported'),
    partial: count('partial'),
    notMet: count('not-met'),
    unlooked: count('unlooked'),
    notApplicable: count('not-applicable'),
  }
}

/** Safeguards about which something is known. */
export const assessedOf = (one: Score): number => one.total - one.unlooked - one.notApplicable

/** `12 of 26 assessed safeguards met, 30 not looked at`. */
export function scoreSentence(one: Score): string {
  const parts = [`${one.met} of ${assessedOf(one)} assessed safeguards met`]
  if (one.supported > 0) parts.push(`${one.supported} supported by checks, to be confirmed`)
  parts.push(`${one.unlooked} not looked at`)
  if (one.notApplicable > 0) parts.push(`${one.notApplicable} not applicable`)
  return parts.join(', ')
}

export const verdictWord: Record<Verdict, string> = {
  fail: 'fails',
  error: 'error',
  unknown: 'unknown',
  warn: 'warning',
  excepted: 'accepted',
  pass: 'passes',
  'not-applicable': 'not applicable',
}
export const stateWord: Record<SafeguardState, string> = {
  met: 'met',
  supported: 'supported by checks',
  partial: 'partly met',
  'not-met': 'not met',
  unlooked: 'not looked at',
  'not-applicable': 'not applicable',
}

/** The worst of several verdicts; `not-applicable` for none. */
export const worstVerdict = (all: readonly Verdict[]): Verdict => verdicts.find((one) => all.includes(one)) ?? 'not-applicable'

export const controlOf = (id: string): number => Number(id.split('.')[0])
export const compareSafeguards = (left: string, right: string): number => {
  const [a = 0, b = 0] = left.split('.').map(Number)
  const [c = 0, d = 0] = right.split('.').map(Number)
  return a - c || b - d
}
