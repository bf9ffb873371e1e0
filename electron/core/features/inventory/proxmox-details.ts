// The slow part of looking at a Proxmox VE cluster: configs of guests, what their agents say, hardware and networks
// of nodes, configured storages and jobs. Decides what is due, reads it with few requests at once, and keeps what it
// had when a read fails.
import { isAppError } from '#shared/errors.ts'
import type { GuestType, ProxmoxConnector } from '../../connectors/proxmox/proxmox-connector.ts'
import type {
  BackupJob,
  ClusterTask,
  GuestInterface,
  PciMapping,
  Pool,
  ResourceRow,
  StorageConfig,
} from '../../connectors/proxmox/proxmox-shapes.ts'
import { forEachBounded } from './bounded.ts'
import { parseGuestConfig } from './guest-config.ts'
import { isForbidden, type Limits } from './limits.ts'
import type { GuestDetails, NodeDetails, ProxmoxView } from './proxmox-view.ts'

/** Changes that the overview does not show (a network card, an address) are found after this long at the latest. */
const maxAgeMs = 5 * 60_000
/** Old details read again in one look. New and changed ones are not counted. */
const agedPerLook = 100
const parallelReads = 6

interface KnownGuest {
  node: string
  type: GuestType
  signature: string
  isReachable: boolean
  isRunning: boolean
  details: GuestDetails | undefined
  /** 0 = must be read. */
  readAtMs: number
  agentReadAtMs: number
}

export class ProxmoxDetails {
  private readonly connector: ProxmoxConnector
  private readonly limits: Limits
  private readonly now: () => number
  private readonly guests = new Map<number, KnownGuest>()
  private readonly nodes = new Map<string, NodeDetails>()
  private readonly nodeReadAt = new Map<string, number>()
  private onlineNodes: string[] = []
  private storages: StorageConfig[] = []
  private pools: Pool[] = []
  private mappings: PciMapping[] = []
  private jobs: BackupJob[] = []
  private clusterReadAtMs = 0
  private hasGap = false

  constructor(connector: ProxmoxConnector, limits: Limits, now: () => number) {
    this.connector = connector
    this.limits = limits
    this.now = now
  }

  /** False while something was never read, or failed and was never read before: then nothing may be taken away. */
  get isComplete(): boolean {
    if (this.hasGap || this.clusterReadAtMs === 0) return false
    for (const guest of this.guests.values()) if (guest.details === undefined) return false
    return true
  }

  slice(): Pick<ProxmoxView, 'nodes' | 'guests' | 'storages' | 'pools' | 'mappings' | 'jobs'> {
    const guests = new Map<number, GuestDetails>()
    for (const [vmid, { details }] of this.guests) if (details) guests.set(vmid, details)
    return {
      nodes: this.nodes,
      guests,
      storages: this.storages,
      pools: this.pools,
      mappings: this.mappings,
      jobs: this.jobs,
    }
  }

  /** Takes note of the overview: what is there, and what has to be read again. */
  plan(resources: readonly ResourceRow[], tasks: readonly ClusterTask[], isForced: boolean): void {
    const online = new Set<string>()
    for (const row of resources)
      if (row.type === 'node' && row.node && row.status === 'online') online.add(row.node)
    this.onlineNodes = [...online]
    const changedByTask = new Map<string, number>()
    for (const task of tasks)
      if (task.id && task.endtime !== undefined)
        changedByTask.set(task.id, Math.max(changedByTask.get(task.id) ?? 0, task.endtime * 1000))
    const present = new Set<number>()
    for (const row of resources) {
      if ((row.type !== 'qemu' && row.type !== 'lxc') || row.vmid === undefined || !row.node) continue
      present.add(row.vmid)
      const known = this.guests.get(row.vmid)
      const signature = [
        row.node,
        row.name,
        row.tags,
        row.maxcpu,
        row.maxmem,
        row.maxdisk,
        row.template,
        row.status,
      ].join('|')
      const hasTask = known !== undefined && (changedByTask.get(String(row.vmid)) ?? 0) > known.readAtMs
      const isSame = known?.signature === signature && !hasTask
      this.guests.set(row.vmid, {
        node: row.node,
        type: row.type,
        signature,
        isReachable: online.size === 0 || online.has(row.node),
        isRunning: row.status === 'running',
        details: known?.details,
        readAtMs: isSame ? known.readAtMs : 0,
        agentReadAtMs: isSame ? known.agentReadAtMs : 0,
      })
    }
    for (const vmid of this.guests.keys()) if (!present.has(vmid)) this.guests.delete(vmid)
    if (isForced) this.clusterReadAtMs = Math.min(this.clusterReadAtMs, 1)
    if (isForced) this.nodeReadAt.clear()
  }

  /** Reads what is due until `budget` fires. Rejects only when `signal` does. */
  async read(budget: AbortSignal, signal: AbortSignal): Promise<void> {
    this.hasGap = false
    await this.readCluster(budget)
    await this.readNodes(budget)
    await this.readGuests(budget)
    signal.throwIfAborted()
  }

  private isOld(readAtMs: number): boolean {
    const ageMs = this.now() - readAtMs
    return ageMs > maxAgeMs || ageMs < 0
  }

  /** The answer; `kept` when it failed, noting refusals and gaps. */
  private async attempt<T>(what: string, kept: T, hasKept: boolean, answer: Promise<T>): Promise<T> {
    try {
      return await answer
    } catch (error) {
      if (isForbidden(error)) {
        this.limits.note(what, error)
        return kept
      }
      if (!isAppError(error)) throw error
      if (!hasKept) this.hasGap = true
      return kept
    }
  }

  private async readCluster(signal: AbortSignal): Promise<void> {
    if (!this.isOld(this.clusterReadAtMs)) return
    const { connector } = this
    const hasKept = this.clusterReadAtMs > 0
    ;[this.storages, this.pools, this.mappings, this.jobs] = await Promise.all([
      this.attempt('the storage settings', this.storages, hasKept, connector.storages(signal)),
      this.attempt('the pools', this.pools, hasKept, connector.pools(signal)),
      this.attempt('the PCI mappings', this.mappings, hasKept, connector.pciMappings(signal)),
      this.attempt('the backup jobs', this.jobs, hasKept, connector.backupJobs(signal)),
    ])
    if (!this.hasGap) this.clusterReadAtMs = this.now()
  }

  private async readNodes(signal: AbortSignal): Promise<void> {
    const due = this.onlineNodes.filter((node) => this.isOld(this.nodeReadAt.get(node) ?? 0))
    await forEachBounded(due, parallelReads, signal, async (node) => {
      const kept = this.nodes.get(node)
      const [status, interfaces, pci] = await Promise.all([
        this.attempt(
          'details of nodes',
          kept?.status,
          kept !== undefined,
          this.connector.nodeStatus(node, signal),
        ),
        this.attempt(
          'networks of nodes',
          kept?.interfaces,
          kept !== undefined,
          this.connector.nodeNetwork(node, signal),
        ),
        this.attempt(
          'PCI devices of nodes',
          kept?.pci,
          kept !== undefined,
          this.connector.nodePci(node, signal),
        ),
      ])
      this.nodes.set(node, {
        ...(status ? { status } : {}),
        ...(interfaces ? { interfaces } : {}),
        ...(pci ? { pci } : {}),
      })
      if (!signal.aborted) this.nodeReadAt.set(node, this.now())
    })
  }

  private async readGuests(signal: AbortSignal): Promise<void> {
    const guests = [...this.guests].filter(([, guest]) => guest.isReachable)
    const urgent = guests.filter(([, guest]) => guest.readAtMs === 0)
    const aged = guests
      .filter(([, guest]) => guest.readAtMs > 0 && this.isOld(guest.readAtMs))
      .slice(0, agedPerLook)
    await forEachBounded([...urgent, ...aged], parallelReads, signal, ([vmid, guest]) =>
      this.readConfig(vmid, guest, signal),
    )
    const wanting = guests.filter(
      ([, { details, isRunning, type }]) =>
        isRunning && details && (type === 'lxc' || details.config.hasAgent),
    )
    const unasked = wanting.filter(([, guest]) => guest.agentReadAtMs === 0)
    const askedLongAgo = wanting
      .filter(([, guest]) => guest.agentReadAtMs > 0 && this.isOld(guest.agentReadAtMs))
      .slice(0, agedPerLook)
    await forEachBounded([...unasked, ...askedLongAgo], parallelReads, signal, ([vmid, guest]) =>
      this.readInterfaces(vmid, guest, signal),
    )
  }

  private async readConfig(vmid: number, guest: KnownGuest, signal: AbortSignal): Promise<void> {
    try {
      const config = parseGuestConfig(await this.connector.guestConfig(guest.node, guest.type, vmid, signal))
      guest.details = { ...guest.details, config }
      guest.readAtMs = this.now()
    } catch (error) {
      if (!isAppError(error)) throw error
      if (isForbidden(error)) {
        this.limits.note('settings of guests', error)
        guest.details ??= { config: parseGuestConfig({}) }
      }
      // A guest that was just deleted or moved fails here and is gone or elsewhere at the next look.
      if (guest.details && !signal.aborted) guest.readAtMs = this.now()
    }
  }

  /** Best effort: an agent that does not answer leaves what was known. */
  private async readInterfaces(vmid: number, guest: KnownGuest, signal: AbortSignal): Promise<void> {
    if (!guest.details) return
    let interfaces: readonly GuestInterface[] | undefined
    try {
      interfaces = await this.connector.guestInterfaces(guest.node, guest.type, vmid, signal)
    } catch (error) {
      if (!isAppError(error)) throw error
      if (signal.aborted) return
    }
    guest.agentReadAtMs = this.now()
    if (interfaces) guest.details = { ...guest.details, interfaces }
  }
}
