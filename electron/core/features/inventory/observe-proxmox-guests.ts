// Guests of Proxmox VE: what they are, where they run, and what they use.
import type { Entity } from '#shared/model/inventory.ts'
import type { ResourceRow } from '../../connectors/proxmox/proxmox-shapes.ts'
import type { GuestDisk } from './guest-config.ts'
import { judgeGuest } from './health-rules.ts'
import { isTelling } from './machine-index.ts'
import { edgeOf } from './observation.ts'
import type { Harvest } from './observe-proxmox.ts'
import type { GpuIndex } from './observe-proxmox-gpus.ts'
import type { NetworkIndex } from './observe-proxmox-networks.ts'
import type { GuestDetails, ProxmoxIds, ProxmoxView } from './proxmox-view.ts'
import { startedAt } from './proxmox-view.ts'
import { knownFacts, steadyFacts, toFraction } from './steady-facts.ts'

interface Surroundings {
  /** The entity id of a storage as a node sees it. */
  storageIds: (node: string, storage: string) => string | undefined
  networks: NetworkIndex
  gpus: GpuIndex
}

export function observeGuest(view: ProxmoxView, ids: ProxmoxIds, row: ResourceRow, around: Surroundings, found: Harvest): void {
  if (row.vmid === undefined) return
  const id = ids.guest(row.vmid)
  const details = view.guests.get(row.vmid)
  const isTemplate = row.template === true
  const name = row.name ?? `${row.type} ${row.vmid}`
  found.entities.push({
    id,
    kind: 'guest',
    layer: 'guests',
    name,
    ...judgeGuest({ status: row.status, lock: row.lock, hastate: row.hastate, isTemplate }),
    parentId: row.node ? ids.node(row.node) : ids.root,
    connectionId: view.connectionId,
    tags: row.tags ? row.tags.split(/[;, ]+/).filter((tag) => tag !== '') : [],
    addresses: guestAddresses(details),
    facts: steadyFacts(view.known(id)?.facts, guestFacts(view, row, details, isTemplate)),
  })
  if (row.node) found.edges.push(edgeOf(id, 'runs-on', ids.node(row.node), [{ by: 'api', text: `${name} is on ${row.node}` }]))
  if (row.pool) found.edges.push(edgeOf(id, 'member-of', ids.pool(row.pool), [{ by: 'api', text: `${name} is in the pool ${row.pool}` }]))
  if (!details || !row.node) return
  linkDisks(id, row.node, details, around, found)
  for (const nic of details.config.nics) {
    const network = nic.bridge ? around.networks.attach(nic.bridge, nic.tag) : undefined
    if (network)
      found.edges.push(edgeOf(id, 'attached-to', network, [{ by: 'configuration', text: `${nic.slot} (${nic.mac ?? nic.model}) is on ${nic.bridge}${nic.tag ? ` with VLAN ${nic.tag}` : ''}` }]))
  }
  for (const device of details.config.pci) {
    for (const { gpu, why } of around.gpus.find(row.node, device))
      found.edges.push(edgeOf(id, 'uses', gpu, [{ by: 'pci', text: `${device.slot} of ${name} is ${why}` }]))
  }
}

function guestFacts(view: ProxmoxView, row: ResourceRow, details: GuestDetails | undefined, isTemplate: boolean): Entity['facts'] {
  const isRunning = row.status === 'running' || row.status === 'paused'
  const config = details?.config
  const unprotected = config?.disks.filter((disk) => !disk.isBackedUp).map((disk) => disk.slot)
  return knownFacts({
    vmid: row.vmid,
    type: row.type,
    cluster: view.cluster,
    node: row.node,
    isTemplate: isTemplate || undefined,
    cpuFraction: isRunning ? toFraction(row.cpu) : undefined,
    cpuCount: row.maxcpu,
    memoryBytes: isRunning ? row.mem : undefined,
    memoryTotalBytes: row.maxmem,
    // QEMU guests do not tell how full their disks are: the wire says 0.
    diskBytes: row.type === 'lxc' && isRunning ? row.disk : undefined,
    diskTotalBytes: row.maxdisk,
    startedAtMs: isRunning ? startedAt(view.nowMs, row.uptime) : undefined,
    pool: row.pool,
    lock: row.lock,
    haState: row.hastate,
    macs: config?.nics.flatMap((nic) => (nic.mac ? [nic.mac] : [])),
    smbiosUuid: config?.smbiosUuid,
    createdAtMs: config?.createdAtMs,
    osType: config?.osType,
    hostname: config?.hostname,
    disks: config?.disks.map(diskText),
    disksWithoutBackup: unprotected && unprotected.length > 0 ? unprotected : undefined,
    startsAtBoot: config?.startsAtBoot,
    agent: !config?.hasAgent ? undefined : details?.interfaces ? 'answers' : isRunning ? 'does not answer' : undefined,
  })
}

function diskText({ slot, storage, sizeBytes }: GuestDisk): string {
  if (sizeBytes === undefined) return `${slot} on ${storage}`
  const size = sizeBytes < 1024 ** 3 ? `${Math.round(sizeBytes / 1024 ** 2)} MiB` : `${Math.round(sizeBytes / 1024 ** 3)} GiB`
  return `${slot} on ${storage}, ${size}`
}

/** Fixed addresses, MACs and what the guest itself says; not those that every machine has. */
function guestAddresses(details: GuestDetails | undefined): string[] {
  if (!details) return []
  const macs = new Set(details.config.nics.flatMap((nic) => (nic.mac ? [nic.mac] : [])))
  const addresses = new Set<string>()
  for (const nic of details.config.nics) if (nic.address) addresses.add(nic.address)
  // Bridges and overlays inside the guest (docker0, cni0) share their addresses with every other such guest.
  for (const item of details.interfaces ?? []) {
    if (item.mac !== undefined && macs.size > 0 && !macs.has(item.mac)) continue
    for (const address of item.addresses) if (isTelling(address)) addresses.add(address)
  }
  return [...addresses, ...macs]
}

function linkDisks(id: string, node: string, details: GuestDetails, around: Surroundings, found: Harvest): void {
  const slotsOf = new Map<string, string[]>()
  for (const disk of details.config.disks) {
    const storage = around.storageIds(node, disk.storage)
    if (storage) slotsOf.set(storage, [...(slotsOf.get(storage) ?? []), disk.slot])
  }
  for (const [storage, slots] of slotsOf) found.edges.push(edgeOf(id, 'uses', storage, [{ by: 'configuration', text: `Holds ${slots.join(', ')}` }]))
}
