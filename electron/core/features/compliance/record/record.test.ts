import { describe, expect, it } from 'vitest'
import type { Attestation, CheckResult, Exception, Verdict } from '#shared/model/compliance.ts'
import type { ComplianceRun } from '#shared/contracts/compliance.ts'
import { applyExceptions } from './apply-exceptions.ts'
import { compareRuns } from './compare-runs.ts'
import { groupScores, safeguardViews } from './safeguard-views.ts'
import { canonicalJson, hashOf, sealRecord, verifyChain } from './sign-off-chain.ts'

const nowMs = Date.parse('2026-11-24T12:00:00Z')
const day = 86_400_000
const result = (checkId: string, verdict: Verdict, objects: [string, Verdict][] = []): CheckResult => ({
  checkId, targetId: 't', targetLabel: 'Lab', connectionId: null, verdict, says: 'says', evidence: [], elapsedMs: 1,
  objects: objects.map(([name, one]) => ({ name, entity: null, verdict: one, says: '' })),
  counts: objects.length > 0 ? objects.reduce<CheckResult['counts']>((all, [, one]) => ({ ...all, [one]: (all[one] ?? 0) + 1 }), {}) : { [verdict]: 1 },
})
const exception = (more: Partial<Exception> = {}): Exception => ({
  id: 'e', checkId: 'A-1', targetId: null, objects: [], reason: 'because', requestedBy: 'Ada', approvedBy: 'Grace', atMs: nowMs - day, expiresAtMs: nowMs + day, revokedAtMs: null, ...more,
})

describe('accepted risks', () => {
  it.each<[string, Partial<Exception>, Verdict]>([
    ['cover all objects', {}, 'excepted'],
    ['cover the named objects', { objects: ['a', 'b'] }, 'excepted'],
    ['leave others failing', { objects: ['a'] }, 'fail'],
    ['lapse by themselves', { expiresAtMs: nowMs }, 'fail'],
    ['end when revoked', { revokedAtMs: nowMs - 1 }, 'fail'],
    ['speak of their own check only', { checkId: 'B-1' }, 'fail'],
    ['speak of their own system only', { targetId: 'other' }, 'fail'],
  ])('%s', (_name, more, expected) => {
    expect(applyExceptions(result('A-1', 'fail', [['a', 'fail'], ['b', 'fail']]), [exception(more)], nowMs).verdict).toBe(expected)
  })
  it('never cover what was not looked at', () => {
    expect(applyExceptions(result('A-1', 'unknown', [['a', 'unknown'], ['b', 'fail']]), [exception()], nowMs)).toMatchObject({ verdict: 'unknown', counts: { unknown: 1, excepted: 1, fail: 0 } })
    expect(applyExceptions(result('A-1', 'unknown'), [exception()], nowMs).verdict).toBe('unknown')
  })
})

describe('the state of a safeguard', () => {
  const safeguard = { id: '6.5', title: '', assetType: '', securityFunction: '', group: 1 as const }
  const attested = (claim: Attestation['claim'], expiresAtMs = nowMs + day): Attestation => ({ id: 'x', safeguardId: '6.5', claim, statement: '', owner: 'Ada', atMs: nowMs - day, expiresAtMs, file: null })
  it.each<[string, Verdict[], Attestation[], string]>([
    ['nobody looked', [], [], 'unlooked'],
    ['checks pass, nobody confirms', ['pass', 'pass'], [], 'supported'],
    ['checks pass and it is attested', ['pass'], [attested('implemented')], 'met'],
    ['attested without checks', [], [attested('implemented')], 'met'],
    ['attested, a check could not look', ['pass', 'unknown'], [attested('implemented')], 'partial'],
    ['attested, a risk is accepted', ['excepted'], [attested('implemented')], 'partial'],
    ['attested, and yet it fails', ['fail'], [attested('implemented')], 'not-met'],
    ['passes and fails', ['pass', 'fail'], [], 'partial'],
    ['fails', ['fail'], [], 'not-met'],
    ['could not look', ['unknown', 'error'], [], 'unlooked'],
    ['does not apply, says the owner', [], [attested('not-applicable')], 'not-applicable'],
    ['the attestation has expired', ['pass'], [attested('implemented', nowMs - 1)], 'partial'],
    ['expired without checks', [], [attested('implemented', nowMs - 1)], 'unlooked'],
  ])('%s', (_name, verdicts, attestations, expected) => {
    const [view] = safeguardViews({
      safeguards: [safeguard],
      checks: verdicts.map((_unused, index) => ({ id: `A-${index}`, safeguards: ['6.5'] })),
      results: verdicts.map((verdict, index) => result(`A-${index}`, verdict)),
      attestations,
      owners: new Map(),
      nowMs,
    })
    expect(view!.state).toBe(expected)
  })
  it('counts each group with those below it', () => {
    const all = [1, 2, 3].map((group) => ({ ...safeguard, id: `1.${group}`, group: group as 1 | 2 | 3 }))
    const views = safeguardViews({ safeguards: all, checks: [], results: [], attestations: [], owners: new Map(), nowMs })
    expect([1, 2, 3].map((group) => groupScores(all, views)[group as 1].total)).toEqual([1, 2, 3])
  })
})

it('tells what was fixed, what broke, what is new and what is gone', () => {
  const run = { runId: 'r' } as ComplianceRun
  const difference = compareRuns(
    { run, results: [result('A-1', 'fail'), result('A-2', 'pass'), result('A-3', 'pass'), result('A-4', 'unknown'), result('A-5', 'pass'), result('A-8', 'unknown')] },
    { run, results: [result('A-1', 'pass'), result('A-2', 'fail'), result('A-4', 'fail'), result('A-5', 'pass'), result('A-6', 'fail'), result('A-8', 'pass')] },
  )
  const ids = (changes: { checkId: string }[]) => changes.map(({ checkId }) => checkId)
  expect([ids(difference.fixed), ids(difference.broken), ids(difference.appeared), ids(difference.gone), difference.unchanged]).toEqual([
    ['A-1', 'A-8'], ['A-2', 'A-4'], ['A-6'], ['A-3'], 1,
  ])
})

describe('the chain of signed records', () => {
  const chain = (() => {
    const rows = [sealRecord([], 'r1', { says: 'one' })]
    rows.push(sealRecord(rows, 'r2', { says: 'two' }))
    rows.push(sealRecord(rows, 'r3', { says: 'three' }))
    return rows
  })()
  it('is intact as it was made, in any order of keys', () => {
    expect(verifyChain(chain)).toMatchObject({ isIntact: true, records: 3, brokenAt: null })
    expect(canonicalJson({ b: 1, a: [null, { d: undefined, c: 'x' }] })).toBe('{"a":[null,{"c":"x"}],"b":1}')
  })
  it('shows where content was changed, even with a fitting hash', () => {
    const body = chain[1]!.body.replace('two', '2')
    expect(verifyChain([chain[0]!, { ...chain[1]!, body }, chain[2]!])).toMatchObject({ isIntact: false, brokenAt: 2 })
    const resealed = { ...chain[1]!, body, hash: hashOf(chain[1]!.previousHash, body) }
    expect(verifyChain([chain[0]!, resealed, chain[2]!])).toMatchObject({ isIntact: false, brokenAt: 3 })
  })
  it('shows a record that was taken out, put in or moved', () => {
    expect(verifyChain([chain[0]!, chain[2]!])).toMatchObject({ isIntact: false, brokenAt: 3 })
    expect(verifyChain([chain[1]!, chain[0]!, chain[2]!])).toMatchObject({ isIntact: false })
    expect(verifyChain([chain[0]!, { ...chain[1]!, runId: 'other' }, chain[2]!])).toMatchObject({ isIntact: false, brokenAt: 2 })
  })
})
