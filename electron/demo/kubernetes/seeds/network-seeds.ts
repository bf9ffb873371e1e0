// Services, ingress, network policies, quotas, claims and a little configuration of the demo cluster. Two services
// without a selector lead out of the cluster, to the database and to the GPU machine.
import type { DemoSite } from '../../world/site.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { imageProfile } from './images.ts'

/** Workloads that others reach by a service. */
const served = [
  'rke2-metrics-server',
  'cert-manager',
  'portainer-agent',
  'kuberay-operator',
  'void-notebooks',
  'node-exporter',
  'kube-state-metrics',
  'ingress-nginx-controller',
  'rke2-coredns-rke2-coredns',
]

const addressOf = (site: DemoSite, guest: string): string =>
  site.guests.find((one) => one.name === guest)?.nics.find((nic) => nic.network === 'data')?.ip ?? '192.0.2.1'

export function networkSeeds(site: DemoSite): KubeObject[] {
  const [ray] = site.kubernetes.rayClusters
  return [
    ...kubernetesService(site),
    ...site.kubernetes.workloads.filter((one) => served.includes(one.name)).map(serviceOf),
    ...outsideService('desi-voids', 'proj-pg01', addressOf(site, 'proj-pg01'), 'postgresql', 5432),
    ...outsideService('desi-etl', 'proj-pg01', addressOf(site, 'proj-pg01'), 'postgresql', 5432),
    ...(ray === undefined
      ? []
      : outsideService(
          ray.namespace,
          ray.gpuService.vm,
          addressOf(site, ray.gpuService.vm),
          'inference',
          8000,
        )),
    notebookIngress(site),
    ...policies(),
    quota('cloudy-grids', {
      pods: '64',
      'requests.cpu': '32',
      'requests.memory': '128Gi',
      'limits.memory': '192Gi',
    }),
    quota('ray-quasars', {
      pods: '40',
      'requests.cpu': '64',
      'requests.memory': '256Gi',
      'requests.nvidia.com/gpu': '0',
    }),
    ...configuration(site),
  ]
}

type Workload = DemoSite['kubernetes']['workloads'][number]

function serviceOf(workload: Workload): KubeObject {
  const { ports = [] } = imageProfile(workload.image)
  const isDns = workload.image === 'coredns'
  const labels = { 'app.kubernetes.io/instance': workload.name, 'app.kubernetes.io/name': workload.image }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: workload.name, namespace: workload.namespace, labels },
    spec: {
      ...(isDns ? { clusterIP: '10.43.0.10' } : {}),
      selector: labels,
      ports: ports.map(({ name, containerPort }) => ({
        name,
        port: containerPort,
        targetPort: name,
        protocol: name.startsWith('udp') ? 'UDP' : 'TCP',
      })),
    },
  }
}

function kubernetesService(site: DemoSite): KubeObject[] {
  const addresses = site.kubernetes.nodes
    .filter((node) => node.roles.includes('control-plane'))
    .map((node) => ({ ip: node.internalIP }))
  const metadata = {
    name: 'kubernetes',
    namespace: 'default',
    labels: { component: 'apiserver', provider: 'kubernetes' },
  }
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        clusterIP: '10.43.0.1',
        ports: [{ name: 'https', port: 443, protocol: 'TCP', targetPort: 6443 }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata,
      subsets: [{ addresses, ports: [{ name: 'https', port: 6443, protocol: 'TCP' }] }],
    },
  ]
}

/** A name inside the cluster for a machine outside it. */
function outsideService(
  namespace: string,
  name: string,
  ip: string,
  portName: string,
  port: number,
): KubeObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name, namespace, labels: { 'lab.radioastronomy.io/outside': 'true' } },
      spec: { ports: [{ name: portName, port, targetPort: port, protocol: 'TCP' }] },
    },
    {
      apiVersion: 'v1',
      kind: 'Endpoints',
      metadata: { name, namespace, labels: { 'lab.radioastronomy.io/outside': 'true' } },
      subsets: [{ addresses: [{ ip }], ports: [{ name: portName, port, protocol: 'TCP' }] }],
    },
  ]
}

const notebookIngress = (site: DemoSite): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: {
    name: 'void-notebooks',
    namespace: 'desi-voids',
    annotations: { 'cert-manager.io/cluster-issuer': 'lab-acme' },
  },
  spec: {
    ingressClassName: 'nginx',
    rules: [
      {
        host: `notebooks.${site.site.domain}`,
        http: {
          paths: [
            {
              path: '/',
              pathType: 'Prefix',
              backend: { service: { name: 'void-notebooks', port: { number: 8888 } } },
            },
          ],
        },
      },
    ],
    tls: [{ hosts: [`notebooks.${site.site.domain}`], secretName: 'notebooks-tls' }],
  },
  status: { loadBalancer: { ingress: site.kubernetes.nodes.map((node) => ({ ip: node.internalIP })) } },
})

const policies = (): KubeObject[] =>
  ['ray-quasars', 'desi-voids', 'cloudy-grids'].map((namespace) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'own-namespace-only', namespace },
    spec: {
      podSelector: {},
      policyTypes: ['Ingress'],
      ingress: [
        { from: [{ podSelector: {} }] },
        {
          from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ingress-nginx' } } }],
        },
      ],
    },
  }))

const quota = (namespace: string, hard: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ResourceQuota',
  metadata: { name: 'project', namespace },
  spec: { hard },
})

const configuration = (site: DemoSite): KubeObject[] => [
  {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name: 'void-notebooks-work', namespace: 'desi-voids' },
    spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '200Gi' } } },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'void-checks', namespace: 'desi-voids' },
    data: { 'suite.yaml': 'suite: voids\ntarget: proj-pg01\nchecks: 22\n', schedule: 'daily 06:00 UTC' },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'cilium-config', namespace: 'kube-system' },
    data: {
      'cluster-name': site.kubernetes.cluster.name,
      'cluster-pool-ipv4-cidr': site.kubernetes.cluster.podCidr,
      'routing-mode': 'tunnel',
      'tunnel-protocol': 'vxlan',
    },
  },
  {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'etcd-snapshots', namespace: 'kube-system' },
    data: {
      schedule: site.kubernetes.etcd.snapshots,
      keep: String(site.kubernetes.etcd.detail.keep),
      path: site.kubernetes.etcd.detail.path,
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'notebooks-tls', namespace: 'desi-voids' },
    type: 'Opaque',
    stringData: { note: 'the demo lab holds no real key' },
  },
]
