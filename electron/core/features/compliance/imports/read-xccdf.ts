// Results of OpenSCAP (XCCDF 1.2, alone or inside ARF). Only the elements of TestResult that are needed are read, by a
// scanner that knows neither DTDs nor entities: a file that declares either is refused before anything else is looked at.
import type { Verdict } from '#shared/model/compliance.ts'
import { kept, maxRows, refusal, type ScanReading, type ScanRow } from './scan-lines.ts'

const verdictOf: Record<string, Verdict | 'drop'> = {
  pass: 'pass',
  fixed: 'pass',
  fail: 'fail',
  error: 'unknown',
  unknown: 'unknown',
  notapplicable: 'not-applicable',
  notchecked: 'unknown',
  notselected: 'drop',
  informational: 'drop',
}
const predefined: Record<string, string> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }
const maxDepth = 200

interface Element {
  name: string
  attributes: Record<string, string>
}

export function readXccdf(fileName: string, text: string): ScanReading {
  if (/<!(DOCTYPE|ENTITY)/i.test(text.slice(0, 1_000_000)) || /<!(DOCTYPE|ENTITY)/i.test(text))
    throw refusal(fileName, null, 'it declares a document type or entities, which are not read.')
  const rows: ScanRow[] = []
  const path: Element[] = []
  let found: { attributes: Record<string, string>; target: string | null; isPrivileged: boolean } | undefined
  let rule: { id: string; severity: string; result: string } | undefined
  let content = ''
  const lineAt = (index: number): number => text.slice(0, index).split('\n').length

  const tags = /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?[\s\S]*?\?>|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)|</g
  for (const match of text.matchAll(tags)) {
    const [whole, data, closing, rawName, rawAttributes, selfClosing, plain] = match
    if (whole === '<') throw refusal(fileName, lineAt(match.index), 'a tag is not closed.')
    if (plain !== undefined || data !== undefined) {
      content += data ?? decode(plain!)
      continue
    }
    if (rawName === undefined) continue
    const name = rawName.replace(/^.*:/, '')
    if (closing) {
      const open = path.pop()
      if (open?.name !== name) throw refusal(fileName, lineAt(match.index), `</${rawName}> closes nothing.`)
      if (name === 'TestResult') return finish(fileName, found!, rows)
      if (found && name === 'target') found.target = content.trim()
      if (rule && name === 'result') rule.result = content.trim()
      if (rule && name === 'rule-result') {
        addRow(rule)
        rule = undefined
      }
    } else {
      if (path.length > maxDepth) throw refusal(fileName, lineAt(match.index), 'it is nested too deeply.')
      const attributes = attributesOf(rawAttributes ?? '')
      if (name === 'TestResult') found = { attributes, target: null, isPrivileged: true }
      if (found && name === 'identity' && attributes['privileged'] === 'false') found.isPrivileged = false
      if (found && name === 'rule-result') rule = { id: attributes['idref'] ?? '', severity: attributes['severity'] ?? 'unknown', result: '' }
      if (!selfClosing) path.push({ name, attributes })
    }
    content = ''
  }
  function addRow({ id, severity, result }: NonNullable<typeof rule>): void {
    const verdict = verdictOf[result]
    if (verdict === undefined) throw refusal(fileName, null, `the rule ${id} has the unknown result “${result.slice(0, 40)}”.`)
    if (verdict === 'drop') return
    if (rows.length >= maxRows) throw refusal(fileName, null, 'it holds more results than can be read.')
    rows.push({ externalId: kept(id, 300), verdict: verdict === 'fail' && severity === 'low' ? 'warn' : verdict, message: `${result}, severity ${severity}`, remedy: null })
  }
  throw refusal(fileName, null, found ? 'it ends before its TestResult does.' : 'there is no TestResult in it.')
}

function finish(
  fileName: string,
  { attributes, target, isPrivileged }: { attributes: Record<string, string>; target: string | null; isPrivileged: boolean },
  rows: ScanRow[],
): ScanReading {
  if (rows.length === 0) throw refusal(fileName, null, 'its TestResult holds no results.')
  const ended = Date.parse(attributes['end-time'] ?? '')
  return {
    sourceVersion: attributes['test-system'] ?? null,
    observedAtMs: Number.isNaN(ended) ? null : ended,
    host: target,
    isPartial: !isPrivileged,
    rows,
  }
}

const attributesOf = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map((one) => [one[1]!, decode(one[2] ?? one[3] ?? '')]),
  )
const decode = (text: string): string =>
  text.replace(/&(?:#(\d+)|#x([0-9a-f]+)|(\w+));/gi, (whole, decimal?: string, hex?: string, name?: string) => {
    if (name !== undefined) return predefined[name] ?? whole
    const code = decimal === undefined ? Number.parseInt(hex!, 16) : Number(decimal)
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole
  })
