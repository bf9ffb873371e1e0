// The ground of the demo cluster: nodes with what links them to their virtual machines, namespaces, storage class and
// network classes. Everything comes from the site's inventory. Returns objects; planting is the replay's business.
import { createHash } from 'node:crypto'
import { guestUuid } from '../../world/guest-identity.ts'
import type { DemoSite } from '../../world/site.ts'
import type { Condition } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { timestamp } from '../storage/kube-time.ts'

type SiteNode = DemoSite['kubernetes']['nodes'][number]

const kibibytesPerGibibyte = 1_048_576

/** What the kernel keeps for itself never shows as capacity. */
const visibleMemory = (gibibytes: number): number => Math.round(gibibytes * kibibytesPerGibibyte * 0.9845)

export function nodeSeeds(site: DemoSite, atMs: number): KubeObject[] {
  return site.kubernetes.nodes.map((node) => nodeSeed(site, node, atMs))
}

function nodeSeed(site: DemoSite, node: SiteNode, atMs: number): KubeObject {
  const roles = node.roles.filter((role) => role !== 'worker')
  const isServer = roles.includes('control-plane')
  const roleLabels = Object.fromEntries(
    [...roles, ...(isServer ? ['master'] : [])].map((role) => [`node-role.kubernetes.io/${role}`, 'true']),
  )
  const common = { 'kubernetes.io/arch': 'amd64', 'kubernetes.io/os': 'linux' }
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: node.name,
      labels: {
        ...common,
        'beta.kubernetes.io/arch': 'amd64',
        'beta.kubernetes.io/os': 'linux',
        'kubernetes.io/hostname': node.name,
        'node.kubernetes.io/instance-type': 'rke2',
        ...roleLabels,
        ...node.labels,
      },
      annotations: {
        'rke2.io/hostname': node.name,
        'rke2.io/internal-ip': node.internalIP,
        'node.alpha.kubernetes.io/ttl': '0',
        'volumes.kubernetes.io/controller-managed-attach-detach': 'true',
      },
    },
    spec: {
      podCIDR: podRange(site, node),
      podCIDRs: [podRange(site, node)],
      providerID: `proxmox://${site.site.cluster}/${node.vmid}`,
    },
    status: nodeStatus(site, node, atMs),
  }
}

function podRange(site: DemoSite, node: SiteNode): string {
  const prefix = site.kubernetes.cluster.podCidr.split('.').slice(0, 2).join('.')
  return `${prefix}.${site.kubernetes.nodes.indexOf(node)}.0/24`
}

function nodeStatus(site: DemoSite, node: SiteNode, atMs: number) {
  const { version, containerRuntime } = site.kubernetes.cluster
  const memory = visibleMemory(node.memoryGiB)
  const disk = 1_031_018_000
  const capacity = {
    cpu: String(node.cpu),
    'ephemeral-storage': `${disk}Ki`,
    'hugepages-1Gi': '0',
    'hugepages-2Mi': '0',
    memory: `${memory}Ki`,
    pods: '110',
  }
  const machineId = createHash('md5').update(`machine ${node.vmid}`).digest('hex')
  return {
    addresses: [
      { type: 'InternalIP', address: node.internalIP },
      { type: 'Hostname', address: node.name },
    ],
    allocatable: {
      ...capacity,
      'ephemeral-storage': String(Math.round(disk * 1024 * 0.95)),
      memory: `${memory - 102_400}Ki`,
    },
    capacity,
    conditions: nodeConditions(atMs),
    daemonEndpoints: { kubeletEndpoint: { Port: 10250 } },
    nodeInfo: {
      architecture: 'amd64',
      bootID: guestUuid(node.vmid + 100_000),
      containerRuntimeVersion: containerRuntime.replace(' ', '://'),
      kernelVersion: node.kernel,
      kubeProxyVersion: version,
      kubeletVersion: version,
      machineID: machineId,
      operatingSystem: 'linux',
      osImage: node.os,
      systemUUID: guestUuid(node.vmid),
    },
  }
}

function nodeConditions(atMs: number): Condition[] {
  const time = timestamp(atMs)
  const make = (type: string, status: string, reason: string, message: string): Condition => ({
    type,
    status,
    reason,
    message,
    lastHeartbeatTime: time,
    lastTransitionTime: time,
  })
  return [
    make('NetworkUnavailable', 'False', 'CiliumIsUp', 'Cilium is running on this node'),
    make('MemoryPressure', 'False', 'KubeletHasSufficientMemory', 'kubelet has sufficient memory available'),
    make('DiskPressure', 'False', 'KubeletHasNoDiskPressure', 'kubelet has no disk pressure'),
    make('PIDPressure', 'False', 'KubeletHasSufficientPID', 'kubelet has sufficient PID available'),
    make('Ready', 'True', 'KubeletReady', 'kubelet is posting ready status'),
  ]
}

const standardNamespaces = ['default', 'kube-node-lease', 'kube-public']
const privilegedNamespaces = ['kube-system', 'ingress-nginx', 'monitoring', 'portainer']

export function namespaceSeeds(site: DemoSite): KubeObject[] {
  const known = site.kubernetes.namespaces
  const extra = standardNamespaces
    .filter((name) => !known.some((one) => one.name === name))
    .map((name) => ({ name, purpose: '' }))
  return [...extra, ...known].map(({ name, purpose }) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name,
      labels: {
        'pod-security.kubernetes.io/enforce': privilegedNamespaces.includes(name) ? 'privileged' : 'baseline',
      },
      ...(purpose === '' ? {} : { annotations: { 'lab.radioastronomy.io/purpose': purpose } }),
    },
  }))
}

export function classSeeds(site: DemoSite): KubeObject[] {
  const storage = site.kubernetes.storageClasses.map((one) => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: {
      name: one.name,
      annotations: { 'storageclass.kubernetes.io/is-default-class': String(one.default) },
    },
    provisioner: one.provisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'WaitForFirstConsumer',
    allowVolumeExpansion: false,
  }))
  const priority = (name: string, value: number, description: string) => ({
    apiVersion: 'scheduling.k8s.io/v1',
    kind: 'PriorityClass',
    metadata: { name },
    value,
    globalDefault: false,
    preemptionPolicy: 'PreemptLowerPriority',
    description,
  })
  return [
    ...storage,
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'IngressClass',
      metadata: { name: 'nginx' },
      spec: { controller: 'k8s.io/ingress-nginx' },
    },
    priority(
      'system-cluster-critical',
      2_000_000_000,
      'Used for system critical pods that must run in the cluster.',
    ),
    priority(
      'system-node-critical',
      2_000_001_000,
      'Used for system critical pods that must not leave their node.',
    ),
  ]
}
