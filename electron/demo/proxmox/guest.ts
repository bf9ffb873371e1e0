// One guest of the demo cluster as its node knows it: state, config, disks, snapshots. Made from the inventory or by
// a clone; changed only by the actions in this folder. Speaks in bytes and milliseconds, the routes translate.
import type { BackupDisk } from '../world/backup-plan.ts'
import { createdSeconds, guestUuid, hexDigits, vmGenerationId } from '../world/guest-identity.ts'
import {
  diskFillFraction,
  guestCurves,
  hashFraction,
  curvesOfNewGuest,
  type GuestCurves,
} from '../world/load.ts'
import type { DemoGuest, DemoSite, DemoTemplate } from '../world/site.ts'

export const mebibyte = 2 ** 20
export const gibibyte = 2 ** 30

export type RunState = 'running' | 'stopped' | 'paused' | 'suspended'
export type GuestLock =
  | 'backup'
  | 'clone'
  | 'create'
  | 'migrate'
  | 'rollback'
  | 'snapshot'
  | 'snapshot-delete'
  | 'suspended'
  | 'suspending'
export type ConfigValue = string | number

export interface GuestDisk {
  slot: string
  storage: string
  /** Volume name inside the storage, `vm-100-disk-1`. */
  volume: string
  sizeBytes: number
  options: string
  isInBackup: boolean
}

export interface GuestSnapshot {
  name: string
  description: string
  timeSeconds: number
  hasVmState: boolean
  parent: string | undefined
  config: Record<string, ConfigValue>
}

export interface GuestNic {
  slot: string
  mac: string
  ip: string
  prefixLength: number
}

export interface Guest {
  /** A virtual machine or a container; the lab's own site has no containers. */
  type: 'qemu' | 'lxc'
  vmid: number
  name: string
  node: string
  state: RunState
  isTemplate: boolean
  vcpu: number
  memoryBytes: number
  balloonBytes: number
  os: 'linux' | 'windows'
  osName: string
  tags: string[]
  pool: string | undefined
  hasAgent: boolean
  /** Config keys that are not derived from the fields above. */
  settings: Record<string, ConfigValue>
  /** Changes that wait for the next start. */
  pending: Record<string, ConfigValue>
  disks: GuestDisk[]
  nics: GuestNic[]
  mappedDevices: string[]
  snapshots: GuestSnapshot[]
  /** Name of the snapshot that the present state descends from. */
  currentParent: string | undefined
  lock: GuestLock | undefined
  /** When it last booted; meaningless while stopped. */
  bootMs: number
  stoppedSinceMs: number | undefined
  curves: GuestCurves
  pid: number
}

/** Name of the cluster mapping under which the lab's GPU is passed through. */
export const gpuMapping = 'rtx-a4000'

/** All guests and templates of the inventory. `bootMsOf` says since when a node is up. */
export function guestsOfSite(site: DemoSite, bootMsOf: (node: string) => number): Guest[] {
  const curves = guestCurves(site)
  const made = site.guests.map((guest) => {
    const own = curves.get(guest.vmid)
    if (!own) throw new Error(`No load curves for guest ${guest.vmid}.`)
    return guestOfInventory(guest, own, bootMsOf(guest.node))
  })
  return [...made, ...site.templates.map(templateOfInventory)]
}

const diskOptions = (disk: DemoGuest['disks'][number]): string =>
  [
    disk.backup ? '' : 'backup=0',
    disk.discard ? 'discard=on' : '',
    disk.iothread ? 'iothread=1' : '',
    `size=${disk.sizeGiB}G`,
    'ssd=1',
  ]
    .filter(Boolean)
    .join(',')

function guestOfInventory(guest: DemoGuest, curves: GuestCurves, nodeBootMs: number): Guest {
  const isRunning = guest.runtime.status === 'running'
  // Guests come up one after the other behind their node, or were restarted at some later time.
  const bootMs = nodeBootMs + 90_000 + Math.floor(hashFraction(`boot${guest.vmid}`) * 600_000)
  return {
    type: 'qemu',
    vmid: guest.vmid,
    name: guest.name,
    node: guest.node,
    state: isRunning ? 'running' : 'stopped',
    isTemplate: false,
    vcpu: guest.vcpu,
    memoryBytes: guest.memory.maxMiB * mebibyte,
    balloonBytes: guest.memory.ballooning ? guest.memory.minMiB * mebibyte : 0,
    os: guest.os.startsWith('Windows') ? 'windows' : 'linux',
    osName: guest.os,
    tags: [...guest.tags].sort(),
    pool: guest.runtime.pool,
    hasAgent: guest.runtime.qemuAgent,
    settings: settingsOf(guest),
    pending: {},
    disks: guest.disks.map((disk, index) => ({
      slot: disk.slot,
      storage: disk.storage,
      volume: `vm-${guest.vmid}-disk-${index + 2}`,
      sizeBytes: disk.sizeGiB * gibibyte,
      options: diskOptions(disk),
      isInBackup: disk.backup,
    })),
    nics: guest.nics.map((nic) => ({ slot: nic.slot, mac: nic.mac, ip: nic.ip, prefixLength: 24 })),
    mappedDevices: guest.hostpci.map(() => gpuMapping),
    snapshots: [],
    currentParent: undefined,
    lock: undefined,
    bootMs,
    stoppedSinceMs: isRunning ? undefined : bootMs,
    curves,
    pid: 3_000 + Math.floor(hashFraction(`qemu${guest.vmid}`) * 900_000),
  }
}

const settingsOf = (guest: DemoGuest): Record<string, ConfigValue> => ({
  ...firmwareSettings(guest.vmid, guest.disks[0]?.storage ?? 'local-lvm'),
  ...networkSettings(guest),
  ...passthroughSettings(guest),
  cpu: guest.runtime.cpuType,
  description: guest.role,
  numa: guest.runtime.numa ? 1 : 0,
  onboot: guest.runtime.onboot ? 1 : 0,
  ostype: guest.os.startsWith('Windows') ? 'win11' : 'l26',
  // Cloud images of Linux put a console on their serial port.
  ...(guest.os.startsWith('Windows') ? {} : { serial0: 'socket' }),
})

function firmwareSettings(vmid: number, storage: string): Record<string, ConfigValue> {
  return {
    agent: '1',
    bios: 'ovmf',
    boot: 'order=scsi0;net0',
    efidisk0: `${storage}:vm-${vmid}-disk-0,efitype=4m,pre-enrolled-keys=1,size=4M`,
    machine: 'q35',
    meta: `creation-qemu=9.2.0,ctime=${createdSeconds(vmid)}`,
    scsihw: 'virtio-scsi-single',
    smbios1: `uuid=${guestUuid(vmid)}`,
    tpmstate0: `${storage}:vm-${vmid}-disk-1,size=4M,version=v2.0`,
    vmgenid: vmGenerationId(vmid),
  }
}

const networkSettings = (guest: DemoGuest): Record<string, ConfigValue> =>
  Object.fromEntries(
    guest.nics.map((nic) => [
      nic.slot,
      `${nic.model}=${nic.mac.toUpperCase()},bridge=${nic.bridge}${nic.tag === null ? '' : `,tag=${nic.tag}`}`,
    ]),
  )

const passthroughSettings = (guest: DemoGuest): Record<string, ConfigValue> =>
  Object.fromEntries(
    guest.hostpci.map((device) => [
      device.slot,
      `mapping=${gpuMapping},pcie=${device.options.pcie ? 1 : 0},rombar=${device.options.rombar ? 1 : 0}`,
    ]),
  )

function templateOfInventory(template: DemoTemplate): Guest {
  const sizeBytes = template.sizeGiB * gibibyte
  return {
    ...emptyGuest(template.vmid, template.name, template.node, 2, 4 * gibibyte),
    isTemplate: true,
    os: template.os.startsWith('Windows') ? 'windows' : 'linux',
    osName: template.os,
    tags: ['template'],
    settings: {
      ...firmwareSettings(template.vmid, template.storage),
      cpu: 'host',
      net0: `virtio=02:60:00:00:${hexDigits(`mac${template.vmid}`, 2).toUpperCase()}:00,bridge=vmbr0`,
      numa: 1,
      ostype: template.os.startsWith('Windows') ? 'win11' : 'l26',
      template: 1,
    },
    disks: [
      {
        slot: 'scsi0',
        storage: template.storage,
        volume: `base-${template.vmid}-disk-2`,
        sizeBytes,
        options: `discard=on,iothread=1,size=${template.sizeGiB}G,ssd=1`,
        isInBackup: true,
      },
    ],
  }
}

/** A stopped guest with nothing in it; clones and templates start from it. */
export function emptyGuest(
  vmid: number,
  name: string,
  node: string,
  vcpu: number,
  memoryBytes: number,
): Guest {
  return {
    type: 'qemu',
    vmid,
    name,
    node,
    state: 'stopped',
    isTemplate: false,
    vcpu,
    memoryBytes,
    balloonBytes: 0,
    os: 'linux',
    osName: 'Ubuntu Server 24.04 LTS',
    tags: [],
    pool: undefined,
    hasAgent: true,
    settings: {},
    pending: {},
    disks: [],
    nics: [],
    mappedDevices: [],
    snapshots: [],
    currentParent: undefined,
    lock: undefined,
    bootMs: 0,
    stoppedSinceMs: 0,
    curves: curvesOfNewGuest(String(vmid), { cpuMean: 0.05, memBytes: memoryBytes * 0.4, busyness: 0.4 }),
    pid: 3_000 + Math.floor(hashFraction(`qemu${vmid}`) * 900_000),
  }
}

/** The config of `GET .../config`, digest included. */
export function configOf(guest: Guest): Record<string, ConfigValue> {
  const memory = Math.round(guest.memoryBytes / mebibyte)
  const config: Record<string, ConfigValue> =
    guest.type === 'lxc'
      ? { ...guest.settings, cores: guest.vcpu, memory, hostname: guest.name }
      : {
          ...guest.settings,
          balloon: Math.round(guest.balloonBytes / mebibyte),
          cores: guest.vcpu,
          memory: String(memory),
          name: guest.name,
          sockets: 1,
        }
  for (const disk of guest.disks) config[disk.slot] = `${disk.storage}:${disk.volume},${disk.options}`
  if (guest.tags.length > 0) config['tags'] = guest.tags.join(';')
  if (guest.lock) config['lock'] = guest.lock
  if (guest.currentParent) config['parent'] = guest.currentParent
  // Of the whole file, the changes that wait included.
  config['digest'] = hexDigits(JSON.stringify([config, guest.pending]), 40)
  return config
}

/** Bytes that a disk takes in its (thin) pool. */
export const usedBytesOf = (guest: Guest, disk: GuestDisk, atMs: number): number =>
  Math.round(disk.sizeBytes * diskFillFraction(guest.vmid, disk.slot, atMs))

export const backupDisksOf = (guest: Guest): BackupDisk[] =>
  guest.disks.map((disk) => ({ slot: disk.slot, sizeBytes: disk.sizeBytes, isIncluded: disk.isInBackup }))

export const isUp = (guest: Guest): boolean => guest.state === 'running' || guest.state === 'paused'

/** How the hypervisor calls it in its sentences, and the prefix of its task types. */
export const wordOf = (guest: Guest): 'VM' | 'CT' => (guest.type === 'lxc' ? 'CT' : 'VM')
export const taskTypeOf = (guest: Guest, verb: string): string => `${guest.type === 'lxc' ? 'vz' : 'qm'}${verb}`

/** The run state in the words of `/cluster/resources` and `status/current`. */
export const statusWord = (guest: Guest): 'running' | 'stopped' => (isUp(guest) ? 'running' : 'stopped')
