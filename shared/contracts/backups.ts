// What is protected and what is not: datastores, groups and snapshots, jobs, off-site copies, and the coverage that is
// judged from all of them against the user's targets. Everything says until when it is known.
import { z } from 'zod'
import { backupPolicy, backupTarget } from '../model/backup-policy.ts'
import { connectionId, siteId } from '../model/connection.ts'
import { command, events, query, timestampMs } from './kernel.ts'
import { task } from './tasks.ts'

const atMs = timestampMs.nullable()

/** Until when one system's part is known. */
export const backupSource = z.object({
  connectionId,
  label: z.string(),
  kind: z.enum(['pbs', 'proxmox', 's3', 'postgres']),
  /** `lost`: it does not answer now, and what is shown is of `readAtMs`; `never`: nothing was ever read. */
  state: z.enum(['live', 'reading', 'lost', 'never']),
  readAtMs: atMs,
  problem: z.string().nullable(),
  remedy: z.string().nullable(),
  /** How far the server's clock is ahead of this computer's. */
  clockSkewMs: z.number(),
  timeZone: z.string(),
  /** What this identity may not see, as sentences. */
  limits: z.array(z.string()),
})
export type BackupSource = z.infer<typeof backupSource>

/** Worst first: this is also the order of the page. `off` = the user wants no backup of it. */
export const coverageVerdicts = ['failed', 'none', 'stale', 'unverified', 'partial', 'unknown', 'ok', 'off'] as const
export type CoverageVerdict = (typeof coverageVerdicts)[number]

export const coverageProblemKinds = [
  'backup-failed', 'verification-failed', 'no-job', 'job-off', 'never-backed-up', 'stale', 'never-verified', 'verification-old',
  'partial', 'not-visible',
] as const
export const coverageProblem = z.object({ kind: z.enum(coverageProblemKinds), text: z.string() })
export type CoverageProblem = z.infer<typeof coverageProblem>

export const dayStates = ['ok', 'failed', 'missing', 'pending', 'idle', 'unknown', 'before'] as const
export const coverageDay = z.object({
  /** On the server's calendar: `2026-11-24`. */
  day: z.string(),
  state: z.enum(dayStates),
  verification: z.enum(['ok', 'failed', 'none']),
  /** What happened, for people. */
  text: z.string(),
})
export type CoverageDay = z.infer<typeof coverageDay>

export const groupName = z.object({
  connectionId,
  store: z.string().min(1).max(100),
  /** Empty for the root namespace. */
  namespace: z.string().max(300),
  type: z.enum(['vm', 'ct', 'host']),
  backupId: z.string().min(1).max(200),
})
export type GroupName = z.infer<typeof groupName>

export const coverageRow = z.object({
  entityId: z.string(),
  kind: z.enum(['guest', 'database']),
  name: z.string(),
  /** `2002` or the databases of a server. */
  detail: z.string(),
  node: z.string().nullable(),
  tags: z.array(z.string()),
  pool: z.string().nullable(),
  verdict: z.enum(coverageVerdicts),
  problems: z.array(coverageProblem),
  target: backupTarget,
  /** Which rule set the target: `the site`, `tag db`, … */
  targetFrom: z.string(),
  lastBackupAtMs: atMs,
  lastVerifiedAtMs: atMs,
  /** Whether the newest backup is young enough now; null = not known. */
  meetsRpo: z.boolean().nullable(),
  /** Whether the schedule can keep the RPO at all. */
  promise: z.object({ state: z.enum(['kept', 'broken', 'unknown']), text: z.string() }),
  jobs: z.array(z.string()),
  nextRunAtMs: atMs,
  groups: z.array(groupName),
  days: z.array(coverageDay),
  /** How else it may be restored, and what is not known: WAL, dumps, machine images. */
  evidence: z.array(z.string()),
})
export type CoverageRow = z.infer<typeof coverageRow>

/** One promise of the site, with what speaks for and against it. */
export const promise = z.object({
  title: z.string(),
  state: z.enum(['kept', 'broken', 'unknown']),
  text: z.string(),
})
export type BackupPromise = z.infer<typeof promise>

export const datastoreView = z.object({
  connectionId,
  entityId: z.string().nullable(),
  store: z.string(),
  comment: z.string(),
  maintenance: z.string().nullable(),
  error: z.string().nullable(),
  usedBytes: z.number().nullable(),
  totalBytes: z.number().nullable(),
  /** Fill as fractions, evenly spaced; null where the server has no figure. */
  history: z.object({ startMs: z.number(), stepMs: z.number(), fractions: z.array(z.number().nullable()) }).nullable(),
  fullAtMs: atMs,
  deduplication: z.number().nullable(),
  garbage: z
    .object({
      lastRunAtMs: atMs, lastState: z.string().nullable(), nextRunAtMs: atMs, schedule: z.string().nullable(),
      removedBytes: z.number().nullable(), pendingBytes: z.number().nullable(), badChunks: z.number().nullable(),
    })
    .nullable(),
  namespaces: z.array(z.object({ name: z.string(), groups: z.number(), snapshots: z.number() })),
  snapshotCount: z.number(),
  verifiedCount: z.number(),
  failedCount: z.number(),
  unverifiedCount: z.number(),
  /** What this identity may do with it; null = not known. */
  rights: z.array(z.string()).nullable(),
})
export type DatastoreView = z.infer<typeof datastoreView>

export const groupView = groupName.extend({
  entityId: z.string().nullable(),
  /** The guest or machine that it is of, as the inventory links it. */
  ofEntityId: z.string().nullable(),
  ofName: z.string().nullable(),
  owner: z.string(),
  snapshotCount: z.number(),
  lastBackupAtMs: atMs,
  sizeBytes: z.number().nullable(),
  verification: z.enum(['ok', 'failed', 'none']),
  protectedCount: z.number(),
  isEncrypted: z.boolean(),
  comment: z.string(),
})
export type GroupView = z.infer<typeof groupView>

export const backupTime = z.number().int().min(1).max(99_999_999_999)
export const snapshotView = z.object({
  /** Unix seconds; names the snapshot in its group. */
  backupTime,
  sizeBytes: z.number().nullable(),
  isRunning: z.boolean(),
  isProtected: z.boolean(),
  owner: z.string(),
  comment: z.string(),
  encryption: z.enum(['none', 'sign-only', 'encrypt', 'mixed', 'unknown']),
  keyFingerprint: z.string().nullable(),
  verification: z.enum(['ok', 'failed', 'none']),
  verifiedAtMs: atMs,
  files: z.array(z.object({ name: z.string(), sizeBytes: z.number().nullable() })),
})
export type SnapshotView = z.infer<typeof snapshotView>

export const serverJobKinds = ['verify', 'prune', 'sync', 'gc'] as const
export const jobView = z.object({
  connectionId,
  kind: z.enum(['vzdump', ...serverJobKinds]),
  id: z.string(),
  isEnabled: z.boolean(),
  schedule: z.string(),
  /** The schedule in words, or that it cannot be read. */
  scheduleText: z.string(),
  /** Guests, namespace or remote that it is about. */
  selection: z.string(),
  target: z.string(),
  comment: z.string(),
  lastRunAtMs: atMs,
  lastState: z.string().nullable(),
  nextRunAtMs: atMs,
})
export type JobView = z.infer<typeof jobView>

export const offsiteCopy = z.object({
  cadence: z.enum(['weekly', 'monthly']),
  atMs: timestampMs,
  sizeBytes: z.number(),
  storageClass: z.string(),
  objectCount: z.number(),
  /** Object keys of the copy; long lists are cut. */
  keys: z.array(z.string()),
  restore: z.enum(['not-needed', 'archived', 'ongoing', 'readable', 'unknown']),
  restoreExpiresAtMs: atMs,
  isInTime: z.boolean(),
})
export type OffsiteCopy = z.infer<typeof offsiteCopy>

export const offsiteRow = z.object({
  connectionId,
  /** Stable: type, id, name. */
  id: z.string(),
  entityId: z.string().nullable(),
  name: z.string(),
  type: z.string(),
  copies: z.array(offsiteCopy),
  verdict: z.enum(['ok', 'stale', 'none', 'unknown']),
  text: z.string(),
})
export type OffsiteRow = z.infer<typeof offsiteRow>

export const offsiteView = z.object({
  connectionId,
  bucket: z.string(),
  objectCount: z.number(),
  /** Keys that the pattern does not fit. */
  unmatchedCount: z.number(),
  unmatchedSample: z.array(z.string()),
  totalBytes: z.number(),
  classes: z.array(z.object({ name: z.string(), objects: z.number(), sizeBytes: z.number() })),
})
export type OffsiteView = z.infer<typeof offsiteView>

export const backupState = z.object({
  siteId,
  /** When it was judged, on this computer's clock. */
  atMs: timestampMs,
  sources: z.array(backupSource),
  policy: backupPolicy,
  /** The whole in a sentence: "3 of 30 guests meet RPO 4 h". */
  headline: z.string(),
  counts: z.record(z.enum(coverageVerdicts), z.number()),
  meetRpo: z.object({ yes: z.number(), no: z.number(), unknown: z.number() }),
  promises: z.array(promise),
  rows: z.array(coverageRow),
  datastores: z.array(datastoreView),
  groups: z.array(groupView),
  jobs: z.array(jobView),
  offsite: z.array(offsiteView),
  offsiteRows: z.array(offsiteRow),
})
export type BackupState = z.infer<typeof backupState>

/** Keep options of a prune; at least one must be given, or nothing would go. */
export const retention = z.object({
  last: z.number().int().min(1).max(9999).optional(),
  hourly: z.number().int().min(1).max(9999).optional(),
  daily: z.number().int().min(1).max(9999).optional(),
  weekly: z.number().int().min(1).max(9999).optional(),
  monthly: z.number().int().min(1).max(9999).optional(),
  yearly: z.number().int().min(1).max(9999).optional(),
})
export type Retention = z.infer<typeof retention>

export const pruneRow = z.object({ backupTime, isKept: z.boolean(), isProtected: z.boolean() })
export type PruneRow = z.infer<typeof pruneRow>

const inSite = z.object({ siteId })
const inStore = inSite.extend({ connectionId, store: groupName.shape.store })
const ofGroup = inSite.extend({ group: groupName })
const ofSnapshot = ofGroup.extend({ backupTime })
const copyNamed = inSite.extend({ connectionId, key: z.string().min(1).max(1024) })

export const restoreTiers = ['Expedited', 'Standard', 'Bulk'] as const

export const backups = {
  /** Reads the site's systems while anybody listens; the first event is what was last known. */
  watch: events({ input: inSite, event: backupState }),
  lastKnown: query({ input: inSite, output: backupState }),
  /** Asks every system now. */
  refresh: query({ input: inSite }),
  snapshots: query({ input: ofGroup, output: snapshotView.array() }),
  readNotes: query({ input: ofSnapshot, output: z.object({ notes: z.string() }) }),
  setPolicy: command({ title: 'Change the backup targets', input: inSite.extend({ policy: backupPolicy }) }),

  verify: command({
    title: 'Verify backups', writes: 'site', output: task,
    /** Only `store` = all of it; a namespace, a group or one snapshot otherwise. */
    input: inStore.extend({
      namespace: groupName.shape.namespace.optional(), group: groupName.optional(), backupTime: backupTime.optional(),
      /** Verifies again what was verified before. */
      isAgain: z.boolean(),
    }),
  }),
  collectGarbage: command({ title: 'Collect garbage', writes: 'site', input: inStore, output: task }),
  previewPrune: query({ input: ofGroup.extend({ keep: retention }), output: pruneRow.array() }),
  prune: command({
    title: 'Prune backups', writes: 'site', danger: 'destructive',
    /** `confirmation` is the group, `vm/2002`. */
    input: ofGroup.extend({ keep: retention, confirmation: z.string().max(300) }),
    output: pruneRow.array(),
  }),
  protect: command({ title: 'Change the protection of a backup', writes: 'site', input: ofSnapshot.extend({ isProtected: z.boolean() }) }),
  editNotes: command({ title: 'Change the notes of a backup', writes: 'site', input: ofSnapshot.extend({ notes: z.string().max(8000) }) }),
  forget: command({
    title: 'Forget a backup', writes: 'site', danger: 'destructive',
    /** `confirmation` is the group, `vm/2002`. */
    input: ofSnapshot.extend({ confirmation: z.string().max(300) }),
  }),
  runServerJob: command({
    title: 'Run a job of the backup server', writes: 'site', output: task,
    input: inSite.extend({ connectionId, kind: z.enum(serverJobKinds), id: z.string().min(1).max(200) }),
  }),
  /** One task a node that carries guests of the job. */
  runBackupJob: command({
    title: 'Run a backup job', writes: 'site', output: task.array(),
    input: inSite.extend({ connectionId, id: z.string().min(1).max(200) }),
  }),
  backUpGuests: command({
    title: 'Back up guests', writes: 'site', output: task.array(),
    input: inSite.extend({
      entityIds: z.array(z.string().max(500)).min(1).max(500),
      storage: z.string().min(1).max(100),
      mode: z.enum(['snapshot', 'suspend', 'stop']),
      isProtected: z.boolean(),
      notes: z.string().max(500),
    }),
  }),
  requestRestore: command({
    title: 'Restore off-site copies from the archive', writes: 'site',
    input: copyNamed.extend({ tier: z.enum(restoreTiers), days: z.number().int().min(1).max(365) }),
    output: z.object({ restore: offsiteCopy.shape.restore }),
  }),
}
