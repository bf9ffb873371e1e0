// What the inventory reads of Kubernetes objects. Parsing keeps only the fields named here, so that thousands of
// pods stay small in memory.
import { z } from 'zod'

const text = z.string()
const texts = z.record(z.string(), z.string())

const metadata = z.object({
  name: text,
  namespace: text.optional(),
  uid: text.optional(),
  creationTimestamp: text.nullish(),
  deletionTimestamp: text.nullish(),
  labels: texts.nullish(),
  annotations: texts.nullish(),
  ownerReferences: z
    .array(z.object({ kind: text, name: text, controller: z.boolean().optional() }))
    .nullish(),
})
export type ObjectMeta = z.infer<typeof metadata>

const condition = z.object({ type: text, status: text, reason: text.nullish(), message: text.nullish() })
const conditions = z.array(condition).nullish()

export const nodeObject = z.object({
  metadata,
  spec: z.object({ providerID: text.nullish(), unschedulable: z.boolean().nullish() }).nullish(),
  status: z
    .object({
      addresses: z.array(z.object({ type: text, address: text })).nullish(),
      capacity: texts.nullish(),
      allocatable: texts.nullish(),
      conditions,
      nodeInfo: z
        .object({
          systemUUID: text.nullish(),
          kubeletVersion: text.nullish(),
          osImage: text.nullish(),
          kernelVersion: text.nullish(),
          containerRuntimeVersion: text.nullish(),
        })
        .nullish(),
    })
    .nullish(),
})
export type NodeObject = z.infer<typeof nodeObject>

export const namespaceObject = z.object({ metadata, status: z.object({ phase: text.nullish() }).nullish() })
export type NamespaceObject = z.infer<typeof namespaceObject>

const waiting = z.object({ reason: text.nullish(), message: text.nullish() }).nullish()
const terminated = z.object({ reason: text.nullish(), exitCode: z.number().nullish() }).nullish()
const containerStatus = z.object({
  name: text,
  ready: z.boolean().nullish(),
  restartCount: z.number().nullish(),
  state: z.object({ waiting, terminated }).nullish(),
})
const amounts = z.record(z.string(), z.union([text, z.number()])).nullish()
const resources = z.object({ requests: amounts, limits: amounts }).nullish()
export const podObject = z.object({
  metadata,
  spec: z
    .object({
      nodeName: text.nullish(),
      containers: z.array(z.object({ name: text, image: text.nullish(), resources })).nullish(),
    })
    .nullish(),
  status: z
    .object({
      phase: text.nullish(),
      reason: text.nullish(),
      message: text.nullish(),
      podIP: text.nullish(),
      startTime: text.nullish(),
      conditions,
      initContainerStatuses: z.array(containerStatus).nullish(),
      containerStatuses: z.array(containerStatus).nullish(),
    })
    .nullish(),
})
export type PodObject = z.infer<typeof podObject>

const podTemplate = z
  .object({
    spec: z
      .object({ containers: z.array(z.object({ name: text, image: text.nullish() })).nullish() })
      .nullish(),
  })
  .nullish()
/** Deployments, stateful sets and daemon sets in one: each has the fields of its kind. */
export const workloadObject = z.object({
  metadata,
  spec: z
    .object({ replicas: z.number().nullish(), paused: z.boolean().nullish(), template: podTemplate })
    .nullish(),
  status: z
    .object({
      replicas: z.number().nullish(),
      readyReplicas: z.number().nullish(),
      availableReplicas: z.number().nullish(),
      desiredNumberScheduled: z.number().nullish(),
      numberReady: z.number().nullish(),
      conditions,
    })
    .nullish(),
})
export type WorkloadObject = z.infer<typeof workloadObject>

export const jobObject = z.object({
  metadata,
  spec: z
    .object({
      completions: z.number().nullish(),
      parallelism: z.number().nullish(),
      suspend: z.boolean().nullish(),
    })
    .nullish(),
  status: z
    .object({
      active: z.number().nullish(),
      succeeded: z.number().nullish(),
      failed: z.number().nullish(),
      startTime: text.nullish(),
      completionTime: text.nullish(),
      conditions,
    })
    .nullish(),
})
export type JobObject = z.infer<typeof jobObject>

export const rayClusterObject = z.object({
  metadata,
  spec: z
    .object({
      rayVersion: text.nullish(),
      suspend: z.boolean().nullish(),
      enableInTreeAutoscaling: z.boolean().nullish(),
    })
    .nullish(),
  status: z
    .object({
      state: text.nullish(),
      reason: text.nullish(),
      conditions,
      desiredWorkerReplicas: z.number().nullish(),
      availableWorkerReplicas: z.number().nullish(),
      readyWorkerReplicas: z.number().nullish(),
      minWorkerReplicas: z.number().nullish(),
      maxWorkerReplicas: z.number().nullish(),
      desiredCPU: z.union([text, z.number()]).nullish(),
      desiredMemory: z.union([text, z.number()]).nullish(),
      desiredGPU: z.union([text, z.number()]).nullish(),
      head: z
        .object({ podIP: text.nullish(), podName: text.nullish(), serviceName: text.nullish() })
        .nullish(),
    })
    .nullish(),
})
export type RayClusterObject = z.infer<typeof rayClusterObject>

export const rayJobObject = z.object({
  metadata,
  spec: z
    .object({ entrypoint: text.nullish(), clusterSelector: texts.nullish(), suspend: z.boolean().nullish() })
    .nullish(),
  status: z
    .object({
      jobId: text.nullish(),
      jobStatus: text.nullish(),
      jobDeploymentStatus: text.nullish(),
      rayClusterName: text.nullish(),
      message: text.nullish(),
      reason: text.nullish(),
      startTime: text.nullish(),
      endTime: text.nullish(),
    })
    .nullish(),
})
export type RayJobObject = z.infer<typeof rayJobObject>

export const eventObject = z.object({
  metadata,
  type: text.nullish(),
  reason: text.nullish(),
  message: text.nullish(),
  count: z.number().nullish(),
  lastTimestamp: text.nullish(),
  eventTime: text.nullish(),
  involvedObject: z
    .object({ kind: text.nullish(), name: text.nullish(), namespace: text.nullish(), uid: text.nullish() })
    .nullish(),
})
export type EventObject = z.infer<typeof eventObject>
