// PCI devices of the demo nodes and the cluster's resource mappings: what is passed through, by which name.
import { ApiFault } from '../../api2/api-fault.ts'
import { flag, optional, text } from '../../api2/parameters.ts'
import { hexDigits } from '../../world/guest-identity.ts'
import type { DemoNode } from '../../world/site.ts'
import { may, route, type PveCall } from '../call.ts'
import { gpuMapping } from '../guest.ts'

interface PciDevice {
  id: string
  class: string
  vendor: string
  device: string
  vendor_name: string
  device_name: string
  subsystem_vendor?: string
  subsystem_device?: string
  iommugroup: number
}

const gpuIds = { vendor: '0x10de', device: '0x24b0', subsystem: '0x14ad', group: 26 }

/** The devices worth listing: controllers of disks and networks, and the graphics cards of the inventory. */
function devicesOf(node: DemoNode): PciDevice[] {
  const disks = node.disks
    .filter((disk) => disk.kind === 'nvme')
    .map((disk, index) => ({
      id: `0000:0${index + 1}:00.0`,
      class: '0x010802',
      vendor: '0x144d',
      device: '0xa80a',
      vendor_name: 'Samsung Electronics Co Ltd',
      device_name: `NVMe SSD Controller (${disk.device})`,
      iommugroup: 14 + index,
    }))
  const network = [
    { id: '0000:05:00.0', device: '0x15f3', device_name: 'Ethernet Controller I225-V', iommugroup: 20 },
    {
      id: '0000:06:00.0',
      device: '0x1572',
      device_name: 'Ethernet Controller X710 for 10GbE SFP+',
      iommugroup: 21,
    },
    {
      id: '0000:06:00.1',
      device: '0x1572',
      device_name: 'Ethernet Controller X710 for 10GbE SFP+',
      iommugroup: 22,
    },
  ].map((it) => ({ ...it, class: '0x020000', vendor: '0x8086', vendor_name: 'Intel Corporation' }))
  return [...disks, ...network, ...node.gpus.flatMap(graphicsCard)]
}

function graphicsCard(gpu: DemoNode['gpus'][number]): PciDevice[] {
  const common = {
    vendor: gpuIds.vendor,
    vendor_name: 'NVIDIA Corporation',
    subsystem_vendor: gpuIds.vendor,
    subsystem_device: gpuIds.subsystem,
    iommugroup: gpuIds.group,
  }
  return [
    {
      ...common,
      id: gpu.pci,
      class: '0x030000',
      device: gpuIds.device,
      device_name: `GA104GL [${gpu.model.replace('NVIDIA ', '')}]`,
    },
    {
      ...common,
      id: gpu.pci.replace(/\.0$/, '.1'),
      class: '0x040300',
      device: '0x228b',
      device_name: 'GA104 High Definition Audio Controller',
    },
  ]
}

const defaultHiddenClasses = ['05', '06', '0b']

function mapping(call: PveCall) {
  const digits = (word: string) => word.replace(/^0x/, '')
  const map = call.cluster.nodes.flatMap((node) =>
    node.gpus.map((gpu) =>
      [
        `id=${digits(gpuIds.vendor)}:${digits(gpuIds.device)}`,
        `iommugroup=${gpuIds.group}`,
        `node=${node.name}`,
        `path=${gpu.pci}`,
        `subsystem-id=${digits(gpuIds.vendor)}:${digits(gpuIds.subsystem)}`,
      ].join(','),
    ),
  )
  const model = call.cluster.nodes.flatMap((node) => node.gpus)[0]?.model ?? 'graphics card'
  return { id: gpuMapping, description: `${model}, passed through to proj-gpu01`, map }
}

const mappingRights = ['Mapping.Use', 'Mapping.Modify', 'Mapping.Audit']

export const deviceRoutes = [
  route('GET', '/nodes/{node}/hardware/pci', {
    needs: { path: '/', privileges: ['Sys.Audit', 'Sys.Modify'], isAnyEnough: true },
    parameters: { 'pci-class-blacklist': optional(text()), verbose: optional(flag()) },
    run(input, call) {
      const node = call.cluster.node(input.node)
      const hidden = input['pci-class-blacklist']?.split(/[,; ]+/).filter(Boolean) ?? defaultHiddenClasses
      const devices = devicesOf(node).filter(
        (device) => !hidden.some((it) => device.class.startsWith(`0x${it}`)),
      )
      return input.verbose === false
        ? devices.map(({ id, class: pciClass, vendor, device, iommugroup }) => ({
            id,
            class: pciClass,
            vendor,
            device,
            iommugroup,
          }))
        : devices
    },
  }),
  route('GET', '/cluster/mapping/pci', {
    needs: 'login',
    parameters: { 'check-node': optional(text()) },
    run(input, call) {
      if (!may(call, `/mapping/pci/${gpuMapping}`, mappingRights, true)) return []
      const found = mapping(call)
      const node = input['check-node']
      if (node === undefined) return [found]
      call.cluster.node(node)
      const isThere = found.map.some((entry) => entry.includes(`node=${node},`))
      const checks = isThere ? [] : [{ severity: 'warning', message: `No mapping for node ${node}.` }]
      return [{ ...found, checks }]
    },
  }),
  route('GET', '/cluster/mapping/pci/{id}', {
    needs: { path: '/mapping/pci/{id}', privileges: mappingRights, isAnyEnough: true },
    run(input, call) {
      if (input.id !== gpuMapping) throw new ApiFault(500, `PCI mapping '${input.id}' not found`)
      return { ...mapping(call), digest: hexDigits('pci mapping', 40) }
    },
  }),
]
