// What can be done with an object of a kind, and whether this identity may. A reason is a sentence; the server has the
// last word.
import type { KubeAction } from '#shared/model/kubernetes.ts'
import type { AccessQuestion } from '../../connectors/kubernetes/kubernetes-access.ts'
import type { ApiKind } from '../../connectors/kubernetes/kubernetes-discovery.ts'
import { kindIdOf } from '../../connectors/kubernetes/kubernetes-discovery.ts'
import type { Cluster } from './cluster-desk.ts'

const restartable = new Set(['deployments.apps', 'statefulsets.apps', 'daemonsets.apps'])
const suspendable = new Set(['cronjobs.batch', 'jobs.batch', 'rayclusters.ray.io', 'rayjobs.ray.io'])
const podBearing = new Set([...restartable, 'replicasets.apps', 'jobs.batch', 'rayclusters.ray.io', 'rayjobs.ray.io'])

type Needs = Omit<AccessQuestion, 'namespace' | 'name' | 'group' | 'resource'> & { group?: string; resource?: string }

/** The actions of a kind with what each needs. Scaling and forwarding also where pods stand behind the object. */
function needsOf(kind: ApiKind): Partial<Record<KubeAction, Needs>> {
  const id = kindIdOf(kind)
  const isSecret = id === 'secrets'
  const ofPods = (verb: string, subresource: string): Needs => ({ verb, subresource, group: '', resource: 'pods' })
  return {
    ...(kind.verbs.includes('update') && !isSecret ? { edit: { verb: 'update' } } : {}),
    ...(kind.verbs.includes('delete') ? { delete: { verb: 'delete' } } : {}),
    ...(kind.subresources.includes('scale') ? { scale: { verb: 'patch', subresource: 'scale' } } : {}),
    ...(restartable.has(id) ? { restart: { verb: 'patch' } } : {}),
    ...(id === 'pods' || podBearing.has(id) ? { logs: ofPods('get', 'log') } : {}),
    ...(id === 'pods' ? { exec: ofPods('create', 'exec') } : {}),
    ...(id === 'pods' || id === 'services' ? { forward: ofPods('create', 'portforward') } : {}),
    ...(id === 'nodes'
      ? { cordon: { verb: 'patch' }, drain: { verb: 'create', subresource: 'eviction', group: '', resource: 'pods' } }
      : {}),
    ...(suspendable.has(id) ? { suspend: { verb: 'patch' } } : {}),
    ...(id === 'cronjobs.batch' ? { trigger: { verb: 'create', group: 'batch', resource: 'jobs' } } : {}),
  }
}

export async function rightsOf(
  cluster: Cluster,
  kind: ApiKind,
  where: { namespace: string | null; name: string },
): Promise<Partial<Record<KubeAction, string | null>>> {
  const user = cluster.connector().user || 'This identity'
  const entries = Object.entries(needsOf(kind)) as Array<[KubeAction, Needs]>
  const asked = await Promise.all(
    entries.map(async ([action, needs]) => {
      const question: AccessQuestion = { group: kind.group, resource: kind.plural, ...needs, namespace: where.namespace }
      const answer = await cluster.access().may(needs.resource ? question : { ...question, name: where.name })
      return [action, answer === false ? reasonOf(user, question) : null] as const
    }),
  )
  return Object.fromEntries(asked)
}

const reasonOf = (user: string, { verb, resource, subresource, namespace }: AccessQuestion): string =>
  `${user} may not ${verb} ${resource}${subresource ? `/${subresource}` : ''}${namespace ? ` in ${namespace}` : ''}.`
