// Job launchers: templates, where there is room, one list of jobs over all targets, their logs and archive, and the
// result table that comes back. A submission has an id before it is sent and is never sent twice.
import { z } from 'zod'
import { connectionId, siteId } from '../model/connection.ts'
import { wireError } from '../errors.ts'
import { command, events, query, timestampMs } from './kernel.ts'

export const jobTargetKinds = ['kubernetes-job', 'ray-job', 'ssh-script'] as const
export const jobTargetKind = z.enum(jobTargetKinds)
export type JobTargetKind = z.infer<typeof jobTargetKind>

/** How a job gets the rows of a query. */
export const dataTransports = ['snapshot-table', 'csv-file', 'parquet-file'] as const
export const dataTransport = z.enum(dataTransports)
export type DataTransport = z.infer<typeof dataTransport>

export const jobTemplate = z.object({
  id: z.string(),
  version: z.string(),
  title: z.string(),
  purpose: z.string(),
  source: z.enum(['shipped', 'user']),
  targets: z.array(jobTargetKind),
  /** Whether it works on the rows of a query: it must have them, it can, or it has no use for them. */
  data: z.enum(['required', 'optional', 'none']),
  transports: z.array(dataTransport),
  /** Where it belongs, if the cluster has such a namespace. */
  namespace: z.string().nullable(),
  /** JSON Schema of the parameters, as the form is made from it. */
  parameters: z.record(z.string(), z.unknown()),
  /** Names of its files, the script first. */
  files: z.array(z.string()),
  /** Why it cannot be used; null = it can. */
  problem: z.string().nullable(),
})
export type JobTemplate = z.infer<typeof jobTemplate>

const room = z.object({ free: z.number(), total: z.number() }).nullable()

/** One place where jobs can run, and what is free there. Null figures are not known, which is not the same as none. */
export const jobTarget = z.object({
  kind: jobTargetKind,
  connectionId,
  label: z.string(),
  state: z.enum(['ready', 'unreachable', 'unsupported']),
  /** Why it is not ready, or what is worth knowing about it. */
  note: z.string().nullable(),
  cores: room,
  memoryBytes: room,
  gpus: room,
  /** Most free on one node: what one pod can have. */
  largest: z.object({ cores: z.number(), memoryBytes: z.number() }).nullable(),
  /** Namespaces to choose from; empty for SSH. */
  namespaces: z.array(z.string()),
  atMs: timestampMs,
})
export type JobTarget = z.infer<typeof jobTarget>

export const jobStates = [
  'sending', 'unknown', 'not-sent', 'queued', 'running', 'stopping', 'succeeded', 'failed', 'stopped', 'gone',
] as const
export const jobState = z.enum(jobStates)
export type JobState = z.infer<typeof jobState>

/** Where the rows came from that the job worked on. */
export const jobSource = z.object({
  runId: z.string(),
  connectionId,
  connectionLabel: z.string(),
  database: z.string(),
  sql: z.string(),
  rows: z.number(),
  /** SHA-256 of the kept result (Arrow), hex. */
  resultSha256: z.string(),
  transport: dataTransport,
  /** `schema.table` of the snapshot, or the name of the file. */
  place: z.string(),
  /** Of the file as sent; null for a table. */
  fileSha256: z.string().nullable(),
})
export type JobSource = z.infer<typeof jobSource>

/** One pod, index or process of a job. */
export const jobPart = z.object({
  name: z.string(),
  /** Completion index of an indexed job. */
  index: z.number().int().nullable(),
  state: z.enum(['waiting', 'running', 'succeeded', 'failed']),
  words: z.string(),
  node: z.string().nullable(),
  restarts: z.number().int(),
  exitCode: z.number().int().nullable(),
  startedAtMs: timestampMs.nullable(),
  endedAtMs: timestampMs.nullable(),
  /** Bytes of its log kept here. */
  logBytes: z.number(),
})
export type JobPart = z.infer<typeof jobPart>

export const job = z.object({
  /** The submission's id for jobs of this Meridian; `kind/namespace/name` for others seen in a cluster. */
  jobId: z.string(),
  siteId,
  name: z.string(),
  target: jobTargetKind,
  connectionId,
  connectionLabel: z.string(),
  namespace: z.string().nullable(),
  /** Name of the object in the cluster, or of the run directory. */
  objectName: z.string(),
  /** False for jobs that others started: they are watched, not kept. */
  isOwn: z.boolean(),
  templateId: z.string().nullable(),
  templateVersion: z.string().nullable(),
  templateTitle: z.string().nullable(),
  submittedBy: z.string(),
  submittedAtMs: timestampMs,
  startedAtMs: timestampMs.nullable(),
  endedAtMs: timestampMs.nullable(),
  state: jobState,
  /** The state as people say it: `running, 12 of 40 indexes done`. */
  words: z.string(),
  progress: z.object({ done: z.number(), total: z.number() }).nullable(),
  /** Cores that each part asks for. */
  cores: z.number().nullable(),
  coreHours: z.number().nullable(),
  source: jobSource.nullable(),
  /** The saved result that came back; null = none (yet). */
  resultRunId: z.string().nullable(),
  /** Why there is no result table, when one was announced and could not be read. */
  resultNote: z.string().nullable(),
  /** When the target was last asked with success. */
  seenAtMs: timestampMs.nullable(),
  /** The target no longer has it: everything shown is from the archive. */
  isArchived: z.boolean(),
  error: wireError.nullable(),
})
export type Job = z.infer<typeof job>

export const jobEvent = z.object({
  atMs: timestampMs,
  isWarning: z.boolean(),
  reason: z.string(),
  object: z.string(),
  message: z.string(),
  count: z.number(),
})
export type JobEvent = z.infer<typeof jobEvent>

export const jobDetails = z.object({
  job,
  parameters: z.record(z.string(), z.unknown()),
  /** As it was sent: YAML documents. */
  manifest: z.string(),
  parts: z.array(jobPart),
  events: z.array(jobEvent),
})
export type JobDetails = z.infer<typeof jobDetails>

/** What is wrong with an order: at a field of the form, at a line of the manifest, or as a whole. */
export const jobProblem = z.object({
  message: z.string(),
  /** Name of the parameter. */
  field: z.string().nullable(),
  /** 1-based line of the manifest. */
  line: z.number().int().nullable(),
})
export type JobProblem = z.infer<typeof jobProblem>

/** A job as it is ordered. `manifest` replaces the template's own where somebody edited it. */
export const jobOrder = z.object({
  /** Made by whoever fills the form: asking again with the same one is the same submission. */
  submissionId: z.uuid(),
  siteId,
  templateId: z.string().max(100),
  target: jobTargetKind,
  connectionId,
  namespace: z.string().max(63).regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'A namespace’s name').nullable(),
  name: z.string().min(1).max(100),
  parameters: z.record(z.string().max(100), z.unknown()).refine((all) => JSON.stringify(all).length <= 100_000, 'At most 100 kB of parameters'),
  data: z
    .object({
      runId: z.string().max(100),
      transport: dataTransport,
      /** Where a snapshot table is made: a schema that the connection’s role may write in. */
      schema: z.string().max(63).nullable(),
    })
    .nullable(),
  manifest: z.string().max(500_000).nullable(),
})
export type JobOrder = z.infer<typeof jobOrder>

const oneJob = z.object({ jobId: z.string().min(1).max(400), siteId })

export const jobs = {
  templates: query({ output: z.object({ templates: z.array(jobTemplate), userFolder: z.string() }) }),
  /** Every place of the site where jobs can run, asked now. */
  targets: query({ input: z.object({ siteId }), output: z.array(jobTarget) }),
  /** The manifest that an order makes, without asking any system, and what is wrong with the order itself. */
  preview: query({ input: jobOrder, output: z.object({ manifest: z.string(), problems: z.array(jobProblem) }) }),
  /** Asks the target whether it would take the order (Kubernetes: `dryRun=All`); changes nothing. */
  check: query({ input: jobOrder, output: z.object({ problems: z.array(jobProblem), verdict: z.string() }) }),
  /** Schemas of a database in which its role may make a table. */
  writableSchemas: query({ input: z.object({ connectionId }), output: z.array(z.string()) }),
  submit: command({
    title: 'Submit a job',
    writes: 'site',
    input: jobOrder,
    output: job,
  }),
  /** The whole list, again after each change; conflated. Asks the targets while anybody listens. */
  watch: events({ input: z.object({ siteId }), event: z.array(job) }),
  /** From the archive, and from the target for what is not in it. Works offline. */
  details: query({ input: oneJob, output: jobDetails }),
  /** The order that a job came from, to run it again with changes. */
  order: query({ input: oneJob, output: jobOrder }),
  /** A log from its start and then as it grows; ends when the job has ended. `part` null = all parts, each line with its part. */
  log: events({
    input: oneJob.extend({ part: z.string().max(300).nullable() }),
    event: z.object({ text: z.string(), /** The log was longer than what is kept. */ isCut: z.boolean() }),
  }),
  stop: command({ title: 'Stop a job', writes: 'site', input: oneJob, output: job }),
  /** Forgets an ended job: its archive, and what is left of it on the target. */
  remove: command({ title: 'Remove a job', writes: 'site', input: oneJob }),
}
