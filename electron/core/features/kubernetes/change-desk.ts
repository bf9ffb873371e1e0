// Changes of objects: edited YAML, scale, restart, suspend, trigger, cordon, delete, manifests. Each is sent once. When
// the answer was lost, the state is read and told; nothing is sent again.
import { randomBytes } from 'node:crypto'
import { AppError, isAppError } from '#shared/errors.ts'
import { flagAt, numberAt, recordAt, textAt } from '#shared/model/kubernetes-fields.ts'
import { refText, type ObjectRef } from '#shared/model/kubernetes.ts'
import { kindIdOf, type ApiKind } from '../../connectors/kubernetes/kubernetes-discovery.ts'
import {
  createObject,
  deleteObject,
  getObject,
  patchObject,
  replaceObject,
  type AnyObject,
} from '../../connectors/kubernetes/kubernetes-objects.ts'
import type { AuditHandle } from '../../router/call-context.ts'
import type { Cluster } from './cluster-desk.ts'
import { fromYaml, isSecret, manyFromYaml, toYaml } from './object-yaml.ts'

export interface ChangeContext {
  cluster: Cluster
  signal: AbortSignal | undefined
  audit: AuditHandle | undefined
  now: () => number
}
type Told = Promise<{ message: string }>

const nameOf = (kind: ApiKind, ref: ObjectRef): string => `${kind.kind} ${refText(ref)}`

/** The edited object in place of the one that was read; `resourceVersion` is the one the user looked at. */
export async function changeObject(
  context: ChangeContext,
  ref: ObjectRef,
  change: { yaml: string; resourceVersion?: string; isDryRun: boolean },
): Promise<{ isDryRun: boolean; before: string; after: string }> {
  const { cluster, signal, audit } = context
  const kind = await cluster.kind(ref.kindId, signal)
  audit?.describe(`Change ${nameOf(kind, ref)}`)
  const edited = fromYaml(change.yaml)
  if (isSecret(edited) || kindIdOf(kind) === 'secrets')
    throw new AppError('unsupported', 'Secrets are not edited in Meridian, because their values are never shown.', {
      remedy: 'Use kubectl, or the tool that made the secret.',
    })
  refuseOther(kind, ref, edited)
  const where = { namespace: ref.namespace, name: ref.name }
  const before = await getObject(cluster.connector(), kind, where, { signal })
  const resourceVersion = change.resourceVersion ?? edited.metadata.resourceVersion ?? before.metadata.resourceVersion
  const wanted = { ...edited, metadata: { ...edited.metadata, resourceVersion } }
  const after = await resolved(
    replaceObject(cluster.connector(), kind, where, wanted, { isDryRun: change.isDryRun, signal }),
    async () => {
      const now = await getObject(cluster.connector(), kind, where)
      if (now.metadata.resourceVersion === resourceVersion) return undefined
      return now
    },
    `Whether ${nameOf(kind, ref)} was changed`,
  )
  return { isDryRun: change.isDryRun, before: toYaml(before), after: toYaml(after) }
}

function refuseOther(kind: ApiKind, ref: ObjectRef, edited: AnyObject): void {
  const { name, namespace = ref.namespace } = edited.metadata
  const isSame = edited.kind === kind.kind && name === ref.name && namespace === ref.namespace
  if (isSame) return
  throw new AppError('invalid-input', `The text describes ${edited.kind ?? 'an object'} ${name}, and ${kind.kind} ${refText(ref)} is open.`, {
    remedy: 'Kind, name and namespace cannot be changed: create a new object instead.',
  })
}

/** Every object of a manifest by server-side apply; the first refusal ends it and tells what was done before it. */
export async function applyManifest(
  context: ChangeContext,
  manifest: { yaml: string; namespace: string; isDryRun: boolean },
): Promise<{ lines: string[] }> {
  const { cluster, signal, audit } = context
  const objects = manyFromYaml(manifest.yaml)
  if (objects.length === 0) throw new AppError('invalid-input', 'The manifest is empty.')
  audit?.describe(`Apply ${objects.map((object) => `${object.kind ?? '?'} ${object.metadata.name}`).join(', ')}`)
  const { apis } = await cluster.catalog(signal)
  const lines: string[] = []
  for (const object of objects) {
    const [group = '', version = ''] = (object.apiVersion ?? '').includes('/') ? object.apiVersion!.split('/') : ['', object.apiVersion ?? '']
    const kind = [...apis.values()].find((item) => item.kind === object.kind && item.group === group)
    if (!kind)
      throw new AppError('invalid-input', `This cluster has no ${object.kind ?? 'kind'} in ${object.apiVersion ?? 'no apiVersion'}.`, {
        remedy: told(lines) ?? 'Correct apiVersion and kind.',
      })
    const place = { ...kind, base: group === '' ? `/api/${version}` : `/apis/${group}/${version}` }
    const namespace = kind.isNamespaced ? (object.metadata.namespace ?? manifest.namespace) : null
    const name = `${object.kind} ${refText({ namespace, name: object.metadata.name })}`
    try {
      const patch = { type: 'apply' as const, body: object }
      await patchObject(cluster.connector(), place, { namespace, name: object.metadata.name }, patch, { isDryRun: manifest.isDryRun, signal })
      lines.push(manifest.isDryRun ? `${name} would be applied.` : `${name} was applied.`)
    } catch (error) {
      if (!isAppError(error)) throw error
      throw new AppError(error.code, `${name}: ${error.message}`, {
        remedy: told(manifest.isDryRun ? [] : lines) ?? error.remedy,
        detail: error.detail,
        target: error.target,
      })
    }
  }
  return { lines }
}
const told = (lines: readonly string[]): string | undefined => (lines.length > 0 ? `Done before it: ${lines.join(' ')}` : undefined)

export async function scaleObject(context: ChangeContext, ref: ObjectRef, replicas: number): Told {
  const { cluster, signal, audit } = context
  const kind = await cluster.kind(ref.kindId, signal)
  audit?.describe(`Scale ${nameOf(kind, ref)} to ${replicas}`)
  await resolved(
    patchObject(cluster.connector(), kind, ref, { type: 'merge', body: { spec: { replicas } }, subresource: 'scale' }, { signal }),
    async () => {
      const now = await getObject(cluster.connector(), kind, ref)
      return numberAt(now, 'spec.replicas') === replicas ? now : undefined
    },
    `Whether ${nameOf(kind, ref)} was scaled`,
  )
  return { message: `${nameOf(kind, ref)} is scaled to ${replicas}.` }
}

const restartedAt = 'kubectl.kubernetes.io/restartedAt'

/** As kubectl does: a new annotation of the pod template makes new pods. */
export async function restartObject(context: ChangeContext, ref: ObjectRef): Told {
  const { cluster, signal, audit } = context
  const kind = await cluster.kind(ref.kindId, signal)
  audit?.describe(`Restart ${nameOf(kind, ref)}`)
  const stamp = new Date(context.now()).toISOString().replace(/\.\d+Z$/, 'Z')
  const body = { spec: { template: { metadata: { annotations: { [restartedAt]: stamp } } } } }
  await resolved(
    patchObject(cluster.connector(), kind, ref, { type: 'merge', body }, { signal }),
    async () => {
      const now = await getObject(cluster.connector(), kind, ref)
      return recordAt(now, 'spec.template.metadata.annotations')[restartedAt] === stamp ? now : undefined
    },
    `Whether the restart of ${nameOf(kind, ref)} began`,
  )
  return { message: `${nameOf(kind, ref)} is being restarted, pod by pod.` }
}

export async function suspendObject(context: ChangeContext, ref: ObjectRef, isSuspended: boolean): Told {
  const { cluster, signal, audit } = context
  const kind = await cluster.kind(ref.kindId, signal)
  audit?.describe(`${isSuspended ? 'Suspend' : 'Resume'} ${nameOf(kind, ref)}`)
  await setFlag(context, kind, ref, 'suspend', isSuspended)
  return { message: `${nameOf(kind, ref)} is ${isSuspended ? 'suspended' : 'resumed'}.` }
}

export async function cordonNode(context: ChangeContext, ref: ObjectRef, isCordoned: boolean): Told {
  const { cluster, signal, audit } = context
  const kind = await cluster.kind(ref.kindId, signal)
  audit?.describe(`${isCordoned ? 'Cordon' : 'Uncordon'} ${nameOf(kind, ref)}`)
  await setFlag(context, kind, ref, 'unschedulable', isCordoned)
  return { message: isCordoned ? `${ref.name} takes no new pods.` : `${ref.name} takes pods again.` }
}

async function setFlag(context: ChangeContext, kind: ApiKind, ref: ObjectRef, field: string, value: boolean): Promise<void> {
  const { cluster, signal } = context
  await resolved(
    patchObject(cluster.connector(), kind, ref, { type: 'merge', body: { spec: { [field]: value } } }, { signal }),
    async () => {
      const now = await getObject(cluster.connector(), kind, ref)
      return flagAt(now, `spec.${field}`) === value ? now : undefined
    },
    `Whether ${nameOf(kind, ref)} was changed`,
  )
}

/** A job of the cron job's template, now. Its name is chosen here, so that a lost answer can be looked up. */
export async function triggerCronJob(context: ChangeContext, ref: ObjectRef): Told {
  const { cluster, signal, audit } = context
  const kind = await cluster.kind(ref.kindId, signal)
  const cronJob = await getObject(cluster.connector(), kind, ref, { signal })
  const jobs = await cluster.kind('jobs.batch', signal)
  const name = `${ref.name.slice(0, 46)}-manual-${randomBytes(4).toString('hex')}`
  audit?.describe(`Run ${nameOf(kind, ref)} now as ${name}`)
  const template = recordAt(cronJob, 'spec.jobTemplate')
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name,
      namespace: ref.namespace,
      labels: recordAt(template, 'metadata.labels'),
      annotations: { ...recordAt(template, 'metadata.annotations'), 'cronjob.kubernetes.io/instantiate': 'manual' },
      ownerReferences: [
        { apiVersion: 'batch/v1', kind: 'CronJob', name: ref.name, uid: cronJob.metadata.uid, controller: true, blockOwnerDeletion: true },
      ],
    },
    spec: recordAt(template, 'spec'),
  }
  await resolved(
    createObject(cluster.connector(), jobs, { namespace: ref.namespace }, job, { signal }),
    () => getObject(cluster.connector(), jobs, { namespace: ref.namespace, name }).catch(absent),
    `Whether the job ${name} was made`,
  )
  return { message: `The job ${name} was started.` }
}

export async function removeObject(
  context: ChangeContext,
  ref: ObjectRef,
  how: { confirmation: string; propagation: 'Background' | 'Foreground' | 'Orphan'; uid: string },
): Told {
  const { cluster, signal, audit } = context
  const kind = await cluster.kind(ref.kindId, signal)
  if (how.confirmation !== ref.name)
    throw new AppError('invalid-input', `To delete ${nameOf(kind, ref)}, its name must be typed.`, {
      detail: { kind: 'confirmation', expected: ref.name },
    })
  audit?.describe(`Delete ${nameOf(kind, ref)}`)
  await resolved(
    deleteObject(cluster.connector(), kind, ref, { propagation: how.propagation, uid: how.uid, signal }),
    async () => {
      const now = await getObject(cluster.connector(), kind, ref).catch(absent)
      const isGoing = !now || now.metadata.uid !== how.uid || textAt(now, 'metadata.deletionTimestamp') !== ''
      return isGoing ? true : undefined
    },
    `Whether ${nameOf(kind, ref)} was deleted`,
  )
  return { message: `${nameOf(kind, ref)} is being deleted.` }
}

const absent = (error: unknown): undefined => {
  if (isAppError(error) && error.code === 'not-found') return undefined
  throw error
}

/**
 * The answer of a change; where it was lost, what `look` finds at the server. `look` gives undefined when the change
 * has not happened. When it cannot be told, the doubt stays and is thrown.
 */
async function resolved<T, U>(change: Promise<T>, look: () => Promise<U | undefined>, doubt: string): Promise<T | U> {
  try {
    return await change
  } catch (error) {
    if (!isAppError(error) || error.detail?.kind !== 'outcome-unknown') throw error
    const seen = await look().catch(() => null)
    if (seen) return seen
    if (seen === undefined)
      throw new AppError(error.code, `${error.message} The change has not happened.`, {
        remedy: 'Look at the state, then try again.',
        target: error.target,
      })
    throw new AppError(error.code, `${error.message} ${doubt} is not known.`, {
      remedy: error.remedy,
      target: error.target,
      detail: error.detail,
      retryable: false,
    })
  }
}
