// What the short image names of the site's inventory stand for: full references, ports, needs, and whether the pod
// lives on the host's network. Read by the workload seeds and by the log writer. Inventions of the demo lab.

export interface ImageProfile {
  /** The container's name. */
  container: string
  reference: string
  command?: string[]
  args?: string[]
  ports?: { name: string; containerPort: number }[]
  requests: { cpu: string; memory: string }
  limits?: Record<string, string>
  hostNetwork?: boolean
}

const lab = 'registry.radioastronomy.io/lab'
const port = (name: string, containerPort: number) => ({ name, containerPort })

const profiles: Record<string, ImageProfile> = {
  cilium: {
    container: 'cilium-agent',
    reference: 'docker.io/rancher/mirrored-cilium-cilium:v1.17.3',
    command: ['cilium-agent'],
    ports: [port('prometheus', 9962)],
    requests: { cpu: '100m', memory: '512Mi' },
    hostNetwork: true,
  },
  coredns: {
    container: 'coredns',
    reference: 'docker.io/rancher/hardened-coredns:v1.12.1-build20250401',
    args: ['-conf', '/etc/coredns/Corefile'],
    ports: [port('udp-53', 53), port('metrics', 9153)],
    requests: { cpu: '100m', memory: '128Mi' },
    limits: { memory: '256Mi' },
  },
  'metrics-server': {
    container: 'metrics-server',
    reference: 'docker.io/rancher/hardened-k8s-metrics-server:v0.7.2-build20250110',
    ports: [port('https', 10250)],
    requests: { cpu: '100m', memory: '200Mi' },
  },
  'local-path-provisioner': {
    container: 'local-path-provisioner',
    reference: 'docker.io/rancher/local-path-provisioner:v0.0.31',
    requests: { cpu: '20m', memory: '32Mi' },
  },
  'ingress-nginx': {
    container: 'controller',
    reference: 'docker.io/rancher/nginx-ingress-controller:v1.12.1-hardened1',
    ports: [port('http', 80), port('https', 443)],
    requests: { cpu: '100m', memory: '160Mi' },
    hostNetwork: true,
  },
  'cert-manager': {
    container: 'cert-manager-controller',
    reference: 'quay.io/jetstack/cert-manager-controller:v1.17.2',
    ports: [port('http-metrics', 9402)],
    requests: { cpu: '20m', memory: '64Mi' },
  },
  'portainer-agent': {
    container: 'portainer-agent',
    reference: 'docker.io/portainer/agent:2.27.6',
    ports: [port('agent', 9001)],
    requests: { cpu: '50m', memory: '64Mi' },
  },
  'kuberay-operator': {
    container: 'kuberay-operator',
    reference: 'quay.io/kuberay/operator:v1.4.2',
    command: ['/manager'],
    ports: [port('http', 8080)],
    requests: { cpu: '100m', memory: '512Mi' },
    limits: { cpu: '500m', memory: '512Mi' },
  },
  'jupyter-desi': {
    container: 'notebook',
    reference: `${lab}/jupyter-desi:2025.7`,
    command: ['start-notebook.py'],
    ports: [port('http', 8888)],
    requests: { cpu: '2', memory: '16Gi' },
    limits: { memory: '24Gi' },
  },
  'desi-etl': {
    container: 'etl',
    reference: `${lab}/desi-etl:0.9.2`,
    command: ['python', '-m', 'desi_etl'],
    requests: { cpu: '1', memory: '4Gi' },
    limits: { memory: '8Gi' },
  },
  cloudy: {
    container: 'cloudy',
    reference: `${lab}/cloudy:c23.01`,
    command: ['run-grid'],
    requests: { cpu: '1', memory: '2Gi' },
    limits: { memory: '4Gi' },
  },
  'node-exporter': {
    container: 'node-exporter',
    reference: 'quay.io/prometheus/node-exporter:v1.9.1',
    ports: [port('metrics', 9100)],
    requests: { cpu: '20m', memory: '32Mi' },
    hostNetwork: true,
  },
  alloy: {
    container: 'alloy',
    reference: 'docker.io/grafana/alloy:v1.9.1',
    ports: [port('http-metrics', 12345)],
    requests: { cpu: '50m', memory: '192Mi' },
    limits: { memory: '256Mi' },
  },
  'kube-state-metrics': {
    container: 'kube-state-metrics',
    reference: 'registry.k8s.io/kube-state-metrics/kube-state-metrics:v2.15.0',
    ports: [port('http', 8080)],
    requests: { cpu: '20m', memory: '64Mi' },
  },
}

/** The profile of a short name; an unknown name is taken as the image itself. */
export const imageProfile = (name: string): ImageProfile =>
  profiles[name] ?? { container: 'main', reference: name, requests: { cpu: '50m', memory: '64Mi' } }

export const rayImage = (version: string): string => `docker.io/rayproject/ray:${version}-py311`
