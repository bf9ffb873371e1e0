// The report as PDF, laid out by pdfmake with the fonts that it brings. Nothing is fetched: remote addresses are refused
// and local files are its own fonts only. Loaded when a PDF is wanted, because the library is large.
import { createRequire } from 'node:module'
import { dirname, join, sep } from 'node:path'
import type { Content, TDocumentDefinitions } from 'pdfmake/interfaces.js'
import { assessedOf } from '#shared/model/compliance.ts'
import type { Report, ReportFinding, ReportTable } from './report-model.ts'

const ink = '#1b2135'
const dim = '#5a6280'
const line = '#dfe2ec'
const soft = '#f6f7fb'
const severityColor: Record<string, string> = { critical: '#a11220', high: '#c62f3b', medium: '#a85d00', low: '#5a6280' }
const barWidth = 515
const maxEvidenceRows = 400

export async function pdfReport(report: Report): Promise<Uint8Array> {
  const folder = join(dirname(createRequire(import.meta.url).resolve('pdfmake/package.json')), 'fonts', 'Roboto')
  const { default: pdfmake } = await import('pdfmake')
  pdfmake.setFonts({
    Roboto: {
      normal: join(folder, 'Roboto-Regular.ttf'),
      bold: join(folder, 'Roboto-Medium.ttf'),
      italics: join(folder, 'Roboto-Italic.ttf'),
      bolditalics: join(folder, 'Roboto-MediumItalic.ttf'),
    },
  })
  pdfmake.setUrlAccessPolicy(() => false)
  pdfmake.setLocalAccessPolicy((path: string) => path.startsWith(folder + sep))
  return pdfmake.createPdf(definitionOf(report)).getBuffer()
}

function definitionOf(report: Report): TDocumentDefinitions {
  return {
    info: { title: `${report.subtitle}, ${report.title}`, creator: 'Meridian', producer: 'Meridian' },
    pageSize: 'A4',
    pageMargins: [40, 48, 40, 48],
    defaultStyle: { font: 'Roboto', fontSize: 9.5, lineHeight: 1.25, color: ink },
    styles: {
      title: { fontSize: 30, bold: true },
      subtitle: { fontSize: 17, color: dim },
      heading: { fontSize: 17, bold: true, margin: [0, 0, 0, 8] },
      small: { fontSize: 8, color: dim },
      cell: { fontSize: 8 },
      head: { fontSize: 8, bold: true },
    },
    ...(report.signature ? {} : { watermark: { text: 'DRAFT', color: dim, opacity: 0.06, bold: true } }),
    footer: (page: number, pages: number) => ({
      columns: [
        { text: `${report.subtitle} · ${report.title}`, style: 'small' },
        { text: `${page} of ${pages}`, style: 'small', alignment: 'right' },
      ],
      margin: [40, 16, 40, 0],
    }),
    content: [
      ...cover(report),
      ...section('Summary', [...report.scores.flatMap(scoreBlock), { text: 'Controls', bold: true, margin: [0, 14, 0, 4] }, table(report.controls, '')]),
      ...section('Findings', report.failing.length > 0 ? report.failing.map(findingBlock) : [{ text: 'No check fails.', color: dim }]),
      ...section('Not looked at', [table(report.unseen, 'Every check could look.')]),
      ...section('Accepted risks', [table(report.exceptions, 'No risk is accepted.')]),
      { text: 'Attestations', style: 'heading', margin: [0, 24, 0, 8] },
      table(report.attestations, 'Nobody has attested anything.'),
      ...section(
        'Safeguards',
        report.safeguards.flatMap((one): Content[] => [{ text: one.title, bold: true, margin: [0, 10, 0, 4] }, table(one.table, '')]),
      ),
      ...section('Evidence', [table({ ...report.evidence, rows: report.evidence.rows.slice(0, maxEvidenceRows) }, 'The evidence of this run is no longer kept.'), ...moreEvidence(report)]),
      ...section('Signature', [
        report.signature ? facts(report.signature) : { text: 'This assessment has not been signed off.', bold: true, color: severityColor['critical']! },
        { text: report.notice, style: 'small', margin: [0, 30, 0, 0] },
      ]),
    ],
  }
}

const moreEvidence = (report: Report): Content[] =>
  report.evidence.rows.length > maxEvidenceRows
    ? [{ text: `${report.evidence.rows.length - maxEvidenceRows} more pieces of evidence are listed in the HTML report.`, style: 'small', margin: [0, 6, 0, 0] }]
    : []

const cover = (report: Report): Content[] => [
  { canvas: [{ type: 'rect', x: 0, y: 0, w: barWidth, h: 5, color: '#4a59dd' }], margin: [0, 110, 0, 22] },
  { text: report.title, style: 'title' },
  { text: report.subtitle, style: 'subtitle', margin: [0, 4, 0, 36] },
  facts(report.facts),
]
const section = (title: string, content: Content[]): Content[] => [{ text: title, style: 'heading', pageBreak: 'before' }, ...content]

const facts = (pairs: readonly [string, string][]): Content => ({
  table: { widths: [110, '*'], body: pairs.map(([name, value]) => [{ text: name, color: dim }, { text: breakable(value) }]) },
  layout: 'noBorders',
})

function scoreBlock({ title, score, sentence }: Report['scores'][number]): Content[] {
  const parts: [number, string][] = [
    [score.met, '#1a7f4b'],
    [score.supported, '#8e98ea'],
    [score.partial, '#e0a030'],
    [score.notMet, '#c62f3b'],
  ]
  let x = 0
  const bars = parts.map(([count, color]) => {
    const w = score.total === 0 ? 0 : (barWidth * count) / score.total
    const bar = { type: 'rect' as const, x, y: 0, w, h: 9, color }
    x += w
    return bar
  })
  return [
    { text: [{ text: title, bold: true }, { text: `   ${score.total} safeguards, ${assessedOf(score)} assessed`, color: dim }], margin: [0, 8, 0, 3] },
    { canvas: [{ type: 'rect', x: 0, y: 0, w: barWidth, h: 9, color: line }, ...bars] },
    { text: `${sentence}.`, margin: [0, 3, 0, 0] },
  ]
}

function table({ columns, rows }: ReportTable, none: string): Content {
  if (rows.length === 0) return { text: none, color: dim }
  const total = columns.reduce((sum, { share }) => sum + share, 0)
  return {
    table: {
      headerRows: 1,
      dontBreakRows: true,
      widths: columns.map(({ share }) => (barWidth - 10 * columns.length) * (share / total)),
      body: [
        columns.map(({ title }) => ({ text: title, style: 'head', fillColor: soft })),
        ...rows.map((row) => row.map((cell) => ({ text: breakable(cell), style: 'cell' }))),
      ],
    },
    layout: { hLineColor: () => line, vLineColor: () => line, hLineWidth: () => 0.6, vLineWidth: () => 0.6 },
  }
}

const findingBlock = (one: ReportFinding): Content => ({
  margin: [0, 0, 0, 12],
  table: {
    widths: ['*'],
    body: [
      [
        {
          border: [true, false, false, false],
          borderColor: [severityColor[one.severity] ?? dim, line, line, line],
          margin: [8, 0, 0, 0],
          stack: [
            { text: one.title, bold: true, fontSize: 11 },
            { text: `${one.severity} · ${one.verdict} · ${one.target}`, style: 'small', color: severityColor[one.severity] ?? dim },
            { text: breakable(one.says), margin: [0, 3, 0, 3] },
            ...(one.objects.length > 0 ? [{ ul: one.objects.map((object) => ({ text: breakable(object), fontSize: 8.5 })) }] : []),
            { text: [{ text: 'What should hold: ', bold: true }, breakable(one.rule)], margin: [0, 3, 0, 0] },
            { text: [{ text: 'Remedy: ', bold: true }, breakable(one.remedy)], margin: [0, 2, 0, 2] },
            ...one.evidence.map((text) => ({ text: breakable(text), style: 'small' })),
          ],
        },
      ],
    ],
  },
  layout: { vLineWidth: (index: number) => (index === 0 ? 3 : 0), hLineWidth: () => 0 },
})

/** Long words (hashes, paths, statements) get places where a line may end, or they would run out of their cell. */
const breakable = (text: string): string => text.replace(/\S{24,}/g, (word) => word.replace(/.{20}/g, '$&\u200b'))
