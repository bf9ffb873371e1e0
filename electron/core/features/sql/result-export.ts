// A file of a kept result: which exporter, which name, which content type. Never asks the server.
import type { Run } from '#shared/contracts/sql.ts'
import type { exportFormats } from '#shared/contracts/sql.ts'
import { AppError } from '#shared/errors.ts'
import type { StreamOffer } from '../../router/stream-desk.ts'
import type { RunStore } from '../../storage/run-store.ts'
import { exportArrow } from '../../storage/exports/arrow-export.ts'
import { exportCsv } from '../../storage/exports/csv-export.ts'
import { exportParquet } from '../../storage/exports/parquet-export.ts'

export type ExportFormat = (typeof exportFormats)[number]

const kinds: Readonly<Record<ExportFormat, { contentType: string; extension: string }>> = {
  csv: { contentType: 'text/csv; charset=utf-8; header=present', extension: 'csv' },
  parquet: { contentType: 'application/vnd.apache.parquet', extension: 'parquet' },
  arrow: { contentType: 'application/vnd.apache.arrow.file', extension: 'arrow' },
}

/** The offer of a file. Throws `not-found` when the rows are not kept. */
export function offerExport(run: Run, format: ExportFormat, store: RunStore, directory: string): StreamOffer {
  if (run.resultBytes === 0)
    throw new AppError('not-found', 'The rows of this result are not kept.', {
      remedy: 'Run the statement again.',
    })
  const { contentType, extension } = kinds[format]
  return {
    contentType,
    filename: `${fileStem(run)}.${extension}`,
    open: (signal) => writeExport(run, format, store, directory, signal),
  }
}

async function* writeExport(
  run: Run,
  format: ExportFormat,
  store: RunStore,
  directory: string,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const bytes = store.read(run.runId, signal)
  try {
    if (format === 'csv') yield* exportCsv(bytes)
    else if (format === 'arrow') yield* exportArrow(bytes)
    else yield* exportParquet(bytes, { directory, sql: run.sql, signal })
  } finally {
    // An exporter that was given up may not have reached the end: the file must be closed all the same.
    await bytes.return()
  }
}

/** `Quasars, z 2–3` → `quasars-z-2-3`; a result without a name is called by its time. */
export function fileStem(run: Pick<Run, 'name' | 'startedAtMs'>): string {
  const slug = (run.name ?? '')
    .normalize('NFKD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 80)
  return slug || `result-${new Date(run.startedAtMs).toISOString().slice(0, 19).replace(/[T:]/g, '-')}`
}
