// What rules may ask the application itself: reviewed lists, other checks, when something was first seen, what people
// attested, until when a product is supported. Each says “unread” rather than guess.
import type { Attestation, ReviewedList, Verdict } from '#shared/model/compliance.ts'
import type { Catalogue } from '../catalogue.ts'
import { domainFunctions, type engineFunctions } from '../compile-check.ts'
import { isYes, type Row } from '../functions/arguments.ts'
import { RuleFault } from '../rules/rule-fault.ts'
import type { RuleFunction } from '../rules/rule-functions.ts'

export interface Knowledge {
  nowMs: number
  lists: ReadonlyMap<string, ReviewedList>
  attestations: readonly Attestation[]
  support: Catalogue['support']
  /** First time that a thing was seen; remembered from now on. */
  firstSeenMs(key: string): number
}

const dayMs = 86_400_000
/** Functions of large arguments that rules call once per object. */
const remembered = ['backupGroups', 'tokens', 'administratorHolders', 'secretReaders', 'clusterAdministrators', 'sockets', 'keyLines'] as const

/** Functions for the rules of one check on one target. `verdictOf` gives undefined for a check that has no result. */
export function functionsFor(
  known: Knowledge,
  verdictOf: (checkId: string) => Verdict | undefined,
  roles: readonly string[],
): Record<string, RuleFunction> {
  const reviewed = (id: unknown): ReviewedList => {
    const list = known.lists.get(String(id))
    if (!list || list.reviewedAtMs === null)
      throw new RuleFault(`The list “${list?.title ?? String(id)}” has not been reviewed yet. Review it under Compliance → Lists.`, 'unread')
    if (list.nextReviewAtMs !== null && list.nextReviewAtMs < known.nowMs)
      throw new RuleFault(`The review of the list “${list.title}” is overdue. Review it under Compliance → Lists.`, 'unread')
    return list
  }
  const holds = (list: ReviewedList | undefined, value: unknown): boolean =>
    list?.items.some((item) => (item.endsWith('*') ? String(value).startsWith(item.slice(0, -1)) : item === value)) ?? false

  const own: Record<(typeof engineFunctions)[number], RuleFunction> = {
    isActiveUser: (user) => {
      const { enable = 1, expire = 0 } = user as { enable?: unknown; expire?: unknown }
      return isYes(enable) && (Number(expire) === 0 || Number(expire) * 1000 > known.nowMs)
    },
    approved: (id, value) => holds(reviewed(id), value),
    excluded: (id, value) => holds(known.lists.get(String(id)), value),
    list: (id) => reviewed(id).items,
    reviewedDays: (id) => (known.nowMs - (reviewed(id).reviewedAtMs ?? 0)) / dayMs,
    firstSeenDays: (key) => (known.nowMs - known.firstSeenMs(String(key))) / dayMs,
    attested: (safeguard, days) =>
      known.attestations.some(
        (one) =>
          one.safeguardId === safeguard &&
          one.claim === 'implemented' &&
          one.expiresAtMs > known.nowMs &&
          one.atMs > known.nowMs - Number(days) * dayMs,
      ),
    supportedUntil: (product, version) => {
      const date = known.support[String(product)]?.[String(version)]
      const ms = date instanceof Date ? date.getTime() : typeof date === 'string' ? Date.parse(date) : NaN
      if (Number.isNaN(ms)) throw new RuleFault(`It is not known until when ${String(product)} ${String(version)} is supported.`, 'unread')
      return ms
    },
    newestMinor: (product, version) => {
      const found = (known.support['newest-minor']?.[String(product)] as Row | undefined)?.[String(version)]
      if (typeof found !== 'number') throw new RuleFault(`The newest minor release of ${String(product)} ${String(version)} is not known.`, 'unread')
      return found
    },
    hostIs: (role) => roles.includes(String(role)),
    passes: (id) => {
      const verdict = verdictOf(String(id))
      if (verdict === undefined || verdict === 'unknown' || verdict === 'error')
        throw new RuleFault(`It depends on the check ${String(id)}, which could not be answered.`, 'unread')
      return verdict === 'pass' || verdict === 'not-applicable'
    },
  }
  const functions: Record<string, RuleFunction> = { ...domainFunctions, ...own }
  for (const name of remembered) functions[name] = rememberLast(functions[name]!)
  return functions
}

/** The last result, for a rule that asks the same thing for each of thousands of objects. */
function rememberLast(compute: RuleFunction): RuleFunction {
  let last: { args: unknown[]; result: unknown } | undefined
  return (...args) => {
    if (!last || last.args.length !== args.length || last.args.some((arg, index) => arg !== args[index]))
      last = { args, result: compute(...args) }
    return last.result
  }
}
