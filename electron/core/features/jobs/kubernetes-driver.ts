// Jobs and RayJobs on a Kubernetes cluster. A submission is a ConfigMap with the files and one object that runs them;
// both have names that follow from the submission, so a second attempt meets the first.
import type { Job, JobEvent, JobProblem } from '#shared/contracts/jobs.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import {
  createObject, deleteObject, findObject, foreignObject, listEvents, listJobs, listPods, listRayJobs, podLog, rayLog, setOwner,
  stopRayJob, suspendJob, type JobCalls, type JobObject, type JobPodObject, type KubernetesEvent, type LaunchedKind, type RayJobObject,
} from '../../connectors/kubernetes/kubernetes-jobs.ts'
import type { JobRecord } from '../../storage/job-store.ts'
import { describeKubernetesJob } from './describe-kubernetes-job.ts'
import { describeRayJob, rayDriver } from './describe-ray-job.ts'
import type { JobDriver, LogPiece, Submission } from './job-driver.ts'
import { managedBy, managedByLabel, submissionLabel } from './labels.ts'
import { millisOf, type Observation } from './observation.ts'
import { otherJob } from './other-jobs.ts'
import { locate, type Plan } from './plan-order.ts'

/** An object of the API server holds about 1 MiB with everything; this leaves room for the rest. */
export const maxConfigMapBytes = 900 * 1024
const batchMs = 250

/** `onlyNamespace` where this identity may not look at all of them. */
export function createKubernetesDriver(calls: JobCalls, options: { siteId: Job['siteId']; connection: { id: Job['connectionId']; label: string }; onlyNamespace: string | undefined }): JobDriver {
  const { onlyNamespace } = options

  async function everywhere<T>(ask: (namespace: string | undefined) => Promise<T>): Promise<T> {
    try {
      return await ask(undefined)
    } catch (error) {
      if (!isAppError(error) || error.code !== 'forbidden' || onlyNamespace === undefined) throw error
      return ask(onlyNamespace)
    }
  }
  /** Creates the object, or finds that it is there already and ours. */
  async function createOnce(kind: LaunchedKind, object: Record<string, unknown>, where: Where, signal: AbortSignal): Promise<Made> {
    try {
      return await createObject(calls, kind, object, { namespace: where.namespace, signal })
    } catch (error) {
      if (!isAppError(error) || error.code !== 'conflict') throw error
      const there = await findObject(calls, kind, where, signal)
      if (there?.metadata.labels?.[submissionLabel] !== where.submissionId) throw foreignObject(kind, where.name, calls)
      return there
    }
  }

  return {
    async check(submission, signal) {
      const { plan } = submission
      const problems: JobProblem[] = []
      const attempt = async (kind: LaunchedKind, object: Record<string, unknown>): Promise<void> => {
        try {
          await createObject(calls, kind, object, { namespace: plan.namespace, isDryRun: true, signal })
        } catch (error) {
          if (!isAppError(error) || !['invalid-input', 'not-found', 'forbidden', 'conflict', 'upstream'].includes(error.code)) throw error
          problems.push(...locate(error.message, plan))
        }
      }
      const configMap = configMapOf(submission)
      if (sizeOf(configMap) > maxConfigMapBytes) problems.push(tooLarge())
      else await attempt('ConfigMap', configMap)
      await attempt(kindOf(submission.record), plan.manifest)
      return problems
    },

    async send(submission, signal) {
      const { record, plan } = submission
      const where = whereOf(record)
      const configMap = configMapOf(submission)
      if (sizeOf(configMap) > maxConfigMapBytes) throw new AppError('invalid-input', tooLarge().message)
      await createOnce('ConfigMap', configMap, where, signal)
      const made = await createOnce(kindOf(record), plan.manifest, where, signal).catch(async (error: unknown) => {
        // Refused for certain: the files are of no use to anybody.
        if (isAppError(error) && error.detail?.kind !== 'outcome-unknown' && error.code !== 'conflict')
          await deleteObject(calls, 'ConfigMap', where).catch(() => undefined)
        throw error
      })
      // The job is there; whether its files go with it one day is worth no failure.
      await adopt(made, record, plan, signal).catch(() => undefined)
    },

    async find(record, signal) {
      const there = await findObject(calls, kindOf(record), whereOf(record), signal)
      return there?.metadata.labels?.[submissionLabel] === record.job.jobId
    },

    async observe(records, ours, signal) {
      const [jobs, rayJobs, pods] = await Promise.all([
        everywhere((namespace) => listJobs(calls, namespace, signal)),
        everywhere((namespace) => listRayJobs(calls, namespace, signal)),
        everywhere((namespace) => listPods(calls, { namespace, labelSelector: submissionLabel }, signal)),
      ])
      const podsOf = Map.groupBy(pods, (pod) => pod.metadata.labels?.[submissionLabel] ?? '')
      const own = new Map<string, Observation | null>()
      for (const { job } of records) own.set(job.jobId, null)
      const others: Job[] = []
      const take = <O extends JobObject | RayJobObject>(object: O, describe: (object: O, pods: JobPodObject[]) => Observation, target: Job['target']): void => {
        const id = object.metadata.labels?.[submissionLabel]
        if (id !== undefined && own.has(id)) own.set(id, describe(object, podsOf.get(id) ?? []))
        else if (id === undefined || !ours.has(id)) others.push(otherJob(object.metadata, describe(object, id === undefined ? [] : (podsOf.get(id) ?? [])), { ...options, target }))
      }
      for (const job of jobs) take(job, describeKubernetesJob, 'kubernetes-job')
      for (const job of rayJobs ?? []) take(job, describeRayJob, 'ray-job')
      return { own, others }
    },

    async events(record, signal) {
      const { namespace, name } = whereOf(record)
      const pods = record.parts.filter((part) => part.name !== rayDriver).slice(0, 20)
      const lists = await Promise.all([name, ...pods.map((part) => part.name)].map((one) => listEvents(calls, { namespace, name: one }, signal)))
      return lists.flat().map(toEvent).sort((left, right) => left.atMs - right.atMs).slice(-500)
    },

    async *readLog(record, part, kept, signal) {
      const { namespace } = whereOf(record)
      if (part === rayDriver) {
        const cluster = await rayClusterOf(record, signal)
        const text = cluster === undefined ? undefined : await rayLog(calls, { namespace, cluster, jobId: record.job.jobId }, signal)
        if (text !== undefined) yield { text, isWhole: true }
        return
      }
      yield* podLines(calls, { namespace, pod: part }, kept, signal)
    },

    async stop(record, signal) {
      const where = whereOf(record)
      if (record.job.target === 'kubernetes-job') return suspendJob(calls, where, signal)
      const cluster = await rayClusterOf(record, signal)
      // Before its driver runs there is nothing that Ray could stop.
      if (cluster === undefined) return deleteObject(calls, 'RayJob', where, signal)
      await stopRayJob(calls, { namespace: where.namespace, cluster, jobId: record.job.jobId }, signal).catch((error: unknown) => {
        if (isAppError(error) && error.code === 'not-found') return deleteObject(calls, 'RayJob', where, signal)
        throw error
      })
    },

    async remove(record, signal) {
      const where = whereOf(record)
      await deleteObject(calls, kindOf(record), where, signal)
      await deleteObject(calls, 'ConfigMap', where, signal)
    },
  }

  async function rayClusterOf(record: JobRecord, signal: AbortSignal): Promise<string | undefined> {
    const { namespace, name } = whereOf(record)
    const found = (await listRayJobs(calls, namespace, signal))?.find((one) => one.metadata.name === name)
    return found?.status?.rayClusterName || undefined
  }
  async function adopt(made: Made, record: JobRecord, plan: Plan, signal: AbortSignal): Promise<void> {
    const { uid, name } = made.metadata
    if (uid === undefined) return
    await setOwner(calls, 'ConfigMap', whereOf(record), { apiVersion: String(plan.manifest['apiVersion']), kind: kindOf(record), name, uid }, signal)
  }
}

type Made = Awaited<ReturnType<typeof createObject>>
interface Where {
  namespace: string
  name: string
  submissionId: string
}

const whereOf = ({ job }: JobRecord): Where => ({ namespace: job.namespace ?? 'default', name: job.objectName, submissionId: job.jobId })
const kindOf = ({ job }: JobRecord): 'Job' | 'RayJob' => (job.target === 'ray-job' ? 'RayJob' : 'Job')

function configMapOf({ record, plan, rows }: Submission): Record<string, unknown> {
  const { 'supervise.py': _supervisor, ...data } = plan.files
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: plan.objectName,
      namespace: plan.namespace,
      labels: { [managedByLabel]: managedBy, [submissionLabel]: record.job.jobId },
    },
    data,
    ...(rows === null ? {} : { binaryData: { [rows.name]: Buffer.from(rows.bytes).toString('base64') } }),
  }
}
const sizeOf = (object: unknown): number => Buffer.byteLength(JSON.stringify(object))
const tooLarge = (): JobProblem => ({
  message: `Script and rows together are larger than the ${maxConfigMapBytes / 1024} KiB that a ConfigMap may carry. Hand the rows over as a snapshot table.`,
  field: null,
  line: null,
})

const toEvent = (event: KubernetesEvent): JobEvent => ({
  atMs: millisOf(event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? event.metadata.creationTimestamp) ?? 0,
  isWarning: event.type === 'Warning',
  reason: event.reason ?? '',
  object: `${event.involvedObject?.kind ?? ''} ${event.involvedObject?.name ?? ''}`.trim(),
  message: event.message ?? '',
  count: event.count ?? 1,
})

/** Lines after the last kept one. The server's `sinceTime` knows whole seconds, the stamps on the lines know more. */
async function* podLines(
  calls: JobCalls,
  where: { namespace: string; pod: string },
  kept: { lastLine: string; isEnded: boolean },
  signal: AbortSignal,
): AsyncGenerator<LogPiece, void, void> {
  const last = stampOf(kept.lastLine)
  const lines = podLog(calls, where, { sinceTime: last === '' ? undefined : `${last.slice(0, 19)}Z`, isFollowing: !kept.isEnded, signal })
  let text = ''
  let isPast = last === ''
  let saidAt = 0
  for await (const line of lines) {
    isPast ||= compareStamps(stampOf(line), last) > 0
    if (!isPast) continue
    text += `${line}\n`
    // A burst becomes one write; the first line after a silence is written at once.
    if (text.length < 64_000 && performance.now() - saidAt < batchMs) continue
    yield { text, isWhole: false }
    text = ''
    saidAt = performance.now()
  }
  if (text !== '') yield { text, isWhole: false }
}

const stampOf = (line: string): string => /^\d{4}-\d\d-\d\dT[\d:.]+Z/.exec(line)?.[0] ?? ''
/** RFC 3339 stamps of different precision, by time. */
const compareStamps = (left: string, right: string): number => {
  const padded = (stamp: string): string => {
    const [seconds = '', fraction = ''] = stamp.replace('Z', '').split('.')
    return `${seconds}.${fraction.padEnd(9, '0')}`
  }
  return padded(left).localeCompare(padded(right))
}
