// A made-up site of any size for benches and tests of scale: one Proxmox VE cluster with 30 guests a node, a backup
// server with a group per guest, and a Kubernetes cluster on some of the guests. It goes through the same observe
// functions and the same session as a real one; only the requests are left out. Not part of the application.
import type { ConnectionId, Site, SiteId } from '#shared/model/connection.ts'
import type { PciMapping, ResourceRow } from '../../../connectors/proxmox/proxmox-shapes.ts'
import type { PodObject } from '../../../connectors/kubernetes/kubernetes-shapes.ts'
import type { OpenWatcher, WatcherContext } from '../observation.ts'
import { createKubernetesObserver, type KubernetesObjects } from '../observe-kubernetes.ts'
import { createPbsObserver } from '../observe-pbs.ts'
import { createProxmoxObserver } from '../observe-proxmox.ts'
import type { PbsGroup } from '../pbs-view.ts'
import type { GuestDetails, NodeDetails } from '../proxmox-view.ts'

export interface SyntheticSite {
  site: Site
  openWatcher: OpenWatcher
  /** Changes this share of the guests (state and load) and of the backup groups; what is looked at next shows it. */
  change(fraction: number): void
  counts: { guests: number; nodes: number; groups: number; pods: number }
}

const guestsPerNode = 30
const guestsPerKubernetesNode = 25
const gibibyte = 1024 ** 3
const baseMs = Date.parse('2026-11-24T09:30:00Z')

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0')
const macOf = (at: number): string =>
  `02:aa:${hex(at >>> 16, 4).replace(/(..)(..)/, '$1:$2')}:${hex((at >>> 8) & 255, 2)}:${hex(at & 255, 2)}`
const ipOf = (at: number): string => `10.${64 + (at >>> 16)}.${(at >>> 8) & 255}.${at & 255}`
const uuidOf = (at: number): string => `00000000-0000-4000-8000-${hex(at, 12)}`
const nameOf = (at: number): string => `guest-${String(at).padStart(5, '0')}`

/** The same site for the same number of guests, apart from what `change` did. */
export function createSyntheticSite(guestCount: number): SyntheticSite {
  const nodeCount = Math.max(1, Math.ceil(guestCount / guestsPerNode))
  const nodeName = (at: number): string =>
    `node${String(1 + Math.floor(at / guestsPerNode)).padStart(3, '0')}`
  const rows = makeRows(guestCount, nodeCount, nodeName)
  const firstGuest = rows.length - guestCount
  const details = makeGuestDetails(guestCount)
  const groups = Array.from({ length: guestCount }, (_, at) => makeGroup(at))
  const kubernetes = makeKubernetes(guestCount)
  const nodeDetails = makeNodeDetails(nodeCount)
  const mappings: PciMapping[] = []
  const observers = { proxmox: createProxmoxObserver(), pbs: createPbsObserver() }
  let step = 0

  const connection = (kind: 'proxmox' | 'pbs' | 'kubernetes') => ({
    id: `synthetic-${kind}` as ConnectionId,
    siteId: 'synthetic' as SiteId,
    label: `Synthetic ${kind}`,
    settings:
      kind === 'kubernetes'
        ? { kind, context: 'synthetic', server: 'https://192.0.2.3:6443' }
        : {
            kind,
            url: 'https://192.0.2.1',
            tls: { mode: 'system' as const },
            auth: { mode: 'token' as const, tokenId: 'a@b!c' },
          },
    storedSecrets: [],
  })
  const looks = {
    proxmox: ({ connection: { id }, known }: WatcherContext) =>
      observers.proxmox.observe({
        connectionId: id,
        scope: 'synthetic',
        cluster: 'synthetic',
        version: '8.4.1',
        nowMs: baseMs,
        members: [{ type: 'cluster', name: 'synthetic', quorate: true }],
        resources: rows,
        nodes: nodeDetails,
        guests: details,
        storages: [{ storage: 'backup', type: 'pbs', server: '192.0.2.2', datastore: 'store', shared: true }],
        pools: [],
        mappings,
        jobs: [{ id: 'nightly', storage: 'backup', all: true, enabled: true, schedule: '02:00' }],
        tasks: [],
        known,
      }),
    pbs: ({ connection: { id }, known }: WatcherContext) =>
      observers.pbs.observe({
        connectionId: id,
        scope: 'backup',
        name: 'backup',
        label: 'Synthetic pbs',
        host: '192.0.2.2',
        version: '3.4.1',
        nowMs: baseMs,
        status: undefined,
        addresses: ['192.0.2.2'],
        datastores: [{ store: 'store' }],
        usage: [{ store: 'store', total: 100, used: 40 }],
        groups,
        jobs: [],
        known,
      }),
  }
  const openWatcher: OpenWatcher = (context) => {
    const { kind } = context.connection.settings
    const observer = createKubernetesObserver({
      connectionId: context.connection.id,
      scope: 'synthetic',
      clusterName: 'synthetic',
      server: '',
    })
    return {
      lookTimeoutMs: 600_000,
      async look() {
        if (kind === 'proxmox' || kind === 'pbs') await context.emit(await looks[kind](context))
        // A cluster is watched: nothing is shown again while nothing has changed in it.
        else if (!context.isShown()) await context.emit(await observer.observe(kubernetes, 'v1.32.5'))
        return { limits: [] }
      },
      dispose: () => undefined,
    }
  }
  return {
    site: {
      id: 'synthetic' as SiteId,
      name: 'Synthetic',
      isDemo: false,
      isReadOnly: true,
      connections: [connection('proxmox'), connection('pbs'), connection('kubernetes')],
    },
    openWatcher,
    counts: { guests: guestCount, nodes: nodeCount, groups: guestCount, pods: kubernetes.pods.length },
    change(fraction) {
      step += 1
      const changed = Math.max(1, Math.round(guestCount * fraction))
      for (let count = 0; count < changed; count += 1) {
        const at = (step * 7919 + count * Math.floor(guestCount / changed)) % guestCount
        const row = rows[firstGuest + at]!
        rows[firstGuest + at] = {
          ...row,
          status: row.status === 'running' ? 'stopped' : 'running',
          cpu: ((at + step * 13) % 90) / 100,
        }
        const group = groups[at]!
        groups[at] = {
          ...group,
          row: {
            ...group.row,
            'last-backup': group.row['last-backup'] + 1,
            'backup-count': group.row['backup-count'] + 1,
          },
        }
      }
    },
  }
}

function makeRows(guestCount: number, nodeCount: number, nodeName: (at: number) => string): ResourceRow[] {
  const rows: ResourceRow[] = []
  for (let at = 0; at < nodeCount; at += 1) {
    const node = nodeName(at * guestsPerNode)
    rows.push({
      id: `node/${node}`,
      type: 'node',
      node,
      status: 'online',
      cpu: 0.3,
      maxcpu: 64,
      mem: 200 * gibibyte,
      maxmem: 512 * gibibyte,
      disk: 10 * gibibyte,
      maxdisk: 80 * gibibyte,
      uptime: 900_000,
    })
    rows.push({
      id: `storage/${node}/local`,
      type: 'storage',
      node,
      storage: 'local',
      status: 'available',
      plugintype: 'dir',
      content: 'iso',
      shared: false,
      disk: 10 * gibibyte,
      maxdisk: 80 * gibibyte,
    })
    rows.push({
      id: `storage/${node}/backup`,
      type: 'storage',
      node,
      storage: 'backup',
      status: 'available',
      plugintype: 'pbs',
      content: 'backup',
      shared: true,
      disk: 40,
      maxdisk: 100,
    })
  }
  for (let at = 0; at < guestCount; at += 1) {
    const isRunning = at % 17 !== 0
    rows.push({
      id: `qemu/${100 + at}`,
      type: 'qemu',
      vmid: 100 + at,
      name: nameOf(at),
      node: nodeName(at),
      status: isRunning ? 'running' : 'stopped',
      pool: `pool${at % 12}`,
      tags: at % 3 === 0 ? 'linux;web' : 'linux',
      template: false,
      cpu: (at % 80) / 100,
      maxcpu: 4,
      mem: ((at % 7) + 1) * gibibyte,
      maxmem: 8 * gibibyte,
      disk: 0,
      maxdisk: 32 * gibibyte,
      uptime: isRunning ? 86_400 + at : 0,
    })
  }
  return rows
}

function makeGuestDetails(guestCount: number): Map<number, GuestDetails> {
  const details = new Map<number, GuestDetails>()
  for (let at = 0; at < guestCount; at += 1) {
    const mac = macOf(at)
    details.set(100 + at, {
      config: {
        nics: [
          { slot: 'net0', model: 'virtio', mac, bridge: 'vmbr0', tag: 10 + (at % 20), address: undefined },
        ],
        disks: [{ slot: 'scsi0', storage: 'local', sizeBytes: 32 * gibibyte, isBackedUp: true }],
        pci: [],
        smbiosUuid: uuidOf(at),
        createdAtMs: baseMs - 90 * 86_400_000,
        osType: 'l26',
        hasAgent: true,
        hostname: undefined,
        startsAtBoot: true,
      serialPorts: [],
      },
      interfaces: [{ name: 'eth0', mac, addresses: [ipOf(at)] }],
    })
  }
  return details
}

function makeNodeDetails(nodeCount: number): Map<string, NodeDetails> {
  const details = new Map<string, NodeDetails>()
  for (let at = 0; at < nodeCount; at += 1)
    details.set(`node${String(1 + at).padStart(3, '0')}`, {
      interfaces: [
        {
          iface: 'vmbr0',
          type: 'bridge',
          active: true,
          cidr: `10.250.${at >>> 8}.${at & 255}/16`,
          address: `10.250.${at >>> 8}.${at & 255}`,
        },
      ],
    })
  return details
}

const makeGroup = (at: number): PbsGroup => ({
  store: 'store',
  ns: '',
  row: {
    'backup-type': 'vm',
    'backup-id': String(100 + at),
    'last-backup': baseMs / 1000 - 3600,
    'backup-count': 7,
    owner: 'backup@pbs',
  },
  snapshots: {
    verification: 'ok',
    lastVerifiedAtMs: baseMs - 1_800_000,
    sizeBytes: 32 * gibibyte,
    protectedCount: 0,
    comments: [nameOf(at)],
    oldestAtMs: baseMs - 7 * 86_400_000,
  },
})

function makeKubernetes(guestCount: number): KubernetesObjects {
  const nodes = Array.from({ length: Math.ceil(guestCount / guestsPerKubernetesNode) }, (_, at) => ({
    metadata: { name: nameOf(at * guestsPerKubernetesNode) },
    status: {
      addresses: [{ type: 'InternalIP', address: ipOf(at * guestsPerKubernetesNode) }],
      capacity: { cpu: '8', memory: '16Gi' },
      conditions: [{ type: 'Ready', status: 'True' }],
      nodeInfo: { systemUUID: uuidOf(at * guestsPerKubernetesNode) },
    },
  }))
  const namespaces = Array.from({ length: 20 }, (_, at) => ({
    metadata: { name: `team-${at}` },
    status: { phase: 'Active' },
  }))
  const deployments = Array.from({ length: Math.ceil(guestCount / 10) }, (_, at) => ({
    metadata: { name: `app-${at}`, namespace: `team-${at % 20}` },
    spec: { replicas: 10 },
    status: { readyReplicas: 10 },
  }))
  const pods: PodObject[] = Array.from({ length: guestCount }, (_, at) => ({
    metadata: {
      name: `app-${Math.floor(at / 10)}-abcde-${at % 10}`,
      namespace: `team-${Math.floor(at / 10) % 20}`,
      labels: { 'pod-template-hash': 'abcde' },
      ownerReferences: [{ kind: 'ReplicaSet', name: `app-${Math.floor(at / 10)}-abcde`, controller: true }],
    },
    spec: {
      nodeName: nodes[at % nodes.length]!.metadata.name,
      containers: [{ name: 'main', image: 'example/app:1' }],
    },
    status: {
      phase: 'Running',
      podIP: `10.42.${(at >>> 8) & 255}.${at & 255}`,
      containerStatuses: [{ name: 'main', ready: true, restartCount: 0 }],
    },
  }))
  return {
    nodes,
    namespaces,
    pods,
    deployments,
    statefulSets: [],
    daemonSets: [],
    jobs: [],
    rayClusters: [],
    rayJobs: [],
    warnings: [],
  }
}
