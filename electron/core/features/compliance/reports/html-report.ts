// The report as one HTML file: no script, no image, nothing from elsewhere, every value escaped, and a style for paper.
import { assessedOf } from '#shared/model/compliance.ts'
import type { Report, ReportTable } from './report-model.ts'

const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (letter) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' })[letter]!)

const style = `
:root { color-scheme: light; --ink: #1b2135; --dim: #5a6280; --line: #dfe2ec; --soft: #f6f7fb; --good: #1a7f4b; --fair: #8e98ea; --bad: #c62f3b; }
body { font: 14px/1.5 Inter, "Segoe UI", system-ui, sans-serif; color: var(--ink); max-width: 1080px; margin: 40px auto; padding: 0 24px; }
h1 { font-size: 30px; margin: 0; } h2 { font-size: 20px; margin: 40px 0 12px; border-bottom: 2px solid var(--ink); padding-bottom: 4px; } h3 { font-size: 15px; margin: 24px 0 6px; }
.subtitle { font-size: 18px; color: var(--dim); margin: 4px 0 24px; }
dl { display: grid; grid-template-columns: 180px 1fr; gap: 4px 16px; margin: 0; } dt { color: var(--dim); } dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; font-size: 12.5px; } th { text-align: left; background: var(--soft); } th, td { border: 1px solid var(--line); padding: 4px 8px; vertical-align: top; overflow-wrap: anywhere; }
.bar { display: flex; height: 12px; border-radius: 6px; overflow: hidden; background: var(--line); margin: 4px 0; } .bar i { display: block; } .met { background: var(--good); } .supported { background: var(--fair); } .notmet { background: var(--bad); } .partial { background: #e0a030; }
.finding { border-left: 4px solid var(--bad); padding: 2px 0 2px 14px; margin: 18px 0; break-inside: avoid; } .finding.medium, .finding.low { border-color: #e0a030; }
.meta, .evidence, footer { color: var(--dim); font-size: 12px; } ul { margin: 4px 0; padding-left: 20px; } .draft { color: var(--bad); font-weight: 600; }
@media print { body { margin: 0; max-width: none; } h2 { break-before: page; } h2:first-of-type { break-before: auto; } tr { break-inside: avoid; } }
`

const table = ({ columns, rows }: ReportTable, none: string): string =>
  rows.length === 0
    ? `<p class="meta">${escape(none)}</p>`
    : `<table><thead><tr>${columns.map(({ title }) => `<th scope="col">${escape(title)}</th>`).join('')}</tr></thead><tbody>${rows
        .map((row) => `<tr>${row.map((cell) => `<td>${escape(cell)}</td>`).join('')}</tr>`)
        .join('')}</tbody></table>`

const facts = (pairs: readonly [string, string][]): string =>
  `<dl>${pairs.map(([name, value]) => `<dt>${escape(name)}</dt><dd>${escape(value)}</dd>`).join('')}</dl>`

export function htmlReport(report: Report): string {
  const share = (part: number, total: number): string => `style="width:${total === 0 ? 0 : ((100 * part) / total).toFixed(2)}%"`
  const scores = report.scores
    .map(
      ({ title, score, sentence }) =>
        `<h3>${escape(title)} <span class="meta">${score.total} safeguards, ${assessedOf(score)} assessed</span></h3><div class="bar"><i class="met" ${share(score.met, score.total)}></i><i class="supported" ${share(score.supported, score.total)}></i><i class="partial" ${share(score.partial, score.total)}></i><i class="notmet" ${share(score.notMet, score.total)}></i></div><p>${escape(sentence)}.</p>`,
    )
    .join('')
  const findings = report.failing
    .map(
      (one) =>
        `<section class="finding ${escape(one.severity)}"><h3>${escape(one.title)}</h3><p class="meta">${escape(`${one.severity}, ${one.verdict}, ${one.target}`)}</p><p>${escape(one.says)}</p>${one.objects.length > 0 ? `<ul>${one.objects.map((object) => `<li>${escape(object)}</li>`).join('')}</ul>` : ''}<p><b>What should hold:</b> ${escape(one.rule)}</p><p><b>Remedy:</b> ${escape(one.remedy)}</p>${one.evidence.map((line) => `<p class="evidence">${escape(line)}</p>`).join('')}</section>`,
    )
    .join('')
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"><title>${escape(`${report.subtitle}, ${report.title}`)}</title><style>${style}</style></head><body>
<h1>${escape(report.title)}</h1><p class="subtitle">${escape(report.subtitle)}</p>
${report.signature ? '' : '<p class="draft">Draft. This assessment has not been signed off.</p>'}
${facts(report.facts)}
<h2>Summary</h2>${scores}
<h3>Controls</h3>${table(report.controls, '')}
<h2>Findings</h2>${findings || '<p class="meta">No check fails.</p>'}
<h2>Not looked at</h2>${table(report.unseen, 'Every check could look.')}
<h2>Accepted risks</h2>${table(report.exceptions, 'No risk is accepted.')}
<h2>Attestations</h2>${table(report.attestations, 'Nobody has attested anything.')}
<h2>Safeguards</h2>${report.safeguards.map((one) => `<h3>${escape(one.title)}</h3>${table(one.table, '')}`).join('')}
<h2>Evidence</h2>${table(report.evidence, 'The evidence of this run is no longer kept.')}
<h2>Signature</h2>${report.signature ? facts(report.signature) : '<p class="draft">Not signed.</p>'}
<footer><p>${escape(report.notice)}</p></footer>
</body></html>
`
}
