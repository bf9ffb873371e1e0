// Guests of the demo cluster, read side: lists, status, config, pending changes, snapshots, the agent's answers.
import { ApiFault, runtimeFault } from '../../api2/api-fault.ts'
import { choice, flag, optional, text } from '../../api2/parameters.ts'
import { may, route, type PveCall } from '../call.ts'
import { haOf } from '../cluster.ts'
import { guestCounters, guestLoad, momentOf, uptimeSeconds } from '../figures.ts'
import { configOf, isUp, statusWord, type Guest } from '../guest.ts'
import { migrationPreconditions } from '../guest-moves.ts'

const audit = { path: '/vms/{vmid}', privileges: ['VM.Audit'] } as const
const monitor = { path: '/vms/{vmid}', privileges: ['VM.Monitor'] } as const

const emulator = { 'running-machine': 'pc-q35-9.2+pve1', 'running-qemu': '9.2.0' }

export function listRow(call: PveCall, guest: Guest) {
  const load = guestLoad(guest, momentOf(call.nowMs))
  return {
    vmid: guest.vmid,
    name: guest.name,
    status: statusWord(guest),
    cpu: load.cpu,
    cpus: guest.vcpu,
    mem: load.memBytes,
    maxmem: guest.memoryBytes,
    disk: 0,
    maxdisk: guest.disks[0]?.sizeBytes ?? 0,
    ...guestCounters(guest, call.nowMs),
    uptime: uptimeSeconds(guest, call.nowMs),
    ...(isUp(guest) ? { pid: guest.pid } : {}),
    ...(guest.isTemplate ? { template: 1 } : {}),
    ...(guest.tags.length > 0 ? { tags: guest.tags.join(';') } : {}),
    ...(guest.lock ? { lock: guest.lock } : {}),
  }
}

function currentStatus(call: PveCall, guest: Guest) {
  const ha = haOf(call.cluster, guest.vmid)
  return {
    ...listRow(call, guest),
    qmpstatus: isUp(guest) ? guest.state : 'stopped',
    ha: ha ? { managed: 1, state: ha.state, ...(ha.group ? { group: ha.group } : {}) } : { managed: 0 },
    ...(guest.hasAgent ? { agent: 1 } : {}),
    ...(isUp(guest)
      ? {
          ...emulator,
          ...(guest.balloonBytes > 0 ? { balloon: guest.memoryBytes, balloon_min: guest.balloonBytes } : {}),
          'proxmox-support': {
            'pbs-dirty-bitmap': true,
            'pbs-library-version': '1.5.1',
            'backup-max-workers': true,
          },
        }
      : {}),
  }
}

/** Current values, and beside them what waits for the next start. */
export function pendingRows(guest: Guest) {
  const { digest: _digest, lock: _lock, ...current } = configOf(guest)
  const keys = [...new Set([...Object.keys(current), ...Object.keys(guest.pending)])].sort()
  return keys.map((key) => ({
    key,
    ...(current[key] === undefined ? {} : { value: String(current[key]) }),
    ...(guest.pending[key] === undefined ? {} : { pending: String(guest.pending[key]) }),
  }))
}

export function snapshotRows(guest: Guest) {
  const taken = guest.snapshots.map((snapshot) => ({
    name: snapshot.name,
    description: snapshot.description,
    snaptime: snapshot.timeSeconds,
    vmstate: snapshot.hasVmState ? 1 : 0,
    ...(snapshot.parent ? { parent: snapshot.parent } : {}),
  }))
  const current = {
    name: 'current',
    description: 'You are here!',
    running: isUp(guest) ? 1 : 0,
    digest: String(configOf(guest)['digest']),
    ...(guest.currentParent ? { parent: guest.currentParent } : {}),
  }
  return [...taken, current]
}

function agentOf(call: PveCall, node: string, vmid: number): Guest {
  const guest = call.cluster.guest(node, vmid)
  if (!isUp(guest)) throw runtimeFault(`VM ${vmid} is not running`)
  if (!guest.hasAgent) throw runtimeFault('No QEMU guest agent configured')
  if (guest.state === 'paused') throw runtimeFault('QEMU guest agent is not running')
  return guest
}

function agentInterfaces(call: PveCall, guest: Guest) {
  const counters = guestCounters(guest, call.nowMs)
  const loopback = {
    name: 'lo',
    'hardware-address': '00:00:00:00:00:00',
    'ip-addresses': [
      { 'ip-address-type': 'ipv4', 'ip-address': '127.0.0.1', prefix: 8 },
      { 'ip-address-type': 'ipv6', 'ip-address': '::1', prefix: 128 },
    ],
  }
  const cards = guest.nics.map((nic, index) => ({
    name: guest.os === 'windows' ? `Ethernet${index === 0 ? '' : ` ${index + 1}`}` : `ens${18 + index}`,
    'hardware-address': nic.mac,
    'ip-addresses': [
      { 'ip-address-type': 'ipv4', 'ip-address': nic.ip, prefix: nic.prefixLength },
      { 'ip-address-type': 'ipv6', 'ip-address': linkLocal(nic.mac), prefix: 64 },
    ],
    statistics: {
      'rx-bytes': counters.netin,
      'rx-packets': Math.round(counters.netin / 900),
      'rx-errs': 0,
      'rx-dropped': 0,
      'tx-bytes': counters.netout,
      'tx-packets': Math.round(counters.netout / 800),
      'tx-errs': 0,
      'tx-dropped': 0,
    },
  }))
  return guest.os === 'windows' ? [...cards, loopback] : [loopback, ...cards]
}

/** The link-local address that a MAC gives (modified EUI-64). */
function linkLocal(mac: string): string {
  const bytes = mac.split(':').map((pair) => Number.parseInt(pair, 16))
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = bytes
  const groups = [((a ^ 2) << 8) | b, (c << 8) | 0xff, 0xfe00 | d, (e << 8) | f]
  return `fe80::${groups.map((group) => group.toString(16)).join(':')}`
}

const osInfo = (guest: Guest) =>
  guest.os === 'windows'
    ? {
        id: 'mswindows',
        name: 'Microsoft Windows',
        'pretty-name': guest.osName,
        version: guest.osName,
        'version-id': '2025',
        'kernel-release': '26100',
        'kernel-version': '10.0',
        machine: 'x86_64',
        variant: 'server',
        'variant-id': 'server',
      }
    : {
        id: 'ubuntu',
        name: 'Ubuntu',
        'pretty-name': 'Ubuntu 24.04.2 LTS',
        version: '24.04.2 LTS (Noble Numbat)',
        'version-id': '24.04',
        'kernel-release': '6.8.0-63-generic',
        'kernel-version': '#66-Ubuntu SMP PREEMPT_DYNAMIC',
        machine: 'x86_64',
      }

export const guestRoutes = [
  route('GET', '/nodes/{node}/qemu', {
    needs: 'login',
    parameters: { full: optional(flag()) },
    run(input, call) {
      call.cluster.node(input.node)
      const visible = call.cluster
        .guestsOn(input.node)
        .filter((guest) => guest.type === 'qemu' && may(call, `/vms/${guest.vmid}`, ['VM.Audit']))
      return visible.map((guest) => ({
        ...listRow(call, guest),
        ...(input.full && isUp(guest) ? { ...emulator, qmpstatus: guest.state } : {}),
      }))
    },
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}', {
    needs: 'login',
    run(input, call) {
      call.cluster.guest(input.node, input.vmid)
      return [
        'agent',
        'clone',
        'config',
        'feature',
        'migrate',
        'pending',
        'rrddata',
        'snapshot',
        'status',
      ].map((subdir) => ({ subdir }))
    },
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/status/current', {
    needs: audit,
    run: (input, call) => currentStatus(call, call.cluster.guest(input.node, input.vmid)),
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/config', {
    needs: audit,
    parameters: { current: optional(flag()), snapshot: optional(text()) },
    run(input, call) {
      const guest = call.cluster.guest(input.node, input.vmid)
      if (input.snapshot !== undefined) return snapshotConfig(guest, input.snapshot)
      return input.current ? configOf(guest) : { ...configOf(guest), ...guest.pending }
    },
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/pending', {
    needs: audit,
    run: (input, call) => pendingRows(call.cluster.guest(input.node, input.vmid)),
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/snapshot', {
    needs: audit,
    run: (input, call) => snapshotRows(call.cluster.guest(input.node, input.vmid)),
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config', {
    needs: {
      path: '/vms/{vmid}',
      privileges: ['VM.Snapshot', 'VM.Snapshot.Rollback', 'VM.Audit'],
      isAnyEnough: true,
    },
    run: (input, call) => snapshotConfig(call.cluster.guest(input.node, input.vmid), input.snapname),
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/feature', {
    needs: audit,
    parameters: { feature: choice('snapshot', 'clone', 'copy'), snapname: optional(text()) },
    run(input, call) {
      const guest = call.cluster.guest(input.node, input.vmid)
      const has =
        input.feature === 'snapshot' ? !guest.isTemplate : input.feature === 'copy' || guest.isTemplate
      return { hasFeature: has ? 1 : 0, nodes: has ? [guest.node] : [] }
    },
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/migrate', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Migrate'] },
    parameters: { target: optional(text()) },
    run: (input, call) => migrationPreconditions(call.cluster, call.cluster.guest(input.node, input.vmid)),
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/agent/network-get-interfaces', {
    needs: monitor,
    run: (input, call) => ({ result: agentInterfaces(call, agentOf(call, input.node, input.vmid)) }),
  }),
  route('GET', '/nodes/{node}/qemu/{vmid}/agent/get-osinfo', {
    needs: monitor,
    run: (input, call) => ({ result: osInfo(agentOf(call, input.node, input.vmid)) }),
  }),
]

export function snapshotConfig(guest: Guest, name: string) {
  const snapshot = guest.snapshots.find((it) => it.name === name)
  if (!snapshot) throw new ApiFault(500, `snapshot '${name}' does not exist`)
  return {
    ...snapshot.config,
    description: snapshot.description,
    snaptime: snapshot.timeSeconds,
    ...(snapshot.parent ? { parent: snapshot.parent } : {}),
    digest: String(configOf(guest)['digest']),
  }
}
