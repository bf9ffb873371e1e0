// From results and what people attest to a state per safeguard. A check is evidence, an owner confirms: without somebody
// who stands for it a safeguard is at most “supported”; what could not be looked at, or has run out, caps it. Pure.
import type { ComplianceOverview } from '#shared/contracts/compliance.ts'
import {
  controlOf,
  scoreOf,
  type Attestation,
  type CheckResult,
  type Safeguard,
  type SafeguardState,
  type SafeguardView,
  type Verdict,
} from '#shared/model/compliance.ts'

export interface SafeguardInput {
  safeguards: readonly Safeguard[]
  /** Which checks speak of a safeguard. */
  checks: readonly { id: string; safeguards: readonly string[] }[]
  /** Exceptions already applied. */
  results: readonly CheckResult[]
  attestations: readonly Attestation[]
  owners: ReadonlyMap<string, string>
  nowMs: number
}

export function safeguardViews(input: SafeguardInput): SafeguardView[] {
  const checksOf = new Map<string, string[]>()
  for (const check of input.checks)
    for (const id of check.safeguards) checksOf.set(id, [...(checksOf.get(id) ?? []), check.id])
  const verdictsOf = new Map<string, Verdict[]>()
  for (const { checkId, verdict } of input.results) verdictsOf.set(checkId, [...(verdictsOf.get(checkId) ?? []), verdict])
  const newest = new Map<string, Attestation>()
  for (const one of input.attestations)
    if (one.atMs >= (newest.get(one.safeguardId)?.atMs ?? 0)) newest.set(one.safeguardId, one)

  return input.safeguards.map(({ id }) => {
    const checkIds = checksOf.get(id) ?? []
    const counts: Partial<Record<Verdict, number>> = {}
    for (const verdict of checkIds.flatMap((check) => verdictsOf.get(check) ?? []))
      counts[verdict] = (counts[verdict] ?? 0) + 1
    const attestation = newest.get(id) ?? null
    return { id, checkIds, counts, attestation, owner: input.owners.get(id) ?? null, ...judge(counts, attestation, input.nowMs) }
  })
}

function judge(
  counts: Partial<Record<Verdict, number>>,
  attestation: Attestation | null,
  nowMs: number,
): { state: SafeguardState; says: string } {
  const { fail = 0, error = 0, unknown = 0, warn = 0, excepted = 0, pass = 0 } = counts
  const unseen = error + unknown
  const isExpired = attestation !== null && attestation.expiresAtMs <= nowMs
  const claim = attestation && !isExpired ? attestation.claim : null
  const plural = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`

  if (fail > 0)
    return claim === null && pass + warn + excepted === 0
      ? { state: 'not-met', says: `${plural(fail, 'check')} ${fail === 1 ? 'fails' : 'fail'}.` }
      : {
          state: pass + excepted > 0 ? 'partial' : 'not-met',
          says: `${plural(fail, 'check')} ${fail === 1 ? 'fails' : 'fail'}${claim === 'implemented' ? ', although it is attested' : ''}; ${pass} pass.`,
        }
  if (claim === 'not-implemented') return { state: 'not-met', says: 'Its owner says that it is not implemented.' }
  if (claim === 'not-applicable') return { state: 'not-applicable', says: 'Its owner says that it does not apply.' }
  if (claim === 'partly') return { state: 'partial', says: 'Its owner says that it is partly implemented.' }
  if (claim === 'implemented') {
    if (unseen > 0) return { state: 'partial', says: `Attested, but ${plural(unseen, 'check')} could not be answered.` }
    if (warn + excepted > 0) return { state: 'partial', says: `Attested, with ${plural(warn, 'warning')} and ${plural(excepted, 'accepted risk')}.` }
    return { state: 'met', says: pass > 0 ? `Attested, and ${plural(pass, 'check')} ${pass === 1 ? 'passes' : 'pass'}.` : 'Attested by its owner.' }
  }
  const expired = isExpired ? ' Its attestation has expired.' : ''
  if (pass > 0 && unseen + warn + excepted === 0)
    return isExpired
      ? { state: 'partial', says: `${plural(pass, 'check')} ${pass === 1 ? 'passes' : 'pass'}.${expired}` }
      : { state: 'supported', says: `${plural(pass, 'check')} ${pass === 1 ? 'passes' : 'pass'}; its owner has not confirmed it yet.` }
  if (pass + warn + excepted > 0)
    return { state: 'partial', says: `${pass} pass, ${plural(warn, 'warning')}, ${plural(excepted, 'accepted risk')}, ${unseen} not answered.${expired}` }
  if (unseen > 0) return { state: 'unlooked', says: `${plural(unseen, 'check')} could not look.${expired}` }
  return { state: 'unlooked', says: isExpired ? 'Its attestation has expired.' : 'No check looks at it and nobody has attested it.' }
}

type Scores = ComplianceOverview['scores']

/** IG2 holds IG1, IG3 holds both. */
export function groupScores(safeguards: readonly Safeguard[], views: readonly SafeguardView[]): Scores {
  const states = new Map(views.map(({ id, state }) => [id, state]))
  const within = (group: number) =>
    scoreOf(safeguards.filter((one) => one.group <= group).map(({ id }) => states.get(id) ?? 'unlooked'))
  return { 1: within(1), 2: within(2), 3: within(3) }
}

export const controlScores = (
  controls: readonly { id: number }[],
  safeguards: readonly Safeguard[],
  views: readonly SafeguardView[],
): ComplianceOverview['controls'] =>
  controls.map(({ id }) => ({ id, scores: groupScores(safeguards.filter((one) => controlOf(one.id) === id), views) }))
