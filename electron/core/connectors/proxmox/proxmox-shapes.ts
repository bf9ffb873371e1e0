// What the inventory reads of Proxmox VE's answers. Only the fields that are used are named; everything else passes
// unread. Field names are the wire's own.
import { z } from 'zod'
import { wireBoolean, wireNumber, wireText } from './api2-values.ts'

const text = z.string()

export const pveVersion = z.object({ version: text, release: text.optional(), repoid: text.optional() })
export type PveVersion = z.infer<typeof pveVersion>

export const clusterMember = z.object({
  type: z.enum(['cluster', 'node']),
  id: text.optional(),
  name: text,
  nodes: wireNumber.optional(),
  quorate: wireBoolean.optional(),
  ip: text.optional(),
  online: wireBoolean.optional(),
  local: wireBoolean.optional(),
})
export type ClusterMember = z.infer<typeof clusterMember>

/** One row of /cluster/resources: node, guest, storage, pool or sdn. */
export const resourceRow = z.object({
  id: text,
  type: text,
  status: text.optional(),
  node: text.optional(),
  name: text.optional(),
  vmid: wireNumber.optional(),
  pool: text.optional(),
  storage: text.optional(),
  plugintype: text.optional(),
  content: text.optional(),
  shared: wireBoolean.optional(),
  template: wireBoolean.optional(),
  cpu: wireNumber.optional(),
  maxcpu: wireNumber.optional(),
  mem: wireNumber.optional(),
  maxmem: wireNumber.optional(),
  disk: wireNumber.optional(),
  maxdisk: wireNumber.optional(),
  uptime: wireNumber.optional(),
  lock: text.optional(),
  tags: text.optional(),
  hastate: text.optional(),
})
export type ResourceRow = z.infer<typeof resourceRow>

export const nodeStatus = z.object({
  pveversion: text.optional(),
  kversion: text.optional(),
  uptime: wireNumber.optional(),
  cpuinfo: z
    .object({
      model: text.optional(),
      cpus: wireNumber.optional(),
      sockets: wireNumber.optional(),
      cores: wireNumber.optional(),
    })
    .optional(),
  memory: z.object({ total: wireNumber.optional(), used: wireNumber.optional() }).optional(),
})
export type NodeStatus = z.infer<typeof nodeStatus>

export const nodeInterface = z.object({
  iface: text,
  type: text,
  active: wireBoolean.optional(),
  cidr: text.optional(),
  address: text.optional(),
  netmask: wireText.optional(),
  gateway: text.optional(),
  bridge_ports: text.optional(),
  'vlan-raw-device': text.optional(),
  'vlan-id': wireNumber.optional(),
  bond_mode: text.optional(),
  slaves: text.optional(),
  comments: text.optional(),
})
export type NodeInterface = z.infer<typeof nodeInterface>

export const pciDevice = z.object({
  id: text,
  class: wireText.optional(),
  vendor: text.optional(),
  device: text.optional(),
  vendor_name: text.optional(),
  device_name: text.optional(),
  iommugroup: wireNumber.optional(),
})
export type PciDevice = z.infer<typeof pciDevice>

/** A guest's config is a flat map whose keys are numbered families: net0, scsi1, hostpci0. */
export const guestConfig = z.record(z.string(), z.unknown())
export type GuestConfig = z.infer<typeof guestConfig>

export const agentInterfaces = z.object({
  result: z.array(
    z.object({
      name: text,
      'hardware-address': text.optional(),
      'ip-addresses': z
        .array(z.object({ 'ip-address': text, 'ip-address-type': text.optional() }))
        .optional(),
    }),
  ),
})
export const containerInterface = z.object({
  name: text,
  hwaddr: text.optional(),
  inet: text.optional(),
  inet6: text.optional(),
})
/** Addresses a guest says it has, per network card. */
export interface GuestInterface {
  name: string
  mac: string | undefined
  addresses: string[]
}

export const storageConfig = z.object({
  storage: text,
  type: text,
  content: text.optional(),
  nodes: text.optional(),
  shared: wireBoolean.optional(),
  disable: wireBoolean.optional(),
  server: text.optional(),
  datastore: text.optional(),
  namespace: text.optional(),
  fingerprint: text.optional(),
})
export type StorageConfig = z.infer<typeof storageConfig>

export const pool = z.object({ poolid: text, comment: text.optional() })
export type Pool = z.infer<typeof pool>

export const pciMapping = z.object({ id: text, description: text.optional(), map: z.array(text).default([]) })
export type PciMapping = z.infer<typeof pciMapping>

export const backupJob = z.object({
  id: text,
  schedule: text.optional(),
  enabled: wireBoolean.optional(),
  storage: text.optional(),
  vmid: wireText.optional(),
  all: wireBoolean.optional(),
  exclude: text.optional(),
  pool: text.optional(),
  node: text.optional(),
  mode: text.optional(),
  comment: text.optional(),
  'next-run': wireNumber.optional(),
})
export type BackupJob = z.infer<typeof backupJob>

/** A recent task; running ones have no `endtime`. Times in Unix seconds. */
export const clusterTask = z.object({
  upid: text,
  node: text,
  type: text,
  id: text.optional(),
  user: text.optional(),
  starttime: wireNumber,
  endtime: wireNumber.optional(),
  status: text.optional(),
})
export type ClusterTask = z.infer<typeof clusterTask>

/** Path → privilege → whether it propagates. */
export const permissions = z.record(z.string(), z.record(z.string(), wireBoolean))
export type Permissions = z.infer<typeof permissions>
