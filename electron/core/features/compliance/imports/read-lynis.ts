// The report of Lynis (`/var/log/lynis-report.dat`): one `key=value` a line. A test that ran and said nothing passes, a
// warning fails, a suggestion warns, what was skipped does not apply. Without `finish=true` the scan stopped early.
import type { Verdict } from '#shared/model/compliance.ts'
import { kept, maxRows, refusal, type ScanReading, type ScanRow } from './scan-lines.ts'

const testId = /^[A-Z]{2,10}-\d{3,5}$/

export function readLynis(fileName: string, text: string): ScanReading {
  const single = new Map<string, string>()
  const said = new Map<string, { verdict: Verdict; message: string; remedy: string | null }>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const at = line.indexOf('=')
    if (at <= 0) throw refusal(fileName, index + 1, 'there is no “=”.')
    const [key, value] = [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    if (key !== 'warning[]' && key !== 'suggestion[]') {
      if (!key.endsWith('[]')) single.set(key, value)
      continue
    }
    const [id = '', message = '', , solution = ''] = value.split('|')
    if (!/^[A-Za-z0-9-]{3,40}$/.test(id)) throw refusal(fileName, index + 1, `“${id.slice(0, 40)}” is no test of Lynis.`)
    const verdict = key === 'warning[]' ? 'fail' : 'warn'
    if (said.get(id)?.verdict === 'fail' && verdict === 'warn') continue
    said.set(id, { verdict, message: kept(message), remedy: /^(-|)$/.test(solution) ? null : kept(solution.replace(/^(url|text):/, '')) })
  }
  if (!single.has('lynis_version')) throw refusal(fileName, null, 'it names no version of Lynis.')
  const listed = (key: string): string[] => (single.get(key) ?? '').split('|').map((id) => id.trim()).filter((id) => testId.test(id))
  const rows = new Map<string, ScanRow>()
  for (const id of listed('tests_skipped')) rows.set(id, { externalId: id, verdict: 'not-applicable', message: 'Skipped', remedy: null })
  for (const id of listed('tests_executed')) rows.set(id, { externalId: id, verdict: 'pass', message: 'Nothing to remark', remedy: null })
  for (const [id, one] of said) rows.set(id, { externalId: id, ...one })
  if (rows.size === 0) throw refusal(fileName, null, 'it names no tests.')
  if (rows.size > maxRows) throw refusal(fileName, null, 'it names more tests than can be read.')
  const end = single.get('report_datetime_end')
  const observed = end === undefined ? NaN : Date.parse(`${end.replace(' ', 'T')}Z`)
  return {
    sourceVersion: single.get('lynis_version') ?? null,
    observedAtMs: Number.isNaN(observed) ? null : observed,
    host: single.get('hostname') ?? null,
    isPartial: single.get('finish') !== 'true',
    rows: [...rows.values()],
  }
}
