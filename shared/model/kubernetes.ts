// Kubernetes as screens know it: kinds by the name that kubectl uses, rows of a kind's table, and what is told of one
// object. The core fills it; values of secrets never come this far.
import { z } from 'zod'
import { health } from './inventory.ts'

/** `pods`, `deployments.apps`, `rayclusters.ray.io`: plural and group, as kubectl accepts it. */
export const kindId = z.string().min(1).max(320)

export const kindSections = [
  'cluster',
  'workloads',
  'config',
  'network',
  'storage',
  'access',
  'custom',
] as const
export type KindSection = (typeof kindSections)[number]

export const kindInfo = z.object({
  id: kindId,
  /** `Deployment`. */
  kind: z.string(),
  /** `Deployments`. */
  title: z.string(),
  section: z.enum(kindSections),
  /** Heading within custom resources. */
  group: z.string(),
  version: z.string(),
  isNamespaced: z.boolean(),
  verbs: z.array(z.string()),
})
export type KindInfo = z.infer<typeof kindInfo>

/** How a cell is read: `age` is a time in ms shown as its age, `cpu` cores, `bytes`, `usage` a fraction. */
export const columnType = z.enum(['text', 'number', 'age', 'time', 'cpu', 'bytes', 'usage'])
export const rowColumn = z.object({
  key: z.string(),
  title: z.string(),
  type: columnType,
  /** Not shown at first. */
  isExtra: z.boolean().optional(),
})
export type RowColumn = z.infer<typeof rowColumn>

export const cell = z.union([z.string(), z.number(), z.null()])
export type Cell = z.infer<typeof cell>

export const kubeRow = z.object({
  /** `namespace/name`, or the name alone. Unique within the kind. */
  key: z.string(),
  uid: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
  createdAtMs: z.number().nullable(),
  health,
  /** In the words of kubectl. */
  status: z.string(),
  /** In the order of the columns. */
  cells: z.array(cell),
  /** `app=web tier=front`: what the filter also finds. */
  labels: z.string(),
})
export type KubeRow = z.infer<typeof kubeRow>

export const objectRef = z.object({
  kindId,
  namespace: z.string().min(1).max(253).nullable(),
  name: z.string().min(1).max(253),
})
export type ObjectRef = z.infer<typeof objectRef>

export const kubeCondition = z.object({
  type: z.string(),
  status: z.string(),
  health,
  reason: z.string(),
  message: z.string(),
  sinceMs: z.number().nullable(),
})
export type KubeCondition = z.infer<typeof kubeCondition>

export const kubeEvent = z.object({
  type: z.string(),
  reason: z.string(),
  message: z.string(),
  count: z.number(),
  lastAtMs: z.number().nullable(),
  source: z.string(),
  /** `Pod desi-voids/web-1`. */
  object: z.string(),
})
export type KubeEvent = z.infer<typeof kubeEvent>

export const kubeContainer = z.object({
  name: z.string(),
  image: z.string(),
  isInit: z.boolean(),
  health,
  state: z.string(),
  restarts: z.number(),
  /** `1 CPU, 2 GiB (at most 2 CPU, 4 GiB)`. */
  resources: z.string(),
  ports: z.array(z.object({ name: z.string(), port: z.number(), protocol: z.string() })),
  hasPrevious: z.boolean(),
})
export type KubeContainer = z.infer<typeof kubeContainer>

/** Why something is not as it should be, and what can be done; the strongest reason first. */
export const explanation = z.object({ what: z.string(), remedy: z.string().nullable() })
export type Explanation = z.infer<typeof explanation>

export const kubeActions = [
  'edit',
  'delete',
  'scale',
  'restart',
  'logs',
  'exec',
  'forward',
  'cordon',
  'drain',
  'suspend',
  'trigger',
] as const
export type KubeAction = (typeof kubeActions)[number]

/** Someone who holds part of a node's resource. */
export const resourceHolder = z.object({ namespace: z.string(), name: z.string(), amount: z.number() })
export const resourceUse = z.object({
  name: z.string(),
  unit: z.enum(['cpu', 'bytes', 'count']),
  allocatable: z.number(),
  capacity: z.number(),
  requested: z.number(),
  limits: z.number(),
  /** From metrics.k8s.io; null where it is not served. */
  used: z.number().nullable(),
  holders: z.array(resourceHolder),
})
export type ResourceUse = z.infer<typeof resourceUse>

export const relatedObject = objectRef.extend({ kind: z.string(), health, status: z.string() })
export type RelatedObject = z.infer<typeof relatedObject>

export const kubeObject = z.object({
  ref: objectRef,
  kind: z.string(),
  uid: z.string(),
  resourceVersion: z.string(),
  createdAtMs: z.number().nullable(),
  health,
  status: z.string(),
  /** What it is and how it is, in sentences. */
  summary: z.array(z.string()),
  why: z.array(explanation),
  facts: z.array(z.object({ label: z.string(), value: z.string() })),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
  conditions: z.array(kubeCondition),
  events: z.array(kubeEvent),
  owners: z.array(relatedObject),
  related: z.array(relatedObject),
  containers: z.array(kubeContainer),
  resources: z.array(resourceUse),
  /** The node a pod runs on, or the node itself: for the way to its guest and host. */
  nodeName: z.string().nullable(),
  replicas: z.number().nullable(),
  isSuspended: z.boolean().nullable(),
  isCordoned: z.boolean().nullable(),
  /** Ports that can be forwarded. */
  ports: z.array(z.object({ name: z.string(), port: z.number() })),
  /** Without managed fields; the values of secrets are replaced by their sizes. */
  yaml: z.string(),
  /** Actions that this kind has: null = may be done, else the reason why not. */
  rights: z.partialRecord(z.enum(kubeActions), z.string().nullable()),
  /** What could not be read, in sentences. */
  gaps: z.array(z.string()),
})
export type KubeObjectPage = z.infer<typeof kubeObject>

export const refText = ({ namespace, name }: { namespace: string | null; name: string }): string =>
  namespace === null ? name : `${namespace}/${name}`
