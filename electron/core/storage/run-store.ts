// Runs and their kept results: one row a run in the store, one Arrow stream file a result in `results/`. A batch is
// in the file before anybody sees it, so that what was shown survives kill -9; at the next start half files are cut
// back to their last whole batch. Called by the sql feature; it never reads a row.
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import { open, rm, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { run as runSchema, type Run } from '#shared/contracts/sql.ts'
import { AppError } from '#shared/errors.ts'
import { arrowEndOfStream, maxMetadataBytes, readArrowFrame } from '#shared/wire/arrow-frames.ts'
import type { Log } from '../platform.ts'
import type { Database } from './database.ts'

export interface RunStore {
  put(run: Run): void
  /** Throws `not-found`. */
  get(runId: string): Run
  /** Newest first. `text` is looked for in the statement and the name. */
  list(query: { limit: number; text?: string | undefined; onlySaved?: boolean | undefined }): Run[]
  /** Removes the run and its result. */
  delete(runId: string): Promise<void>
  /** Begins the file of a result. Rejects when it cannot be made. */
  openSpool(runId: string): Promise<Spool>
  /** The kept bytes, always a whole Arrow stream. Throws `not-found` when they are gone. Ends early when `signal` fires. */
  read(runId: string, signal?: AbortSignal): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void>
  resultPath(runId: string): string
  /** Marks runs that the last process left running, and saves what their files hold. Called once, at start. */
  recover(): Promise<void>
  /** Drops the oldest unsaved results until they take at most `limitBytes`; the runs stay in the history. */
  trim(limitBytes: number): Promise<Run[]>
}

/** The growing file of one result. */
export interface Spool {
  /** Bytes kept so far. */
  readonly byteLength: number
  /** Appends one whole Arrow message. Rejects when the disk is full; the spool must then be discarded. */
  append(bytes: Uint8Array): Promise<void>
  /** Writes the end mark and closes. */
  finish(): Promise<void>
  /** Closes and removes the file. */
  discard(): Promise<void>
}

export interface RunStoreOptions {
  /** The directory of results. */
  directory: string
  log: Log
  /** Replaced by tests that fill the disk. */
  openFile?: (path: string, flags: string, mode?: number) => Promise<FileHandle>
}

const extension = '.arrows'
const readBytes = 1024 * 1024

export function createRunStore(database: Database, options: RunStoreOptions): RunStore {
  const { sqlite } = database
  const { directory, log } = options
  const openFile = options.openFile ?? open
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const resultPath = (runId: string): string => join(directory, `${runId}${extension}`)

  const upsert = sqlite.prepare(
    `INSERT INTO run (run_id, connection_id, started_at_ms, state, is_saved, name, sql, body) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (run_id) DO UPDATE SET state = excluded.state, is_saved = excluded.is_saved, name = excluded.name, body = excluded.body`,
  )
  const put = (run: Run): void =>
    void upsert.run(
      run.runId,
      run.connectionId,
      Math.round(run.startedAtMs),
      run.state,
      run.isSaved ? 1 : 0,
      run.name,
      run.sql,
      JSON.stringify(run),
    )
  const parse = (row: unknown): Run[] => {
    const parsed = runSchema.safeParse(parseJson((row as { body: string }).body))
    return parsed.success ? [parsed.data] : []
  }
  const find = (runId: string): Run | undefined =>
    sqlite.prepare('SELECT body FROM run WHERE run_id = ?').all(runId).flatMap(parse)[0]
  const get = (runId: string): Run => {
    const found = find(runId)
    if (!found) throw new AppError('not-found', 'This run is no longer in the history.')
    return found
  }

  async function recoverRun(run: Run): Promise<Run> {
    const kept = await cutToWholeBatches(resultPath(run.runId)).catch((error: unknown) => {
      log.warn('A half result could not be read', { runId: run.runId, fault: String(error) })
      return undefined
    })
    return { ...run, state: 'interrupted', rows: kept?.rows ?? 0, resultBytes: kept?.byteLength ?? 0 }
  }

  return {
    put,
    get,
    resultPath,
    list({ limit, text, onlySaved }) {
      const wanted = text ? text.toLowerCase() : null
      return sqlite
        .prepare(
          `SELECT body FROM run
           WHERE (? = 0 OR is_saved = 1) AND (? IS NULL OR instr(lower(sql || ' ' || coalesce(name, '')), ?) > 0)
           ORDER BY started_at_ms DESC, rowid DESC LIMIT ?`,
        )
        .all(onlySaved ? 1 : 0, wanted, wanted, limit)
        .flatMap(parse)
    },
    async delete(runId) {
      sqlite.prepare('DELETE FROM run WHERE run_id = ?').run(runId)
      await rm(resultPath(runId), { force: true })
    },
    openSpool: async (runId) =>
      createSpool(resultPath(runId), await openFile(resultPath(runId), 'wx', 0o600)),
    async *read(runId, signal) {
      const { state } = get(runId)
      const file = await open(resultPath(runId), 'r').catch(() => undefined)
      if (!file)
        throw new AppError('not-found', 'The rows of this result are no longer kept.', {
          remedy: 'Run the statement again, and save results that must stay.',
        })
      try {
        yield* readWhole(file, signal)
        // The file of a run still at work has no end mark yet.
        if (state === 'running') yield arrowEndOfStream.slice()
      } finally {
        await file.close()
      }
    },
    async recover() {
      const stale = sqlite.prepare("SELECT body FROM run WHERE state = 'running'").all().flatMap(parse)
      for (const run of stale) put(await recoverRun(run))
      for (const name of readdirSync(directory)) {
        const isKnown = name.endsWith(extension) && find(name.slice(0, -extension.length)) !== undefined
        if (!isKnown) rmSync(join(directory, name), { force: true, recursive: true })
      }
    },
    async trim(limitBytes) {
      const candidates = sqlite
        .prepare(
          "SELECT body FROM run WHERE is_saved = 0 AND state <> 'running' ORDER BY started_at_ms DESC, rowid DESC",
        )
        .all()
        .flatMap(parse)
        .filter((run) => run.resultBytes > 0)
      let total = 0
      const dropped: Run[] = []
      for (const run of candidates) {
        total += run.resultBytes
        if (total <= limitBytes) continue
        await rm(resultPath(run.runId), { force: true })
        const emptied = { ...run, resultBytes: 0 }
        put(emptied)
        dropped.push(emptied)
      }
      return dropped
    },
  }
}

function createSpool(path: string, file: FileHandle): Spool {
  let byteLength = 0
  const writeAll = async (bytes: Uint8Array): Promise<void> => {
    for (let at = 0; at < bytes.byteLength;) {
      const { bytesWritten } = await file.write(bytes, at, bytes.byteLength - at)
      at += bytesWritten
    }
    byteLength += bytes.byteLength
  }
  return {
    get byteLength() {
      return byteLength
    },
    append: writeAll,
    async finish() {
      await writeAll(arrowEndOfStream)
      await file.close()
    },
    async discard() {
      await file.close().catch(() => undefined)
      await rm(path, { force: true })
    },
  }
}

async function* readWhole(
  file: FileHandle,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  for (;;) {
    if (signal?.aborted) return
    const chunk = new Uint8Array(readBytes)
    const { bytesRead } = await file.read(chunk, 0, readBytes, null)
    if (bytesRead === 0) return
    yield bytesRead === readBytes ? chunk : chunk.slice(0, bytesRead)
  }
}

/** Walks a file's messages; cuts it after the last whole one and ends it properly. A file without a schema is removed. */
async function cutToWholeBatches(path: string): Promise<{ rows: number; byteLength: number } | undefined> {
  const file = await open(path, 'r+').catch(() => undefined)
  if (!file) return undefined
  let whole = { position: 0, rows: 0, hasSchema: false }
  try {
    const { size } = await file.stat()
    for (let next = await frameAt(file, whole, size); next; next = await frameAt(file, whole, size))
      whole = next
    if (whole.hasSchema) {
      await file.truncate(whole.position)
      await file.write(arrowEndOfStream, 0, arrowEndOfStream.byteLength, whole.position)
    }
  } finally {
    await file.close()
  }
  if (whole.hasSchema) return { rows: whole.rows, byteLength: whole.position + arrowEndOfStream.byteLength }
  await rm(path, { force: true })
  return undefined
}

type Whole = { position: number; rows: number; hasSchema: boolean }

/** What is whole after one more message; undefined at the end, at a cut message, and at bytes that are none. */
async function frameAt(file: FileHandle, whole: Whole, size: number): Promise<Whole | undefined> {
  const start = new Uint8Array(8)
  const { bytesRead } = await file.read(start, 0, 8, whole.position)
  if (bytesRead < 8) return undefined
  const metadataLength = new DataView(start.buffer).getInt32(4, true)
  if (metadataLength <= 0 || metadataLength > maxMetadataBytes || whole.position + 8 + metadataLength > size)
    return undefined
  const head = new Uint8Array(8 + metadataLength)
  await file.read(head, 0, head.byteLength, whole.position)
  try {
    const frame = readArrowFrame(head)
    if (frame.kind === 'end' || frame.kind === 'partial') return undefined
    const position = whole.position + 8 + frame.metadataLength + frame.bodyLength
    if (position > size || (!whole.hasSchema && frame.kind !== 'schema')) return undefined
    return { position, rows: whole.rows + frame.rows, hasSchema: true }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
