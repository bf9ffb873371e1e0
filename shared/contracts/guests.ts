// Acting on the guests of Proxmox VE. Whatever takes its time answers with a task, which the task desk follows to its
// end. A guest is named by its connection and VMID; where it runs is looked up at the moment of the action.
import { z } from 'zod'
import { connectionId } from '../model/connection.ts'
import { command, query, timestampMs } from './kernel.ts'
import { taskId } from './tasks.ts'

export const vmid = z.number().int().min(100).max(999_999_999)
const guest = z.object({
  connectionId,
  vmid,
  /** The guest in the inventory, by which screens find the tasks that come of it. */
  entityId: z.string().max(300).optional(),
})
const started = z.object({ taskId })
/** The guest's name, typed. */
const confirmation = z.string().max(200)

const nodeName = z.string().min(1).max(63).regex(/^[A-Za-z0-9-]+$/, 'The name of a node')
const storageName = z.string().min(2).max(100).regex(/^[A-Za-z][A-Za-z0-9._-]*[A-Za-z0-9]$/, 'The name of a storage')
export const guestName = z.string().max(63).regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'Letters, digits, dots and hyphens')
export const snapshotName = z
  .string()
  .min(2, 'At least two characters')
  .max(40, 'At most 40 characters')
  .regex(/^[A-Za-z][A-Za-z0-9_-]+$/, 'A letter, then letters, digits, _ and -')
  .refine((name) => name !== 'current' && name !== 'pending', 'This name is taken by Proxmox VE itself')
const description = z.string().max(8192)

/** What loses nothing; `stop` and `reset` pull the plug and are asked for by `interrupt`. */
export const powerActions = ['start', 'shutdown', 'reboot', 'suspend', 'hibernate', 'resume'] as const
export type PowerAction = (typeof powerActions)[number]
export const interruptActions = ['stop', 'reset'] as const
export type InterruptAction = (typeof interruptActions)[number]

export const guestDetails = z.object({
  vmid,
  name: z.string(),
  node: z.string(),
  type: z.enum(['qemu', 'lxc']),
  isTemplate: z.boolean(),
  /** The hypervisor's own word: `running`, `stopped`, `paused`, `prelaunch`, … */
  state: z.string(),
  lock: z.string().nullable(),
  haState: z.string().nullable(),
  hasAgent: z.boolean(),
  uptimeMs: z.number().nullable(),
  cpuFraction: z.number().nullable(),
  cpuCount: z.number().nullable(),
  memoryBytes: z.number().nullable(),
  memoryTotalBytes: z.number().nullable(),
  diskTotalBytes: z.number().nullable(),
  tags: z.array(z.string()),
  pool: z.string().nullable(),
})
export type GuestDetails = z.infer<typeof guestDetails>

export const guestSnapshot = z.object({
  name: z.string(),
  description: z.string(),
  takenAtMs: timestampMs.nullable(),
  hasMemory: z.boolean(),
  parent: z.string().nullable(),
})
export type GuestSnapshot = z.infer<typeof guestSnapshot>

export const snapshotTree = z.object({
  snapshots: z.array(guestSnapshot),
  /** The snapshot that the present state descends from. */
  currentParent: z.string().nullable(),
  isRunning: z.boolean(),
  /** False where a disk's storage cannot take snapshots. */
  canSnapshot: z.boolean(),
})
export type SnapshotTree = z.infer<typeof snapshotTree>

export const storageChoice = z.object({
  storage: z.string(),
  type: z.string(),
  isShared: z.boolean(),
  freeBytes: z.number().nullable(),
  totalBytes: z.number().nullable(),
})
export type StorageChoice = z.infer<typeof storageChoice>

export const migrationTarget = z.object({
  node: z.string(),
  /** `refused` cannot be chosen; `warning` can, and says what to expect. */
  verdict: z.enum(['possible', 'warning', 'refused']),
  reasons: z.array(z.string()),
  cpuFraction: z.number().nullable(),
  cpuCount: z.number().nullable(),
  memoryFreeBytes: z.number().nullable(),
  memoryTotalBytes: z.number().nullable(),
  /** A storage of the guest is not there: another must be chosen. */
  needsStorage: z.boolean(),
  /** What the node has for the guest's disks. */
  storages: z.array(storageChoice),
})
export type MigrationTarget = z.infer<typeof migrationTarget>

export const migrationPlan = z.object({
  name: z.string(),
  node: z.string(),
  type: z.enum(['qemu', 'lxc']),
  isRunning: z.boolean(),
  /** Disks that are not on shared storage and move with it. */
  localDisks: z.array(z.object({ volume: z.string(), storage: z.string(), sizeBytes: z.number().nullable() })),
  /** What stands in the way wherever it should go. */
  obstacles: z.array(z.string()),
  targets: z.array(migrationTarget),
})
export type MigrationPlan = z.infer<typeof migrationPlan>

export const cloneChoices = z.object({
  nextVmid: vmid,
  isTemplate: z.boolean(),
  isRunning: z.boolean(),
  storages: z.array(storageChoice),
  pools: z.array(z.string()),
  snapshots: z.array(z.string()),
})
export type CloneChoices = z.infer<typeof cloneChoices>

export const backupChoices = z.object({ storages: z.array(storageChoice) })
export type BackupChoices = z.infer<typeof backupChoices>

export const guestConfig = z.object({
  /** Stands for the whole of it: a change names the one that it was made from. */
  digest: z.string(),
  /** What will be in force after the next start; without the keys that Proxmox VE manages itself. */
  values: z.record(z.string(), z.string()),
  /** Changes that wait for the next start. */
  pending: z.array(z.object({ key: z.string(), now: z.string().nullable(), next: z.string().nullable() })),
})
export type GuestConfig = z.infer<typeof guestConfig>

const configKey = z.string().max(60).regex(/^[a-z][a-z0-9_-]*$/, 'The name of an option')

export const systemTask = z.object({
  upid: z.string(),
  node: z.string(),
  type: z.string(),
  user: z.string(),
  startedAtMs: timestampMs,
  endedAtMs: timestampMs.nullable(),
  /** Null while it runs. */
  status: z.string().nullable(),
})
export type SystemTask = z.infer<typeof systemTask>

export const guests = {
  describe: query({ input: guest, output: guestDetails }),
  power: command({
    title: 'Change the power state of a guest',
    writes: 'site',
    input: guest.extend({
      action: z.enum(powerActions),
      /** `shutdown` and `reboot`: how long the guest may take. */
      timeoutSeconds: z.number().int().min(1).max(7200).optional(),
    }),
    output: started,
  }),
  interrupt: command({
    title: 'Stop or reset a guest at once',
    writes: 'site',
    danger: 'destructive',
    input: guest.extend({ action: z.enum(interruptActions), confirmation }),
    output: started,
  }),

  listSnapshots: query({ input: guest, output: snapshotTree }),
  takeSnapshot: command({
    title: 'Take a snapshot',
    writes: 'site',
    input: guest.extend({ snapshot: snapshotName, description: description.default(''), withMemory: z.boolean().default(false) }),
    output: started,
  }),
  describeSnapshot: command({
    title: 'Change the description of a snapshot',
    writes: 'site',
    input: guest.extend({ snapshot: z.string().max(60), description }),
  }),
  rollBack: command({
    title: 'Roll a guest back to a snapshot',
    writes: 'site',
    danger: 'destructive',
    input: guest.extend({ snapshot: z.string().min(1).max(60), startAfterwards: z.boolean().default(false), confirmation }),
    output: started,
  }),
  deleteSnapshot: command({
    title: 'Delete a snapshot',
    writes: 'site',
    danger: 'destructive',
    input: guest.extend({ snapshot: z.string().min(1).max(60), confirmation }),
    output: started,
  }),

  cloneChoices: query({ input: guest, output: cloneChoices }),
  clone: command({
    title: 'Clone a guest',
    writes: 'site',
    input: guest.extend({
      newVmid: vmid,
      name: guestName,
      description: description.optional(),
      /** A linked clone shares the disks of its template. */
      isFull: z.boolean(),
      storage: storageName.optional(),
      pool: z.string().max(100).optional(),
      fromSnapshot: z.string().max(60).optional(),
    }),
    output: started,
  }),

  migrationPlan: query({ input: guest, output: migrationPlan }),
  migrate: command({
    title: 'Migrate a guest',
    writes: 'site',
    input: guest.extend({
      target: nodeName,
      /** Where all disks go; absent = storages of the same names. */
      targetStorage: storageName.optional(),
      bandwidthLimitKibps: z.number().int().min(0).max(1_000_000_000).optional(),
    }),
    output: started,
  }),

  backupChoices: query({ input: guest, output: backupChoices }),
  backUp: command({
    title: 'Back a guest up now',
    writes: 'site',
    input: guest.extend({
      storage: storageName,
      mode: z.enum(['snapshot', 'suspend', 'stop']).default('snapshot'),
      notes: z.string().max(1024).optional(),
      isProtected: z.boolean().default(false),
    }),
    output: started,
  }),

  readConfig: query({ input: guest, output: guestConfig }),
  changeConfig: command({
    title: 'Change the configuration of a guest',
    writes: 'site',
    input: guest.extend({
      digest: z.string().max(100),
      set: z.record(configKey, z.string().max(16_384)).default({}),
      remove: z.array(configKey).max(200).default([]),
      /** Pending changes that are taken back. */
      revert: z.array(configKey).max(200).default([]),
    }),
    output: guestConfig,
  }),

  /** What the cluster knows of its tasks, whoever began them; newest first. */
  listTasks: query({ input: guest.extend({ limit: z.number().int().min(1).max(500).default(50) }), output: systemTask.array() }),
  listNodeTasks: query({ input: z.object({ connectionId, node: nodeName, limit: z.number().int().min(1).max(500).default(50) }), output: systemTask.array() }),
  /** Puts a task that somebody else began on the list of tasks, to see its log and its end. */
  followTask: command({ title: 'Follow a task', input: z.object({ connectionId, upid: z.string().max(300) }), output: started }),
}
