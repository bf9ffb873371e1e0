// What answers behind `services/{cluster}-head-svc:dashboard/proxy`: the Jobs API of Ray for the cluster's RayJobs,
// and jobs submitted by it. Other services answer a plain page. JSON in and out, errors in plain text, as Ray does.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ApiContext } from '../api/api-context.ts'
import type { ResourceRequest } from '../api/request-info.ts'
import { completeNew } from '../api/creation-defaults.ts'
import { admitCreate, randomSuffix } from '../api/admission.ts'
import { shelf } from '../api/resource-table.ts'
import type { Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { isRecord, recordAt, textAt } from '../storage/kube-object.ts'
import { KubeError, notFound } from '../storage/kube-status.ts'
import { parseTime, timestamp } from '../storage/kube-time.ts'

/** Answers a proxied request; 503 as a Status when the service has nobody behind it. */
export function answerServiceProxy(
  context: ApiContext,
  request: ResourceRequest,
  message: IncomingMessage,
  response: ServerResponse,
  body: string,
): void {
  const { namespace, rest } = request
  const [name = '', port = ''] = (request.name ?? '').replace(/^https?:/, '').split(':')
  const service = context.store.get(shelf.services, namespace, name)
  if (service === undefined) throw notFound({ group: '', plural: 'services' }, name)
  const cluster = service.metadata.labels?.['ray.io/cluster']
  if (cluster === undefined || !(port === 'dashboard' || port === '8265')) {
    response.writeHead(200, { 'content-type': 'text/plain' }).end(`${name}: the demo lab answers\n`)
    return
  }
  const head = headPod(context, namespace, cluster)
  if (head === undefined)
    throw new KubeError(503, 'ServiceUnavailable', `no endpoints available for service "${name}"`, {
      name,
      kind: 'services',
    })
  const answer = answerJobs(
    context,
    { namespace: namespace ?? '', cluster, head },
    message.method ?? 'GET',
    rest,
    body,
  )
  const isText = typeof answer.body === 'string'
  response.writeHead(answer.code, { 'content-type': isText ? 'text/plain' : 'application/json' })
  response.end(isText ? (answer.body as string) : JSON.stringify(answer.body))
}

interface RayTarget {
  namespace: string
  cluster: string
  head: Pod
}

interface Answer {
  code: number
  body: unknown
}

const headPod = ({ store }: ApiContext, namespace: string | undefined, cluster: string): Pod | undefined =>
  store
    .list(shelf.pods)
    .map(as<Pod>)
    .find(
      (pod) =>
        pod.metadata.namespace === namespace &&
        pod.metadata.labels?.['ray.io/cluster'] === cluster &&
        pod.metadata.labels['ray.io/node-type'] === 'head' &&
        pod.status.phase === 'Running',
    )

const jobsOf = ({ store }: ApiContext, { namespace, cluster }: RayTarget): KubeObject[] =>
  store
    .list(shelf.rayJobs)
    .filter((job) => job.metadata.namespace === namespace && textAt(job, 'status.rayClusterName') === cluster)

function answerJobs(
  context: ApiContext,
  target: RayTarget,
  method: string,
  path: string,
  body: string,
): Answer {
  const route = path.split('?')[0] ?? ''
  if (route === '/api/version') return { code: 200, body: version(context, target) }
  if (route === '/api/jobs/' || route === '/api/jobs') {
    if (method === 'POST') return submit(context, target, body)
    return { code: 200, body: jobsOf(context, target).map((job) => details(target, job)) }
  }
  const [, id = '', action = ''] = /^\/api\/jobs\/([^/]+)(?:\/(\w+))?\/?$/.exec(route) ?? []
  const job = jobsOf(context, target).find((one) => textAt(one, 'status.jobId') === id)
  if (id === '') return { code: 404, body: '404: Not Found' }
  if (job === undefined) return { code: 404, body: `Job ${id} does not exist` }
  if (method === 'GET' && action === '') return { code: 200, body: details(target, job) }
  if (method === 'GET' && action === 'logs') return { code: 200, body: { logs: jobLog(context, job) } }
  if (method === 'POST' && action === 'stop') return stop(context, job)
  if (method === 'DELETE' && action === '') return remove(context, job)
  return { code: 405, body: '405: Method Not Allowed' }
}

const version = (context: ApiContext, { cluster }: RayTarget) => ({
  version: '4',
  ray_version:
    context.site.kubernetes.rayClusters.find((ray) => ray.name === cluster)?.rayVersion ?? '2.46.0',
  ray_commit: '0000000000000000000000000000000000000000',
  session_name: `session_${cluster}`,
})

const millis = (time: string): number | null => (time === '' ? null : parseTime(time))

function details(target: RayTarget, job: KubeObject) {
  const id = textAt(job, 'status.jobId')
  const status = textAt(job, 'status.jobStatus') || 'PENDING'
  const metadata = recordAt(job, 'spec.metadata')
  return {
    type: 'SUBMISSION',
    job_id: null,
    submission_id: id,
    driver_info:
      status === 'PENDING' ? null : { id, node_ip_address: target.head.status.podIP ?? '', pid: '4821' },
    status,
    entrypoint: textAt(job, 'spec.entrypoint'),
    message: textAt(job, 'status.message') || null,
    error_type: status === 'FAILED' ? 'JOB_ENTRYPOINT_COMMAND_ERROR' : null,
    start_time: millis(textAt(job, 'status.rayJobInfo.startTime') || textAt(job, 'status.startTime')),
    end_time: millis(textAt(job, 'status.endTime')),
    metadata: Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, String(value)])),
    runtime_env: {},
    driver_agent_http_address: `http://${target.head.status.podIP ?? ''}:52365`,
    driver_node_id: null,
    driver_exit_code: status === 'SUCCEEDED' ? 0 : status === 'FAILED' ? 1 : null,
  }
}

function submit(context: ApiContext, target: RayTarget, body: string): Answer {
  let wanted: unknown
  try {
    wanted = JSON.parse(body)
  } catch {
    return { code: 400, body: 'Traceback (most recent call last):\nJSONDecodeError: the body is not JSON' }
  }
  const entrypoint = textAt(wanted, 'entrypoint')
  if (!isRecord(wanted) || entrypoint === '')
    return { code: 400, body: "TypeError: missing 1 required argument: 'entrypoint'" }
  const id = textAt(wanted, 'submission_id') || `raysubmit_${randomSuffix(16)}`
  const name = id
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .replace(/^-+|-+$/g, '')
  const resource = context.registry.find('ray.io', 'v1', 'rayjobs')
  const isTaken =
    jobsOf(context, target).some((job) => textAt(job, 'status.jobId') === id) ||
    context.store.get(shelf.rayJobs, target.namespace, name) !== undefined
  if (isTaken || resource === undefined)
    return { code: 500, body: `ValueError: Job with submission_id ${id} already exists.` }
  const object: KubeObject = {
    apiVersion: 'ray.io/v1',
    kind: 'RayJob',
    metadata: { name, namespace: target.namespace },
    spec: {
      entrypoint,
      jobId: id,
      submissionMode: 'HTTPMode',
      clusterSelector: { 'ray.io/cluster': target.cluster },
      metadata: recordAt(wanted, 'metadata'),
    },
  }
  context.store.create(resource.storeKey, completeNew(context.store, admitCreate(object, resource), resource))
  return { code: 200, body: { job_id: id, submission_id: id } }
}

const isTerminal = (job: KubeObject): boolean =>
  ['SUCCEEDED', 'FAILED', 'STOPPED'].includes(textAt(job, 'status.jobStatus'))

function stop(context: ApiContext, job: KubeObject): Answer {
  if (isTerminal(job)) return { code: 200, body: { stopped: false } }
  context.killReal(job.metadata.uid ?? '')
  const endTime = timestamp(context.clock.nowMs())
  const status = {
    ...recordAt(job, 'status'),
    jobStatus: 'STOPPED',
    jobDeploymentStatus: 'Complete',
    endTime,
    message: 'Job was intentionally stopped.',
  }
  context.store.update(shelf.rayJobs, { ...job, status })
  return { code: 200, body: { stopped: true } }
}

function remove(context: ApiContext, job: KubeObject): Answer {
  if (!isTerminal(job)) return { code: 500, body: 'RuntimeError: the job is not in a terminal state' }
  context.store.remove(shelf.rayJobs, job.metadata.namespace, job.metadata.name)
  return { code: 200, body: { deleted: true } }
}

function jobLog(context: ApiContext, job: KubeObject): string {
  const real = context.realLog(job.metadata.uid ?? '')
  if (real !== undefined) return real.map(({ text }) => `${text}\n`).join('')
  const startMs = parseTime(textAt(job, 'status.rayJobInfo.startTime'))
  if (Number.isNaN(startMs)) return ''
  const untilMs = millis(textAt(job, 'status.endTime')) ?? context.clock.nowMs()
  const minutes = Math.max(1, Math.floor((untilMs - startMs) / 60_000))
  const lines = Array.from(
    { length: Math.min(minutes, 400) },
    (_, index) => `minute ${index + 1}: ${(index + 1) * 24_300} spectra done`,
  )
  const last = textAt(job, 'status.jobStatus') === 'FAILED' ? [textAt(job, 'status.message')] : []
  return `${[`${timestamp(startMs)} ${textAt(job, 'spec.entrypoint')}`, ...lines, ...last].join('\n')}\n`
}
