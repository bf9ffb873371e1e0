// What screens and dialogs ask about a guest before anything is done to it. Reads only.
import type { BackupChoices, CloneChoices, GuestConfig, GuestDetails, MigrationPlan, SnapshotTree, SystemTask } from '#shared/contracts/guests.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { guestPath } from '../../connectors/proxmox/guest-requests.ts'
import * as shapes from '../../connectors/proxmox/guest-shapes.ts'
import { guestConfig, pool, resourceRow, type ResourceRow } from '../../connectors/proxmox/proxmox-shapes.ts'
import { wireNumber } from '../../connectors/proxmox/api2-values.ts'
import type { CoreServices } from '../../core-services.ts'
import { containerDisks, readConfig } from './guest-config.ts'
import type { GuestLocator, LocatedGuest } from './guest-locator.ts'
import { planMigration, storagesAt, type LocalDisk } from './migration-plan.ts'

export interface GuestQueries {
  describe(connectionId: ConnectionId, vmid: number, signal?: AbortSignal): Promise<GuestDetails>
  snapshots(connectionId: ConnectionId, vmid: number, signal?: AbortSignal): Promise<SnapshotTree>
  cloneChoices(connectionId: ConnectionId, vmid: number, signal?: AbortSignal): Promise<CloneChoices>
  backupChoices(connectionId: ConnectionId, vmid: number, signal?: AbortSignal): Promise<BackupChoices>
  migrationPlan(connectionId: ConnectionId, vmid: number, signal?: AbortSignal): Promise<MigrationPlan>
  config(connectionId: ConnectionId, guest: LocatedGuest, signal?: AbortSignal): Promise<GuestConfig>
  tasks(connectionId: ConnectionId, vmid: number, limit: number, signal?: AbortSignal): Promise<SystemTask[]>
  nodeTasks(connectionId: ConnectionId, node: string, limit: number, signal?: AbortSignal): Promise<SystemTask[]>
}

export function createGuestQueries(connectors: Pick<CoreServices['connectors'], 'proxmox'>, locator: GuestLocator): GuestQueries {
  const everything = (connectionId: ConnectionId, signal: AbortSignal | undefined): Promise<ResourceRow[]> =>
    connectors.proxmox(connectionId).rows(resourceRow, '/cluster/resources', signal)

  return {
    async describe(connectionId, vmid, signal) {
      const guest = await locator.locate(connectionId, vmid)
      const status = await connectors.proxmox(connectionId).call(shapes.currentStatus, { path: `${guestPath(guest.place)}/status/current`, signal })
      const isUp = status.status === 'running'
      return {
        vmid,
        name: status.name ?? guest.name,
        node: guest.place.node,
        type: guest.place.type,
        isTemplate: guest.row.template === true || status.template === true,
        state: status.lock === 'suspended' ? 'suspended to disk' : (status.qmpstatus ?? status.status),
        lock: status.lock ?? null,
        haState: status.ha?.managed ? (status.ha.state ?? 'managed') : null,
        hasAgent: status.agent === true,
        uptimeMs: isUp && status.uptime !== undefined ? status.uptime * 1000 : null,
        cpuFraction: isUp ? (status.cpu ?? null) : null,
        cpuCount: status.cpus ?? guest.row.maxcpu ?? null,
        memoryBytes: isUp ? (status.mem ?? null) : null,
        memoryTotalBytes: status.maxmem ?? null,
        diskTotalBytes: status.maxdisk ?? null,
        tags: (status.tags ?? '').split(/[;, ]+/).filter((tag) => tag !== ''),
        pool: guest.row.pool ?? null,
      }
    },

    async snapshots(connectionId, vmid, signal) {
      const { place, row } = await locator.locate(connectionId, vmid)
      const proxmox = connectors.proxmox(connectionId)
      const [rows, feature] = await Promise.all([
        proxmox.rows(shapes.snapshotRow, `${guestPath(place)}/snapshot`, signal),
        proxmox.call(shapes.feature, { path: `${guestPath(place)}/feature`, query: { feature: 'snapshot' }, signal }),
      ])
      const current = rows.find((item) => item.name === 'current')
      return {
        snapshots: rows
          .filter((item) => item.name !== 'current')
          .map((item) => ({
            name: item.name,
            description: item.description ?? '',
            takenAtMs: item.snaptime === undefined ? null : item.snaptime * 1000,
            hasMemory: item.vmstate === true,
            parent: item.parent ?? null,
          })),
        currentParent: current?.parent ?? null,
        isRunning: current?.running ?? row.status === 'running',
        canSnapshot: feature.hasFeature,
      }
    },

    async cloneChoices(connectionId, vmid, signal) {
      const { place, row } = await locator.locate(connectionId, vmid)
      const proxmox = connectors.proxmox(connectionId)
      const [nextVmid, rows, pools, snapshots] = await Promise.all([
        proxmox.call(wireNumber, { path: '/cluster/nextid', signal }),
        everything(connectionId, signal),
        proxmox.rows(pool, '/pools', signal),
        proxmox.rows(shapes.snapshotRow, `${guestPath(place)}/snapshot`, signal),
      ])
      return {
        nextVmid,
        isTemplate: row.template === true,
        isRunning: row.status === 'running',
        storages: storagesAt(rows, place.node, place.type === 'qemu' ? 'images' : 'rootdir'),
        pools: pools.map((item) => item.poolid).sort(),
        snapshots: snapshots.filter((item) => item.name !== 'current').map((item) => item.name),
      }
    },

    async backupChoices(connectionId, vmid, signal) {
      const { place } = await locator.locate(connectionId, vmid)
      const storages = storagesAt(await everything(connectionId, signal), place.node, 'backup')
      // A backup server keeps what a node's own disk would lose with the node.
      return { storages: storages.sort((a, b) => Number(b.type === 'pbs') - Number(a.type === 'pbs')) }
    },

    async migrationPlan(connectionId, vmid, signal) {
      const guest = await locator.locate(connectionId, vmid)
      const proxmox = connectors.proxmox(connectionId)
      const path = guestPath(guest.place)
      const rows = await everything(connectionId, signal)
      if (guest.place.type === 'lxc') {
        const shared = new Set(rows.flatMap((row) => (row.type === 'storage' && row.shared && row.storage ? [row.storage] : [])))
        const disks = containerDisks(await proxmox.call(guestConfig, { path: `${path}/config`, signal }))
        return planMigration({ guest, rows, preconditions: null, localDisks: disks.filter((disk) => !shared.has(disk.storage)) })
      }
      const preconditions = await proxmox.call(shapes.migratePreconditions, { path: `${path}/migrate`, signal })
      return planMigration({ guest, rows, preconditions, localDisks: preconditions.local_disks.filter((disk) => !disk.is_unused && !disk.cdrom).map(toLocalDisk) })
    },

    async config(connectionId, { place }, signal) {
      const proxmox = connectors.proxmox(connectionId)
      const [config, pending] = await Promise.all([
        proxmox.call(guestConfig, { path: `${guestPath(place)}/config`, signal }),
        proxmox.rows(shapes.pendingRow, `${guestPath(place)}/pending`, signal),
      ])
      return readConfig(config, pending)
    },

    async tasks(connectionId, vmid, limit, signal) {
      const { place } = await locator.locate(connectionId, vmid)
      const query = { source: 'all', vmid, limit }
      return (await connectors.proxmox(connectionId).rows(shapes.nodeTask, `/nodes/${encodeURIComponent(place.node)}/tasks`, signal, query)).map(toSystemTask)
    },

    async nodeTasks(connectionId, node, limit, signal) {
      const query = { source: 'all', limit }
      return (await connectors.proxmox(connectionId).rows(shapes.nodeTask, `/nodes/${encodeURIComponent(node)}/tasks`, signal, query)).map(toSystemTask)
    },
  }
}

const toLocalDisk = ({ volid, size }: { volid: string; size?: number | undefined }): LocalDisk => ({
  volume: volid,
  storage: volid.split(':')[0]!,
  sizeBytes: size ?? null,
})

const toSystemTask = (task: shapes.NodeTask): SystemTask => ({
  upid: task.upid,
  node: task.node,
  type: task.type,
  user: task.tokenid === undefined ? task.user : `${task.user}!${task.tokenid}`,
  startedAtMs: task.starttime * 1000,
  endedAtMs: task.endtime === undefined ? null : task.endtime * 1000,
  status: task.endtime === undefined ? null : (task.status ?? 'unexpected status'),
})

