// GPUs of Proxmox VE: display and compute devices on the nodes' PCI buses that are worth knowing about, the mappings
// that name them, and the guests they are passed through to.
import { parseProperties } from '../../connectors/proxmox/api2-values.ts'
import type { PciDevice } from '../../connectors/proxmox/proxmox-shapes.ts'
import type { GuestPci } from './guest-config.ts'
import { edgeOf } from './observation.ts'
import type { Harvest } from './observe-proxmox.ts'
import type { ProxmoxIds, ProxmoxView } from './proxmox-view.ts'
import { knownFacts } from './steady-facts.ts'

export interface GpuIndex {
  /** GPUs that a guest's hostpci entry means, and in which words it says so. */
  find(node: string, device: GuestPci): Array<{ gpu: string; why: string }>
}

interface MappedDevice {
  mapping: string
  node: string
  path: string
}

const nvidia = '0x10de'

export function observeGpus(view: ProxmoxView, ids: ProxmoxIds, found: Harvest): GpuIndex {
  const mapped = view.mappings.flatMap(devicesOfMapping)
  const passedThrough = passedThroughPaths(view)
  const byPlace = new Map<string, string>()
  for (const [node, { pci }] of view.nodes) {
    for (const device of pci ?? []) {
      if (!isGraphics(device)) continue
      const mappings = mapped
        .filter((item) => item.node === node && isSameDevice(item.path, device.id))
        .map((item) => item.mapping)
      const users = passedThrough.filter(
        (item) =>
          (item.node === node && item.path && isSameDevice(item.path, device.id)) ||
          (item.node === node && item.mapping && mappings.includes(item.mapping)),
      )
      // The graphics of the processor itself: only of interest when somebody uses it.
      if (device.vendor !== nvidia && !isCompute(device) && mappings.length === 0 && users.length === 0)
        continue
      const id = ids.gpu(node, device.id)
      byPlace.set(`${node}/${device.id}`, id)
      addGpu(view, id, node, device, { mappings, users: users.map((item) => item.name) }, ids, found)
    }
  }
  const onNode = (node: string, path: string): Array<[string, string]> =>
    [...byPlace].filter(
      ([place]) => place.startsWith(`${node}/`) && isSameDevice(path, place.slice(node.length + 1)),
    )
  return {
    find(node, device) {
      if (device.path)
        return onNode(node, device.path).map(([, gpu]) => ({ gpu, why: `${device.path} on ${node}` }))
      if (!device.mapping) return []
      return mapped
        .filter((item) => item.mapping === device.mapping && item.node === node)
        .flatMap((item) =>
          onNode(node, item.path).map(([, gpu]) => ({
            gpu,
            why: `the mapping ${item.mapping}, which is ${item.path} on ${node}`,
          })),
        )
    },
  }
}

/** Each entry of a mapping is a property string; several functions of one device are joined by `;` in `path`. */
function devicesOfMapping({ id, map }: { id: string; map: readonly string[] }): MappedDevice[] {
  return map.flatMap((entry) => {
    const { node, path } = parseProperties(entry)
    return node && path ? path.split(';').map((one) => ({ mapping: id, node, path: one.toLowerCase() })) : []
  })
}

function passedThroughPaths(view: ProxmoxView): Array<GuestPci & { node: string; name: string }> {
  return view.resources.flatMap((row) => {
    const details = row.vmid === undefined ? undefined : view.guests.get(row.vmid)
    if (!details || !row.node) return []
    return details.config.pci.map((item) => ({
      ...item,
      node: row.node!,
      name: row.name ?? String(row.vmid),
    }))
  })
}

/** `0000:08:00` means all functions of the device, `08:00.0` leaves the domain out. */
function isSameDevice(path: string, id: string): boolean {
  const whole = /^[0-9a-f]{4}:/.test(path) ? path : `0000:${path}`
  return id.toLowerCase() === whole || id.toLowerCase().startsWith(`${whole}.`)
}

const classOf = (device: PciDevice): string => (device.class ?? '').toLowerCase()
const isCompute = (device: PciDevice): boolean =>
  classOf(device).startsWith('0x12') || classOf(device).startsWith('0x0302')
const isGraphics = (device: PciDevice): boolean => classOf(device).startsWith('0x03') || isCompute(device)

function addGpu(
  view: ProxmoxView,
  id: string,
  node: string,
  device: PciDevice,
  use: { mappings: string[]; users: string[] },
  ids: ProxmoxIds,
  found: Harvest,
): void {
  found.entities.push({
    id,
    kind: 'gpu',
    layer: 'hardware',
    name: device.device_name ?? device.id,
    health: 'ok',
    status: use.users.length > 0 ? `passed through to ${use.users.join(', ')}` : 'not passed through',
    parentId: ids.node(node),
    connectionId: view.connectionId,
    tags: [],
    addresses: [],
    facts: knownFacts({
      node,
      pciAddress: device.id,
      vendor: device.vendor_name ?? device.vendor,
      deviceId:
        device.vendor && device.device
          ? `${device.vendor.replace('0x', '')}:${device.device.replace('0x', '')}`
          : undefined,
      iommuGroup: device.iommugroup,
      mappings: use.mappings.length > 0 ? use.mappings : undefined,
    }),
  })
  found.edges.push(
    edgeOf(id, 'attached-to', ids.node(node), [
      { by: 'pci', text: `${device.id} on the PCI bus of ${node}` },
    ]),
  )
}
