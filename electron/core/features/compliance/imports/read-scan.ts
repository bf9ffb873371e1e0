// A scan file → what the record keeps of it. A file is taken whole or not at all.
import type { ImportedScan } from '#shared/contracts/compliance.ts'
import { countOf } from '../engine/judge-check.ts'
import { readKubeBench } from './read-kube-bench.ts'
import { readLynis } from './read-lynis.ts'
import { readXccdf } from './read-xccdf.ts'
import type { ScanReading, ScanRow } from './scan-lines.ts'

const readers: Record<ImportedScan['source'], (fileName: string, text: string) => ScanReading> = {
  'kube-bench': readKubeBench,
  lynis: readLynis,
  openscap: readXccdf,
}

/** Throws `invalid-input` with the reason and, where there is one, the line. */
export function readScan(given: {
  source: ImportedScan['source']
  fileName: string
  text: string
  sha256: string
  host: string
  observedAtMs: number
  nowMs: number
}): { scan: ImportedScan; rows: ScanRow[] } {
  const { source, fileName, nowMs } = given
  const reading = readers[source](fileName, given.text.replace(/^\uFEFF/, ''))
  return {
    rows: reading.rows,
    scan: {
      source,
      sourceVersion: reading.sourceVersion,
      fileSha256: given.sha256,
      fileName,
      host: given.host,
      observedAtMs: Math.min(reading.observedAtMs ?? given.observedAtMs, nowMs),
      importedAtMs: nowMs,
      isPartial: reading.isPartial,
      counts: countOf(reading.rows.map(({ verdict }) => verdict)),
    },
  }
}
