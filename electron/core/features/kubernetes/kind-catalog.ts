// The kinds of a cluster as people look for them: which heading each stands under, and what it is called. Pure; what
// the server has is discovered elsewhere.
import type { KindInfo, KindSection } from '#shared/model/kubernetes.ts'
import { kindIdOf, type ApiKind } from '../../connectors/kubernetes/kubernetes-discovery.ts'

/** In the order in which they are shown. */
const known: Record<Exclude<KindSection, 'custom'>, string[]> = {
  cluster: ['nodes', 'namespaces', 'events'],
  workloads: [
    'pods',
    'deployments.apps',
    'statefulsets.apps',
    'daemonsets.apps',
    'replicasets.apps',
    'jobs.batch',
    'cronjobs.batch',
  ],
  config: [
    'configmaps',
    'secrets',
    'resourcequotas',
    'limitranges',
    'horizontalpodautoscalers.autoscaling',
    'poddisruptionbudgets.policy',
    'priorityclasses.scheduling.k8s.io',
  ],
  network: [
    'services',
    'ingresses.networking.k8s.io',
    'endpointslices.discovery.k8s.io',
    'networkpolicies.networking.k8s.io',
    'ingressclasses.networking.k8s.io',
  ],
  storage: ['persistentvolumeclaims', 'persistentvolumes', 'storageclasses.storage.k8s.io'],
  access: [
    'serviceaccounts',
    'roles.rbac.authorization.k8s.io',
    'rolebindings.rbac.authorization.k8s.io',
    'clusterroles.rbac.authorization.k8s.io',
    'clusterrolebindings.rbac.authorization.k8s.io',
  ],
}
/** The same objects under another name, or of no use as a list. */
const left = new Set(['events.events.k8s.io', 'endpoints', 'componentstatuses', 'podtemplates'])

const places = new Map(
  Object.entries(known).flatMap(([section, ids], block) =>
    ids.map((id, index) => [id, { section: section as KindSection, rank: block * 100 + index }] as const),
  ),
)

/** Kinds that can be listed and watched, in the order of their headings; custom ones by group and name. */
export function catalogOf(kinds: readonly ApiKind[]): KindInfo[] {
  const infos = kinds
    .filter((kind) => kind.verbs.includes('list') && kind.verbs.includes('watch') && !left.has(kindIdOf(kind)))
    .map((kind): KindInfo => {
      const id = kindIdOf(kind)
      return {
        id,
        kind: kind.kind,
        title: titleOf(kind.kind),
        section: places.get(id)?.section ?? 'custom',
        group: kind.group,
        version: kind.version,
        isNamespaced: kind.isNamespaced,
        verbs: kind.verbs,
      }
    })
  const rank = (info: KindInfo): number => places.get(info.id)?.rank ?? 1000
  return infos.sort(
    (a, b) => rank(a) - rank(b) || a.group.localeCompare(b.group) || a.title.localeCompare(b.title),
  )
}

/** `NetworkPolicy` → `Network policies`, `CSIDriver` → `CSI drivers`. */
export function titleOf(kind: string): string {
  const words = kind
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1 $2')
    .split(' ')
    .map((word, index) => (index === 0 || /^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()))
  const last = words.pop() ?? ''
  return [...words, pluralOf(last)].join(' ')
}

const pluralOf = (word: string): string =>
  /[^aeiou]y$/i.test(word) ? `${word.slice(0, -1)}ies` : /(s|x|ch|sh)$/i.test(word) ? `${word}es` : `${word}s`
