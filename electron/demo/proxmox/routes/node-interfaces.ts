// The network interfaces of a demo node as /etc/network/interfaces would have them: ports, bond, bridges, VLANs.
// Read by the node routes only.
import type { DemoNode } from '../../world/site.ts'
import type { PveCall } from '../call.ts'

/** Interfaces of a node: ports, bond, the two bridges and the VLAN interface with the data address. */
export function interfaces(call: PveCall, node: DemoNode) {
  const family = { families: ['inet'], method6: 'manual' }
  const ports = node.nics.map((nic) => ({
    ...family,
    iface: nic.name,
    type: 'eth',
    method: 'manual',
    active: 1,
    exists: 1,
    priority: 3,
  }))
  const bonds = node.bonds.map((bond) => ({
    ...family,
    iface: bond.name,
    type: 'bond',
    method: 'manual',
    active: 1,
    autostart: 1,
    bond_mode: bond.mode,
    bond_xmit_hash_policy: 'layer2+3',
    slaves: bond.slaves.join(' '),
    priority: 7,
  }))
  return [...ports, ...bonds, ...bridges(call, node), ...vlans(node)].map((it) => ({
    ...it,
    families: it.families,
  }))
}

function bridges(call: PveCall, node: DemoNode) {
  const gateway = call.cluster.site.networks.find((network) => network.id === 'management')?.gateway
  return ['vmbr0', 'vmbr1'].map((iface, index) => {
    const address = node.addresses.find((it) => it.iface === iface)?.cidr
    const members = [
      ...node.nics.filter((nic) => nic.bridge === iface).map((nic) => nic.name),
      ...node.bonds.filter((bond) => bond.bridge === iface).map((bond) => bond.name),
    ]
    return {
      iface,
      type: 'bridge',
      method: address ? 'static' : 'manual',
      method6: 'manual',
      families: ['inet'],
      active: 1,
      autostart: 1,
      bridge_ports: members.join(' '),
      bridge_fd: '0',
      bridge_stp: 'off',
      priority: 8 + index,
      ...(iface === 'vmbr1' ? { bridge_vlan_aware: 1, bridge_vids: '2-4094' } : {}),
      ...(address ? { ...addressFields(address), ...(gateway && index === 0 ? { gateway } : {}) } : {}),
    }
  })
}

const vlans = (node: DemoNode) =>
  node.addresses
    .filter((it) => it.iface.includes('.'))
    .map((it) => {
      const [device = '', tag = '0'] = it.iface.split('.')
      return {
        iface: it.iface,
        type: 'vlan',
        method: 'static',
        method6: 'manual',
        families: ['inet'],
        active: 1,
        autostart: 1,
        'vlan-id': Number(tag),
        'vlan-raw-device': device,
        priority: 10,
        ...addressFields(it.cidr),
      }
    })

const addressFields = (cidr: string) => ({
  cidr,
  address: cidr.split('/')[0] ?? '',
  netmask: cidr.split('/')[1] ?? '',
})
