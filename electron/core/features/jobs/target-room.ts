// Where a job has room: what nodes can give less what pods have asked for, Ray, and the machine behind SSH. Figures that
// cannot be had are null, never zero.
import type { JobTarget } from '#shared/contracts/jobs.ts'
import { isAppError } from '#shared/errors.ts'
import { parseQuantity } from '#shared/model/kubernetes-quantity.ts'
import type { Connection } from '#shared/model/connection.ts'
import { listAllPods, listNamespaces, listNodes, listRayJobs, type JobCalls, type JobPodObject, type NodeRoom } from '../../connectors/kubernetes/kubernetes-jobs.ts'
import type { SshConnector } from '../../connectors/ssh/ssh-connector.ts'

interface Figures {
  cores: number
  memoryBytes: number
  gpus: number
}

const gpuResource = 'nvidia.com/gpu'

/** What is free on each node that takes new pods. Pure. */
export function nodeRooms(nodes: readonly NodeRoom[], pods: readonly JobPodObject[]): { free: Figures; total: Figures }[] {
  const asked = new Map<string, Figures>()
  for (const { spec } of pods) {
    if (!spec.nodeName) continue
    const sum = asked.get(spec.nodeName) ?? { cores: 0, memoryBytes: 0, gpus: 0 }
    for (const { resources } of spec.containers) {
      sum.cores += parseQuantity(resources?.requests?.['cpu']) ?? 0
      sum.memoryBytes += parseQuantity(resources?.requests?.['memory']) ?? 0
      sum.gpus += parseQuantity(resources?.limits?.[gpuResource]) ?? 0
    }
    asked.set(spec.nodeName, sum)
  }
  return nodes.filter(takesPods).map(({ metadata, status }) => {
    const has = (name: string): number => parseQuantity(status?.allocatable?.[name]) ?? 0
    const total = { cores: has('cpu'), memoryBytes: has('memory'), gpus: has(gpuResource) }
    const used = asked.get(metadata.name) ?? { cores: 0, memoryBytes: 0, gpus: 0 }
    const free = {
      cores: Math.max(0, total.cores - used.cores),
      memoryBytes: Math.max(0, total.memoryBytes - used.memoryBytes),
      gpus: Math.max(0, total.gpus - used.gpus),
    }
    return { free, total }
  })
}

const takesPods = ({ spec, status }: NodeRoom): boolean =>
  spec?.unschedulable !== true &&
  !(spec?.taints ?? []).some(({ effect }) => effect === 'NoSchedule' || effect === 'NoExecute') &&
  status?.conditions?.find(({ type }) => type === 'Ready')?.status === 'True'

type Base = Pick<JobTarget, 'connectionId' | 'label' | 'atMs'>
const nothingKnown = { cores: null, memoryBytes: null, gpus: null, largest: null, namespaces: [] as string[] }

export async function kubernetesTargets(connection: Connection, calls: JobCalls & { namespace: string }, nowMs: number, signal: AbortSignal): Promise<JobTarget[]> {
  const base: Base = { connectionId: connection.id, label: connection.label, atMs: nowMs }
  const [nodes, pods, namespaces, rayJobs] = await Promise.all([
    allowed(listNodes(calls, signal)),
    allowed(listAllPods(calls, signal)),
    allowed(listNamespaces(calls, signal)),
    allowed(listRayJobs(calls, undefined, signal)),
  ])
  const rooms = nodes && pods ? nodeRooms(nodes, pods) : undefined
  const sum = (pick: (room: { free: Figures; total: Figures }) => number): number => (rooms ?? []).reduce((all, room) => all + pick(room), 0)
  const figures = rooms
    ? {
        cores: { free: sum(({ free }) => free.cores), total: sum(({ total }) => total.cores) },
        memoryBytes: { free: sum(({ free }) => free.memoryBytes), total: sum(({ total }) => total.memoryBytes) },
        gpus: { free: sum(({ free }) => free.gpus), total: sum(({ total }) => total.gpus) },
        largest: rooms.reduce(
          (most, { free }) => (free.cores > most.cores ? { cores: free.cores, memoryBytes: free.memoryBytes } : most),
          { cores: 0, memoryBytes: 0 },
        ),
      }
    : { cores: null, memoryBytes: null, gpus: null, largest: null }
  const note = rooms ? null : 'This identity may not see nodes and pods, so what is free is not known.'
  const shared = { ...base, ...figures, namespaces: namespaces ?? [calls.namespace], note }
  return [
    { ...shared, kind: 'kubernetes-job', state: 'ready' },
    rayJobs === undefined
      ? { ...base, ...nothingKnown, kind: 'ray-job', state: 'unsupported', note: 'KubeRay is not installed in this cluster, or its jobs may not be seen.' }
      : { ...shared, kind: 'ray-job', state: 'ready', note: note ?? 'Each job gets a Ray cluster of its own, from the same nodes.' },
  ]
}

async function allowed<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isAppError(error) && (error.code === 'forbidden' || error.code === 'not-found')) return undefined
    throw error
  }
}

export async function sshTarget(connection: Connection, ssh: Pick<SshConnector, 'exec'>, nowMs: number, signal: AbortSignal): Promise<JobTarget> {
  const { stdout } = await ssh.exec('nproc; cat /proc/loadavg /proc/meminfo; command -v python3; nvidia-smi --query-gpu=name,memory.total,memory.used,utilization.gpu --format=csv,noheader,nounits', {
    signal,
    timeoutMs: 15_000,
  })
  return readMachine(stdout, { connectionId: connection.id, label: connection.label, atMs: nowMs })
}

/** `nproc`, load, memory and `nvidia-smi` as one text. Pure. */
export function readMachine(text: string, base: Base): JobTarget {
  const cores = Number(/^(\d+)$/m.exec(text)?.[1] ?? Number.NaN)
  const load = Number(/^([\d.]+) [\d.]+ [\d.]+ \d+\/\d+ \d+$/m.exec(text)?.[1] ?? Number.NaN)
  const kib = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)?.[1] ?? Number.NaN) * 1024
  const cards = [...text.matchAll(/^([^,\n]+), (\d+), (\d+), (\d+)$/gm)].map(([, name = '', total = '', used = '', busy = '']) => ({ name, total: Number(total), used: Number(used), busy: Number(busy) }))
  const memory = { free: kib('MemAvailable'), total: kib('MemTotal') }
  const isFree = ({ used, total, busy }: { used: number; total: number; busy: number }): boolean => busy < 20 && used < 0.2 * total
  const hasPython = /python3/.test(text)
  const freeCores = Math.max(0, cores - load)
  const cardWords = cards.map((card) => `${card.name}: ${card.busy} % busy, ${((card.total - card.used) / 1024).toFixed(1)} of ${(card.total / 1024).toFixed(1)} GiB free`).join('; ')
  return {
    ...base,
    ...nothingKnown,
    kind: 'ssh-script',
    state: hasPython ? 'ready' : 'unsupported',
    note: hasPython ? cardWords || null : 'There is no python3 on this machine.',
    cores: Number.isFinite(freeCores) ? { free: freeCores, total: cores } : null,
    memoryBytes: Number.isFinite(memory.free) && Number.isFinite(memory.total) ? memory : null,
    gpus: cards.length === 0 ? null : { free: cards.filter(isFree).length, total: cards.length },
    largest: Number.isFinite(freeCores) && Number.isFinite(memory.free) ? { cores: freeCores, memoryBytes: memory.free } : null,
  }
}
