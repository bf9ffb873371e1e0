// What one system told of backups at one moment, in the feature's own words: made by the readers, kept by the store,
// judged by the coverage. Each is plain data with a schema, because it comes back from disk after a restart.
import { z } from 'zod'
import type { GroupName } from '#shared/contracts/backups.ts'

const nullableText = z.string().nullable()
const nullableNumber = z.number().nullable()

/** When it was read, on this computer's clock and on the server's own. */
const head = {
  readAtMs: z.number(),
  serverAtMs: z.number(),
  timeZone: z.string(),
  limits: z.array(z.string()),
}

export const keptSnapshot = z.object({
  store: z.string(),
  namespace: z.string(),
  type: z.enum(['vm', 'ct', 'host']),
  backupId: z.string(),
  backupTime: z.number(),
  sizeBytes: nullableNumber,
  isRunning: z.boolean(),
  isProtected: z.boolean(),
  owner: z.string(),
  comment: z.string(),
  encryption: z.enum(['none', 'sign-only', 'encrypt', 'mixed', 'unknown']),
  keyFingerprint: nullableText,
  verification: z.enum(['ok', 'failed', 'none']),
  verifiedAtMs: nullableNumber,
  files: z.array(z.object({ name: z.string(), sizeBytes: nullableNumber })),
})
export type KeptSnapshot = z.infer<typeof keptSnapshot>

/** A backup that was tried, as the task list of the server remembers it. */
export const keptAttempt = z.object({
  group: z.string(),
  atMs: z.number(),
  error: nullableText,
  isRunning: z.boolean(),
})
export type KeptAttempt = z.infer<typeof keptAttempt>

export const keptServerJob = z.object({
  kind: z.enum(['verify', 'prune', 'sync', 'gc']),
  id: z.string(),
  store: z.string(),
  namespace: nullableText,
  remote: nullableText,
  isEnabled: z.boolean(),
  schedule: z.string(),
  comment: z.string(),
  keep: z.string(),
  lastRunAtMs: nullableNumber,
  lastState: nullableText,
  nextRunAtMs: nullableNumber,
})
export type KeptServerJob = z.infer<typeof keptServerJob>

export const keptDatastore = z.object({
  store: z.string(),
  comment: z.string(),
  maintenance: nullableText,
  error: nullableText,
  usedBytes: nullableNumber,
  totalBytes: nullableNumber,
  history: z
    .object({ startMs: z.number(), stepMs: z.number(), fractions: z.array(nullableNumber) })
    .nullable(),
  fullAtMs: nullableNumber,
  deduplication: nullableNumber,
  removedBytes: nullableNumber,
  pendingBytes: nullableNumber,
  badChunks: nullableNumber,
  /** Effective privileges of this identity on it; null = not told. */
  rights: z.array(z.string()).nullable(),
  namespaces: z.array(z.string()),
})
export type KeptDatastore = z.infer<typeof keptDatastore>

export const pbsReading = z.object({
  kind: z.literal('pbs'),
  ...head,
  datastores: z.array(keptDatastore),
  snapshots: z.array(keptSnapshot),
  jobs: z.array(keptServerJob),
  attempts: z.array(keptAttempt),
  /** From when on the task list speaks; null = it does not. */
  attemptsFromMs: nullableNumber,
  /** Places whose backups could not be read, for people: nothing is known to be absent there. */
  unread: z.array(z.string()),
})
export type PbsReading = z.infer<typeof pbsReading>

export const keptVzdumpJob = z.object({
  id: z.string(),
  isEnabled: z.boolean(),
  schedule: z.string(),
  storage: z.string(),
  isAll: z.boolean(),
  vmids: z.array(z.number()),
  excluded: z.array(z.number()),
  pool: nullableText,
  node: nullableText,
  mode: z.string(),
  comment: z.string(),
  nextRunAtMs: nullableNumber,
  /** VMID → what of it the job leaves out. A guest that is missing here is not in the job; null = it was not told. */
  guests: z.record(z.string(), z.array(z.string())).nullable(),
})
export type KeptVzdumpJob = z.infer<typeof keptVzdumpJob>

export const proxmoxReading = z.object({
  kind: z.literal('proxmox'),
  ...head,
  jobs: z.array(keptVzdumpJob),
  /** Guests that vzdump could not back up. */
  failures: z.array(z.object({ vmid: z.number(), atMs: z.number(), reason: z.string() })),
  /** Finished vzdump tasks, newest first, to say how a job last went. */
  runs: z.array(
    z.object({
      node: z.string(),
      atMs: z.number(),
      endMs: nullableNumber,
      status: nullableText,
      vmid: nullableNumber,
    }),
  ),
})
export type ProxmoxReading = z.infer<typeof proxmoxReading>

/** Objects that belong together: one copy of one guest or database on one day. */
export const keptCopy = z.object({
  cadence: z.enum(['weekly', 'monthly']),
  type: z.string(),
  backupId: z.string(),
  name: z.string(),
  cluster: z.string(),
  atMs: z.number(),
  sizeBytes: z.number(),
  storageClass: z.string(),
  objectCount: z.number(),
  keys: z.array(z.string()),
  restore: z.enum(['not-needed', 'archived', 'ongoing', 'readable', 'unknown']),
  restoreExpiresAtMs: nullableNumber,
})
export type KeptCopy = z.infer<typeof keptCopy>

export const offsiteReading = z.object({
  kind: z.literal('s3'),
  ...head,
  bucket: z.string(),
  pattern: z.string(),
  objectCount: z.number(),
  totalBytes: z.number(),
  unmatchedCount: z.number(),
  unmatchedSample: z.array(z.string()),
  classes: z.array(z.object({ name: z.string(), objects: z.number(), sizeBytes: z.number() })),
  copies: z.array(keptCopy),
})
export type OffsiteReading = z.infer<typeof offsiteReading>

/** What a database server says of its own protection. */
export const databaseReading = z.object({
  kind: z.literal('postgres'),
  ...head,
  databases: z.array(z.string()),
  isArchiving: z.boolean(),
  lastArchivedAtMs: nullableNumber,
  lastFailedAtMs: nullableNumber,
})
export type DatabaseReading = z.infer<typeof databaseReading>

export const reading = z.discriminatedUnion('kind', [
  pbsReading,
  proxmoxReading,
  offsiteReading,
  databaseReading,
])
export type Reading = z.infer<typeof reading>

/** A group within one server, as one key. */
export const groupKey = (it: Omit<GroupName, 'connectionId'>): string =>
  `${it.store}|${it.namespace}|${it.type}/${it.backupId}`
