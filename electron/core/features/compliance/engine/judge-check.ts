// One check on one system: probes are read, objects found, each judged, and the worst of them is the verdict. What could
// not be looked at is unknown, what was looked at and not understood is an error; neither hides behind objects that pass.
import {
  verdictWord,
  worstVerdict,
  type CheckResult,
  type ObjectResult,
  type Verdict,
} from '#shared/model/compliance.ts'
import { parameters } from '../catalogue.ts'
import type { Check } from '../compile-check.ts'
import type { AuditedSystem } from '../probes/system.ts'
import { redactText } from '../probes/redact.ts'
import { evaluateRule, type RuleScope } from '../rules/evaluate-rule.ts'
import { RuleFault } from '../rules/rule-fault.ts'
import type { RuleFunction } from '../rules/rule-functions.ts'
import { fillTemplate } from '../rules/rule-template.ts'
import { UnreadProbe, type ProbeDesk } from './probe-desk.ts'

/** Objects kept with a result; more are counted. */
const maxObjects = 500
const maxSentence = 600

export interface Judging {
  check: Check
  target: AuditedSystem
  desk: ProbeDesk
  functions: Record<string, RuleFunction>
  nowMs: number
}

type Outcome = { verdict: Verdict; says: string }

/** Never rejects, except when the run is cancelled. */
export async function judgeCheck(judging: Judging): Promise<CheckResult> {
  const { check, target, nowMs } = judging
  const startedAt = performance.now()
  const evidence: string[] = []
  const variables: Record<string, unknown> = { now: nowMs, parameters, target: target.facts }
  const finish = (verdict: Verdict, says: string, judged?: readonly ObjectResult[]): CheckResult => ({
    checkId: check.id,
    targetId: target.targetId,
    targetLabel: target.label,
    connectionId: target.connectionId,
    verdict,
    says: clean(says),
    objects: (judged ?? []).filter((one) => one.verdict !== 'pass').slice(0, maxObjects),
    counts: countOf(judged?.map((one) => one.verdict) ?? [verdict]),
    evidence: [...new Set(evidence)],
    elapsedMs: performance.now() - startedAt,
  })
  const scope = (): RuleScope => ({ variables, functions: judging.functions })
  try {
    for (const probe of check.probes) {
      const answer = await judging.desk.read(target, probe, scope())
      variables[probe.name] = answer.value
      evidence.push(...answer.evidenceIds)
    }
    if (check.applies && evaluateRule(check.applies, scope()) !== true)
      return finish('not-applicable', 'Does not apply here.')
    if (!check.objects) {
      const { verdict, says } = judgeOne(check, scope())
      return finish(verdict, verdict === 'pass' ? 'The condition holds.' : says)
    }
    return judgeAll(check, scope(), finish)
  } catch (error) {
    const known = unjudged(error)
    if (!known) throw error
    if (error instanceof UnreadProbe) evidence.push(...error.evidenceIds)
    return finish(known.verdict, known.says)
  }
}

/** Undefined for what is no matter of this check: a cancelled run, a fault of the engine. */
function unjudged(error: unknown): Outcome | undefined {
  if (error instanceof UnreadProbe)
    return error.reason.code === 'cancelled' ? undefined : { verdict: error.reason.code === 'internal' ? 'error' : 'unknown', says: error.message }
  if (error instanceof RuleFault) return { verdict: error.kind === 'unread' ? 'unknown' : 'error', says: error.message }
  return undefined
}

function judgeAll(
  check: Check,
  scope: RuleScope,
  finish: (verdict: Verdict, says: string, judged?: readonly ObjectResult[]) => CheckResult,
): CheckResult {
  const objects = evaluateRule(check.objects!, scope)
  if (!Array.isArray(objects)) throw new RuleFault('The rule for objects gave no list.')
  if (objects.length === 0)
    return check.isForbidding || check.data.empty === 'pass'
      ? finish('pass', 'Nothing of that kind is there.')
      : finish('not-applicable', 'There is nothing that this check speaks of.')
  const judged = (objects as unknown[]).map((object): ObjectResult => {
    const inner: RuleScope = { ...scope, variables: { ...scope.variables, object } }
    const outcome = judgeOne(check, inner)
    return { ...outcome, says: clean(outcome.says), name: clean(nameOf(check, inner)), entity: entityOf(check, inner) }
  })
  judged.sort((left, right) => order(left.verdict) - order(right.verdict) || left.name.localeCompare(right.name, 'en', { numeric: true }))
  const verdict = worstVerdict(judged.map((one) => one.verdict))
  const worst = judged.filter((one) => one.verdict === verdict)
  if (verdict === 'pass') return finish('pass', judged.length === 1 ? 'The condition holds.' : `The condition holds for all ${judged.length}.`, judged)
  const [first] = worst
  const rest = worst.length > 1 ? ` (and ${worst.length - 1} more of ${judged.length})` : judged.length > 1 ? ` (1 of ${judged.length})` : ''
  return finish(verdict, `${first!.name}: ${first!.says}${rest}`, judged)
}

const order = (verdict: Verdict): number => ['fail', 'error', 'unknown', 'warn', 'excepted', 'pass', 'not-applicable'].indexOf(verdict)

/** The condition for what `scope` holds as `object`, or for the system as a whole. */
function judgeOne(check: Check, scope: RuleScope): Outcome {
  try {
    const object = scope.variables['object'] as { problem?: unknown } | null | undefined
    if (typeof object === 'object' && object !== null && typeof object.problem === 'string' && Object.hasOwn(object, 'of'))
      return { verdict: 'unknown', says: `could not be looked at: ${object.problem}` }
    const isGood = check.isForbidding
      ? check.unless !== null && yes(check.unless, scope)
      : yes(check.require!, scope)
    if (isGood) return { verdict: 'pass', says: '' }
    const verdict = check.warn && yes(check.warn, scope) ? 'warn' : 'fail'
    return { verdict, says: sayings(check, scope, verdict) }
  } catch (error) {
    const known = unjudged(error)
    if (!known) throw error
    return known
  }
}

function yes(rule: NonNullable<Check['require']>, scope: RuleScope): boolean {
  const value = evaluateRule(rule, scope)
  if (typeof value !== 'boolean') throw new RuleFault('The condition gave neither yes nor no.')
  return value
}

/** A sentence that cannot be filled in must not turn a failure into something milder. */
function sayings(check: Check, scope: RuleScope, verdict: Verdict): string {
  try {
    return fillTemplate(check.says, scope)
  } catch {
    return `${verdictWord[verdict]}.`
  }
}

function nameOf(check: Check, scope: RuleScope): string {
  try {
    return check.name ? fillTemplate(check.name, scope) : String(scope.variables['object'])
  } catch {
    return 'an object without a name'
  }
}

function entityOf(check: Check, scope: RuleScope): ObjectResult['entity'] {
  if (!check.entity) return null
  try {
    return { kind: fillTemplate(check.entity, scope), key: fillTemplate(check.entityKey ?? check.name ?? [], scope) }
  } catch {
    return null
  }
}

/** Sentences quote what systems said: one line, no secrets, not too long. */
const clean = (text: string): string => redactText(text).text.replace(/\s+/g, ' ').trim().slice(0, maxSentence)

export function countOf(all: readonly Verdict[]): Partial<Record<Verdict, number>> {
  const counts: Partial<Record<Verdict, number>> = {}
  for (const one of all) counts[one] = (counts[one] ?? 0) + 1
  return counts
}
