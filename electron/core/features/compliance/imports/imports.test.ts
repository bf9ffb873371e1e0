import { describe, expect, it } from 'vitest'
import { readKubeBench } from './read-kube-bench.ts'
import { readLynis } from './read-lynis.ts'
import { readXccdf } from './read-xccdf.ts'

const verdicts = (rows: { externalId: string; verdict: string }[]) => Object.fromEntries(rows.map(({ externalId, verdict }) => [externalId, verdict]))

describe('kube-bench', () => {
  const result = (test_number: string, status: string, more: object = {}) => ({ test_number, test_desc: 'Ensure it', status, scored: true, remediation: 'Do it.', actual_value: '', AuditEnv: '', ...more })
  const control = {
    id: '1', version: 'rke2-cis-1.8', node_type: 'master', text: 'Control plane',
    tests: [{ section: '1.2', results: [result('1.2.1', 'PASS'), result('1.2.2', 'FAIL'), result('1.2.3', 'FAIL', { scored: false }), result('1.2.4', 'WARN'), result('1.2.5', 'INFO'), result('1.2.6', 'FAIL', { reason: 'dial tcp: connection refused' })] }],
  }
  it('reads both layouts, and calls what could not be tested unknown', () => {
    const expected = { 'master 1.2.1': 'pass', 'master 1.2.2': 'fail', 'master 1.2.3': 'warn', 'master 1.2.4': 'unknown', 'master 1.2.5': 'not-applicable', 'master 1.2.6': 'unknown' }
    const withTotals = readKubeBench('a.json', JSON.stringify({ Controls: [control], Totals: { total_pass: 1 } }))
    expect(verdicts(withTotals.rows)).toEqual(expected)
    expect(withTotals.sourceVersion).toBe('rke2-cis-1.8')
    expect(verdicts(readKubeBench('a.json', JSON.stringify([control])).rows)).toEqual(expected)
  })
  it.each([
    ['{"Controls": [', 'is not JSON'],
    ['{"items": []}', 'not a kube-bench result'],
    ['[]', 'holds no test results'],
    [JSON.stringify([{ ...control, tests: [{ section: '1', results: [result('1', 'MAYBE')] }] }]), 'not a kube-bench result'],
  ])('refuses %s', (text, message) => {
    expect(() => readKubeBench('a.json', text)).toThrow(message)
  })
})

describe('Lynis', () => {
  const report = [
    '# Lynis Report', 'report_version_major=1', 'lynis_version=3.1.1', 'hostname=proj-pg01', 'tests_executed=SSH-7408|AUTH-9328|KRNL-6000', 'tests_skipped=NAME-4402',
    'warning[]=SSH-7408|PermitRootLogin password=hunter2hunter2|-|text:Set it to no|', 'suggestion[]=AUTH-9328|Default umask|-|-|', 'report_datetime_end=2026-11-20 03:00:00', 'hardening_index=86', 'finish=true',
  ]
  it('reads tests, what is said of them, and whether the scan came to its end', () => {
    const read = readLynis('lynis-report.dat', report.join('\n'))
    expect(verdicts(read.rows)).toEqual({ 'SSH-7408': 'fail', 'AUTH-9328': 'warn', 'KRNL-6000': 'pass', 'NAME-4402': 'not-applicable' })
    expect(read).toMatchObject({ sourceVersion: '3.1.1', host: 'proj-pg01', isPartial: false, observedAtMs: Date.parse('2026-11-20T03:00:00Z') })
    expect(JSON.stringify(read)).not.toContain('hunter2')
    expect(readLynis('r', report.slice(0, -1).join('\n')).isPartial).toBe(true)
  })
  it('refuses a broken line by its number, and what is no report', () => {
    expect(() => readLynis('r', 'lynis_version=3\nnonsense\n')).toThrow('line 2')
    expect(() => readLynis('r', 'lynis_version=3\nwarning[]=<script>|x\n')).toThrow('line 2')
    expect(() => readLynis('r', 'a=b\n')).toThrow('no version of Lynis')
  })
})

describe('OpenSCAP', () => {
  const xml = (inner: string, attributes = '') =>
    `<?xml version="1.0"?>\n<Benchmark xmlns="http://checklists.nist.gov/xccdf/1.2"><TestResult id="r" end-time="2026-11-20T03:00:00Z" test-system="cpe:/a:redhat:openscap:1.3.9"${attributes}>${inner}</TestResult></Benchmark>`
  const rule = (id: string, result: string, severity = 'high') => `<rule-result idref="${id}" severity="${severity}"><result>${result}</result></rule-result>`
  it('reads results wherever the TestResult stands', () => {
    const text = xml(`<identity authenticated="true" privileged="false">audit</identity><target>proj&#45;pg01</target>${rule('a', 'pass')}${rule('b', 'fail')}${rule('c', 'fail', 'low')}${rule('d', 'notchecked')}${rule('e', 'notselected')}`)
    for (const found of [readXccdf('x.xml', text), readXccdf('x.xml', `<arf:reports xmlns:arf="x"><arf:report>${text.replace(/^.*\n/, '')}</arf:report></arf:reports>`)]) {
      expect(verdicts(found.rows)).toEqual({ a: 'pass', b: 'fail', c: 'warn', d: 'unknown' })
      expect(found).toMatchObject({ host: 'proj-pg01', isPartial: true })
    }
  })
  it.each([
    ['<!DOCTYPE x [<!ENTITY a "b">]><TestResult/>', 'document type or entities'],
    ['<TestResult><rule-result>', 'ends before'],
    ['<Benchmark></Benchmark>', 'no TestResult'],
    ['<a></b>', 'closes nothing'],
    [xml(rule('a', 'maybe')), 'unknown result'],
    [xml(''), 'holds no results'],
  ])('refuses %s', (text, message) => {
    expect(() => readXccdf('x.xml', text)).toThrow(message)
  })
})
