// Proxmox VE → the site's model: the cluster, its nodes and pools here; guests, storages, networks, GPUs and backup
// jobs in the files beside. Linear in the number of rows, and pure but for a cache: relations that have not changed
// are the very same objects again.
import type { Edge, Entity } from '#shared/model/inventory.ts'
import { createBreather } from './breather.ts'
import { judgeNode } from './health-rules.ts'
import { edgeOf, type Observation } from './observation.ts'
import { observeGpus } from './observe-proxmox-gpus.ts'
import { GuestRelations, observeGuest } from './observe-proxmox-guests.ts'
import { observeNetworks } from './observe-proxmox-networks.ts'
import { observeBackupJobs, observeStorages } from './observe-proxmox-storages.ts'
import { proxmoxIds, shareOf, startedAt, type ProxmoxIds, type ProxmoxView } from './proxmox-view.ts'
import { knownFacts, steadyFacts, toFraction } from './steady-facts.ts'

/** Where the observe functions put what they find. */
export interface Harvest {
  entities: Entity[]
  edges: Edge[]
}

export interface ProxmoxObserver {
  /** Everything of one cluster. Lets the event loop run every few milliseconds. */
  observe(view: ProxmoxView): Promise<Observation>
}

export function createProxmoxObserver(): ProxmoxObserver {
  const relations = new GuestRelations()
  return {
    async observe(view) {
      const ids = proxmoxIds(view.scope)
      const found: Harvest = { entities: [], edges: [] }
      const breather = createBreather()
      found.entities.push(observeCluster(view, ids))
      observeNodes(view, ids, found)
      observePools(view, ids, found)
      const storageIds = observeStorages(view, ids, found)
      const networks = observeNetworks(view, ids, found)
      const gpus = observeGpus(view, ids, found)
      relations.begin(view, { storageIds, networks, gpus })
      for (const row of view.resources) {
        if (row.type !== 'qemu' && row.type !== 'lxc') continue
        observeGuest(view, ids, row, relations, found)
        if (breather.isDue()) await breather.rest()
      }
      relations.end()
      networks.finish()
      observeBackupJobs(view, ids, found)
      return found
    },
  }
}

function observeCluster(view: ProxmoxView, { root }: ProxmoxIds): Entity {
  const nodes = view.resources.filter((row) => row.type === 'node')
  const online = nodes.filter((row) => row.status === 'online').length
  const head = view.members.find((member) => member.type === 'cluster')
  const isQuorate = head?.quorate ?? true
  const isWhole = nodes.length > 0 && online === nodes.length
  const status = !isQuorate
    ? 'no quorum'
    : isWhole
      ? `${online} of ${nodes.length} nodes online`
      : nodes.length === 0
        ? 'nodes not visible'
        : `${online} of ${nodes.length} nodes online`
  return {
    id: root,
    kind: 'cluster',
    layer: 'hardware',
    name: view.cluster,
    health: !isQuorate ? 'error' : nodes.length === 0 ? 'unknown' : isWhole ? 'ok' : 'warning',
    status,
    parentId: null,
    connectionId: view.connectionId,
    tags: [],
    addresses: [],
    facts: knownFacts({
      product: 'Proxmox VE',
      version: view.version,
      nodeCount: nodes.length,
      isQuorate: head?.quorate,
    }),
  }
}

function observeNodes(view: ProxmoxView, ids: ProxmoxIds, found: Harvest): void {
  const members = new Map(
    view.members.filter((member) => member.type === 'node').map((member) => [member.name, member]),
  )
  for (const row of view.resources) {
    if (row.type !== 'node' || !row.node) continue
    const id = ids.node(row.node)
    const details = view.nodes.get(row.node)
    const ip = members.get(row.node)?.ip
    const isOnline = row.status === 'online'
    const verdict = judgeNode({
      status: row.status,
      memoryFraction: shareOf(row.mem, row.maxmem),
      diskFraction: shareOf(row.disk, row.maxdisk),
    })
    const facts = knownFacts({
      cluster: view.cluster,
      ip,
      cpuFraction: isOnline ? toFraction(row.cpu) : undefined,
      cpuCount: row.maxcpu,
      cpuModel: details?.status?.cpuinfo?.model,
      memoryBytes: isOnline ? row.mem : undefined,
      memoryTotalBytes: row.maxmem,
      diskBytes: isOnline ? row.disk : undefined,
      diskTotalBytes: row.maxdisk,
      startedAtMs: isOnline ? startedAt(view.nowMs, row.uptime) : undefined,
      version: details?.status?.pveversion?.replace(/^pve-manager\//, '').split('/')[0],
      kernel: details?.status?.kversion?.replace(/^Linux (\S+).*$/, '$1'),
      haState: row.hastate,
    })
    found.entities.push({
      id,
      kind: 'node',
      layer: 'hardware',
      name: row.node,
      ...verdict,
      parentId: ids.root,
      connectionId: view.connectionId,
      tags: [],
      addresses: nodeAddresses(ip, details?.interfaces),
      facts: steadyFacts(view.known(id)?.facts, facts),
    })
    found.edges.push(
      edgeOf(id, 'member-of', ids.root, [
        { by: 'api', text: `${row.node} is a node of the cluster ${view.cluster}` },
      ]),
    )
  }
}

function nodeAddresses(
  ip: string | undefined,
  interfaces: ReadonlyArray<{ address?: string | undefined }> | undefined,
): string[] {
  const addresses = new Set<string>()
  if (ip) addresses.add(ip.toLowerCase())
  for (const { address } of interfaces ?? []) if (address) addresses.add(address.toLowerCase())
  return [...addresses]
}

function observePools(view: ProxmoxView, ids: ProxmoxIds, found: Harvest): void {
  const comments = new Map(view.pools.map((pool) => [pool.poolid, pool.comment]))
  const guestCounts = new Map<string, number>()
  for (const row of view.resources)
    if (row.pool && row.vmid !== undefined) guestCounts.set(row.pool, (guestCounts.get(row.pool) ?? 0) + 1)
  const names = new Set([...comments.keys(), ...guestCounts.keys()])
  for (const row of view.resources) if (row.type === 'pool' && row.pool) names.add(row.pool)
  for (const name of names) {
    const count = guestCounts.get(name) ?? 0
    found.entities.push({
      id: ids.pool(name),
      kind: 'pool',
      layer: 'guests',
      name,
      health: 'ok',
      status: count === 1 ? '1 guest' : `${count} guests`,
      parentId: ids.root,
      connectionId: view.connectionId,
      tags: [],
      addresses: [],
      facts: knownFacts({ guestCount: count, comment: comments.get(name) }),
    })
  }
}
