// Kubernetes clusters: their kinds by list and watch, one object with all that is told of it, changes, logs and
// forwarded ports. Values of secrets never leave the core.
import { z } from 'zod'
import { connectionId } from '../model/connection.ts'
import { health } from '../model/inventory.ts'
import {
  kindId,
  kindInfo,
  kubeEvent,
  kubeObject,
  kubeRow,
  objectRef,
  relatedObject,
  resourceUse,
  rowColumn,
} from '../model/kubernetes.ts'
import { command, events, query, streamTicket, timestampMs } from './kernel.ts'

const on = z.object({ connectionId })
const onObject = on.extend({ ref: objectRef })
const namespaceName = z.string().min(1).max(63)
const yamlText = z.string().min(1).max(2_000_000)

/** Rows of one kind: whole in pieces (`reset`, then `put`), afterwards only differences. */
export const rowsEvent = z.object({
  /** Drop what was there first. */
  isReset: z.boolean(),
  columns: z.array(rowColumn).optional(),
  put: z.array(kubeRow),
  remove: z.array(z.string()),
  /** `live` only while the watch answers. `partial` while a first list still comes. */
  state: z.enum(['loading', 'partial', 'live', 'lost', 'denied']),
  problem: z.string().nullable(),
  /** Set when this identity may see one namespace only. */
  onlyNamespace: z.string().nullable(),
  atMs: timestampMs,
})
export type RowsEvent = z.infer<typeof rowsEvent>

export const clusterOverview = z.object({
  version: z.string(),
  user: z.string(),
  nodes: z.array(
    z.object({
      name: z.string(),
      health,
      status: z.string(),
      roles: z.string(),
      version: z.string(),
      pods: z.number(),
      resources: z.array(resourceUse),
    }),
  ),
  podsByPhase: z.record(z.string(), z.number()),
  namespaces: z.number(),
  problems: z.array(relatedObject.extend({ why: z.string() })),
  /** Problems beyond the listed ones. */
  moreProblems: z.number(),
  warnings: z.array(kubeEvent),
  totals: z.array(resourceUse),
  certificateEndsAtMs: timestampMs.nullable(),
  gaps: z.array(z.string()),
  atMs: timestampMs,
})
export type ClusterOverview = z.infer<typeof clusterOverview>

export const logSource = z.object({ pod: z.string(), container: z.string() })
export type LogSource = z.infer<typeof logSource>
export const logRequest = on.extend({
  namespace: namespaceName,
  /** Pods by name, or all pods of a workload. */
  of: z.union([
    z.object({ pods: z.array(z.string().min(1).max(253)).min(1).max(50) }),
    z.object({ workload: objectRef }),
  ]),
  /** Absent = all containers. */
  containers: z.array(z.string().max(253)).max(50).optional(),
  isFollowed: z.boolean(),
  isPrevious: z.boolean().optional(),
  sinceSeconds: z.number().int().min(1).max(31_536_000).optional(),
  tailLines: z.number().int().min(0).max(100_000).optional(),
})
export type LogRequest = z.infer<typeof logRequest>

export const forward = z.object({
  id: z.string(),
  connectionId,
  ref: objectRef,
  kind: z.string(),
  remotePort: z.number().int(),
  localPort: z.number().int(),
  state: z.enum(['listening', 'active', 'waiting']),
  /** The pod that answers now. */
  pod: z.string().nullable(),
  connections: z.number().int(),
  totalConnections: z.number().int(),
  receivedBytes: z.number(),
  sentBytes: z.number(),
  /** The last failure of a connection. */
  problem: z.string().nullable(),
  startedAtMs: timestampMs,
})
export type Forward = z.infer<typeof forward>

const evicted = z.object({
  namespace: z.string(),
  name: z.string(),
  owner: z.string(),
  /** What happens to it, in words. */
  fate: z.enum(['evict', 'stay', 'refuse']),
  note: z.string(),
})
export const drainPlan = z.object({
  node: z.string(),
  pods: z.array(evicted),
  /** Local data or bare pods would be lost: the user must agree. */
  losses: z.array(z.string()),
})
export type DrainPlan = z.infer<typeof drainPlan>
export const drainState = z.object({
  connectionId,
  node: z.string(),
  state: z.enum(['running', 'done', 'failed', 'cancelled']),
  total: z.number().int(),
  gone: z.number().int(),
  /** Pods that a budget holds back, or that take their time. */
  waiting: z.array(z.object({ pod: z.string(), note: z.string() })),
  message: z.string(),
})
export type DrainState = z.infer<typeof drainState>

/** What a change did, or would do: the object before and after, as YAML without what the server keeps for itself. */
export const changeResult = z.object({
  isDryRun: z.boolean(),
  before: z.string(),
  after: z.string(),
})

const changed = z.object({ message: z.string() })
const propagation = z.enum(['Background', 'Foreground', 'Orphan'])

export const kubernetes = {
  /** What the API server has: kinds with their sections, custom resources included. */
  catalog: query({
    input: on,
    output: z.object({
      version: z.string(),
      kinds: z.array(kindInfo),
      gaps: z.array(z.string()),
    }),
  }),
  /** Rows of a kind while somebody looks. */
  watchRows: events({
    input: on.extend({ kindId, namespaces: z.array(namespaceName).max(50) }),
    event: rowsEvent,
  }),
  /** One object with all that is told of it, again after each change. Null when it is gone. */
  watchObject: events({ input: onObject, event: z.object({ object: kubeObject.nullable() }) }),
  watchOverview: events({ input: on, event: clusterOverview }),

  /** Sends the change with dry run: what the server would make of it. */
  checkChange: query({ input: onObject.extend({ yaml: yamlText }), output: changeResult }),
  applyChange: command({
    title: 'Change a Kubernetes object',
    writes: 'site',
    input: onObject.extend({ yaml: yamlText, resourceVersion: z.string().max(200) }),
    output: changeResult,
  }),
  /** A new object from YAML, or several documents: server-side apply, dry run first. */
  checkManifest: query({ input: on.extend({ yaml: yamlText, namespace: namespaceName }), output: z.object({ lines: z.array(z.string()) }) }),
  applyManifest: command({
    title: 'Apply a Kubernetes manifest',
    writes: 'site',
    input: on.extend({ yaml: yamlText, namespace: namespaceName }),
    output: z.object({ lines: z.array(z.string()) }),
  }),
  scale: command({
    title: 'Scale a workload',
    writes: 'site',
    input: onObject.extend({ replicas: z.number().int().min(0).max(10_000) }),
    output: changed,
  }),
  restart: command({ title: 'Restart a workload', writes: 'site', input: onObject, output: changed }),
  suspend: command({
    title: 'Suspend or resume',
    writes: 'site',
    input: onObject.extend({ isSuspended: z.boolean() }),
    output: changed,
  }),
  trigger: command({ title: 'Run a cron job now', writes: 'site', input: onObject, output: changed }),
  cordon: command({
    title: 'Cordon or uncordon a node',
    writes: 'site',
    input: onObject.extend({ isCordoned: z.boolean() }),
    output: changed,
  }),
  remove: command({
    title: 'Delete a Kubernetes object',
    writes: 'site',
    danger: 'destructive',
    input: onObject.extend({ confirmation: z.string().max(253), propagation, uid: z.string().max(100) }),
    output: changed,
  }),
  planDrain: query({ input: onObject, output: drainPlan }),
  /** Cordons, evicts, waits until the pods are gone. Ends with its caller; `watchDrains` tells how far it is. */
  drain: command({
    title: 'Drain a node',
    writes: 'site',
    danger: 'destructive',
    input: onObject.extend({
      confirmation: z.string().max(253),
      acceptsLosses: z.boolean(),
      timeoutSeconds: z.number().int().min(10).max(86_400),
    }),
    output: changed,
  }),
  watchDrains: events({ event: z.object({ drains: z.array(drainState) }) }),

  /** Lines `<source>\t<RFC 3339>\t<text>`; lines that begin with `!` tell of the sources and of gaps. */
  readLogs: query({ input: logRequest, output: streamTicket }),
  /** The same as a file: `pod container time text`. */
  saveLogs: query({ input: logRequest, output: streamTicket }),

  watchForwards: events({ event: z.object({ forwards: z.array(forward) }) }),
  startForward: command({
    title: 'Forward a port',
    input: onObject.extend({
      remotePort: z.number().int().min(1).max(65_535),
      /** 0 = any free one. */
      localPort: z.number().int().min(0).max(65_535),
    }),
    output: forward,
  }),
  stopForward: command({
    title: 'Stop forwarding a port',
    input: z.object({ forwardId: z.string().max(100) }),
  }),
}
