// What every reader of a scan gives, and how it refuses a file: whole, with the line where it stops making sense.
import { AppError } from '#shared/errors.ts'
import type { Verdict } from '#shared/model/compliance.ts'
import { redactText } from '../probes/redact.ts'

export interface ScanRow {
  externalId: string
  verdict: Verdict
  message: string
  remedy: string | null
}
export interface ScanReading {
  sourceVersion: string | null
  /** Null where the file itself says nothing about time. */
  observedAtMs: number | null
  host: string | null
  /** The scan stopped early, or looked without the rights it needs. */
  isPartial: boolean
  rows: ScanRow[]
}

export const maxRows = 20_000
export const refusal = (fileName: string, line: number | null, why: string): AppError =>
  new AppError('invalid-input', `${fileName} was not imported: ${line === null ? '' : `line ${line}: `}${why}`, {
    remedy: 'Make the file again with the scanner; nothing of this one was kept.',
  })
/** Foreign text on its way into the record. */
export const kept = (text: unknown, limit = 2000): string =>
  redactText(typeof text === 'string' ? text : '').text.replace(/\s+/g, ' ').trim().slice(0, limit)
