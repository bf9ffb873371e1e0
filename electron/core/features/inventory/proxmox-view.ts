// What is known of a Proxmox VE cluster at one moment: the quick overview, and the details that are read rarely. The
// watcher fills it; the pure observe functions read it.
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type {
  BackupJob,
  ClusterMember,
  ClusterTask,
  GuestInterface,
  NodeInterface,
  NodeStatus,
  PciDevice,
  PciMapping,
  Pool,
  ResourceRow,
  StorageConfig,
} from '../../connectors/proxmox/proxmox-shapes.ts'
import type { ParsedGuestConfig } from './guest-config.ts'

export interface NodeDetails {
  status?: NodeStatus
  interfaces?: readonly NodeInterface[]
  pci?: readonly PciDevice[]
}
export interface GuestDetails {
  config: ParsedGuestConfig
  /** Absent while the agent has not answered. */
  interfaces?: readonly GuestInterface[]
}

export interface ProxmoxView {
  connectionId: ConnectionId
  /** The name in ids, unique in the site. */
  scope: string
  /** The cluster's own name. */
  cluster: string
  version: string | undefined
  nowMs: number
  members: readonly ClusterMember[]
  resources: readonly ResourceRow[]
  nodes: ReadonlyMap<string, NodeDetails>
  guests: ReadonlyMap<number, GuestDetails>
  storages: readonly StorageConfig[]
  pools: readonly Pool[]
  mappings: readonly PciMapping[]
  jobs: readonly BackupJob[]
  tasks: readonly ClusterTask[]
  /** The entity as it was published, to keep jittering figures steady. */
  known(id: string): Entity | undefined
}

/** Ids of a cluster's entities, all below its root. */
export const proxmoxIds = (scope: string) => {
  const root = `pve/${scope}`
  return {
    root,
    node: (name: string) => `${root}/node/${name}`,
    guest: (vmid: number) => `${root}/guest/${vmid}`,
    pool: (id: string) => `${root}/pool/${id}`,
    /** `node` for a storage of that node alone. */
    storage: (storage: string, node?: string) =>
      `${root}/storage/${node === undefined ? storage : `${node}/${storage}`}`,
    network: (key: string) => `${root}/network/${key}`,
    gpu: (node: string, address: string) => `${root}/gpu/${node}/${address}`,
    job: (id: string) => `${root}/backup-job/${id}`,
  }
}
export type ProxmoxIds = ReturnType<typeof proxmoxIds>

/** The boot time that an uptime says. */
export const startedAt = (nowMs: number, uptimeSeconds: number | undefined): number | undefined =>
  uptimeSeconds === undefined || uptimeSeconds <= 0 ? undefined : nowMs - uptimeSeconds * 1000

export const shareOf = (used: number | undefined, total: number | undefined): number | undefined =>
  used === undefined || !total ? undefined : used / total
