// Draining a node: cordon, evict what may go, wait until it is gone. Budgets are respected: a pod that a budget holds
// back is asked again until the time is up. How far each drain is can be followed by every window.
import { setTimeout as sleep } from 'node:timers/promises'
import type { DrainPlan, DrainState } from '#shared/contracts/kubernetes.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import { listAt, recordAt, textAt } from '#shared/model/kubernetes-fields.ts'
import { refText, type ObjectRef } from '#shared/model/kubernetes.ts'
import { createObject, findObjects, getObject, type AnyObject } from '../../connectors/kubernetes/kubernetes-objects.ts'
import { createFeed, type Feed } from '../../router/event-feed.ts'
import { cordonNode, type ChangeContext } from './change-desk.ts'
import type { Cluster } from './cluster-desk.ts'

const mirror = 'kubernetes.io/config.mirror'
const askAgainMs = 3_000
const keptDrains = 20

export interface DrainDesk {
  plan(cluster: Cluster, ref: ObjectRef, signal?: AbortSignal): Promise<DrainPlan>
  drain(context: ChangeContext, ref: ObjectRef, options: { acceptsLosses: boolean; timeoutMs: number }): Promise<{ message: string }>
  watch(signal: AbortSignal): AsyncGenerator<{ drains: DrainState[] }, void, void>
  dispose(): void
}

export function createDrainDesk(): DrainDesk {
  const drains = new Map<string, DrainState>()
  const feed: Feed<{ drains: DrainState[] }> = createFeed()
  const publish = (state: DrainState): void => {
    const key = `${state.connectionId}/${state.node}`
    drains.delete(key)
    drains.set(key, state)
    if (drains.size > keptDrains) drains.delete(drains.keys().next().value!)
    feed.publish({ drains: [...drains.values()] })
  }

  async function drain(
    context: ChangeContext,
    ref: ObjectRef,
    options: { acceptsLosses: boolean; timeoutMs: number },
  ): Promise<{ message: string }> {
    const { cluster, audit } = context
    const running = drains.get(`${cluster.connectionId}/${ref.name}`)
    if (running?.state === 'running') throw new AppError('conflict', `${ref.name} is being drained already.`)
    const plan = await planDrain(cluster, ref, context.signal)
    if (plan.losses.length > 0 && !options.acceptsLosses)
      throw new AppError('conflict', `Draining ${ref.name} would lose something: ${plan.losses.join(' ')}`, {
        remedy: 'Agree to the loss, or move these pods first.',
      })
    const refused = plan.pods.filter((pod) => pod.fate === 'refuse')
    if (refused.length > 0 && !options.acceptsLosses)
      throw new AppError('conflict', `${ref.name} cannot be drained: ${refused.map((pod) => refText(pod)).join(', ')} would not come back.`)
    const leaving = plan.pods.filter((pod) => pod.fate !== 'stay')
    const state: DrainState = {
      connectionId: cluster.connectionId,
      node: ref.name,
      state: 'running',
      total: leaving.length,
      gone: 0,
      waiting: leaving.map((pod) => ({ pod: refText(pod), note: '' })),
      message: `Draining ${ref.name}.`,
    }
    publish(state)
    try {
      await cordonNode(context, ref, true)
      audit?.describe(`Drain ${ref.name}: ${leaving.length} pods`)
      await evictAll(context, leaving, options.timeoutMs, (waiting) =>
        publish({ ...state, gone: leaving.length - waiting.length, waiting }),
      )
      const message = `${ref.name} is drained: ${leaving.length} pods have left, and it takes no new ones.`
      publish({ ...state, state: 'done', gone: leaving.length, waiting: [], message })
      return { message }
    } catch (error) {
      const known = drains.get(`${cluster.connectionId}/${ref.name}`) ?? state
      const isCancelled = context.signal?.aborted === true
      const message = isCancelled
        ? `Stopped: ${known.gone} of ${known.total} pods have left. ${ref.name} stays cordoned.`
        : isAppError(error)
          ? error.message
          : 'The drain failed.'
      publish({ ...known, state: isCancelled ? 'cancelled' : 'failed', message })
      throw error
    }
  }

  return {
    plan: planDrain,
    drain,
    watch: (signal) => feed.subscribe(signal, { drains: [...drains.values()] }),
    dispose: () => feed.dispose(),
  }
}

async function planDrain(cluster: Cluster, ref: ObjectRef, signal?: AbortSignal): Promise<DrainPlan> {
  const pods = await cluster.kind('pods', signal)
  const found = await findObjects(cluster.connector(), pods, null, { fieldSelector: `spec.nodeName=${ref.name}`, limit: 1000 }, { signal })
  const budgets = await readBudgets(cluster, signal)
  const plan: DrainPlan = { node: ref.name, pods: [], losses: [] }
  for (const pod of found) {
    const one = fateOf(pod, budgets)
    plan.pods.push({ namespace: pod.metadata.namespace ?? '', name: pod.metadata.name, ...one.shown })
    if (one.loss) plan.losses.push(one.loss)
  }
  const order = { refuse: 0, evict: 1, stay: 2 }
  plan.pods.sort((a, b) => order[a.fate] - order[b.fate] || refText(a).localeCompare(refText(b)))
  return plan
}

function fateOf(pod: AnyObject, budgets: readonly AnyObject[]): { shown: Omit<DrainPlan['pods'][number], 'namespace' | 'name'>; loss?: string } {
  const owner = pod.metadata.ownerReferences?.find((item) => item.controller)
  const ownerName = owner ? `${owner.kind} ${owner.name}` : 'nothing'
  const name = refText({ namespace: pod.metadata.namespace ?? null, name: pod.metadata.name })
  const shown = (fate: 'evict' | 'stay' | 'refuse', note: string) => ({ shown: { owner: ownerName, fate, note } })
  if (pod.metadata.annotations?.[mirror]) return shown('stay', 'A static pod of the node.')
  if (owner?.kind === 'DaemonSet') return shown('stay', 'Its daemon set puts one on every node.')
  if (['Succeeded', 'Failed'].includes(textAt(pod, 'status.phase'))) return shown('evict', 'Has ended already.')
  if (!owner) return { ...shown('refuse', 'Nothing would start it again elsewhere.'), loss: `${name} is controlled by nothing and would be gone.` }
  const scratch = listAt(pod, 'spec.volumes').filter((volume) => (volume as { emptyDir?: unknown }).emptyDir !== undefined)
  const budget = budgets.find((item) => covers(item, pod))
  const allowed = budget ? Number(recordAt(budget, 'status')['disruptionsAllowed'] ?? 0) : undefined
  const note = budget
    ? allowed === 0
      ? `The budget ${budget.metadata.name} allows none to go now: it waits.`
      : `The budget ${budget.metadata.name} allows ${allowed} to go.`
    : 'Starts again elsewhere.'
  if (scratch.length > 0) return { ...shown('evict', `${note} Its local data (emptyDir) is lost.`), loss: `${name} loses its local data (emptyDir).` }
  return shown('evict', note)
}

async function readBudgets(cluster: Cluster, signal?: AbortSignal): Promise<AnyObject[]> {
  const { apis } = await cluster.catalog(signal)
  const kind = apis.get('poddisruptionbudgets.policy')
  if (!kind) return []
  // Who may not see budgets still meets them: the eviction is refused, and the drain waits.
  return findObjects(cluster.connector(), kind, null, { limit: 1000 }, { signal }).catch(() => [])
}

function covers(budget: AnyObject, pod: AnyObject): boolean {
  if (budget.metadata.namespace !== pod.metadata.namespace) return false
  const wanted = Object.entries(recordAt(budget, 'spec.selector.matchLabels'))
  return wanted.length > 0 && wanted.every(([key, value]) => pod.metadata.labels?.[key] === value)
}

type Waiting = DrainState['waiting']

/** Evicts in turn and looks again until none is left. Rejects when the time is up. */
async function evictAll(
  context: ChangeContext,
  pods: readonly { namespace: string; name: string }[],
  timeoutMs: number,
  onProgress: (waiting: Waiting) => void,
): Promise<void> {
  const { cluster, signal, now } = context
  const kind = await cluster.kind('pods', signal)
  const endAtMs = now() + timeoutMs
  const uids = new Map<string, string>()
  const asked = new Set<string>()
  let left = [...pods]
  for (;;) {
    const waiting: Waiting = []
    const still: typeof left = []
    for (const pod of left) {
      signal?.throwIfAborted()
      const key = refText(pod)
      const current = await getObject(cluster.connector(), kind, pod, { signal }).catch((error: unknown) => {
        if (isAppError(error) && error.code === 'not-found') return null
        throw error
      })
      const uid = current?.metadata.uid ?? ''
      if (!uids.has(key)) uids.set(key, uid)
      // A new pod of the same name (a stateful set) is another one.
      if (!current || uids.get(key) !== uid) continue
      still.push(pod)
      const note = asked.has(key) ? 'ends' : await evict(context, kind, pod)
      if (note === '' || note === 'ends') asked.add(key)
      waiting.push({ pod: key, note: note === '' ? 'ends' : note })
    }
    onProgress(waiting)
    left = still
    if (left.length === 0) return
    if (now() > endAtMs)
      throw new AppError('timeout', `${left.length} of ${pods.length} pods have not left in time: ${waiting.map((item) => `${item.pod}${item.note === 'ends' ? '' : ` (${item.note})`}`).slice(0, 5).join(', ')}.`, {
        remedy: 'The node stays cordoned. Drain it again, or see what holds these pods.',
        retryable: false,
      })
    await sleep(Math.min(askAgainMs, Math.max(250, endAtMs - now())), undefined, signal ? { signal } : {})
  }
}

/** Empty when it was accepted, else why it must wait. */
async function evict(context: ChangeContext, kind: Parameters<typeof createObject>[1], pod: { namespace: string; name: string }): Promise<string> {
  const body = { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { name: pod.name, namespace: pod.namespace } }
  try {
    await createObject(context.cluster.connector(), kind, { ...pod, subresource: 'eviction' }, body, { signal: context.signal })
    return ''
  } catch (error) {
    if (!isAppError(error)) throw error
    if (error.code === 'not-found') return ''
    if (error.code === 'rate-limited' || (error.detail?.kind === 'http' && error.detail.status === 429)) return 'held back by its disruption budget'
    // A lost answer is settled by the next look: the pod is then gone, going, or asked again.
    if (error.detail?.kind === 'outcome-unknown') return 'not sure yet'
    throw error
  }
}
