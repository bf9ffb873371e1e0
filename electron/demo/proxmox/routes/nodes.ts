// /nodes of the demo cluster: each node's state, network, disks, certificate, services and clock.
import { X509Certificate } from 'node:crypto'
import { choice, flag, optional, text } from '../../api2/parameters.ts'
import { hexDigits } from '../../world/guest-identity.ts'
import { hashFraction } from '../../world/load.ts'
import type { DemoNode } from '../../world/site.ts'
import { route, type PveCall } from '../call.ts'
import { momentOf, nodeLoad, nodeMemoryBytes, nodeRootBytes, nodeSwapBytes } from '../figures.ts'
import { nodeOverview } from './cluster.ts'
import { interfaces } from './node-interfaces.ts'

const nodeAudit = { path: '/nodes/{node}', privileges: ['Sys.Audit'] } as const

function nodeStatus(call: PveCall, node: DemoNode) {
  const load = nodeLoad(call.cluster, node, momentOf(call.nowMs))
  const total = nodeMemoryBytes(node)
  const release = node.versions.kernel
  return {
    cpu: load.cpu,
    wait: load.ioWait,
    idle: 0,
    uptime: Math.floor((call.nowMs - call.cluster.bootMsOf(node.name)) / 1000),
    loadavg: [load.loadAverage, load.loadAverage * 0.97, load.loadAverage * 0.93].map((it) => it.toFixed(2)),
    cpuinfo: {
      model: node.cpuModel,
      sockets: node.sockets,
      cores: node.physicalCores,
      cpus: node.threads,
      mhz: '2900.000',
      hvm: '1',
      user_hz: 100,
      flags: 'fpu vme msr pae cx8 sse sse2 ht lm constant_tsc aes avx avx2',
    },
    memory: { total, used: load.memBytes, free: total - load.memBytes },
    swap: { total: nodeSwapBytes, used: load.swapUsedBytes, free: nodeSwapBytes - load.swapUsedBytes },
    rootfs: {
      total: nodeRootBytes,
      used: load.rootUsedBytes,
      avail: nodeRootBytes - load.rootUsedBytes,
      free: nodeRootBytes - load.rootUsedBytes,
    },
    ksm: { shared: 0 },
    kversion: `Linux ${release} #1 SMP PREEMPT_DYNAMIC PMX ${release}`,
    'current-kernel': { sysname: 'Linux', release, version: '#1 SMP PREEMPT_DYNAMIC PMX', machine: 'x86_64' },
    'boot-info': {
      mode: node.boot.firmware === 'UEFI' ? 'efi' : 'legacy-bios',
      secureboot: node.boot.secureBoot ? 1 : 0,
    },
    pveversion: `pve-manager/${node.versions.pve}/2a5fa54a8503f96d`,
  }
}

function disks(node: DemoNode) {
  return node.disks.map((disk) => ({
    devpath: `/dev/${disk.device}`,
    type: disk.kind,
    size: disk.sizeGB * 1e9,
    model: disk.kind === 'nvme' ? 'SAMSUNG MZQL21T9HCJR-00A07' : 'Crucial CT525MX300SSD1',
    vendor: 'unknown',
    serial: hexDigits(`serial ${node.name} ${disk.device}`, 14).toUpperCase(),
    wwn: `eui.${hexDigits(`wwn ${node.name} ${disk.device}`, 16)}`,
    health: 'PASSED',
    wearout:
      disk.kind === 'nvme' ? 100 - Math.floor(20 * hashFraction(`wear${node.name}${disk.device}`)) : 55,
    used: 'LVM',
    gpt: 1,
    mounted: 0,
    rpm: 0,
    osdid: -1,
    'osdid-list': [],
    by_id_link: `/dev/disk/by-id/${disk.kind}-${hexDigits(`serial ${node.name} ${disk.device}`, 14).toUpperCase()}`,
  }))
}

function certificates(call: PveCall) {
  const leaf = new X509Certificate(call.certPem)
  const seconds = (text: string) => Math.floor(Date.parse(text) / 1000)
  return [
    {
      filename: 'pveproxy-ssl.pem',
      fingerprint: call.fingerprint256,
      subject: leaf.subject,
      issuer: leaf.issuer,
      san: (leaf.subjectAltName ?? '').split(', ').map((entry) => entry.replace(/^[^:]+:/, '')),
      notbefore: seconds(leaf.validFrom),
      notafter: seconds(leaf.validTo),
      'public-key-type': 'id-ecPublicKey',
      'public-key-bits': 256,
      pem: call.certPem,
    },
  ]
}

const serviceNames = [
  'chrony',
  'corosync',
  'cron',
  'ksmtuned',
  'lxcfs',
  'postfix',
  'proxmox-firewall',
  'pve-cluster',
  'pve-firewall',
  'pve-ha-crm',
  'pve-ha-lrm',
  'pvedaemon',
  'pvefw-logger',
  'pveproxy',
  'pvescheduler',
  'pvestatd',
  'qmeventd',
  'spiceproxy',
  'sshd',
  'syslog',
  'systemd-journald',
]

const packages = (node: DemoNode) => [
  {
    Package: 'proxmox-ve',
    Title: 'Proxmox Virtual Environment',
    Version: '8.4.0',
    OldVersion: '8.4.0',
    CurrentState: 'Installed',
    RunningKernel: node.versions.kernel,
  },
  {
    Package: 'pve-manager',
    Title: 'Management tools',
    Version: node.versions.pve,
    OldVersion: node.versions.pve,
    CurrentState: 'Installed',
    ManagerVersion: node.versions.pve,
  },
  {
    Package: 'qemu-server',
    Title: 'Virtual machine tools',
    Version: '8.3.12',
    OldVersion: '8.3.12',
    CurrentState: 'Installed',
  },
]

export const nodeRoutes = [
  route('GET', '/nodes', { needs: 'login', run: (_input, call) => nodeOverview(call) }),
  route('GET', '/nodes/{node}', {
    needs: 'login',
    run(input, call) {
      call.cluster.node(input.node)
      return [
        'certificates',
        'disks',
        'dns',
        'hardware',
        'lxc',
        'network',
        'qemu',
        'rrddata',
        'services',
        'status',
        'storage',
        'tasks',
        'time',
        'version',
        'vzdump',
      ].map((name) => ({ name }))
    },
  }),
  route('GET', '/nodes/{node}/status', {
    needs: nodeAudit,
    run: (input, call) => nodeStatus(call, call.cluster.node(input.node)),
  }),
  route('GET', '/nodes/{node}/network', {
    needs: 'login',
    parameters: {
      type: optional(
        choice(
          'bridge',
          'bond',
          'eth',
          'alias',
          'vlan',
          'OVSBridge',
          'OVSBond',
          'OVSPort',
          'OVSIntPort',
          'vnet',
          'any_bridge',
          'any_local_bridge',
        ),
      ),
    },
    run(input, call) {
      const wanted = input.type?.startsWith('any_') ? 'bridge' : input.type
      return interfaces(call, call.cluster.node(input.node)).filter((it) => !wanted || it.type === wanted)
    },
  }),
  route('GET', '/nodes/{node}/disks/list', {
    needs: nodeAudit,
    parameters: {
      'include-partitions': optional(flag()),
      skipsmart: optional(flag()),
      type: optional(choice('unused', 'journal_disks')),
    },
    run: (input, call) => (input.type === 'unused' ? [] : disks(call.cluster.node(input.node))),
  }),
  route('GET', '/nodes/{node}/disks/smart', {
    needs: { path: '/', privileges: ['Sys.Audit'] },
    parameters: { disk: text({ pattern: /^\/dev\/[a-zA-Z0-9/]+$/ }), healthonly: optional(flag()) },
    run(input, call) {
      const node = call.cluster.node(input.node)
      const hottest = node.disks.at(-1)?.device
      const temperature = input.disk === `/dev/${hottest}` ? node.sample.temperatureC.nvmeMax : 41
      return {
        health: 'PASSED',
        type: 'text',
        text: `SMART/Health Information\nTemperature: ${temperature} Celsius\n`,
      }
    },
  }),
  route('GET', '/nodes/{node}/certificates/info', {
    needs: 'login',
    run(input, call) {
      call.cluster.node(input.node)
      return certificates(call)
    },
  }),
  route('GET', '/nodes/{node}/services', {
    needs: nodeAudit,
    run(input, call) {
      call.cluster.node(input.node)
      return serviceNames.map((service) => ({
        service,
        name: service,
        desc: service,
        state: 'running',
        'active-state': 'active',
        'unit-state': 'enabled',
      }))
    },
  }),
  route('GET', '/nodes/{node}/dns', {
    needs: nodeAudit,
    run(input, call) {
      call.cluster.node(input.node)
      return { search: call.cluster.site.site.domain, dns1: '10.16.207.102', dns2: '10.25.60.2' }
    },
  }),
  route('GET', '/nodes/{node}/time', {
    needs: nodeAudit,
    run(input, call) {
      call.cluster.node(input.node)
      const seconds = Math.floor(call.nowMs / 1000)
      return { time: seconds, localtime: seconds, timezone: 'UTC' }
    },
  }),
  route('GET', '/nodes/{node}/apt/versions', {
    needs: nodeAudit,
    run: (input, call) => packages(call.cluster.node(input.node)),
  }),
  route('GET', '/nodes/{node}/subscription', {
    needs: 'login',
    run(input, call) {
      call.cluster.node(input.node)
      return {
        status: 'notfound',
        message: 'There is no subscription key',
        serverid: hexDigits(`server ${input.node}`, 32).toUpperCase(),
        url: 'https://www.proxmox.com/proxmox-ve/pricing',
      }
    },
  }),
]
