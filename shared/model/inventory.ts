// One typed model over all systems of a site: entities in five layers, and edges that carry their evidence.
// The core builds it from what connectors saw; the renderer draws it; the store keeps the last known one.
import { z } from 'zod'
import { connectionId, siteId } from './connection.ts'

/** From the metal up; the topology map draws one band each, in this order. */
export const layers = ['hardware', 'guests', 'platform', 'services', 'protection'] as const
export type Layer = (typeof layers)[number]

export const entityKinds = [
  'cluster',
  'node',
  'storage',
  'network',
  'gpu',
  'guest',
  'pool',
  'kubernetes-cluster',
  'kubernetes-node',
  'namespace',
  'workload',
  'pod',
  'ray-cluster',
  'ray-job',
  'job',
  'database-server',
  'database',
  'backup-server',
  'datastore',
  'backup-group',
  'backup-job',
  'ssh-host',
  'object-store',
] as const
export const entityKind = z.enum(entityKinds)
export type EntityKind = z.infer<typeof entityKind>

/** `unknown` is a state of its own: absence of data is never `ok`. */
export const health = z.enum(['ok', 'warning', 'error', 'unknown', 'off'])
export type Health = z.infer<typeof health>

/** A fact is plain and typed by its key's unit suffix: `memoryBytes`, `cpuFraction`, `uptimeSeconds`, `lastBackupAtMs`. */
export const factValue = z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])
export type FactValue = z.infer<typeof factValue>

export const entity = z.object({
  /** Stable and unique in the site: `pve/radioastronomy/guest/2002`, `k8s/<cluster>/pod/<namespace>/<name>`. */
  id: z.string(),
  kind: entityKind,
  layer: z.enum(layers),
  name: z.string(),
  health,
  /** Why the health is what it is, or the system's own state word: `running`, `offline`, `CrashLoopBackOff`. */
  status: z.string(),
  /** The entity it lives in or on, for grouping: guest → node, pod → namespace, database → server. */
  parentId: z.string().nullable(),
  /** Which connection saw it. */
  connectionId,
  tags: z.array(z.string()),
  /** IP addresses and MACs, lower case, for search and linking. */
  addresses: z.array(z.string()),
  facts: z.record(z.string(), factValue),
})
export type Entity = z.infer<typeof entity>

export const edgeKinds = [
  'runs-on',
  'is',
  'uses',
  'attached-to',
  'member-of',
  'backs-up',
  'stores',
  'serves',
  'schedules',
] as const

/** One reason to believe an edge, e.g. `ip` "10.25.60.4 is an InternalIP of the node and an address of net0". */
export const evidence = z.object({
  by: z.enum(['api', 'ip', 'mac', 'provider-id', 'hostname', 'vmid', 'pci', 'label', 'configuration']),
  text: z.string(),
})
export type Evidence = z.infer<typeof evidence>

export const edge = z.object({
  id: z.string(),
  from: z.string(),
  to: z.string(),
  kind: z.enum(edgeKinds),
  evidence: z.array(evidence).min(1),
})
export type Edge = z.infer<typeof edge>

/** How fresh one connection's part of the model is. */
export const source = z.object({
  connectionId,
  label: z.string(),
  kind: z.enum(['proxmox', 'pbs', 'kubernetes', 'postgres', 'ssh', 's3']),
  /** `live` only while answers arrive; `lost` after a failure, with what is known kept; `stored` before the first answer. */
  state: z.enum(['connecting', 'live', 'lost', 'stored', 'locked']),
  /** When this system last answered in full; null = never. */
  lastSeenAtMs: z.number().nullable(),
  /** The sentence and the remedy of the last failure. */
  problem: z.string().nullable(),
  remedy: z.string().nullable(),
})
export type Source = z.infer<typeof source>

export const inventory = z.object({
  siteId,
  /** Grows with every change; a diff applies to exactly the revision it names. */
  revision: z.number().int(),
  atMs: z.number(),
  sources: z.array(source),
  entities: z.array(entity),
  edges: z.array(edge),
})
export type Inventory = z.infer<typeof inventory>

export const inventoryDiff = z.object({
  baseRevision: z.number().int(),
  revision: z.number().int(),
  atMs: z.number(),
  sources: z.array(source).optional(),
  upsertEntities: z.array(entity),
  removeEntities: z.array(z.string()),
  upsertEdges: z.array(edge),
  removeEdges: z.array(z.string()),
})
export type InventoryDiff = z.infer<typeof inventoryDiff>
