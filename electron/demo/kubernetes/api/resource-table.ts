// Every resource the demo API server serves: names, verbs, subresources. Discovery prints it, the router looks paths
// up in it, the store takes its keys from it. A custom resource definition created at run time adds rows.
import type { StoreKey } from '../storage/object-store.ts'

export interface ResourceType {
  group: string
  version: string
  kind: string
  plural: string
  singular: string
  shortNames: string[]
  categories: string[]
  namespaced: boolean
  verbs: string[]
  /** Names below an object: `status`, `scale`, `log`, … */
  subresources: string[]
  /** Where its objects are kept; events of both groups share one shelf. */
  storeKey: StoreKey
  /** Served from a custom resource definition: no strategic merge, other table columns. */
  isCustom: boolean
}

const stored = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

type Extra = Partial<
  Pick<ResourceType, 'shortNames' | 'categories' | 'subresources' | 'verbs' | 'storeKey' | 'isCustom'>
>

function row(
  group: string,
  version: string,
  kind: string,
  plural: string,
  namespaced: boolean,
  extra: Extra = {},
) {
  const resource: ResourceType = {
    group,
    version,
    kind,
    plural,
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    namespaced,
    verbs: stored,
    subresources: [],
    storeKey: `${group}/${plural}`,
    isCustom: false,
    ...extra,
  }
  return resource
}

const all = ['all']

const coreRows: ResourceType[] = [
  row('', 'v1', 'ConfigMap', 'configmaps', true, { shortNames: ['cm'] }),
  row('', 'v1', 'Endpoints', 'endpoints', true, { shortNames: ['ep'] }),
  row('', 'v1', 'Event', 'events', true, { shortNames: ['ev'] }),
  row('', 'v1', 'LimitRange', 'limitranges', true, { shortNames: ['limits'] }),
  row('', 'v1', 'Namespace', 'namespaces', false, {
    shortNames: ['ns'],
    subresources: ['finalize', 'status'],
    verbs: stored.filter((verb) => verb !== 'deletecollection'),
  }),
  row('', 'v1', 'Node', 'nodes', false, { shortNames: ['no'], subresources: ['status'] }),
  row('', 'v1', 'PersistentVolumeClaim', 'persistentvolumeclaims', true, {
    shortNames: ['pvc'],
    subresources: ['status'],
  }),
  row('', 'v1', 'PersistentVolume', 'persistentvolumes', false, {
    shortNames: ['pv'],
    subresources: ['status'],
  }),
  row('', 'v1', 'Pod', 'pods', true, {
    shortNames: ['po'],
    categories: all,
    subresources: ['eviction', 'exec', 'log', 'portforward', 'status'],
  }),
  row('', 'v1', 'ReplicationController', 'replicationcontrollers', true, {
    shortNames: ['rc'],
    categories: all,
    subresources: ['scale', 'status'],
  }),
  row('', 'v1', 'ResourceQuota', 'resourcequotas', true, { shortNames: ['quota'], subresources: ['status'] }),
  row('', 'v1', 'Secret', 'secrets', true),
  row('', 'v1', 'ServiceAccount', 'serviceaccounts', true, { shortNames: ['sa'] }),
  row('', 'v1', 'Service', 'services', true, {
    shortNames: ['svc'],
    categories: all,
    subresources: ['proxy', 'status'],
  }),
]

const scaled = { categories: all, subresources: ['scale', 'status'] }

const workloadRows: ResourceType[] = [
  row('apps', 'v1', 'ControllerRevision', 'controllerrevisions', true),
  row('apps', 'v1', 'DaemonSet', 'daemonsets', true, {
    shortNames: ['ds'],
    categories: all,
    subresources: ['status'],
  }),
  row('apps', 'v1', 'Deployment', 'deployments', true, { shortNames: ['deploy'], ...scaled }),
  row('apps', 'v1', 'ReplicaSet', 'replicasets', true, { shortNames: ['rs'], ...scaled }),
  row('apps', 'v1', 'StatefulSet', 'statefulsets', true, { shortNames: ['sts'], ...scaled }),
  row('batch', 'v1', 'CronJob', 'cronjobs', true, {
    shortNames: ['cj'],
    categories: all,
    subresources: ['status'],
  }),
  row('batch', 'v1', 'Job', 'jobs', true, { categories: all, subresources: ['status'] }),
  row('autoscaling', 'v2', 'HorizontalPodAutoscaler', 'horizontalpodautoscalers', true, {
    shortNames: ['hpa'],
    categories: all,
    subresources: ['status'],
  }),
  row('policy', 'v1', 'PodDisruptionBudget', 'poddisruptionbudgets', true, {
    shortNames: ['pdb'],
    subresources: ['status'],
  }),
]

const networkRows: ResourceType[] = [
  row('networking.k8s.io', 'v1', 'IngressClass', 'ingressclasses', false),
  row('networking.k8s.io', 'v1', 'Ingress', 'ingresses', true, {
    shortNames: ['ing'],
    subresources: ['status'],
  }),
  row('networking.k8s.io', 'v1', 'NetworkPolicy', 'networkpolicies', true, { shortNames: ['netpol'] }),
  row('discovery.k8s.io', 'v1', 'EndpointSlice', 'endpointslices', true),
  row('storage.k8s.io', 'v1', 'StorageClass', 'storageclasses', false, { shortNames: ['sc'] }),
  row('scheduling.k8s.io', 'v1', 'PriorityClass', 'priorityclasses', false, { shortNames: ['pc'] }),
  row('coordination.k8s.io', 'v1', 'Lease', 'leases', true),
  row('events.k8s.io', 'v1', 'Event', 'events', true, { shortNames: ['ev'], storeKey: '/events' }),
]

const accessRows: ResourceType[] = [
  row('rbac.authorization.k8s.io', 'v1', 'ClusterRoleBinding', 'clusterrolebindings', false),
  row('rbac.authorization.k8s.io', 'v1', 'ClusterRole', 'clusterroles', false),
  row('rbac.authorization.k8s.io', 'v1', 'RoleBinding', 'rolebindings', true),
  row('rbac.authorization.k8s.io', 'v1', 'Role', 'roles', true),
  row('apiextensions.k8s.io', 'v1', 'CustomResourceDefinition', 'customresourcedefinitions', false, {
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    subresources: ['status'],
  }),
]

const reading = { verbs: ['get', 'list'] }
const review = { verbs: ['create'] }

/** Computed on each request; nothing of them is stored. */
const virtualRows: ResourceType[] = [
  row('metrics.k8s.io', 'v1beta1', 'NodeMetrics', 'nodes', false, { ...reading, storeKey: 'virtual' }),
  row('metrics.k8s.io', 'v1beta1', 'PodMetrics', 'pods', true, { ...reading, storeKey: 'virtual' }),
  row('authentication.k8s.io', 'v1', 'SelfSubjectReview', 'selfsubjectreviews', false, review),
  row('authentication.k8s.io', 'v1', 'TokenReview', 'tokenreviews', false, review),
  row('authorization.k8s.io', 'v1', 'LocalSubjectAccessReview', 'localsubjectaccessreviews', true, review),
  row('authorization.k8s.io', 'v1', 'SelfSubjectAccessReview', 'selfsubjectaccessreviews', false, review),
  row('authorization.k8s.io', 'v1', 'SelfSubjectRulesReview', 'selfsubjectrulesreviews', false, review),
  row('authorization.k8s.io', 'v1', 'SubjectAccessReview', 'subjectaccessreviews', false, review),
]

/** The built-in rows; custom ones come from the definitions in the store. */
export const builtInResources: readonly ResourceType[] = [
  ...coreRows,
  ...workloadRows,
  ...networkRows,
  ...accessRows,
  ...virtualRows,
]

export interface CustomNames {
  group: string
  kind: string
  plural: string
  shortNames: string[]
  categories: string[]
  namespaced: boolean
}

/** The row of one served version of a custom resource definition. */
export const customResource = (names: CustomNames, version: string, subresources: string[]): ResourceType =>
  row(names.group, version, names.kind, names.plural, names.namespaced, {
    shortNames: names.shortNames,
    categories: names.categories,
    subresources,
    isCustom: true,
  })

export const apiVersionOf = ({ group, version }: Pick<ResourceType, 'group' | 'version'>): string =>
  group === '' ? version : `${group}/${version}`

/** Store keys by short handle, for the controllers and seeds. */
export const shelf = {
  configMaps: '/configmaps',
  endpoints: '/endpoints',
  endpointSlices: 'discovery.k8s.io/endpointslices',
  events: '/events',
  namespaces: '/namespaces',
  nodes: '/nodes',
  claims: '/persistentvolumeclaims',
  volumes: '/persistentvolumes',
  pods: '/pods',
  quotas: '/resourcequotas',
  secrets: '/secrets',
  serviceAccounts: '/serviceaccounts',
  services: '/services',
  daemonSets: 'apps/daemonsets',
  deployments: 'apps/deployments',
  replicaSets: 'apps/replicasets',
  statefulSets: 'apps/statefulsets',
  jobs: 'batch/jobs',
  cronJobs: 'batch/cronjobs',
  ingresses: 'networking.k8s.io/ingresses',
  ingressClasses: 'networking.k8s.io/ingressclasses',
  networkPolicies: 'networking.k8s.io/networkpolicies',
  storageClasses: 'storage.k8s.io/storageclasses',
  priorityClasses: 'scheduling.k8s.io/priorityclasses',
  clusterRoles: 'rbac.authorization.k8s.io/clusterroles',
  clusterRoleBindings: 'rbac.authorization.k8s.io/clusterrolebindings',
  roles: 'rbac.authorization.k8s.io/roles',
  roleBindings: 'rbac.authorization.k8s.io/rolebindings',
  definitions: 'apiextensions.k8s.io/customresourcedefinitions',
  rayClusters: 'ray.io/rayclusters',
  rayJobs: 'ray.io/rayjobs',
  rayServices: 'ray.io/rayservices',
} as const
