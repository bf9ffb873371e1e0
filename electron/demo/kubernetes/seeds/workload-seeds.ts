// The workloads of the site's inventory as Deployments, DaemonSets, CronJobs and Jobs. Pods are made from them by the
// controllers, so that owners, names and events are what a real cluster would have.
import type { DemoSite } from '../../world/site.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { imageProfile } from './images.ts'

type Workload = DemoSite['kubernetes']['workloads'][number]

const labelsOf = (workload: Workload): Record<string, string> => ({
  'app.kubernetes.io/instance': workload.name,
  'app.kubernetes.io/name': workload.image,
})

function podSpec(workload: Workload): Record<string, unknown> {
  const profile = imageProfile(workload.image)
  const { container, reference, command, args, ports, requests, limits, hostNetwork } = profile
  const isDaemon = workload.kind === 'DaemonSet'
  return {
    containers: [
      {
        name: container,
        image: reference,
        ...(command === undefined ? {} : { command }),
        ...(args === undefined ? {} : { args }),
        ...(ports === undefined ? {} : { ports }),
        resources: { requests, ...(limits === undefined ? {} : { limits }) },
        ...extrasOf(workload),
      },
    ],
    ...volumesOf(workload),
    ...(hostNetwork === true ? { hostNetwork: true } : {}),
    ...(isDaemon ? { tolerations: [{ operator: 'Exists' }] } : {}),
  }
}

const notebooks = 'void-notebooks'

/** The notebooks keep their work on a volume and reach the database by the service that stands for it. */
function extrasOf({ name }: Workload): Record<string, unknown> {
  if (name === notebooks)
    return {
      env: [
        { name: 'PGHOST', value: 'proj-pg01' },
        { name: 'PGDATABASE', value: 'desi_void_fastspecfit' },
      ],
      volumeMounts: [{ name: 'work', mountPath: '/home/jovyan/work' }],
    }
  if (name === 'dr1-ingest') return { args: ['ingest', '--release', 'dr1', '--target', 'proj-pg01'] }
  if (name === 'void-catalogue-check') return { args: ['check', '--suite', 'voids', '--target', 'proj-pg01'] }
  return {}
}

const volumesOf = ({ name }: Workload): Record<string, unknown> =>
  name === notebooks
    ? { volumes: [{ name: 'work', persistentVolumeClaim: { claimName: 'void-notebooks-work' } }] }
    : {}

const meta = (workload: Workload, labels = labelsOf(workload)): KubeObject['metadata'] => ({
  name: workload.name,
  namespace: workload.namespace,
  labels,
  ...(workload.note === '' ? {} : { annotations: { 'lab.radioastronomy.io/note': workload.note } }),
})

/** Everything but the grid job, which starts at its own time. */
export function workloadSeeds(site: DemoSite): KubeObject[] {
  return site.kubernetes.workloads.filter((one) => one.kind !== 'Job').map(seedOf)
}

function seedOf(workload: Workload): KubeObject {
  const labels = labelsOf(workload)
  const selector = { matchLabels: labels }
  const template = { metadata: { labels }, spec: podSpec(workload) }
  switch (workload.kind) {
    case 'DaemonSet':
      return {
        apiVersion: 'apps/v1',
        kind: 'DaemonSet',
        metadata: meta(workload),
        spec: { selector, template },
      }
    case 'CronJob':
      return {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata: meta(workload),
        spec: {
          schedule: scheduleOf(workload),
          timeZone: 'Etc/UTC',
          concurrencyPolicy: 'Forbid',
          jobTemplate: {
            metadata: { labels },
            spec: {
              backoffLimit: 2,
              template: { ...template, spec: { ...template.spec, restartPolicy: 'Never' } },
            },
          },
        },
      }
    default:
      return {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: meta(workload),
        spec: { replicas: workload.replicas, selector, template },
      }
  }
}

/** `daily 06:00` of the note as a schedule; weekly ones run in the night to Sunday. */
function scheduleOf({ note }: Workload): string {
  const [, hour, minute] = /daily (\d\d):(\d\d)/.exec(note) ?? []
  return hour === undefined ? '30 2 * * 0' : `${Number(minute)} ${Number(hour)} * * *`
}

/** The model grids: indexed jobs with as many pods side by side as the site says. */
export function gridSeeds(site: DemoSite): KubeObject[] {
  return site.kubernetes.workloads
    .filter((one) => one.kind === 'Job')
    .map((workload) => {
      const labels = { ...labelsOf(workload), 'lab.radioastronomy.io/project': 'agn-outflows' }
      return {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: meta(workload, labels),
        spec: {
          parallelism: workload.replicas,
          completions: workload.replicas,
          completionMode: 'Indexed',
          backoffLimit: 6,
          template: {
            metadata: { labels, annotations: { 'lab.radioastronomy.io/grid': workload.name } },
            spec: { ...podSpec(workload), restartPolicy: 'Never' },
          },
        },
      }
    })
}
