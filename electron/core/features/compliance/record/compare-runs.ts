// The difference of two runs: what was put right, what broke, what is newly looked at and what no longer is. Pure.
import type { ComplianceRun, ResultChange, RunDifference } from '#shared/contracts/compliance.ts'
import type { CheckResult, Verdict } from '#shared/model/compliance.ts'

const isGood = (verdict: Verdict): boolean => verdict === 'pass' || verdict === 'not-applicable' || verdict === 'excepted'
const isSeen = (verdict: Verdict): boolean => verdict !== 'unknown' && verdict !== 'error'

export function compareRuns(
  from: { run: ComplianceRun; results: readonly CheckResult[] },
  to: { run: ComplianceRun; results: readonly CheckResult[] },
): RunDifference {
  const keyOf = ({ checkId, targetId }: CheckResult): string => `${checkId}\0${targetId}`
  const before = new Map(from.results.map((result) => [keyOf(result), result]))
  const after = new Map(to.results.map((result) => [keyOf(result), result]))
  const difference: RunDifference = { from: from.run, to: to.run, fixed: [], broken: [], appeared: [], gone: [], unchanged: 0 }
  const change = (now: CheckResult, was: Verdict | null, is: Verdict | null): ResultChange => ({
    checkId: now.checkId,
    targetId: now.targetId,
    targetLabel: now.targetLabel,
    before: was,
    after: is,
    says: now.says,
  })
  for (const [key, now] of after) {
    const was = before.get(key)
    if (!was) difference.appeared.push(change(now, null, now.verdict))
    else if (!isGood(was.verdict) && isGood(now.verdict)) difference.fixed.push(change(now, was.verdict, now.verdict))
    // A failure that could not be seen before is news too; so is losing sight of what was good.
    else if (!isGood(now.verdict) && (isGood(was.verdict) || (!isSeen(was.verdict) && isSeen(now.verdict))))
      difference.broken.push(change(now, was.verdict, now.verdict))
    else difference.unchanged += 1
  }
  for (const [key, was] of before) if (!after.has(key)) difference.gone.push(change(was, was.verdict, null))
  return difference
}
