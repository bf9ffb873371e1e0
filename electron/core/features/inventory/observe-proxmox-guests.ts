// Guests of Proxmox VE: what they are, where they run, and what they use.
import type { Edge, Entity } from '#shared/model/inventory.ts'
import type { ResourceRow } from '../../connectors/proxmox/proxmox-shapes.ts'
import { sameEntity } from './diff.ts'
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

export function observeGuest(
  view: ProxmoxView,
  ids: ProxmoxIds,
  row: ResourceRow,
  relations: GuestRelations,
  found: Harvest,
): void {
  if (row.vmid === undefined) return
  const id = ids.guest(row.vmid)
  const details = view.guests.get(row.vmid)
  const isTemplate = row.template === true
  const name = row.name ?? `${row.type} ${row.vmid}`
  const known = view.known(id)
  const entity: Entity = {
    id,
    kind: 'guest',
    layer: 'guests',
    name,
    ...judgeGuest({ status: row.status, lock: row.lock, hastate: row.hastate, isTemplate }),
    parentId: row.node ? ids.node(row.node) : ids.root,
    connectionId: view.connectionId,
    tags: row.tags ? row.tags.split(/[;, ]+/).filter((tag) => tag !== '') : [],
    addresses: guestAddresses(details),
    facts: steadyFacts(known?.facts, guestFacts(view, row, details, isTemplate)),
  }
  found.entities.push(known && sameEntity(known, entity) ? known : entity)
  for (const edge of relations.of({ id, name, row, details }, ids)) found.edges.push(edge)
}

interface RelatedGuest {
  id: string
  name: string
  row: ResourceRow
  details: GuestDetails | undefined
}
interface KeptRelations {
  key: string
  details: GuestDetails | undefined
  edges: Edge[]
  networks: Array<{ bridge: string; tag: number | undefined }>
}

/** The edges of guests, made once and handed out again while nothing they are made from has changed. */
export class GuestRelations {
  private kept = new Map<string, KeptRelations>()
  private next = new Map<string, KeptRelations>()
  private ground: readonly unknown[] = []
  private around: Surroundings | undefined

  /** Forgets everything when storages, networks or devices of the cluster are not those of the last round. */
  begin(view: ProxmoxView, around: Surroundings): void {
    const storages = view.resources.flatMap((row) =>
      row.type === 'storage' ? [`${row.id}${row.shared ? '*' : ''}`] : [],
    )
    const ground = [view.scope, storages.join(' '), view.mappings, ...view.nodes.values()]
    const isSame =
      ground.length === this.ground.length && ground.every((item, at) => item === this.ground[at])
    if (!isSame) this.kept = new Map()
    this.ground = ground
    this.around = around
    this.next = new Map()
  }

  /** Guests that were not asked for in this round are gone. */
  end(): void {
    this.kept = this.next
  }

  of(guest: RelatedGuest, ids: ProxmoxIds): readonly Edge[] {
    const { row, details } = guest
    const key = `${row.node}|${row.pool}|${guest.name}`
    const known = this.kept.get(guest.id)
    const relations =
      known && known.details === details && known.key === key
        ? known
        : { key, details, edges: this.make(guest, ids), networks: networksOf(details) }
    this.next.set(guest.id, relations)
    for (const { bridge, tag } of relations.networks) this.around?.networks.attach(bridge, tag)
    return relations.edges
  }

  private make({ id, name, row, details }: RelatedGuest, ids: ProxmoxIds): Edge[] {
    const edges: Edge[] = []
    if (row.node)
      edges.push(
        edgeOf(id, 'runs-on', ids.node(row.node), [{ by: 'api', text: `${name} is on ${row.node}` }]),
      )
    if (row.pool)
      edges.push(
        edgeOf(id, 'member-of', ids.pool(row.pool), [
          { by: 'api', text: `${name} is in the pool ${row.pool}` },
        ]),
      )
    if (!details || !row.node || !this.around) return edges
    edges.push(...diskEdges(id, row.node, details, this.around))
    for (const { slot, mac, model, bridge, tag } of details.config.nics) {
      if (!bridge) continue
      const text = `${slot} (${mac ?? model}) is on ${bridge}${tag ? ` with VLAN ${tag}` : ''}`
      edges.push(
        edgeOf(id, 'attached-to', this.around.networks.idOf(bridge, tag), [{ by: 'configuration', text }]),
      )
    }
    for (const device of details.config.pci)
      for (const { gpu, why } of this.around.gpus.find(row.node, device))
        edges.push(edgeOf(id, 'uses', gpu, [{ by: 'pci', text: `${device.slot} of ${name} is ${why}` }]))
    return edges
  }
}

const networksOf = (details: GuestDetails | undefined): KeptRelations['networks'] =>
  (details?.config.nics ?? []).flatMap(({ bridge, tag }) => (bridge ? [{ bridge, tag }] : []))

function guestFacts(
  view: ProxmoxView,
  row: ResourceRow,
  details: GuestDetails | undefined,
  isTemplate: boolean,
): Entity['facts'] {
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
    serialPorts: config && config.serialPorts.length > 0 ? config.serialPorts : undefined,
    agent: !config?.hasAgent
      ? undefined
      : details?.interfaces
        ? 'answers'
        : isRunning
          ? 'does not answer'
          : undefined,
  })
}

function diskText({ slot, storage, sizeBytes }: GuestDisk): string {
  if (sizeBytes === undefined) return `${slot} on ${storage}`
  const size =
    sizeBytes < 1024 ** 3
      ? `${Math.round(sizeBytes / 1024 ** 2)} MiB`
      : `${Math.round(sizeBytes / 1024 ** 3)} GiB`
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

function diskEdges(id: string, node: string, details: GuestDetails, around: Surroundings): Edge[] {
  const slotsOf = new Map<string, string[]>()
  for (const disk of details.config.disks) {
    const storage = around.storageIds(node, disk.storage)
    if (storage) slotsOf.set(storage, [...(slotsOf.get(storage) ?? []), disk.slot])
  }
  return [...slotsOf].map(([storage, slots]) =>
    edgeOf(id, 'uses', storage, [{ by: 'configuration', text: `Holds ${slots.join(', ')}` }]),
  )
}
