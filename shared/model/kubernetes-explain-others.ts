// Why a workload, a job, a claim or a node is not as it should be, in words: from conditions and from the events of
// controllers, which is where quotas, Pod Security and admission speak. Pure.
import { distinct, sentence, type ToldEvent } from './kubernetes-explain.ts'
import { flagAt, listAt, numberAt, textAt, timeAt } from './kubernetes-fields.ts'
import type { Explanation } from './kubernetes.ts'

export interface ObjectCase {
  /** `Deployment`. */
  kind: string
  object: unknown
  /** Its own and those of what it made, newest first. */
  events: readonly ToldEvent[]
  nowMs: number
}

const because = (what: string, remedy: string | null = null): Explanation => ({ what, remedy })

export function explainObject(objectCase: ObjectCase): Explanation[] {
  const { kind, object, events } = objectCase
  const found: Explanation[] = []
  const finalizers = listAt(object, 'metadata.finalizers')
  if (timeAt(object, 'metadata.deletionTimestamp') !== null && finalizers.length > 0)
    found.push(because(`It is being deleted, and waits for ${finalizers.join(', ')} to let it go.`, 'Find out what sets this finalizer and why it does not finish.'))
  if (kind === 'Node') found.push(...explainNode(object))
  if (kind === 'PersistentVolumeClaim') found.push(...explainClaim(object, events))
  if (['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'RayCluster'].includes(kind)) found.push(...explainRefusals(events), ...explainProgress(kind, object))
  if (kind === 'CronJob' && flagAt(object, 'spec.suspend')) found.push(because('It is suspended: it starts no jobs.', 'Resume it.'))
  if (kind === 'Namespace' && textAt(object, 'status.phase') === 'Terminating') found.push(...explainNamespace(object))
  return distinct(found)
}

/** What the API server or a controller would not let be made. */
export function explainRefusals(events: readonly ToldEvent[]): Explanation[] {
  return events.filter((event) => /^(FailedCreate|FailedToCreate)/.test(event.reason)).slice(0, 3).map(({ message }) => explainRefusal(message))
}

export function explainRefusal(message: string): Explanation {
  const [, quota, asked, used, limited] = /exceeded quota: ([^,]+), requested: (.*?), used: (.*?), limited: (.*)$/s.exec(message) ?? []
  if (quota) return because(`The quota ${quota} of the namespace is used up: it asks for ${asked}, ${used} is in use, ${limited!.trim()} is the limit.`, 'Free some of it, ask for less, or raise the quota.')
  const [, missing] = /failed quota: ([^:]+): must specify/.exec(message) ?? []
  if (missing) return because(`The quota ${missing} wants every pod to say what it needs: ${sentence(message.split('must specify')[1] ?? '')}`, 'Set requests and limits on its containers.')
  const [, level, rules] = /violates PodSecurity "([^"]+)":?\s*(.*)$/s.exec(message) ?? []
  if (level) return because(`Pod Security (${level}) refuses it: ${sentence(rules ?? '')}`, 'Correct its security context, or let an administrator label the namespace for what it needs.')
  const [, hook, why] = /admission webhook "([^"]+)" denied the request:?\s*(.*)$/s.exec(message) ?? []
  if (hook) return because(`The admission webhook ${hook} refuses it: ${sentence(why ?? '')}`, 'Correct what it names.')
  if (/failed calling webhook "([^"]+)"/.test(message)) return because(`The admission webhook ${/failed calling webhook "([^"]+)"/.exec(message)![1]} does not answer, and nothing is made without it.`, 'See whether the pod behind the webhook runs.')
  const [, account] = /serviceaccount "([^"]+)" not found/i.exec(message) ?? []
  if (account) return because(`Its service account ${account} does not exist.`, 'Create it in its namespace, or correct the name.')
  const [, bound] = /((?:minimum|maximum) \S+ usage per \S+ is .*)$/i.exec(message) ?? []
  if (bound) return because(`A limit range of the namespace refuses it: ${sentence(bound)}`, 'Change its requests or limits.')
  return because(`Its pods cannot be made: ${sentence(message)}`)
}

function explainProgress(kind: string, object: unknown): Explanation[] {
  const conditions = listAt(object, 'status.conditions')
  const find = (type: string, status: string): unknown =>
    conditions.find((item) => textAt(item, 'type') === type && textAt(item, 'status') === status)
  const found: Explanation[] = []
  const failure = find('ReplicaFailure', 'True')
  if (failure) found.push(explainRefusal(textAt(failure, 'message')))
  if (kind === 'Job') {
    const failed = find('Failed', 'True')
    const reason = textAt(failed, 'reason')
    if (reason === 'BackoffLimitExceeded') found.push(because(`Its pods failed more often than its backoffLimit of ${numberAt(object, 'spec.backoffLimit') ?? 6} allows.`, 'Read the logs of its last pod, then run it again.'))
    else if (reason === 'DeadlineExceeded') found.push(because('It ran longer than its activeDeadlineSeconds allow.', 'Raise the deadline or make the work smaller.'))
    else if (failed) found.push(because(`It failed: ${sentence(textAt(failed, 'message') || reason)}`))
    if (flagAt(object, 'spec.suspend')) found.push(because('It is suspended.', 'Resume it, or see what queue holds it.'))
    return found
  }
  const stuck = find('Progressing', 'False')
  if (stuck) found.push(because(`Its rollout does not go on: ${sentence(textAt(stuck, 'message') || textAt(stuck, 'reason'))}`, 'Look at its newest pods; undo the change if they cannot run.'))
  if (flagAt(object, 'spec.paused')) found.push(because('Its rollout is paused: changes wait.', 'Resume the rollout.'))
  return found
}

function explainClaim(object: unknown, events: readonly ToldEvent[]): Explanation[] {
  const phase = textAt(object, 'status.phase')
  if (phase === 'Bound') return []
  if (phase === 'Lost') return [because('Its volume is gone.', 'Restore the volume, or make a new claim.')]
  const of = (reason: string): ToldEvent | undefined => events.find((event) => event.reason === reason)
  if (of('WaitForFirstConsumer')) return [because('It waits for a pod that uses it: its storage class binds only then.')]
  const failed = of('ProvisioningFailed')
  if (failed && /storageclass.*not found/i.test(failed.message)) return [because(`Its storage class ${textAt(object, 'spec.storageClassName')} does not exist.`, 'Correct the class of the claim.')]
  if (failed) return [because(`Its volume could not be made: ${sentence(failed.message)}`, 'Check the storage behind its class.')]
  if (of('FailedBinding')) return [because('No volume fits it, and it names no storage class that would make one.', 'Name a storage class, or make a fitting volume.')]
  if (of('ExternalProvisioning')) return [because('It waits for its provisioner to make a volume.', 'If it stays so, see whether the provisioner’s pods run.')]
  return [because('It is not bound to a volume yet.')]
}

const pressures: Record<string, [string, string]> = {
  MemoryPressure: ['It is short of memory and evicts pods.', 'See which pods use more than they ask for.'],
  DiskPressure: ['It is short of disk space: it evicts pods and deletes images.', 'Free space on its disk.'],
  PIDPressure: ['It runs out of process numbers.', 'Find the pod that starts so many processes.'],
  NetworkUnavailable: ['Its network is not set up.', 'See whether the network plug-in’s pod runs on it.'],
}

function explainNode(object: unknown): Explanation[] {
  const found: Explanation[] = []
  for (const condition of listAt(object, 'status.conditions')) {
    const type = textAt(condition, 'type')
    const status = textAt(condition, 'status')
    if (type === 'Ready' && status === 'Unknown') found.push(because('Its kubelet has stopped reporting.', 'See whether its guest and host are up, and the network in between.'))
    else if (type === 'Ready' && status === 'False') found.push(because(`Its kubelet says that it is not ready: ${sentence(textAt(condition, 'message') || textAt(condition, 'reason'))}`, 'Read the kubelet’s log on the node.'))
    else if (status === 'True' && pressures[type]) found.push(because(...pressures[type]))
  }
  if (flagAt(object, 'spec.unschedulable')) found.push(because('It is cordoned: no new pods are placed on it.', 'Uncordon it when its maintenance is over.'))
  return found
}

function explainNamespace(object: unknown): Explanation[] {
  const left = listAt(object, 'status.conditions').find(
    (item) => ['NamespaceContentRemaining', 'NamespaceFinalizersRemaining'].includes(textAt(item, 'type')) && textAt(item, 'status') === 'True',
  )
  return [because(`It is being deleted with everything in it.${left ? ` ${sentence(textAt(left, 'message'))}` : ''}`, left ? 'Finish what still holds on to it.' : null)]
}
