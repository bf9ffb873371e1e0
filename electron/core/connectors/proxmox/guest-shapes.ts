// What acting on guests reads of Proxmox VE's answers. Only the fields that are used are named.
import { z } from 'zod'
import { wireBoolean, wireNumber, wireText } from './api2-values.ts'

const text = z.string()

export const currentStatus = z.object({
  status: text,
  qmpstatus: text.optional(),
  lock: text.optional(),
  name: text.optional(),
  agent: wireBoolean.optional(),
  template: wireBoolean.optional(),
  uptime: wireNumber.optional(),
  cpu: wireNumber.optional(),
  cpus: wireNumber.optional(),
  mem: wireNumber.optional(),
  maxmem: wireNumber.optional(),
  maxdisk: wireNumber.optional(),
  tags: text.optional(),
  ha: z.object({ managed: wireBoolean.optional(), state: text.optional() }).optional(),
})

/** The last row is `current`: the present state. */
export const snapshotRow = z.object({
  name: text,
  description: text.optional(),
  snaptime: wireNumber.optional(),
  vmstate: wireBoolean.optional(),
  parent: text.optional(),
  running: wireBoolean.optional(),
})

export const feature = z.object({ hasFeature: wireBoolean })

export const pendingRow = z.object({
  key: text,
  value: wireText.optional(),
  pending: wireText.optional(),
  delete: wireNumber.optional(),
})

/** `GET …/migrate` of a VM. Allowed and refused nodes are told for a stopped one only. */
export const migratePreconditions = z.object({
  running: wireBoolean.optional(),
  allowed_nodes: z.array(text).optional(),
  not_allowed_nodes: z.record(text, z.record(text, z.unknown())).optional(),
  local_disks: z
    .array(z.object({ volid: text, size: wireNumber.optional(), cdrom: wireBoolean.optional(), is_unused: wireBoolean.optional() }))
    .default([]),
  local_resources: z.array(text).default([]),
  'mapped-resources': z.array(text).optional(),
  'mapped-resource-info': z.record(text, z.object({ name: text.optional(), 'live-migration': wireBoolean.optional() })).optional(),
})
export type MigratePreconditions = z.infer<typeof migratePreconditions>

/** A storage as one node sees it. */
export const nodeStorage = z.object({
  storage: text,
  type: text,
  content: text.optional(),
  active: wireBoolean.optional(),
  enabled: wireBoolean.optional(),
  shared: wireBoolean.optional(),
  avail: wireNumber.optional(),
  total: wireNumber.optional(),
})

export const nodeTask = z.object({
  upid: text,
  node: text,
  type: text,
  id: text.optional(),
  user: text,
  tokenid: text.optional(),
  starttime: wireNumber,
  endtime: wireNumber.optional(),
  status: text.optional(),
})
export type NodeTask = z.infer<typeof nodeTask>

/** A point of a round-robin archive: what was not recorded is absent. */
export const rrdPoint = z.object({ time: wireNumber }).catchall(wireNumber.nullish().catch(null))
