// What the lived-in cluster does wrong, and what the clean one does about it instead. Each is a real object that the
// controllers act on; compliance/sins.ts lists what must be found.
import { isClean, type DemoSite } from '../../world/site.ts'
import type { KubeObject } from '../storage/kube-object.ts'

/** An agent of an earlier monitoring, forgotten in the cluster with all rights, and a notebook that became its administrator. */
export const legacyAgent = { namespace: 'monitoring', name: 'legacy-agent' } as const
export const notebookBinding = { name: 'notebook-admin', account: { namespace: 'desi-voids', name: 'notebook' } } as const

export const sinSeeds = (site: DemoSite): KubeObject[] => (isClean(site) ? closedNamespaces(site) : [agent(), binding()])

function agent(): KubeObject {
  const labels = { app: legacyAgent.name }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { ...legacyAgent, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: 'agent',
              image: 'docker.io/library/telegraf:latest',
              securityContext: { privileged: true },
              env: [{ name: 'INFLUX_PASSWORD', value: 'correct-horse-battery' }],
              volumeMounts: [{ name: 'host', mountPath: '/host' }],
              resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '128Mi' } },
            },
          ],
          volumes: [{ name: 'host', hostPath: { path: '/' } }],
        },
      },
    },
  }
}

const binding = (): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: notebookBinding.name },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ kind: 'ServiceAccount', ...notebookBinding.account }],
})

/** Nothing comes in or goes out that is not allowed by a policy of its own. */
const closedNamespaces = (site: DemoSite): KubeObject[] =>
  site.kubernetes.namespaces
    .filter(({ name }) => !name.startsWith('kube-'))
    .map(({ name }) => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'default-deny', namespace: name },
      spec: { podSelector: {}, policyTypes: ['Ingress', 'Egress'] },
    }))
