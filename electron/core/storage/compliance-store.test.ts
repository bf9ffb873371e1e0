import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ComplianceRun } from '#shared/contracts/compliance.ts'
import type { CheckResult, Evidence } from '#shared/model/compliance.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Log } from '../platform.ts'
import { createComplianceStore, type ComplianceStore } from './compliance-store.ts'
import { openDatabase, type Database } from './database.ts'

const siteId = 'lab' as SiteId
const log: Log = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
const run = (runId: string, startedAtMs: number, state: ComplianceRun['state'] = 'done'): ComplianceRun => ({
  runId, siteId, startedAtMs, endedAtMs: null, state, appVersion: '1', catalogueSha256: 'a'.repeat(64), includesActive: false, systems: [], counts: {}, importedFrom: null,
})
const result = (verdict: CheckResult['verdict']): CheckResult => ({
  checkId: 'PVE-FW-01', targetId: 'pve', targetLabel: 'Lab', connectionId: null, verdict, says: '', objects: [], counts: { [verdict]: 1 }, evidence: ['e1'], elapsedMs: 1,
})
const meta: Evidence = { id: 'e1', probe: 'GET /x', target: 'Lab', identity: 'a', atMs: 1, elapsedMs: 1, appVersion: '1', sha256: 'b'.repeat(64), byteLength: 2, isCut: false, redactions: 0, problem: null }

let folder: string
let database: Database
let store: ComplianceStore
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'compliance-store-'))
  database = openDatabase(join(folder, 'meridian.sqlite'), log)
  store = createComplianceStore(database)
})
afterEach(() => {
  database.dispose()
  rmSync(folder, { recursive: true })
})

describe('the compliance store', () => {
  it('keeps runs with results, their evidence and the history of a check', () => {
    store.putRun(run('r1', 1))
    store.putFindings('r1', [result('fail')], [{ meta, text: 'ünicode answer' }])
    store.putRun(run('r2', 2))
    store.putFindings('r2', [result('pass')], [])
    expect(store.runs(siteId).map(({ runId }) => runId)).toEqual(['r2', 'r1'])
    expect(store.evidenceText('r1', 'e1')).toBe('ünicode answer')
    expect(store.history(siteId, 'PVE-FW-01', 'pve').map(({ verdict }) => verdict)).toEqual(['fail', 'pass'])
    expect(() => store.evidenceText('r2', 'e1')).toThrow('no longer kept')
    expect(() => store.run(siteId, 'r3')).toThrow('no longer there')
    expect(() => store.run('other' as SiteId, 'r1')).toThrow('no longer there')
  })

  it('names the runs that an earlier process left at work', () => {
    store.putRun(run('r1', 1, 'running'))
    store.putRun(run('r2', 2))
    expect(store.unfinished().map(({ runId }) => runId)).toEqual(['r1'])
  })

  it('lets go of the evidence of old runs, but never of signed ones', () => {
    for (let index = 0; index < 25; index += 1) {
      store.putRun(run(`r${index}`, index))
      store.putFindings(`r${index}`, [result('fail')], [{ meta, text: 'x' }])
    }
    store.addSignOff(siteId, { sequence: 1, runId: 'r0', previousHash: '0', hash: '1', body: '{}' })
    store.prune(siteId)
    expect(store.evidence('r0', ['e1'])).toHaveLength(1)
    expect(store.evidence('r1', ['e1'])).toHaveLength(0)
    expect(store.evidence('r24', ['e1'])).toHaveLength(1)
    expect(store.results('r1')).toHaveLength(1)
  })

  it('refuses to change or remove what was signed', () => {
    store.addSignOff(siteId, { sequence: 1, runId: 'r0', previousHash: '0', hash: '1', body: '{}' })
    expect(() => database.sqlite.exec("UPDATE compliance_sign_off SET body = '{\"says\":\"fine\"}'")).toThrow('cannot be changed')
    expect(() => database.sqlite.exec('DELETE FROM compliance_sign_off')).toThrow('cannot be removed')
    expect(() => store.addSignOff(siteId, { sequence: 1, runId: 'r9', previousHash: '0', hash: '2', body: '{}' })).toThrow('UNIQUE')
  })

  it('remembers when something was first seen, whatever comes later', () => {
    store.putSeen(siteId, new Map([['pve:openssl', 5]]))
    store.putSeen(siteId, new Map([['pve:openssl', 9], ['pve:curl', 9]]))
    expect([...store.seen(siteId)]).toEqual([['pve:curl', 9], ['pve:openssl', 5]])
  })
})
