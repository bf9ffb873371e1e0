// Submitted jobs with everything that must outlive the cluster's memory of them: order, manifest, parts, events; and
// their logs, one growing file a part. A submission is written here before anything is sent. Called by the jobs feature.
import { createReadStream, existsSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { appendFile, open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { job as jobSchema, jobEvent, jobOrder, jobPart } from '#shared/contracts/jobs.ts'
import { AppError } from '#shared/errors.ts'
import type { Database } from './database.ts'

export const jobRecord = z.object({
  job: jobSchema,
  order: jobOrder,
  parameters: z.record(z.string(), z.unknown()),
  manifest: z.string(),
  /** Script, helper and parameters as they were sent, without the rows. */
  files: z.record(z.string(), z.string()),
  parts: jobPart.array(),
  events: jobEvent.array(),
  /** Parts whose log is whole. */
  captured: z.string().array(),
})
export type JobRecord = z.infer<typeof jobRecord>

export interface JobStore {
  /** Throws `conflict` when the submission is known. */
  add(record: JobRecord): void
  put(record: JobRecord): void
  find(jobId: string): JobRecord | undefined
  list(siteId: string, limit: number): JobRecord[]
  /** Of all sites: what has not ended, as far as is known. */
  unfinished(): JobRecord[]
  remove(jobId: string): void
}

const endedStates = ['succeeded', 'failed', 'stopped', 'not-sent', 'gone']

export function createJobStore({ sqlite }: Database): JobStore {
  const parse = (row: unknown): JobRecord[] => {
    const parsed = jobRecord.safeParse(JSON.parse((row as { body: string }).body))
    return parsed.success ? [parsed.data] : []
  }
  const values = ({ job }: JobRecord) => [job.jobId, job.siteId, job.connectionId, job.state, Math.round(job.submittedAtMs)] as const
  const find = (jobId: string): JobRecord | undefined =>
    sqlite.prepare('SELECT body FROM job WHERE job_id = ?').all(jobId).flatMap(parse)[0]
  return {
    find,
    add(record) {
      if (find(record.job.jobId)) throw new AppError('conflict', 'This submission is known already.')
      sqlite.prepare('INSERT INTO job VALUES (?, ?, ?, ?, ?, ?)').run(...values(record), JSON.stringify(record))
    },
    put: (record) =>
      void sqlite.prepare('UPDATE job SET state = ?, body = ? WHERE job_id = ?').run(record.job.state, JSON.stringify(record), record.job.jobId),
    list: (siteId, limit) =>
      sqlite.prepare('SELECT body FROM job WHERE site_id = ? ORDER BY submitted_at_ms DESC, rowid DESC LIMIT ?').all(siteId, limit).flatMap(parse),
    unfinished: () =>
      sqlite
        .prepare(`SELECT body FROM job WHERE state NOT IN (${endedStates.map(() => '?').join(', ')})`)
        .all(...endedStates)
        .flatMap(parse),
    remove: (jobId) => void sqlite.prepare('DELETE FROM job WHERE job_id = ?').run(jobId),
  }
}

/** Longest kept of one part; what comes after it is counted as cut. */
export const keptLogBytes = 16 * 1024 * 1024

export interface JobLogs {
  sizeOf(jobId: string, part: string): number
  isFull(jobId: string, part: string): boolean
  append(jobId: string, part: string, text: string): Promise<void>
  /** The log as a whole, for systems that only give it as a whole. */
  replace(jobId: string, part: string, text: string): Promise<void>
  read(jobId: string, part: string, fromByte: number, maxBytes: number): Promise<Buffer>
  lines(jobId: string, part: string): AsyncGenerator<string, void, void>
  /** The last line, for resuming after it. */
  lastLine(jobId: string, part: string): Promise<string>
  remove(jobId: string): void
}

/** `directory` is made when first needed. */
export function createJobLogs(directory: string): JobLogs {
  const folderOf = (jobId: string): string => join(directory, safe(jobId))
  const pathOf = (jobId: string, part: string): string => join(folderOf(jobId), `${safe(part)}.log`)
  const sizeOf = (jobId: string, part: string): number => statSync(pathOf(jobId, part), { throwIfNoEntry: false })?.size ?? 0
  const read = async (jobId: string, part: string, fromByte: number, maxBytes: number): Promise<Buffer> => {
    if (!existsSync(pathOf(jobId, part))) return Buffer.alloc(0)
    const file = await open(pathOf(jobId, part), 'r')
    try {
      const buffer = Buffer.alloc(Math.max(0, Math.min(maxBytes, sizeOf(jobId, part) - fromByte)))
      const { bytesRead } = await file.read(buffer, 0, buffer.length, fromByte)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }
  return {
    sizeOf,
    isFull: (jobId, part) => sizeOf(jobId, part) >= keptLogBytes,
    async append(jobId, part, text) {
      const room = keptLogBytes - sizeOf(jobId, part)
      if (room <= 0) return
      mkdirSync(folderOf(jobId), { recursive: true, mode: 0o700 })
      await appendFile(pathOf(jobId, part), Buffer.from(text).subarray(0, room), { mode: 0o600 })
    },
    async replace(jobId, part, text) {
      mkdirSync(folderOf(jobId), { recursive: true, mode: 0o700 })
      await writeFile(pathOf(jobId, part), Buffer.from(text).subarray(0, keptLogBytes), { mode: 0o600 })
    },
    read,
    async *lines(jobId, part) {
      if (!existsSync(pathOf(jobId, part))) return
      let rest = ''
      for await (const chunk of createReadStream(pathOf(jobId, part), { encoding: 'utf8' })) {
        const pieces = (rest + String(chunk)).split('\n')
        rest = pieces.pop() ?? ''
        yield* pieces
      }
      if (rest !== '') yield rest
    },
    async lastLine(jobId, part) {
      const size = sizeOf(jobId, part)
      const tail = await read(jobId, part, Math.max(0, size - 64_000), 64_000)
      return tail.toString('utf8').trimEnd().split('\n').at(-1) ?? ''
    },
    remove: (jobId) => rmSync(folderOf(jobId), { recursive: true, force: true }),
  }
}

/** Names of pods and ids hold nothing else; whatever else came in must not leave the directory. */
const safe = (name: string): string => name.replace(/[^A-Za-z0-9._-]/g, '_').replace(/^\.+/, '_').slice(0, 200)
