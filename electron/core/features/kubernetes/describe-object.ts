// One object with all that is told of it: state in words, conditions, events, owners, what belongs to it. What cannot
// be read (forbidden, or not answered) becomes a gap and hides nothing else.
import { isAppError } from '#shared/errors.ts'
import { explainPod } from '#shared/model/kubernetes-explain.ts'
import { explainObject } from '#shared/model/kubernetes-explain-others.ts'
import { flagAt, listAt, numberAt, textAt, timeAt } from '#shared/model/kubernetes-fields.ts'
import type { Health } from '#shared/model/inventory.ts'
import type { KubeCondition, KubeEvent, KubeObjectPage, ObjectRef, RelatedObject } from '#shared/model/kubernetes.ts'
import { kindIdOf, type ApiKind } from '../../connectors/kubernetes/kubernetes-discovery.ts'
import { findObjects, getObject, type AnyObject } from '../../connectors/kubernetes/kubernetes-objects.ts'
import type { Cluster } from './cluster-desk.ts'
import { containersOf } from './containers.ts'
import { readUsage } from './metrics.ts'
import { toYaml, withoutSecrets } from './object-yaml.ts'
import { rightsOf } from './object-rights.ts'
import { wordsOf } from './object-words.ts'
import { amountsAt, conditionsOf, toEvent } from './overview-digest.ts'
import { resourcesOf } from './overview.ts'
import { addAmounts, holdsResources, noAmounts, podNeeds } from './pod-needs.ts'
import { podsBehind } from './pods-behind.ts'
import { rowKinds } from './row-kinds.ts'

const mostPods = 500
const mostEvents = 500
const shownEvents = 60
const longestChain = 5

interface Asking {
  cluster: Cluster
  kind: ApiKind
  object: AnyObject
  signal: AbortSignal
  nowMs: number
  gaps: string[]
}

/** Rejects `not-found` when the object is not there. */
export async function describeObject(
  cluster: Cluster,
  ref: ObjectRef,
  options: { signal: AbortSignal; nowMs: number },
): Promise<KubeObjectPage> {
  const kind = await cluster.kind(ref.kindId, options.signal)
  const { signal, nowMs } = options
  const read = await getObject(cluster.connector(), kind, ref, { signal })
  const object = withoutSecrets({ ...read, kind: read.kind ?? kind.kind })
  const asking: Asking = { cluster, kind, object, signal, nowMs, gaps: [] }
  const [events, owners, behind, rights, claims] = await Promise.all([
    attempt(asking, 'Events', [], () => eventsOf(asking)),
    attempt(asking, 'Owners', [], () => ownersOf(asking)),
    attempt(asking, 'Its pods', [], () => podsBehind(cluster, kind, object, { limit: mostPods, signal })),
    attempt(asking, 'What this identity may do', {}, () => rightsOf(cluster, kind, ref)),
    attempt(asking, 'Its claims', undefined, () => claimsOf(asking)),
  ])
  const resources = await attempt(asking, 'Its use', [], () => usageOf(asking, behind))
  const { summary, facts } = wordsOf(kind.kind, object, nowMs)
  const verdict = rowKinds[ref.kindId]?.judge(object) ?? { health: 'unknown' as const, status: textAt(object, 'status.phase') }
  return {
    ref,
    kind: kind.kind,
    uid: object.metadata.uid ?? '',
    resourceVersion: object.metadata.resourceVersion ?? '',
    createdAtMs: timeAt(object, 'metadata.creationTimestamp'),
    ...verdict,
    summary,
    why:
      kind.kind === 'Pod'
        ? explainPod({ pod: object, events, ...(claims ? { claims } : {}), nowMs })
        : explainObject({ kind: kind.kind, object, events, nowMs }),
    facts,
    labels: object.metadata.labels ?? {},
    annotations: shownAnnotations(object),
    conditions: conditionsOf(object).map((item) => conditionOf(kind.kind, item)),
    events: events.slice(0, shownEvents),
    owners,
    related: [...behind.map((pod) => relatedOf('pods', 'Pod', pod)), ...(await attempt(asking, 'Its jobs', [], () => jobsOf(asking)))],
    containers: kind.kind === 'Pod' ? containersOf(object) : [],
    resources,
    nodeName: kind.kind === 'Node' ? object.metadata.name : textAt(object, 'spec.nodeName') || null,
    replicas: kind.subresources.includes('scale') ? (numberAt(object, 'spec.replicas') ?? null) : null,
    isSuspended: 'suspend' in rights ? flagAt(object, 'spec.suspend') : null,
    isCordoned: kind.kind === 'Node' ? flagAt(object, 'spec.unschedulable') : null,
    ports: portsOf(kind.kind, object),
    yaml: toYaml(read.kind === undefined ? { ...read, kind: kind.kind } : read),
    rights,
    gaps: asking.gaps,
  }
}

/** A part that cannot be read must not hide the others. */
async function attempt<T>(asking: Asking, what: string, otherwise: T, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!isAppError(error) || asking.signal.aborted) throw error
    asking.gaps.push(`${what} could not be read: ${error.message}`)
    return otherwise
  }
}

const makers = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob', 'RayCluster', 'RayJob'])

/** Its own events and, for what makes others, the warnings of those; newest first. */
async function eventsOf({ cluster, kind, object, signal }: Asking): Promise<KubeEvent[]> {
  const events = await cluster.kind('events', signal)
  const { name, namespace = null } = object.metadata
  const isMaker = makers.has(kind.kind)
  const fieldSelector = isMaker ? undefined : `involvedObject.kind=${kind.kind},involvedObject.name=${name}`
  const found = await findObjects(cluster.connector(), events, namespace, { fieldSelector, limit: mostEvents }, { signal })
  return found
    .filter((event) => {
      const about = textAt(event, 'involvedObject.name')
      const isOwn = about === name && textAt(event, 'involvedObject.kind') === kind.kind
      return isOwn || (isMaker && about.startsWith(`${name}-`) && textAt(event, 'type') === 'Warning')
    })
    .map(toEvent)
    .sort((a, b) => (b.lastAtMs ?? 0) - (a.lastAtMs ?? 0))
}

/** The chain of controllers, nearest first. One that cannot be read still stands there by its name. */
async function ownersOf({ cluster, object, signal }: Asking): Promise<RelatedObject[]> {
  const { apis } = await cluster.catalog(signal)
  const chain: RelatedObject[] = []
  let current = object
  while (chain.length < longestChain) {
    const owners = current.metadata.ownerReferences ?? []
    const owner = owners.find((item) => item.controller) ?? owners[0]
    if (!owner) break
    const group = owner.apiVersion.includes('/') ? owner.apiVersion.split('/')[0] : ''
    const kind = [...apis.values()].find((item) => item.kind === owner.kind && item.group === group)
    if (!kind) break
    const namespace = kind.isNamespaced ? (object.metadata.namespace ?? null) : null
    const id = kindIdOf(kind)
    try {
      current = await getObject(cluster.connector(), kind, { namespace, name: owner.name }, { signal })
      chain.push(relatedOf(id, owner.kind, current))
    } catch (error) {
      if (!isAppError(error) || signal.aborted) throw error
      chain.push({ kindId: id, kind: owner.kind, namespace, name: owner.name, health: 'unknown', status: error.code === 'not-found' ? 'gone' : 'not visible' })
      break
    }
  }
  return chain
}

export function relatedOf(kindId: string, kind: string, object: AnyObject): RelatedObject {
  const verdict = rowKinds[kindId]?.judge(object) ?? { health: 'unknown' as const, status: '' }
  return { kindId, kind, namespace: object.metadata.namespace ?? null, name: object.metadata.name, ...verdict }
}

/** The jobs of a cron job, newest first. */
async function jobsOf({ cluster, kind, object, signal }: Asking): Promise<RelatedObject[]> {
  if (kind.kind !== 'CronJob') return []
  const jobs = await cluster.kind('jobs.batch', signal)
  const all = await findObjects(cluster.connector(), jobs, object.metadata.namespace ?? null, { limit: mostPods }, { signal })
  return all
    .filter((job) => job.metadata.ownerReferences?.some((owner) => owner.uid === object.metadata.uid))
    .sort((a, b) => (timeAt(b, 'metadata.creationTimestamp') ?? 0) - (timeAt(a, 'metadata.creationTimestamp') ?? 0))
    .slice(0, 20)
    .map((job) => relatedOf('jobs.batch', 'Job', job))
}

/** Phases of the claims that a pod uses. */
async function claimsOf({ cluster, kind, object, signal }: Asking): Promise<Record<string, string | null> | undefined> {
  if (kind.kind !== 'Pod' || textAt(object, 'status.phase') !== 'Pending') return undefined
  const names = listAt(object, 'spec.volumes')
    .map((volume) => textAt(volume, 'persistentVolumeClaim.claimName'))
    .filter(Boolean)
  const claims = await cluster.kind('persistentvolumeclaims', signal)
  const entries = await Promise.all(
    names.map(async (name): Promise<[string, string | null]> => {
      try {
        const claim = await getObject(cluster.connector(), claims, { namespace: object.metadata.namespace ?? null, name }, { signal })
        return [name, textAt(claim, 'status.phase') || 'Pending']
      } catch (error) {
        if (isAppError(error) && error.code === 'not-found') return [name, null]
        throw error
      }
    }),
  )
  return Object.fromEntries(entries)
}

/** Of a node: what its pods ask for and hold. Of a pod: what it asks for and uses. */
async function usageOf({ cluster, kind, object, signal }: Asking, pods: AnyObject[]): Promise<KubeObjectPage['resources']> {
  if (kind.kind === 'Node') {
    const usage = await readUsage(cluster, 'nodes', null, signal)
    const sum = { requests: noAmounts(), limits: noAmounts(), holders: [] as KubeObjectPage['resources'][number]['holders'] }
    for (const pod of pods.filter(holdsResources)) {
      const needs = podNeeds(pod)
      addAmounts(sum.requests, needs.requests)
      addAmounts(sum.limits, needs.limits)
      if (needs.requests.gpu > 0) sum.holders.push({ namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, amount: needs.requests.gpu })
    }
    return resourcesOf({ capacity: amountsAt(object, 'capacity'), allocatable: amountsAt(object, 'allocatable'), sum, used: usage.get(object.metadata.name) })
  }
  if (kind.kind !== 'Pod' || !holdsResources(object)) return []
  const namespace = object.metadata.namespace ?? null
  const usage = await readUsage(cluster, 'pods', namespace, signal)
  const needs = podNeeds(object)
  return resourcesOf({
    capacity: needs.limits,
    allocatable: needs.limits,
    sum: { ...needs, holders: [] },
    used: usage.get(`${namespace}/${object.metadata.name}`),
  })
}

const bad = new Set(['MemoryPressure', 'DiskPressure', 'PIDPressure', 'NetworkUnavailable', 'ReplicaFailure', 'Failed', 'FailureTarget', 'DisruptionTarget'])
const neutral = new Set(['Suspended'])

function conditionOf(kind: string, condition: unknown): KubeCondition {
  const type = textAt(condition, 'type')
  const status = textAt(condition, 'status')
  const isGood = bad.has(type) ? status === 'False' : status === 'True'
  const isBad = bad.has(type) ? status === 'True' : status === 'False'
  const weight: Health = kind === 'Node' || bad.has(type) ? 'error' : 'warning'
  return {
    type,
    status,
    health: neutral.has(type) ? 'off' : isGood ? 'ok' : isBad ? weight : 'unknown',
    reason: textAt(condition, 'reason'),
    message: textAt(condition, 'message').slice(0, 2000),
    sinceMs: timeAt(condition, 'lastTransitionTime'),
  }
}

/** Without what is long and only for machines. */
const shownAnnotations = (object: AnyObject): Record<string, string> =>
  Object.fromEntries(
    Object.entries(object.metadata.annotations ?? {})
      .filter(([key]) => key !== 'kubectl.kubernetes.io/last-applied-configuration')
      .map(([key, value]) => [key, value.slice(0, 1000)]),
  )

function portsOf(kind: string, object: AnyObject): KubeObjectPage['ports'] {
  if (kind === 'Service')
    return listAt(object, 'spec.ports')
      .filter((item) => (textAt(item, 'protocol') || 'TCP') === 'TCP')
      .map((item) => ({ name: textAt(item, 'name'), port: numberAt(item, 'port') ?? 0 }))
  if (kind !== 'Pod') return []
  return listAt(object, 'spec.containers').flatMap((container) =>
    listAt(container, 'ports')
      .filter((item) => (textAt(item, 'protocol') || 'TCP') === 'TCP')
      .map((item) => ({ name: textAt(item, 'name') || textAt(container, 'name'), port: numberAt(item, 'containerPort') ?? 0 })),
  )
}
