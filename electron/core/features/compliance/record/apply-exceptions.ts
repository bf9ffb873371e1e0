// Accepted risks laid over results. Done whenever results are read, never stored with them: an exception that has run out
// is simply no longer there, and the failure shows again by itself. Pure.
import { worstVerdict, type CheckResult, type Exception, type ObjectResult, type Verdict } from '#shared/model/compliance.ts'

export const isInForce = (exception: Exception, nowMs: number): boolean =>
  exception.expiresAtMs > nowMs && exception.revokedAtMs === null

/** Only what fails or warns can be accepted: nobody can accept what was not looked at. */
const canBeAccepted = (verdict: Verdict): boolean => verdict === 'fail' || verdict === 'warn'

export function applyExceptions(result: CheckResult, exceptions: readonly Exception[], nowMs: number): CheckResult {
  const relevant = exceptions.filter(
    (one) =>
      one.checkId === result.checkId && isInForce(one, nowMs) && (one.targetId === null || one.targetId === result.targetId),
  )
  if (relevant.length === 0) return result
  const coversAll = relevant.some((one) => one.objects.length === 0)
  if (result.objects.length === 0)
    return coversAll && canBeAccepted(result.verdict)
      ? { ...result, verdict: 'excepted', says: `Accepted: ${result.says}`, counts: { excepted: 1 } }
      : result
  const names = new Set(relevant.flatMap((one) => one.objects))
  const counts: Partial<Record<Verdict, number>> = { ...result.counts }
  const objects = result.objects.map((object): ObjectResult => {
    if (!canBeAccepted(object.verdict) || !(coversAll || names.has(object.name))) return object
    counts[object.verdict] = (counts[object.verdict] ?? 1) - 1
    counts.excepted = (counts.excepted ?? 0) + 1
    return { ...object, verdict: 'excepted' }
  })
  // Objects beyond the kept ones are only counted: an exception for all covers them too.
  if (coversAll)
    for (const verdict of ['fail', 'warn'] as const) {
      counts.excepted = (counts.excepted ?? 0) + (counts[verdict] ?? 0)
      counts[verdict] = 0
    }
  const left = (Object.keys(counts) as Verdict[]).filter((verdict) => (counts[verdict] ?? 0) > 0)
  const verdict = worstVerdict(left)
  return { ...result, objects, counts, verdict, says: verdict === 'excepted' ? `Accepted: ${result.says}` : result.says }
}
