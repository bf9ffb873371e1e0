import { describe, expect, it } from 'vitest'
import { fileURLToPath } from 'node:url'
import { AppError } from '#shared/errors.ts'
import type { CheckResult, ReviewedList } from '#shared/model/compliance.ts'
import type { RunSystem } from '#shared/contracts/compliance.ts'
import { loadCatalogue, type Catalogue } from '../catalogue.ts'
import type { KeptEvidence } from '../probes/answer.ts'
import type { AuditedSystem } from '../probes/system.ts'
import { runAssessment } from './run-assessment.ts'

const whole = loadCatalogue(fileURLToPath(new URL('../../../../../resources/', import.meta.url)))
const only = (...ids: string[]): Catalogue => ({ ...whole, checks: whole.checks.filter(({ id }) => ids.includes(id)) })
const nowMs = Date.parse('2026-11-24T12:00:00Z')

function system(parts: Partial<AuditedSystem>): AuditedSystem {
  return { targetId: 'pve', label: 'Lab cluster', kind: 'proxmox', connectionId: null, identity: 'auditor@pve!read', parallel: 2, facts: { label: 'Lab cluster' }, ...parts }
}
const answering = (answers: Record<string, unknown>, log: string[] = []): AuditedSystem =>
  system({
    get(path) {
      log.push(path)
      const found = answers[path]
      if (found instanceof Error) return Promise.reject(found)
      return found === undefined ? Promise.reject(new AppError('not-found', `No ${path}.`)) : Promise.resolve(found)
    },
  })
const list = (id: string, items: string[], more: Partial<ReviewedList> = {}): ReviewedList => ({
  id, title: id, purpose: '', items, owner: 'Ada', reviewedAtMs: nowMs - 1000, nextReviewAtMs: nowMs + 1000, ...more,
})

async function assess(
  catalogue: Catalogue,
  systems: AuditedSystem[],
  more: { lists?: ReviewedList[]; signal?: AbortSignal; seen?: Map<string, number> } = {},
) {
  const results: CheckResult[] = []
  const evidence: KeptEvidence[] = []
  let progress: RunSystem[] = []
  await runAssessment({
    catalogue,
    systems,
    knowledge: { nowMs, lists: new Map((more.lists ?? []).map((one) => [one.id, one])), attestations: [], support: whole.support, firstSeenMs: (key) => more.seen?.get(key) ?? nowMs },
    includesActive: false,
    appVersion: '1.0.0',
    signal: more.signal ?? AbortSignal.timeout(20_000),
    now: () => nowMs,
    imported: () => undefined,
    onEvidence: (one) => evidence.push(one),
    onResult: (one) => results.push(one),
    onProgress: (rows) => (progress = rows),
  })
  return { results, evidence, progress, of: (id: string) => results.find((one) => one.checkId === id)! }
}

const users = [
  { userid: 'root@pam', enable: 1, expire: 0, tokens: [] },
  { userid: 'ada@pve', enable: 1, expire: 0, tokens: [{ tokenid: 'app', privsep: 0, expire: 0, secret: '6c1d2b7e-3f0a-4f6e-9d55-0a8c7b41e2f3' }] },
  { userid: 'gone@pve', enable: 0, tokens: [] },
]

describe('an assessment', () => {
  it('judges object by object and keeps what it was judged by, without secrets', async () => {
    const tfa = [{ userid: 'root@pam', entries: [{ type: 'totp', id: 'x' }] }, { userid: 'ada@pve', entries: [{ type: 'recovery', id: 'y' }] }]
    const { of, evidence, progress } = await assess(only('PVE-ACC-01', 'PVE-ACC-03'), [answering({ '/access/users?full=1': users, '/access/tfa': tfa })])
    expect(of('PVE-ACC-01')).toMatchObject({ verdict: 'fail', counts: { fail: 1, pass: 1 }, objects: [{ name: 'ada@pve', verdict: 'fail' }] })
    expect(of('PVE-ACC-03')).toMatchObject({ verdict: 'fail', objects: [{ name: 'ada@pve!app' }] })
    const kept = evidence.find(({ meta }) => meta.probe === 'GET /access/users?full=1')!
    expect(kept.meta).toMatchObject({ target: 'Lab cluster', identity: 'auditor@pve!read', appVersion: '1.0.0', redactions: 1, problem: null })
    expect(kept.text).toContain('ada@pve')
    expect(kept.text).not.toContain('6c1d2b7e')
    expect(kept.meta.sha256).toMatch(/^[0-9a-f]{64}$/)
    expect(progress).toEqual([expect.objectContaining({ targetId: 'pve', state: 'done', done: 2, total: 2 })])
  })

  it('asks the same question once for all checks', async () => {
    const asked: string[] = []
    await assess(only('PVE-ACC-01', 'PVE-ACC-03', 'PVE-ACC-04', 'PVE-ACC-06', 'PVE-ACC-07'), [answering({ '/access/users?full=1': users, '/access/tfa': [] }, asked)])
    expect(asked.sort()).toEqual(['/access/tfa', '/access/users?full=1'])
  })

  it('calls what it may not see unknown, never a pass, and says why', async () => {
    const denied = new AppError('forbidden', 'Permission check failed (/access, Sys.Audit).')
    const { of, evidence } = await assess(only('PVE-ACC-06'), [answering({ '/access/users?full=1': denied })])
    expect(of('PVE-ACC-06')).toMatchObject({ verdict: 'unknown', says: 'Permission check failed (/access, Sys.Audit).' })
    expect(evidence[0]!.meta.problem).toContain('Permission check failed')
  })

  it('calls an answer of another shape an error, not a pass', async () => {
    const { of } = await assess(only('PVE-INV-01', 'PVE-ACC-03'), [answering({ '/access/users?full=1': { total: 3 }, '/cluster/resources?type=vm': [{ tags: 7 }] })])
    expect(of('PVE-ACC-03').verdict).toBe('error')
    expect(of('PVE-INV-01').verdict).toBe('error')
  })

  it('lets one object that cannot be read spoil no other, and hide behind none', async () => {
    const nodes = [{ node: 'node01' }, { node: 'node02' }]
    const { of } = await assess(only('PVE-PAT-02'), [
      answering({ '/nodes': nodes, '/nodes/node01/subscription': { status: 'active', nextduedate: '2027-06-01' }, '/nodes/node02/subscription': new AppError('timeout', 'Too slow.') }),
    ])
    expect(of('PVE-PAT-02')).toMatchObject({ verdict: 'unknown', counts: { pass: 1, unknown: 1 }, objects: [{ name: 'node02' }] })
  })

  it('asks a system that cannot be reached only once', async () => {
    const asked: string[] = []
    const lost = new AppError('unreachable', 'Nothing answers.')
    const { results, progress } = await assess(only('PVE-ACC-01', 'PVE-ACC-02', 'PVE-BAK-01', 'PVE-FW-01'), [
      { ...answering({ '/access/users?full=1': lost, '/access/domains': lost, '/cluster/backup-info/not-backed-up': lost, '/cluster/firewall/options': lost }, asked), parallel: 1 },
    ])
    expect(asked).toHaveLength(1)
    expect(results.map(({ verdict }) => verdict)).toEqual(['unknown', 'unknown', 'unknown', 'unknown'])
    expect(progress[0]).toMatchObject({ state: 'unreachable', problem: 'Nothing answers.' })
  })

  it('never runs more calls at once than a system allows', async () => {
    let active = 0
    let most = 0
    const nodes = Array.from({ length: 12 }, (_unused, index) => ({ node: `node${index}` }))
    await assess(only('PVE-PAT-02'), [
      system({
        async get(path) {
          active += 1
          most = Math.max(most, active)
          await new Promise((resolve) => setImmediate(resolve))
          active -= 1
          return path === '/nodes' ? nodes : { status: 'notfound' }
        },
      }),
    ])
    expect(most).toBe(2)
  })

  it('ends when it is cancelled, with what it has', async () => {
    const controller = new AbortController()
    const hanging = system({
      get: (path, { signal }) =>
        path === '/access/domains'
          ? Promise.resolve([{ realm: 'pam', type: 'pam' }])
          : new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason as Error))
              controller.abort()
            }),
    })
    await expect(assess(only('PVE-ACC-01', 'PVE-ACC-02'), [hanging], { signal: controller.signal })).rejects.toThrow()
  })

  it('depends on reviewed lists: none is unknown, one that is overdue is unknown, one that holds it passes', async () => {
    const answers = { '/nodes': [{ node: 'node01' }], '/nodes/node01/dns': { dns1: '10.25.10.2', dns2: '10.25.20.2' } }
    const verdictWith = async (...lists: ReviewedList[]) => (await assess(only('PVE-CFG-01'), [answering(answers)], { lists })).of('PVE-CFG-01')
    expect(await verdictWith()).toMatchObject({ verdict: 'unknown' })
    expect(await verdictWith(list('resolvers', ['10.25.10.2', '10.25.20.2']))).toMatchObject({ verdict: 'pass' })
    expect(await verdictWith(list('resolvers', ['10.25.10.2']))).toMatchObject({ verdict: 'fail' })
    expect(await verdictWith(list('resolvers', ['10.25.10.2', '10.25.20.2'], { nextReviewAtMs: nowMs - 1 }))).toMatchObject({ verdict: 'unknown' })
  })

  it('follows what a check needs: a failure decides, an unknown stays unknown', async () => {
    const nodes = { '/nodes': [{ node: 'node01' }], '/nodes/node01/firewall/options': {} }
    const on = await assess(only('PVE-FW-01', 'PVE-FW-02'), [answering({ ...nodes, '/cluster/firewall/options': { enable: 1 } })])
    const off = await assess(only('PVE-FW-01', 'PVE-FW-02'), [answering({ ...nodes, '/cluster/firewall/options': { enable: 0 } })])
    const unread = await assess(only('PVE-FW-01', 'PVE-FW-02'), [answering(nodes)])
    expect([on, off, unread].map(({ of }) => of('PVE-FW-02').verdict)).toEqual(['pass', 'fail', 'unknown'])
  })

  it('counts updates from the day it first saw them', async () => {
    const answers = { '/nodes': [{ node: 'n1' }], '/nodes/n1/apt/update': [{ Package: 'openssl', Version: '3.0', Origin: 'Debian-Security' }] }
    const since = (days: number) => assess(only('PVE-PAT-03'), [answering(answers)], { seen: new Map([['pve:n1:openssl:3.0', nowMs - days * 86_400_000]]) })
    expect((await since(3)).of('PVE-PAT-03').verdict).toBe('pass')
    expect((await since(15)).of('PVE-PAT-03').verdict).toBe('fail')
  })

  it('does not try a login fifty times that only a person can make', async () => {
    let tries = 0
    const fault = new AppError('conflict', 'The host key is not confirmed yet.', { detail: { kind: 'ssh', stage: 'host-key' } })
    const host = system({
      targetId: 'h', label: 'host', kind: 'ssh', parallel: 1, hostname: () => Promise.reject(fault),
      run: () => {
        tries += 1
        return Promise.reject(fault)
      },
    })
    const { results } = await assess({ ...whole, checks: whole.checks.filter(({ data }) => data.target === 'linux-vm') }, [host])
    expect(tries).toBe(1)
    expect(results.filter(({ verdict }) => verdict === 'pass')).toEqual([])
  })

  it('does not take a missing program for a clean host', async () => {
    const host = system({ targetId: 'h', label: 'host', kind: 'ssh', run: () => Promise.reject(new AppError('unsupported', 'host could not run the command: find: command not found')), hostname: () => Promise.resolve('host') })
    const { of } = await assess(only('LIN-FS-01'), [host])
    expect(of('LIN-FS-01').verdict).toBe('unknown')
  })
})
