// The cluster at a glance: nodes with what is asked of them, pods by phase, what is wrong and why, recent warnings.
// Summed up from the feeds of a few kinds, at most once a second while somebody looks.
import type { ClusterOverview } from '#shared/contracts/kubernetes.ts'
import type { KubeEvent, RelatedObject, ResourceUse } from '#shared/model/kubernetes.ts'
import type { Cluster } from './cluster-desk.ts'
import { readUsage, type Usage } from './metrics.ts'
import type { NodeDigest, PodDigest, WorkloadDigest } from './overview-digest.ts'
import { addAmounts, noAmounts, type Amounts } from './pod-needs.ts'
import type { KeptItem, RowFeed } from './row-feed.ts'

const pauseMs = 1_000
const usageMs = 20_000
const mostProblems = 100
const mostWarnings = 40
const recentMs = 60 * 60_000

const summed = [
  'nodes',
  'pods',
  'deployments.apps',
  'statefulsets.apps',
  'daemonsets.apps',
  'jobs.batch',
  'events',
  'namespaces',
] as const
type Summed = (typeof summed)[number]
type Held = ReturnType<RowFeed['hold']>

export async function* watchOverview(
  cluster: Cluster,
  options: { signal: AbortSignal; now: () => number; certificateEndsAtMs(): Promise<number | null> },
): AsyncGenerator<ClusterOverview, void, void> {
  const { signal, now } = options
  const catalog = await cluster.catalog(signal)
  const certificateEndsAtMs = await options.certificateEndsAtMs().catch(() => null)
  const held = new Map<Summed, Held>()
  let wake: (() => void) | undefined
  let isDirty = true
  const note = (): void => {
    isDirty = true
    wake?.()
  }
  const pause = (ms: number, isWoken: boolean): Promise<void> =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        wake = undefined
        resolve()
      }
      const timer = setTimeout(end, ms)
      if (isWoken) wake = end
      signal.addEventListener('abort', end, { once: true })
    })
  try {
    for (const id of summed) {
      const kind = catalog.apis.get(id)
      if (kind) held.set(id, cluster.feed(kind, null).hold(note))
    }
    let usage: Usage = new Map()
    let usageAtMs = 0
    while (!signal.aborted) {
      if (now() - usageAtMs > usageMs) {
        usageAtMs = now()
        usage = await readUsage(cluster, 'nodes', null, signal)
        isDirty = true
      }
      if (isDirty) {
        isDirty = false
        yield sumUp(held, { catalog, usage, nowMs: now(), user: cluster.connector().user, certificateEndsAtMs })
      }
      await pause(pauseMs, false)
      if (!isDirty) await pause(usageMs, true)
    }
  } finally {
    for (const item of held.values()) item.release()
  }
}

interface Extra {
  catalog: { version: string; gaps: string[] }
  usage: Usage
  nowMs: number
  user: string
  certificateEndsAtMs: number | null
}

function sumUp(held: ReadonlyMap<Summed, Held>, extra: Extra): ClusterOverview {
  const items = (id: Summed): KeptItem[] => [...(held.get(id)?.items().values() ?? [])]
  const byNode = new Map<string, PodsOfNode>()
  const podsByPhase: Record<string, number> = {}
  const pods = items('pods')
  for (const item of pods) {
    const digest = item.digest as PodDigest
    podsByPhase[digest.phase] = (podsByPhase[digest.phase] ?? 0) + 1
    if (digest.node) addPod(byNode, digest, item)
  }
  const nodes = items('nodes').map((item) => nodeOf(item, byNode.get(item.row.name), extra.usage))
  const problems = problemsOf(held)
  return {
    version: extra.catalog.version,
    user: extra.user,
    nodes: nodes.sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true })),
    podsByPhase,
    namespaces: items('namespaces').length,
    problems: problems.slice(0, mostProblems),
    moreProblems: Math.max(0, problems.length - mostProblems),
    warnings: warningsOf(items('events'), extra.nowMs),
    totals: totalsOf(nodes.map((node) => node.resources)),
    certificateEndsAtMs: extra.certificateEndsAtMs,
    gaps: [...extra.catalog.gaps, ...gapsOf(held)],
    atMs: extra.nowMs,
  }
}

interface PodsOfNode {
  pods: number
  requests: Amounts
  limits: Amounts
  holders: ResourceUse['holders']
}

function addPod(byNode: Map<string, PodsOfNode>, digest: PodDigest, { row }: KeptItem): void {
  if (!digest.needs) return
  const sum = byNode.get(digest.node) ?? { pods: 0, requests: noAmounts(), limits: noAmounts(), holders: [] }
  byNode.set(digest.node, sum)
  sum.pods += 1
  addAmounts(sum.requests, digest.needs.requests)
  addAmounts(sum.limits, digest.needs.limits)
  const { gpu } = digest.needs.requests
  if (gpu > 0) sum.holders.push({ namespace: row.namespace ?? '', name: row.name, amount: gpu })
}

function nodeOf({ row, digest }: KeptItem, sum: PodsOfNode | undefined, usage: Usage): ClusterOverview['nodes'][number] {
  const { roles, version, capacity, allocatable } = digest as NodeDigest
  return {
    name: row.name,
    health: row.health,
    status: row.status,
    roles,
    version,
    pods: sum?.pods ?? 0,
    resources: resourcesOf({ capacity, allocatable, sum, used: usage.get(row.name) }),
  }
}

/** CPU and memory always, GPUs where there are any. */
export function resourcesOf(of: {
  capacity: Amounts
  allocatable: Amounts
  sum: Omit<PodsOfNode, 'pods'> | undefined
  used: { cpu: number; memory: number } | undefined
}): ResourceUse[] {
  const { capacity, allocatable, sum, used } = of
  const one = (key: keyof Amounts, name: string, unit: ResourceUse['unit'], inUse: number | null): ResourceUse => ({
    name,
    unit,
    allocatable: allocatable[key],
    capacity: capacity[key],
    requested: sum?.requests[key] ?? 0,
    limits: sum?.limits[key] ?? 0,
    used: inUse,
    holders: key === 'gpu' ? (sum?.holders ?? []) : [],
  })
  return [
    one('cpu', 'CPU', 'cpu', used?.cpu ?? null),
    one('memory', 'Memory', 'bytes', used?.memory ?? null),
    ...(capacity.gpu > 0 || (sum?.requests.gpu ?? 0) > 0 ? [one('gpu', 'GPU', 'count', null)] : []),
  ]
}

function totalsOf(all: ResourceUse[][]): ResourceUse[] {
  const totals = new Map<string, ResourceUse>()
  for (const use of all.flat()) {
    const sum = totals.get(use.name)
    if (!sum) {
      totals.set(use.name, { ...use, holders: [...use.holders] })
      continue
    }
    sum.allocatable += use.allocatable
    sum.capacity += use.capacity
    sum.requested += use.requested
    sum.limits += use.limits
    sum.used = sum.used === null || use.used === null ? null : sum.used + use.used
    sum.holders.push(...use.holders)
  }
  return [...totals.values()]
}

const kindNames: Partial<Record<Summed, string>> = {
  nodes: 'Node',
  pods: 'Pod',
  'deployments.apps': 'Deployment',
  'statefulsets.apps': 'StatefulSet',
  'daemonsets.apps': 'DaemonSet',
  'jobs.batch': 'Job',
}

function problemsOf(held: ReadonlyMap<Summed, Held>): ClusterOverview['problems'] {
  const found: Array<RelatedObject & { why: string }> = []
  for (const [id, kind] of Object.entries(kindNames) as Array<[Summed, string]>) {
    for (const { row, digest } of held.get(id)?.items().values() ?? []) {
      if (row.health !== 'error' && row.health !== 'warning') continue
      const why = (digest as WorkloadDigest | undefined)?.why ?? row.status
      found.push({ kindId: id, kind, namespace: row.namespace, name: row.name, health: row.health, status: row.status, why })
    }
  }
  return found.sort((a, b) => Number(b.health === 'error') - Number(a.health === 'error'))
}

function warningsOf(events: KeptItem[], nowMs: number): KubeEvent[] {
  return events
    .map((item) => item.digest as KubeEvent)
    .filter((event) => event.type === 'Warning' && nowMs - (event.lastAtMs ?? nowMs) < recentMs)
    .sort((a, b) => (b.lastAtMs ?? 0) - (a.lastAtMs ?? 0))
    .slice(0, mostWarnings)
}

function gapsOf(held: ReadonlyMap<Summed, Held>): string[] {
  const denied = [...held].filter(([, item]) => item.state() === 'denied').map(([id]) => id.split('.')[0])
  const lost = [...held].filter(([, item]) => item.state() === 'lost').map(([id]) => id.split('.')[0])
  return [
    ...(denied.length > 0 ? [`Not visible to this identity: ${denied.join(', ')}.`] : []),
    ...(lost.length > 0 ? [`The API server does not answer now; last known: ${lost.join(', ')}.`] : []),
  ]
}
