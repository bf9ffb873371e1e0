// The machine under the demo backup server: its network, disks, name service, services and packages.
import { choice, flag, optional } from '../../api2/parameters.ts'
import { hexDigits } from '../../world/guest-identity.ts'
import { checkNode } from './node.ts'
import { route, type PbsCall } from '../call.ts'

const audit = (...path: string[]) =>
  ({ path: `/system/${path.join('/')}`, privileges: ['Sys.Audit'] }) as const

function interfaces(call: PbsCall) {
  const { site } = call.server
  const gateway = site.networks.find((network) => network.id === 'management')?.gateway
  const common = { active: true, autostart: true, options: [], options6: [] }
  return [
    { ...common, name: 'lo', type: 'loopback', method: 'loopback', cidr: '127.0.0.1/8' },
    {
      ...common,
      name: 'eno1',
      type: 'eth',
      method: 'static',
      cidr: `${site.backup.server.address}/24`,
      ...(gateway ? { gateway } : {}),
    },
  ]
}

function disks(call: PbsCall) {
  const [store] = call.server.site.backup.datastores
  const { bootDiskGB } = call.server.site.backup.server
  const describe = (name: string, sizeBytes: number, used: string) => ({
    name,
    devpath: `/dev/${name}`,
    'disk-type': 'ssd',
    gpt: true,
    model: 'NVMe drive',
    serial: hexDigits(`pbs ${name}`, 14).toUpperCase(),
    size: sizeBytes,
    status: 'passed',
    used,
    wearout: 97,
  })
  return [
    describe('nvme0n1', bootDiskGB * 1e9, 'partitions'),
    describe('nvme1n1', (store?.totalTB ?? 0) * 1e12, 'filesystem'),
  ]
}

const serviceNames = [
  'chrony',
  'cron',
  'postfix',
  'proxmox-backup',
  'proxmox-backup-proxy',
  'sshd',
  'systemd-journald',
]

function packages(call: PbsCall) {
  const version = `${call.server.site.backup.server.versions.pbs}-1`
  const common = { Arch: 'amd64', Origin: 'Proxmox', Priority: 'optional', Section: 'admin' }
  return ['proxmox-backup-server', 'proxmox-backup-client'].map((name) => ({
    ...common,
    Package: name,
    Title: name,
    Description: 'part of the backup server',
    Version: version,
    OldVersion: version,
  }))
}

export const hostRoutes = [
  route('GET', '/nodes/{node}/network', {
    needs: audit('network', 'interfaces'),
    run(input, call) {
      checkNode(call, input.node)
      return interfaces(call)
    },
  }),
  route('GET', '/nodes/{node}/disks/list', {
    needs: audit('disks'),
    parameters: {
      'include-partitions': optional(flag()),
      skipsmart: optional(flag()),
      'usage-type': optional(
        choice('unused', 'mounted', 'lvm', 'zfs', 'devicemapper', 'partitions', 'filesystem'),
      ),
    },
    run(input, call) {
      checkNode(call, input.node)
      const wanted = input['usage-type']
      return disks(call).filter((disk) => wanted === undefined || disk.used === wanted)
    },
  }),
  route('GET', '/nodes/{node}/dns', {
    needs: audit('network', 'dns'),
    run(input, call) {
      checkNode(call, input.node)
      const search = call.server.site.site.domain
      return { search, dns1: '10.16.207.102', dns2: '10.25.60.2', digest: hexDigits('pbs dns', 64) }
    },
  }),
  route('GET', '/nodes/{node}/services', {
    needs: audit('services'),
    run(input, call) {
      checkNode(call, input.node)
      return serviceNames.map((name) => ({
        name,
        service: name,
        desc: name,
        state: 'running',
        'unit-state': 'enabled',
      }))
    },
  }),
  route('GET', '/nodes/{node}/apt/versions', {
    needs: { path: '/', privileges: ['Sys.Audit'] },
    run(input, call) {
      checkNode(call, input.node)
      return packages(call)
    },
  }),
]
