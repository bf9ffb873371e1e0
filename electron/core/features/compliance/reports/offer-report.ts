// A report as a download. It is made when it is fetched; a reader who leaves stops it.
import type { StreamOffer } from '../../../router/stream-desk.ts'
import type { AssessmentContent } from '../record/signing-desk.ts'
import { csvReport } from './csv-report.ts'
import { htmlReport } from './html-report.ts'
import { pdfReport } from './pdf-report.ts'
import { day, reportOf } from './report-model.ts'

export type ReportFormat = 'html' | 'pdf' | 'csv'

const contentTypes: Record<ReportFormat, string> = {
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
  csv: 'text/csv; charset=utf-8',
}
const chunkBytes = 256 * 1024

export function offerReport(content: AssessmentContent, format: ReportFormat): StreamOffer {
  const name = content.siteName.replace(/[^\w-]+/g, '-').toLowerCase()
  return {
    contentType: contentTypes[format],
    filename: `compliance-${name}-${day(content.run.startedAtMs)}${content.signature ? '' : '-draft'}.${format}`,
    open: () => inChunks(() => reportBytes(content, format)),
  }
}

export async function reportBytes(content: AssessmentContent, format: ReportFormat): Promise<Uint8Array> {
  if (format === 'csv') return new TextEncoder().encode(csvReport(content))
  const report = reportOf(content)
  return format === 'html' ? new TextEncoder().encode(htmlReport(report)) : pdfReport(report)
}

async function* inChunks(make: () => Promise<Uint8Array>): AsyncGenerator<Uint8Array> {
  const bytes = await make()
  for (let start = 0; start < bytes.byteLength; start += chunkBytes) yield bytes.subarray(start, start + chunkBytes)
}
