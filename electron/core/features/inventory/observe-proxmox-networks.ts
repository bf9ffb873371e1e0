// Networks of Proxmox VE: a bridge, or a VLAN on one, over all nodes that have it. Its subnet is known from the
// nodes' own addresses in it; a network nobody has an address in is still one when guests are attached.
import { isIPv4 } from 'node:net'
import type { NodeInterface } from '../../connectors/proxmox/proxmox-shapes.ts'
import { edgeOf } from './observation.ts'
import type { Harvest } from './observe-proxmox.ts'
import type { ProxmoxIds, ProxmoxView } from './proxmox-view.ts'
import { knownFacts } from './steady-facts.ts'

export interface NetworkIndex {
  /** The id of the network behind a guest's card. */
  idOf(bridge: string, tag: number | undefined): string
  /** Counts a guest's card. Networks unknown to the nodes are taken note of. */
  attach(bridge: string, tag: number | undefined): void
  /** Adds the networks to the harvest, once all guests have been attached. */
  finish(): void
}

interface Network {
  bridge: string
  tag: number | undefined
  cidrs: Set<string>
  gateways: Set<string>
  nodes: Map<string, { interfaceName: string; isActive: boolean }>
  guestCount: number
}

export function observeNetworks(view: ProxmoxView, ids: ProxmoxIds, found: Harvest): NetworkIndex {
  const networks = new Map<string, Network>()
  const networkFor = (bridge: string, tag: number | undefined): Network => {
    const key = keyOf(bridge, tag)
    const network = networks.get(key) ?? {
      bridge,
      tag,
      cidrs: new Set(),
      gateways: new Set(),
      nodes: new Map(),
      guestCount: 0,
    }
    networks.set(key, network)
    return network
  }
  for (const [node, { interfaces }] of view.nodes) {
    for (const item of interfaces ?? []) {
      const place = placeOf(item)
      if (!place) continue
      const network = networkFor(place.bridge, place.tag)
      network.nodes.set(node, { interfaceName: item.iface, isActive: item.active !== false })
      const subnet = subnetOf(item.cidr)
      if (subnet) network.cidrs.add(subnet)
      if (item.gateway) network.gateways.add(item.gateway)
    }
  }
  return {
    idOf: (bridge, tag) => ids.network(keyOf(bridge, tag)),
    attach(bridge, tag) {
      networkFor(bridge, tag).guestCount += 1
    },
    finish() {
      for (const [key, network] of networks) {
        if (network.guestCount === 0 && network.cidrs.size === 0) continue
        addNetwork(view, ids.network(key), network, networks.get(network.bridge), ids, found)
      }
    },
  }
}

const keyOf = (bridge: string, tag: number | undefined): string =>
  tag === undefined ? bridge : `${bridge}.${tag}`

/** Bridges, and VLAN interfaces on bridges; physical cards and bonds carry networks but are none. */
function placeOf(item: NodeInterface): { bridge: string; tag: number | undefined } | undefined {
  if (/bridge$/i.test(item.type)) return { bridge: item.iface, tag: undefined }
  if (item.type !== 'vlan') return undefined
  const named = /^(.+)\.(\d+)$/.exec(item.iface)
  const bridge = item['vlan-raw-device'] ?? named?.[1]
  const tag = item['vlan-id'] ?? Number(named?.[2])
  return bridge && /^vmbr/.test(bridge) && Number.isInteger(tag) ? { bridge, tag } : undefined
}

/** `10.25.60.231/24` → `10.25.60.0/24`. IPv4 only: that is what tells lab networks apart. */
export function subnetOf(cidr: string | undefined): string | undefined {
  const [address = '', length] = (cidr ?? '').split('/')
  const bits = Number(length)
  if (!isIPv4(address) || length === undefined || !Number.isInteger(bits) || bits < 1 || bits > 32)
    return undefined
  const value = address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0)
  const base = Math.floor(value / 2 ** (32 - bits)) * 2 ** (32 - bits)
  return `${[24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256).join('.')}/${bits}`
}

/** `carrier` is the bridge without a tag: a VLAN that no node has an address in is up when its bridge is. */
function addNetwork(
  view: ProxmoxView,
  id: string,
  network: Network,
  carrier: Network | undefined,
  ids: ProxmoxIds,
  found: Harvest,
): void {
  const where = network.tag === undefined ? network.bridge : `${network.bridge} VLAN ${network.tag}`
  const cidr = [...network.cidrs].sort()[0]
  const carriers = network.nodes.size > 0 ? network.nodes : (carrier?.nodes ?? network.nodes)
  const down = [...carriers].filter(([, item]) => !item.isActive).map(([node]) => node)
  const isSeen = carriers.size > 0
  found.entities.push({
    id,
    kind: 'network',
    layer: 'hardware',
    name: cidr ? `${cidr} (${where})` : where,
    health: down.length > 0 ? 'warning' : isSeen ? 'ok' : 'unknown',
    status: down.length > 0 ? `not active on ${down.join(', ')}` : isSeen ? 'active' : 'used by guests only',
    parentId: ids.root,
    connectionId: view.connectionId,
    tags: [],
    addresses: [],
    facts: knownFacts({
      cidr,
      bridge: network.bridge,
      vlan: network.tag,
      gateway: [...network.gateways].sort()[0],
      nodeCount: network.nodes.size,
      guestCount: network.guestCount,
    }),
  })
  for (const [node, { interfaceName }] of network.nodes)
    found.edges.push(
      edgeOf(ids.node(node), 'attached-to', id, [{ by: 'api', text: `${interfaceName} of ${node}` }]),
    )
}
