// The Ray side of the demo cluster: the three custom resource definitions of KubeRay, the site's RayClusters, and
// their jobs as RayJobs that use the running cluster.
import type { DemoSite } from '../../world/site.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { rayImage } from './images.ts'

type SiteRay = DemoSite['kubernetes']['rayClusters'][number]
type SiteRayJob = SiteRay['jobs'][number]

const printer = (name: string, jsonPath: string, type = 'string', priority = 0) => ({
  name,
  jsonPath,
  type,
  ...(priority === 0 ? {} : { priority }),
})

const columns = {
  RayCluster: [
    printer('desired workers', '.status.desiredWorkerReplicas', 'integer'),
    printer('available workers', '.status.availableWorkerReplicas', 'integer'),
    printer('cpus', '.status.desiredCPU'),
    printer('memory', '.status.desiredMemory'),
    printer('gpus', '.status.desiredGPU'),
    printer('status', '.status.state'),
    printer('age', '.metadata.creationTimestamp', 'date'),
    printer('head pod IP', '.status.head.podIP', 'string', 1),
  ],
  RayJob: [
    printer('job status', '.status.jobStatus'),
    printer('deployment status', '.status.jobDeploymentStatus'),
    printer('ray cluster name', '.status.rayClusterName'),
    printer('start time', '.status.startTime'),
    printer('end time', '.status.endTime'),
    printer('age', '.metadata.creationTimestamp', 'date'),
  ],
  RayService: [
    printer('service status', '.status.serviceStatus'),
    printer('num serve endpoints', '.status.numServeEndpoints', 'integer'),
    printer('age', '.metadata.creationTimestamp', 'date'),
  ],
}

export function definitionSeeds(): KubeObject[] {
  return (Object.keys(columns) as (keyof typeof columns)[]).map((kind) => {
    const plural = `${kind.toLowerCase()}s`
    const names = { kind, listKind: `${kind}List`, plural, singular: kind.toLowerCase(), categories: ['all'] }
    return {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: {
        name: `${plural}.ray.io`,
        annotations: { 'controller-gen.kubebuilder.io/version': 'v0.16.5' },
      },
      spec: {
        group: 'ray.io',
        scope: 'Namespaced',
        names,
        conversion: { strategy: 'None' },
        versions: [
          {
            name: 'v1',
            served: true,
            storage: true,
            subresources: { status: {} },
            additionalPrinterColumns: columns[kind],
            schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        ],
      },
      status: definitionStatus(names),
    }
  })
}

const definitionStatus = (names: object) => ({
  acceptedNames: names,
  conditions: [
    {
      type: 'NamesAccepted',
      status: 'True',
      reason: 'NoConflicts',
      message: 'no conflicts found',
      lastTransitionTime: '2025-07-05T09:12:31Z',
    },
    {
      type: 'Established',
      status: 'True',
      reason: 'InitialNamesAccepted',
      message: 'the initial names have been accepted',
      lastTransitionTime: '2025-07-05T09:12:31Z',
    },
  ],
  storedVersions: ['v1'],
})

export const rayClusterSeeds = (site: DemoSite): KubeObject[] => site.kubernetes.rayClusters.map(raySeed)

function raySeed(ray: SiteRay): KubeObject {
  return {
    apiVersion: ray.apiVersion,
    kind: ray.kind,
    metadata: {
      name: ray.name,
      namespace: ray.namespace,
      labels: { 'lab.radioastronomy.io/project': 'anomalous-quasars' },
      annotations: {
        'lab.radioastronomy.io/gpu-guest': ray.gpuService.vm,
        'lab.radioastronomy.io/gpu-use': ray.gpuService.use,
      },
    },
    spec: {
      rayVersion: ray.rayVersion,
      enableInTreeAutoscaling: ray.autoscaling.enabled,
      autoscalerOptions: {
        version: 'v2',
        idleTimeoutSeconds: ray.autoscaling.idleTimeoutSeconds,
        upscalingMode: 'Default',
      },
      headGroupSpec: {
        rayStartParams: { 'dashboard-host': '0.0.0.0', 'num-cpus': '0' },
        template: { spec: { containers: [rayContainer(ray, 'ray-head', ray.head.cpu, ray.head.memoryGiB)] } },
      },
      workerGroupSpecs: ray.workerGroups.map((group) => ({
        groupName: group.name,
        replicas: group.replicas,
        minReplicas: group.minReplicas,
        maxReplicas: group.maxReplicas,
        rayStartParams: {},
        template: { spec: { containers: [rayContainer(ray, 'ray-worker', group.cpu, group.memoryGiB)] } },
      })),
    },
  }
}

function rayContainer(ray: SiteRay, name: string, cpu: number, memoryGiB: number) {
  const needs = { cpu: String(cpu), memory: `${memoryGiB}Gi` }
  const isHead = name === 'ray-head'
  const port = (label: string, containerPort: number) => ({ name: label, containerPort })
  return {
    name,
    image: rayImage(ray.rayVersion),
    ...(isHead
      ? {
          ports: [
            port('gcs-server', 6379),
            port('dashboard', ray.head.dashboardPort),
            port('client', 10001),
            port('metrics', 8080),
            port('serve', 8000),
          ],
        }
      : {
          ports: [port('metrics', 8080)],
          env: [
            { name: 'QAD_INFERENCE_URL', value: `http://${ray.gpuService.vm}.${ray.namespace}.svc:8000` },
          ],
        }),
    resources: { requests: needs, limits: needs },
  }
}

/** Minutes that the running inference takes as a whole, and after which the failed one broke. */
const inferenceMinutes = 540
const failedMinutes = 184

export interface RayJobSeed {
  object: KubeObject
  /** When the job was submitted, milliseconds before now. */
  agoMs: number
  hasFailed: boolean
}

const minuteMs = 60_000

/** The jobs in the order of their submission, at times that bring each to the state the site gives it. */
export function rayJobSeeds(site: DemoSite): RayJobSeed[] {
  const seeds = site.kubernetes.rayClusters.flatMap((ray) =>
    ray.jobs.map((job) => ({
      object: jobSeed(ray, job),
      agoMs: agoOf(job),
      hasFailed: job.status === 'FAILED',
    })),
  )
  return seeds.sort((left, right) => right.agoMs - left.agoMs)
}

function agoOf(job: SiteRayJob): number {
  if (job.status === 'RUNNING') return (job.progress ?? 0.5) * inferenceMinutes * minuteMs
  return job.status === 'FAILED' ? 27 * 60 * minuteMs : 6 * 24 * 60 * minuteMs
}

function jobSeed(ray: SiteRay, job: SiteRayJob): KubeObject {
  const minutes = job.minutes ?? (job.status === 'FAILED' ? failedMinutes : inferenceMinutes)
  const metadata = {
    minutes: String(minutes),
    ...(job.spectra === undefined ? {} : { spectra: String(job.spectra) }),
  }
  return {
    apiVersion: 'ray.io/v1',
    kind: 'RayJob',
    metadata: { name: job.submissionId, namespace: ray.namespace, labels: { 'ray.io/cluster': ray.name } },
    spec: {
      entrypoint: job.entrypoint,
      jobId: job.submissionId,
      submissionMode: 'HTTPMode',
      clusterSelector: { 'ray.io/cluster': ray.name },
      metadata,
    },
  }
}
