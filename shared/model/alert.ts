// What an alert is: a rule looks at a signal of many subjects (nodes, guests, connections), and an alert is one subject
// for which the rule holds. Absence of data is a state of its own and never good news.
import { z } from 'zod'
import { connectionId, siteId } from './connection.ts'
import { entityKind } from './inventory.ts'

export const severities = ['critical', 'warning', 'info'] as const
export const severity = z.enum(severities)
export type Severity = z.infer<typeof severity>

/** How a signal's value is read. `state` signals are 1 while it is so and 0 while it is not. */
export type SignalUnit = 'state' | 'fraction' | 'days' | 'hours' | 'seconds' | 'celsius'

interface SignalDefinition {
  title: string
  /** Whether more or less of it is worse. */
  worse: 'above' | 'below'
  unit: SignalUnit
  /** What it is, for who edits a rule. */
  description: string
}

export const signals = {
  'node-down': { title: 'Node is down', worse: 'above', unit: 'state', description: 'A Proxmox VE node is offline, or a Kubernetes node is not ready.' },
  'quorum-lost': { title: 'Cluster has no quorum', worse: 'above', unit: 'state', description: 'The cluster cannot change anything until enough nodes are back.' },
  'guest-down': { title: 'Guest that starts at boot is stopped', worse: 'above', unit: 'state', description: 'A guest with start at boot does not run.' },
  'connection-lost': { title: 'Connection lost', worse: 'above', unit: 'state', description: 'A system that Meridian is connected to does not answer.' },
  'cpu-used': { title: 'CPU in use', worse: 'above', unit: 'fraction', description: 'Share of the processors that is busy.' },
  'memory-used': { title: 'Memory in use', worse: 'above', unit: 'fraction', description: 'Share of the memory that is taken.' },
  fill: { title: 'Fill level', worse: 'above', unit: 'fraction', description: 'Share of a storage, a datastore or a node’s root disk that is taken.' },
  'full-in': { title: 'Time until full', worse: 'below', unit: 'days', description: 'Days until a storage or datastore is full if it goes on as it has; needs some hours of history.' },
  'backup-age': { title: 'Age of the last backup', worse: 'above', unit: 'hours', description: 'Hours since the newest backup of a guest. A guest without any backup counts as infinitely old.' },
  'verification-age': { title: 'Age of the last good verification', worse: 'above', unit: 'hours', description: 'Hours since a backup of a guest was verified and found good.' },
  'verification-failed': { title: 'Verification failed', worse: 'above', unit: 'state', description: 'The newest verification of a backup group found damage.' },
  'certificate-days': { title: 'Certificate runs out', worse: 'below', unit: 'days', description: 'Days until a server’s or a client’s certificate is no longer valid.' },
  'pod-failing': { title: 'Pod fails again and again', worse: 'above', unit: 'state', description: 'A pod is in CrashLoopBackOff, cannot get its image, or ended in error.' },
  'job-failed': { title: 'Job failed', worse: 'above', unit: 'state', description: 'The last run of a job (backup, verification, Kubernetes, Ray) failed.' },
  temperature: { title: 'Temperature', worse: 'above', unit: 'celsius', description: 'A drive or GPU, where its temperature can be read.' },
  'replication-lag': { title: 'Replication lag', worse: 'above', unit: 'seconds', description: 'How far the slowest standby of a PostgreSQL server is behind.' },
  'connections-used': { title: 'Database connections in use', worse: 'above', unit: 'fraction', description: 'Share of max_connections that is taken.' },
} as const satisfies Record<string, SignalDefinition>
export type Signal = keyof typeof signals
export const signal = z.enum(Object.keys(signals) as [Signal, ...Signal[]])

export const alertScope = z.object({
  /** Empty = every kind that has the signal. `connection` stands for the connections themselves. */
  kinds: z.array(z.union([entityKind, z.literal('connection')])).max(40).default([]),
  /** All of these tags; guests only. */
  tags: z.array(z.string().min(1).max(100)).max(20).default([]),
  /** Names with `*` for anything; empty = all. One that begins with `!` leaves out. */
  names: z.array(z.string().min(1).max(200)).max(50).default([]),
})
export type AlertScope = z.infer<typeof alertScope>

const dayS = 86_400
export const alertRule = z.object({
  id: z.string().min(1).max(64),
  name: z.string().min(1).max(120),
  signal,
  severity,
  isEnabled: z.boolean(),
  /** It holds while the value is worse than this; 0.5 for a state. */
  threshold: z.number(),
  /** It is over when the value is better than this. At least as good as the threshold. */
  clearThreshold: z.number(),
  /** How long it must hold before it is told, and how long it must be over before it counts as over. */
  forSeconds: z.number().int().min(0).max(30 * dayS),
  clearForSeconds: z.number().int().min(0).max(30 * dayS),
  scope: alertScope,
})
export type AlertRule = z.infer<typeof alertRule>

export const acknowledgement = z.object({ by: z.string(), note: z.string(), atMs: z.number(), untilMs: z.number().nullable() })

export const alert = z.object({
  id: z.string(),
  siteId,
  ruleId: z.string(),
  ruleName: z.string(),
  signal,
  severity,
  subjectId: z.string(),
  subjectName: z.string(),
  subjectKind: z.string(),
  /** Whose word it is that the rule holds. */
  connectionId,
  state: z.enum(['pending', 'firing', 'resolved']),
  /** Since when nothing is known of the subject; null while it is. A firing alert stays firing, and says so. */
  unknownSinceMs: z.number().nullable(),
  /** Null = not a number: never seen, infinitely old. */
  value: z.number().nullable(),
  /** What is the matter, as a sentence. */
  text: z.string(),
  sinceMs: z.number(),
  firedAtMs: z.number().nullable(),
  /** Since when it has looked as if it were over. */
  clearSinceMs: z.number().nullable(),
  resolvedAtMs: z.number().nullable(),
  /** Why it is over: `the value is back`, `the subject is gone`, `the rule was changed`. */
  resolution: z.string().nullable(),
  acknowledgement: acknowledgement.nullable(),
})
export type Alert = z.infer<typeof alert>

/** Whether somebody has taken it on, and the promise has not run out. */
export const isAcknowledged = ({ acknowledgement: ack }: Pick<Alert, 'acknowledgement'>, nowMs: number): boolean =>
  ack !== null && (ack.untilMs === null || ack.untilMs > nowMs)

/** Keeps quiet about a rule, a subject, or one of both, for a time: for planned work. */
export const silence = z.object({
  id: z.string(),
  siteId,
  ruleId: z.string().nullable(),
  subjectId: z.string().nullable(),
  subjectName: z.string().nullable(),
  note: z.string(),
  untilMs: z.number(),
})
export type Silence = z.infer<typeof silence>

export const isSilenced = (
  one: Pick<Alert, 'ruleId' | 'subjectId'>,
  silences: readonly Silence[],
  nowMs: number,
): boolean =>
  silences.some(
    (item) =>
      item.untilMs > nowMs &&
      (item.ruleId === null || item.ruleId === one.ruleId) &&
      (item.subjectId === null || item.subjectId === one.subjectId),
  )
