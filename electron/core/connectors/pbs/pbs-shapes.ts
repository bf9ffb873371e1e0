// What the inventory reads of Proxmox Backup Server's answers. Only the fields that are used are named; everything
// else passes unread. Field names are the wire's own; times are Unix seconds.
import { z } from 'zod'
import { wireBoolean, wireNumber, wireText } from '../proxmox/api2-values.ts'

const text = z.string()

export const pbsVersion = z.object({ version: text, release: text.optional(), repoid: text.optional() })

export const pbsNodeStatus = z.object({
  uptime: wireNumber.optional(),
  cpu: wireNumber.optional(),
  cpuinfo: z.object({ model: text.optional(), cpus: wireNumber.optional() }).optional(),
  memory: z.object({ total: wireNumber.optional(), used: wireNumber.optional() }).optional(),
  info: z.object({ fingerprint: text.optional() }).optional(),
})
export type PbsNodeStatus = z.infer<typeof pbsNodeStatus>

export const pbsInterface = z.object({
  name: text.optional(),
  iface: text.optional(),
  cidr: text.nullish(),
  cidr6: text.nullish(),
})

export const datastore = z.object({
  store: text,
  comment: text.nullish(),
  maintenance: text.nullish(),
  'mount-status': text.optional(),
})
export type Datastore = z.infer<typeof datastore>

export const datastoreUsage = z.object({
  store: text,
  total: wireNumber.optional(),
  used: wireNumber.optional(),
  avail: wireNumber.optional(),
  error: text.nullish(),
  'estimated-full-date': wireNumber.nullish(),
  'gc-status': z
    .object({ 'disk-bytes': wireNumber.optional(), 'index-data-bytes': wireNumber.optional() })
    .nullish(),
})
export type DatastoreUsage = z.infer<typeof datastoreUsage>

export const namespaceRow = z.object({ ns: text, comment: text.nullish() })

export const groupRow = z.object({
  'backup-type': z.enum(['vm', 'ct', 'host']),
  'backup-id': wireText,
  'last-backup': wireNumber,
  'backup-count': wireNumber,
  owner: text.nullish(),
  comment: text.nullish(),
})
export type GroupRow = z.infer<typeof groupRow>

export const snapshotRow = z.object({
  'backup-type': z.enum(['vm', 'ct', 'host']),
  'backup-id': wireText,
  'backup-time': wireNumber,
  size: wireNumber.nullish(),
  protected: wireBoolean.optional(),
  owner: text.nullish(),
  comment: text.nullish(),
  verification: z.object({ state: text, upid: text.optional() }).nullish(),
})
export type SnapshotRow = z.infer<typeof snapshotRow>

/** A verify, prune or sync job, or the garbage collection of a store (which has no id of its own). */
export const jobRow = z.object({
  id: text.optional(),
  store: text,
  schedule: text.nullish(),
  comment: text.nullish(),
  disable: wireBoolean.optional(),
  ns: text.nullish(),
  remote: text.nullish(),
  'last-run-state': text.nullish(),
  'last-run-endtime': wireNumber.nullish(),
  'next-run': wireNumber.nullish(),
  'keep-last': wireNumber.nullish(),
  'keep-daily': wireNumber.nullish(),
  'keep-weekly': wireNumber.nullish(),
  'keep-monthly': wireNumber.nullish(),
})
export type JobRow = z.infer<typeof jobRow>

export const pbsTask = z.object({
  upid: text,
  node: text,
  worker_type: text,
  worker_id: text.nullish(),
  user: text.optional(),
  starttime: wireNumber,
  endtime: wireNumber.nullish(),
  status: text.nullish(),
})
export type PbsTask = z.infer<typeof pbsTask>
