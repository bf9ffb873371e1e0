// The calls that job launchers make: Jobs and RayJobs with their pods, events and logs, and creating them once. Each is
// one request; whether a lost answer was a success is the caller's to find out by reading.
import { z } from 'zod'
import { AppError, isAppError } from '#shared/errors.ts'
import type { HttpsCall } from '../https/https-client.ts'
import type { KubernetesConnector } from './kubernetes-connector.ts'

export type JobCalls = Pick<KubernetesConnector, 'call' | 'lines' | 'party'>

const text = z.string()
const texts = z.record(z.string(), z.string())
const time = text.nullish()
const count = z.number().nullish()

const metadata = z.object({
  name: text,
  namespace: text.optional(),
  uid: text.optional(),
  creationTimestamp: time,
  deletionTimestamp: time,
  labels: texts.nullish(),
  annotations: texts.nullish(),
})
const condition = z.object({ type: text, status: text, reason: text.nullish(), message: text.nullish(), lastTransitionTime: time })
const needs = z.object({ requests: z.record(z.string(), z.union([text, z.number()])).nullish(), limits: z.record(z.string(), z.union([text, z.number()])).nullish() }).nullish()
const containerSpec = z.object({ name: text, image: text.nullish(), resources: needs })

export const jobObject = z.object({
  metadata,
  spec: z.object({
    completions: count,
    parallelism: count,
    completionMode: text.nullish(),
    suspend: z.boolean().nullish(),
    activeDeadlineSeconds: count,
    template: z.object({ spec: z.object({ containers: z.array(containerSpec) }) }),
  }),
  status: z
    .object({
      active: count, ready: count, succeeded: count, failed: count, startTime: time, completionTime: time,
      conditions: z.array(condition).nullish(),
    })
    .nullish(),
})
export type JobObject = z.infer<typeof jobObject>

export const rayJobObject = z.object({
  metadata,
  spec: z
    .object({
      entrypoint: text.nullish(),
      activeDeadlineSeconds: count,
      rayClusterSpec: z
        .object({
          headGroupSpec: z.object({ template: z.object({ spec: z.object({ containers: z.array(containerSpec) }) }) }),
          workerGroupSpecs: z.array(z.object({ replicas: count, template: z.object({ spec: z.object({ containers: z.array(containerSpec) }) }) })).nullish(),
        })
        .nullish(),
    })
    .nullish(),
  status: z
    .object({
      jobStatus: text.nullish(), jobDeploymentStatus: text.nullish(), reason: text.nullish(), message: text.nullish(),
      jobId: text.nullish(), rayClusterName: text.nullish(), startTime: time, endTime: time,
      rayClusterStatus: z.object({ readyWorkerReplicas: count, desiredWorkerReplicas: count }).nullish(),
    })
    .nullish(),
})
export type RayJobObject = z.infer<typeof rayJobObject>

const terminated = z.object({ reason: text.nullish(), message: text.nullish(), exitCode: z.number().nullish(), startedAt: time, finishedAt: time }).nullish()
const state = z
  .object({ waiting: z.object({ reason: text.nullish(), message: text.nullish() }).nullish(), running: z.object({ startedAt: time }).nullish(), terminated })
  .nullish()
export const jobPodObject = z.object({
  metadata,
  spec: z.object({ nodeName: text.nullish(), containers: z.array(containerSpec) }),
  status: z
    .object({
      phase: text.nullish(), reason: text.nullish(), message: text.nullish(), startTime: time,
      conditions: z.array(condition).nullish(),
      containerStatuses: z.array(z.object({ name: text, restartCount: count, state, lastState: state })).nullish(),
    })
    .nullish(),
})
export type JobPodObject = z.infer<typeof jobPodObject>

const eventObject = z.object({
  metadata,
  involvedObject: z.object({ kind: text.nullish(), name: text.nullish() }).nullish(),
  reason: text.nullish(), message: text.nullish(), type: text.nullish(), count,
  firstTimestamp: time, lastTimestamp: time, eventTime: time,
})
export type KubernetesEvent = z.infer<typeof eventObject>

const listOf = <S extends z.ZodType>(item: S) => z.object({ items: z.array(item).nullish().transform((items) => items ?? []) })
const anything = z.unknown()
const named = z.object({ metadata })

const jobsBase = '/apis/batch/v1'
const rayBase = '/apis/ray.io/v1'
const within = (base: string, namespace: string | undefined, plural: string): string =>
  namespace === undefined ? `${base}/${plural}` : `${base}/namespaces/${encodeURIComponent(namespace)}/${plural}`

/** Kinds that a launcher makes, with the path of their collection. */
export const collections = {
  ConfigMap: (namespace: string) => within('/api/v1', namespace, 'configmaps'),
  Job: (namespace: string) => within(jobsBase, namespace, 'jobs'),
  RayJob: (namespace: string) => within(rayBase, namespace, 'rayjobs'),
}
export type LaunchedKind = keyof typeof collections

/** Creates an object, or with `isDryRun` has the server check it as if. Rejects with `conflict` when the name is taken. */
export async function createObject(
  { call }: JobCalls,
  kind: LaunchedKind,
  object: Record<string, unknown>,
  options: { namespace: string; isDryRun?: boolean; signal?: AbortSignal | undefined },
): Promise<z.infer<typeof named>> {
  const { namespace, isDryRun = false, signal } = options
  return call(named, {
    method: 'POST',
    path: collections[kind](namespace),
    query: { ...(isDryRun ? { dryRun: 'All' } : {}), fieldValidation: 'Strict' },
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(object),
    signal,
  })
}

/** The object's metadata, or undefined when there is none of this name. */
export async function findObject(
  { call }: JobCalls,
  kind: LaunchedKind,
  where: { namespace: string; name: string },
  signal?: AbortSignal,
): Promise<z.infer<typeof named> | undefined> {
  try {
    return await call(named, { path: `${collections[kind](where.namespace)}/${encodeURIComponent(where.name)}`, signal })
  } catch (error) {
    if (isAppError(error) && error.code === 'not-found') return undefined
    throw error
  }
}

/** Has the object's pods removed with it. An object that is gone already is what was wanted. */
export async function deleteObject(
  { call }: JobCalls,
  kind: LaunchedKind,
  where: { namespace: string; name: string },
  signal?: AbortSignal,
): Promise<void> {
  try {
    await call(anything, {
      method: 'DELETE',
      path: `${collections[kind](where.namespace)}/${encodeURIComponent(where.name)}`,
      query: { propagationPolicy: 'Background' },
      signal,
    })
  } catch (error) {
    if (!isAppError(error) || error.code !== 'not-found') throw error
  }
}

/** Makes the object part of another one, so that it goes when the other goes. */
export async function setOwner(
  { call }: JobCalls,
  kind: LaunchedKind,
  where: { namespace: string; name: string },
  owner: { apiVersion: string; kind: string; name: string; uid: string },
  signal?: AbortSignal,
): Promise<void> {
  await patch({ call }, `${collections[kind](where.namespace)}/${encodeURIComponent(where.name)}`, { metadata: { ownerReferences: [owner] } }, signal)
}

/** Stops a Job without removing it: its pods end, the object stays readable. */
export const suspendJob = (calls: JobCalls, where: { namespace: string; name: string }, signal?: AbortSignal): Promise<void> =>
  patch(calls, `${collections.Job(where.namespace)}/${encodeURIComponent(where.name)}`, { spec: { suspend: true } }, signal)

async function patch({ call }: Pick<JobCalls, 'call'>, path: string, change: unknown, signal: AbortSignal | undefined): Promise<void> {
  await call(anything, {
    method: 'PATCH',
    path,
    headers: { 'content-type': 'application/merge-patch+json' },
    body: JSON.stringify(change),
    signal,
  })
}

const listLimit = 500

/** Newest state of all Jobs, in one namespace or in all. */
export const listJobs = async ({ call }: JobCalls, namespace: string | undefined, signal?: AbortSignal): Promise<JobObject[]> =>
  (await call(listOf(jobObject), { path: within(jobsBase, namespace, 'jobs'), query: { limit: listLimit }, signal })).items

/** Empty where KubeRay is not installed. */
export async function listRayJobs({ call }: JobCalls, namespace: string | undefined, signal?: AbortSignal): Promise<RayJobObject[] | undefined> {
  try {
    return (await call(listOf(rayJobObject), { path: within(rayBase, namespace, 'rayjobs'), query: { limit: listLimit }, signal })).items
  } catch (error) {
    if (isAppError(error) && error.code === 'not-found') return undefined
    throw error
  }
}

/** Pods that carry the label, whatever its value, or exactly `value`. */
export const listPods = async (
  { call }: JobCalls,
  where: { namespace: string | undefined; labelSelector?: string },
  signal?: AbortSignal,
): Promise<JobPodObject[]> =>
  (await call(listOf(jobPodObject), { path: within('/api/v1', where.namespace, 'pods'), query: { labelSelector: where.labelSelector, limit: 2000 }, signal, timeoutMs: 30_000 })).items

export const listEvents = async (
  { call }: JobCalls,
  where: { namespace: string; name: string },
  signal?: AbortSignal,
): Promise<KubernetesEvent[]> =>
  (await call(listOf(eventObject), {
    path: within('/api/v1', where.namespace, 'events'),
    query: { fieldSelector: `involvedObject.name=${where.name}`, limit: listLimit },
    signal,
  })).items

/** Lines with their time stamps, from `sinceTime` on; with `isFollowing` until the container has ended. */
export function podLog(
  { lines }: JobCalls,
  where: { namespace: string; pod: string },
  options: { sinceTime?: string | undefined; isFollowing: boolean; signal: AbortSignal; limitBytes?: number },
): AsyncGenerator<string, void, void> {
  const call: HttpsCall & { idleMs: number } = {
    path: `${within('/api/v1', where.namespace, 'pods')}/${encodeURIComponent(where.pod)}/log`,
    query: {
      timestamps: 'true',
      follow: options.isFollowing ? 'true' : undefined,
      sinceTime: options.sinceTime,
      limitBytes: options.limitBytes,
    },
    signal: options.signal,
    // A job may be silent for as long as it likes.
    idleMs: options.isFollowing ? 6 * 3_600_000 : 30_000,
  }
  return lines(call)
}

/** The driver's whole log, from Ray's own dashboard behind the API server's proxy. Undefined before there is one. */
export async function rayLog(
  { call }: JobCalls,
  where: { namespace: string; cluster: string; jobId: string },
  signal?: AbortSignal,
): Promise<string | undefined> {
  const service = `${where.cluster}-head-svc:dashboard`
  try {
    const answer = await call(z.object({ logs: z.string().nullish() }), {
      path: `${within('/api/v1', where.namespace, 'services')}/${encodeURIComponent(service)}/proxy/api/jobs/${encodeURIComponent(where.jobId)}/logs`,
      signal,
    })
    return answer.logs ?? ''
  } catch (error) {
    if (isAppError(error) && (error.code === 'not-found' || error.detail?.kind === 'http')) return undefined
    throw error
  }
}

/** Asks Ray to stop the driver. */
export const stopRayJob = async ({ call }: JobCalls, where: { namespace: string; cluster: string; jobId: string }, signal?: AbortSignal): Promise<void> =>
  void (await call(anything, {
    method: 'POST',
    path: `${within('/api/v1', where.namespace, 'services')}/${encodeURIComponent(`${where.cluster}-head-svc:dashboard`)}/proxy/api/jobs/${encodeURIComponent(where.jobId)}/stop`,
    body: '{}',
    headers: { 'content-type': 'application/json' },
    signal,
  }))

const nodeRoom = z.object({
  metadata,
  spec: z.object({ unschedulable: z.boolean().nullish(), taints: z.array(z.object({ effect: text })).nullish() }).nullish(),
  status: z.object({ allocatable: texts.nullish(), conditions: z.array(condition).nullish() }).nullish(),
})
export type NodeRoom = z.infer<typeof nodeRoom>

export const listNodes = async ({ call }: JobCalls, signal?: AbortSignal): Promise<NodeRoom[]> =>
  (await call(listOf(nodeRoom), { path: '/api/v1/nodes', query: { limit: listLimit }, signal })).items

export const listNamespaces = async ({ call }: JobCalls, signal?: AbortSignal): Promise<string[]> =>
  (await call(listOf(named), { path: '/api/v1/namespaces', query: { limit: listLimit }, signal })).items.map(({ metadata: { name } }) => name)

/** Of a page of all pods: what each asks for and where it is. */
export async function listAllPods({ call }: JobCalls, signal?: AbortSignal): Promise<JobPodObject[]> {
  const page = z.object({ metadata: z.object({ continue: text.optional() }).optional(), items: z.array(jobPodObject).nullish() })
  const pods: JobPodObject[] = []
  let next: string | undefined
  do {
    const answer = await call(page, {
      path: '/api/v1/pods',
      query: { limit: 1000, continue: next, fieldSelector: 'status.phase!=Succeeded,status.phase!=Failed' },
      signal,
      timeoutMs: 30_000,
    })
    pods.push(...(answer.items ?? []))
    next = answer.metadata?.continue || undefined
  } while (next !== undefined && pods.length < 20_000)
  return pods
}

/** A name that is taken by an object of somebody else. */
export const foreignObject = (kind: string, name: string, calls: JobCalls): AppError =>
  new AppError('conflict', `There is a ${kind} ${name} already, and it is not of this submission.`, {
    remedy: 'Give the job another name.',
    target: calls.party,
  })
