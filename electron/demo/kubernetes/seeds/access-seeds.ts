// Roles and bindings of the demo cluster: the four access groups of the lab on the usual cluster roles. The access
// check of the API server evaluates exactly these objects.
import type { KubeObject } from '../storage/kube-object.ts'

const api = 'rbac.authorization.k8s.io/v1'
const readVerbs = ['get', 'list', 'watch']
const allVerbs = [...readVerbs, 'create', 'delete', 'deletecollection', 'patch', 'update']
const viewed = [
  {
    apiGroups: [''],
    resources: [
      'bindings',
      'configmaps',
      'endpoints',
      'events',
      'limitranges',
      'namespaces',
      'persistentvolumeclaims',
      'pods',
      'pods/log',
      'pods/status',
      'replicationcontrollers',
      'resourcequotas',
      'serviceaccounts',
      'services',
    ],
  },
  {
    apiGroups: ['apps'],
    resources: ['controllerrevisions', 'daemonsets', 'deployments', 'replicasets', 'statefulsets'],
  },
  { apiGroups: ['batch'], resources: ['cronjobs', 'jobs'] },
  { apiGroups: ['autoscaling'], resources: ['horizontalpodautoscalers'] },
  { apiGroups: ['policy'], resources: ['poddisruptionbudgets'] },
  { apiGroups: ['networking.k8s.io'], resources: ['ingresses', 'networkpolicies'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'] },
  { apiGroups: ['events.k8s.io'], resources: ['events'] },
  { apiGroups: ['ray.io'], resources: ['rayclusters', 'rayjobs', 'rayservices'] },
  { apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'] },
]
const clusterWide = [
  { apiGroups: [''], resources: ['nodes', 'persistentvolumes'], verbs: readVerbs },
  { apiGroups: ['storage.k8s.io'], resources: ['storageclasses'], verbs: readVerbs },
  { apiGroups: ['apiextensions.k8s.io'], resources: ['customresourcedefinitions'], verbs: readVerbs },
]
const edited = [
  {
    apiGroups: [''],
    resources: [
      'configmaps',
      'persistentvolumeclaims',
      'pods',
      'pods/exec',
      'pods/portforward',
      'pods/eviction',
      'secrets',
      'services',
      'services/proxy',
      'serviceaccounts',
    ],
  },
  {
    apiGroups: ['apps'],
    resources: [
      'daemonsets',
      'deployments',
      'deployments/scale',
      'replicasets',
      'statefulsets',
      'statefulsets/scale',
    ],
  },
  { apiGroups: ['batch'], resources: ['cronjobs', 'jobs'] },
  { apiGroups: ['ray.io'], resources: ['rayclusters', 'rayjobs', 'rayservices'] },
]
const review = [
  {
    apiGroups: ['authorization.k8s.io'],
    resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    verbs: ['create'],
  },
  { apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'], verbs: ['create'] },
]

const role = (name: string, rules: unknown[]): KubeObject => ({
  apiVersion: api,
  kind: 'ClusterRole',
  metadata: { name, labels: { 'kubernetes.io/bootstrapping': 'rbac-defaults' } },
  rules,
})

const withVerbs = (rules: { apiGroups: string[]; resources: string[] }[], verbs: string[]) =>
  rules.map((rule) => ({ ...rule, verbs }))

const binding = (name: string, roleName: string, group: string): KubeObject => ({
  apiVersion: api,
  kind: 'ClusterRoleBinding',
  metadata: { name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: roleName },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
})

/** Groups of the lab's users; the kubeconfig's people belong to the first and the last. */
export const labGroups = {
  admins: 'lab:cluster-admins',
  operators: 'lab:cluster-operators',
  developers: 'lab:developers',
  researchers: 'lab:researchers',
} as const

export function accessSeeds(): KubeObject[] {
  const everything = { apiGroups: ['*'], resources: ['*'], verbs: ['*'] }
  const view = withVerbs(viewed, readVerbs)
  const edit = [...view, ...withVerbs(edited, allVerbs)]
  return [
    role('cluster-admin', [everything, { nonResourceURLs: ['*'], verbs: ['*'] }]),
    role('view', view),
    role('edit', edit),
    role('admin', [
      ...edit,
      { apiGroups: ['rbac.authorization.k8s.io'], resources: ['roles', 'rolebindings'], verbs: allVerbs },
    ]),
    role('lab:inventory', clusterWide),
    role('system:basic-user', review),
    role('system:discovery', [
      {
        nonResourceURLs: [
          '/api',
          '/api/*',
          '/apis',
          '/apis/*',
          '/healthz',
          '/livez',
          '/openapi',
          '/openapi/*',
          '/readyz',
          '/version',
        ],
        verbs: ['get'],
      },
    ]),
    binding('cluster-admin', 'cluster-admin', 'system:masters'),
    binding('lab-cluster-admins', 'cluster-admin', labGroups.admins),
    binding('lab-cluster-operators', 'admin', labGroups.operators),
    binding('lab-cluster-operators-inventory', 'lab:inventory', labGroups.operators),
    binding('lab-researchers', 'view', labGroups.researchers),
    binding('lab-researchers-inventory', 'lab:inventory', labGroups.researchers),
    binding('system:basic-user', 'system:basic-user', 'system:authenticated'),
    binding('system:discovery', 'system:discovery', 'system:authenticated'),
    ...developerAccess(),
  ]
}

/** Developers may change what is in the notebooks' namespace, and nowhere else. */
const developerAccess = (): KubeObject[] => [
  {
    apiVersion: api,
    kind: 'Role',
    metadata: { name: 'notebook-keeper', namespace: 'desi-voids' },
    rules: withVerbs(edited, allVerbs),
  },
  {
    apiVersion: api,
    kind: 'RoleBinding',
    metadata: { name: 'notebook-keeper', namespace: 'desi-voids' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'notebook-keeper' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: labGroups.developers }],
  },
]
