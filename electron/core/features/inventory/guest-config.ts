// A guest's config in Proxmox VE is a flat map of property strings: net0, scsi1, hostpci0, meta, smbios1. This turns
// it into what the inventory needs. Pure; unknown keys are ignored.
import { parseProperties } from '../../connectors/proxmox/api2-values.ts'
import type { GuestConfig } from '../../connectors/proxmox/proxmox-shapes.ts'

export interface GuestNic {
  slot: string
  model: string
  mac: string | undefined
  bridge: string | undefined
  /** VLAN; undefined = untagged. */
  tag: number | undefined
  /** A fixed address of a container or of cloud-init. */
  address: string | undefined
}
export interface GuestDisk {
  slot: string
  storage: string
  sizeBytes: number | undefined
  isBackedUp: boolean
}
export interface GuestPci {
  slot: string
  /** `0000:01:00` or `0000:01:00.0`. */
  path: string | undefined
  mapping: string | undefined
}
export interface ParsedGuestConfig {
  nics: GuestNic[]
  disks: GuestDisk[]
  pci: GuestPci[]
  smbiosUuid: string | undefined
  createdAtMs: number | undefined
  osType: string | undefined
  hasAgent: boolean
  hostname: string | undefined
  startsAtBoot: boolean
  /** `serial0` to `serial3`, where a text console can be opened. */
  serialPorts: string[]
}

const diskSlot = /^(?:scsi|virtio|sata|ide|efidisk|tpmstate|mp)\d+$|^rootfs$/
const sizeUnits: Record<string, number> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }

export function parseGuestConfig(config: GuestConfig): ParsedGuestConfig {
  const parsed: ParsedGuestConfig = {
    nics: [],
    disks: [],
    pci: [],
    smbiosUuid: properties(config['smbios1'])['uuid']?.toLowerCase(),
    createdAtMs: secondsToMs(properties(config['meta'])['ctime']),
    osType: textOf(config['ostype']),
    hasAgent: isAgentOn(config['agent']),
    hostname: textOf(config['hostname']),
    startsAtBoot: String(config['onboot'] ?? '0') === '1',
    // A port that is passed through from the host has no socket to open.
    serialPorts: Object.keys(config).filter((key) => /^serial[0-3]$/.test(key) && config[key] === 'socket'),
  }
  for (const [slot, value] of Object.entries(config)) {
    const text = textOf(value)
    if (text === undefined) continue
    if (/^net\d+$/.test(slot))
      parsed.nics.push(parseNic(slot, text, textOf(config[`ipconfig${slot.slice(3)}`])))
    else if (/^hostpci\d+$/.test(slot)) parsed.pci.push(parsePci(slot, text))
    else if (diskSlot.test(slot)) parsed.disks.push(...parseDisk(slot, text))
  }
  return parsed
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : undefined

const properties = (value: unknown): Record<string, string> => parseProperties(textOf(value) ?? '')

function secondsToMs(text: string | undefined): number | undefined {
  const seconds = Number(text)
  return text !== undefined && Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined
}

/** `1`, `enabled=1,…`, or with the default key left out: `1,fstrim_cloned_disks=1`. */
function isAgentOn(value: unknown): boolean {
  const found = properties(value)
  return (found['enabled'] ?? found[''] ?? '0') === '1'
}

/** `virtio=02:…,bridge=vmbr1,tag=60` (QEMU) or `name=eth0,bridge=vmbr0,hwaddr=02:…,ip=10.0.0.2/24` (LXC). */
function parseNic(slot: string, text: string, ipconfig: string | undefined): GuestNic {
  const found = parseProperties(text, 'model')
  const [model, mac] = Object.entries(found).find(([, value]) => isMac(value)) ?? [
    found['model'] ?? 'unknown',
    undefined,
  ]
  const tag = Number(found['tag'])
  return {
    slot,
    model: model === 'hwaddr' ? 'veth' : model,
    mac: mac?.toLowerCase(),
    bridge: found['bridge'],
    tag: Number.isInteger(tag) && tag > 0 ? tag : undefined,
    address: fixedAddress(found['ip'] ?? parseProperties(ipconfig ?? '')['ip']),
  }
}

const isMac = (text: string): boolean => /^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(text)

const fixedAddress = (cidr: string | undefined): string | undefined =>
  cidr === undefined || !/^[\d.]+(\/\d+)?$/.test(cidr) ? undefined : cidr.split('/')[0]

function parsePci(slot: string, text: string): GuestPci {
  const found = parseProperties(text, 'host')
  return { slot, path: found['host']?.toLowerCase(), mapping: found['mapping'] }
}

/** `nvmethin01:vm-2002-disk-0,size=32G,backup=0`. CD drives and empty ones are no disks. */
function parseDisk(slot: string, text: string): GuestDisk[] {
  const found = parseProperties(text, 'file')
  const file = found['file'] ?? found['volume'] ?? ''
  const colon = file.indexOf(':')
  if (colon <= 0 || found['media'] === 'cdrom' || file.startsWith('/')) return []
  const [, digits, unit] = /^(\d+(?:\.\d+)?)([KMGT])?$/.exec(found['size'] ?? '') ?? []
  return [
    {
      slot,
      storage: file.slice(0, colon),
      sizeBytes: digits === undefined ? undefined : Number(digits) * (sizeUnits[unit ?? ''] ?? 1),
      isBackedUp: found['backup'] !== '0',
    },
  ]
}
