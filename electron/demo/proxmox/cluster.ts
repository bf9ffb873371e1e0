// The demo cluster's state: nodes, guests, storages, pools, high availability, tasks. Made once per server; the
// routes read it, the actions in this folder change it. Knows nothing of HTTP; refuses in the API's own words.
import { ApiFault, runtimeFault } from '../api2/api-fault.ts'
import type { TaskBoard } from '../api2/tasks.ts'
import type { DemoContext } from '../context.ts'
import { dayIndex, dayMs } from '../world/backup-plan.ts'
import { datastoreUse, type DatastoreUse } from '../world/backup-use.ts'
import type { LabBackups } from '../world/backups.ts'
import { hashFraction } from '../world/load.ts'
import type { DemoNode, DemoSite, DemoStorage } from '../world/site.ts'
import { guestsOfSite, wordOf, type Guest } from './guest.ts'
import { createPveTasks } from './pve-tasks.ts'

export interface HaResource {
  sid: string
  vmid: number
  group: string | undefined
  state: 'started' | 'stopped' | 'disabled' | 'ignored'
  maxRestart: number
  maxRelocate: number
  comment: string | undefined
}

export interface Cluster {
  site: DemoSite
  /** Of the backup server's certificate, as the storage entry pins it; absent where no backup server is. */
  backupFingerprint?: string
  tasks: TaskBoard
  backups: LabBackups
  nowMs(): number
  /** Runs `act` after some of the lab's time. */
  after(delayMs: number, act: () => void): void
  nodes: readonly DemoNode[]
  /** Throws the 500 of a host name that nobody knows. */
  node(name: string): DemoNode
  bootMsOf(node: string): number
  guests(): Guest[]
  guestsOn(node: string): Guest[]
  findGuest(vmid: number): Guest | undefined
  /** The guest of that type on exactly this node; throws the 500 of a missing configuration file. */
  guest(node: string, vmid: number, type?: Guest['type']): Guest
  addGuest(guest: Guest): void
  removeGuest(guest: Guest): void
  poolOf(vmid: number): string | undefined
  storagesOn(node: string): DemoStorage[]
  /** Throws the 500 of a storage that is not defined, or not there. */
  storage(node: string, id: string): DemoStorage
  backupUse(atMs: number): DatastoreUse
  ha: Map<string, HaResource>
  /** The node that answers and holds the cluster's master roles. */
  localNode: string
  isLost(node: string): boolean
  /** The node loses power: it answers nothing, its tasks are gone without a word. Not the one that answers. */
  loseNode(name: string): void
  /** It is back, with its guests started anew where they start at boot. Locks of what it did stay, as in real life. */
  regainNode(name: string): void
}

/** The cluster as the inventory describes it, without any history of tasks. */
export function createCluster(context: Pick<DemoContext, 'site' | 'clock'> & Partial<Pick<DemoContext, 'certificate'>>, backups: LabBackups): Cluster {
  const { site, clock } = context
  const startMs = clock.nowMs()
  const bootMsOf = (name: string) => bootOf(site, name, startMs)
  const node = (name: string) => findNode(site, name)
  const tasks = createPveTasks(clock)
  const guests = createGuestRegister(guestsOfSite(site, bootMsOf), node)
  const localNode = site.nodes[0]?.name ?? 'node01'
  const backupFingerprint = context.certificate?.('pbs').fingerprint256.toLowerCase()
  return {
    site,
    ...(backupFingerprint === undefined ? {} : { backupFingerprint }),
    tasks,
    backups,
    nowMs: () => clock.nowMs(),
    after: (delayMs, act) => void clock.after(delayMs, act),
    nodes: site.nodes,
    node,
    bootMsOf,
    ...guests,
    ...createNodeLosses({ tasks, guests, localNode, node, nowMs: () => clock.nowMs() }),
    storagesOn: (name) => storagesOn(site, name),
    storage(nodeName, id) {
      node(nodeName)
      return findStorage(site, nodeName, id)
    },
    backupUse: (atMs) => datastoreUse(site, startMs, atMs),
    ha: haOfSite(site),
    localNode,
  }
}

function findNode(site: DemoSite, name: string): DemoNode {
  const found = site.nodes.find((it) => it.name === name)
  if (found) return found
  const reason = `failed to get address info for: ${name}: Name or service not known`
  throw runtimeFault(`hostname lookup '${name}' failed - ${reason}`)
}

const storagesOn = (site: DemoSite, node: string): DemoStorage[] =>
  site.storages.filter((storage) => storage.node === undefined || storage.node === node)

function findStorage(site: DemoSite, node: string, id: string): DemoStorage {
  const found = storagesOn(site, node).find((storage) => storage.id === id)
  if (found) return found
  const isKnown = site.storages.some((storage) => storage.id === id)
  throw runtimeFault(
    isKnown ? `storage '${id}' is not available on node '${node}'` : `storage '${id}' does not exist`,
  )
}

function createGuestRegister(initial: readonly Guest[], node: Cluster['node']) {
  const guests = new Map(initial.map((guest) => [guest.vmid, guest]))
  const byVmid = () => [...guests.values()].sort((a, b) => a.vmid - b.vmid)
  return {
    guests: byVmid,
    guestsOn: (name: string) => byVmid().filter((guest) => guest.node === name),
    findGuest: (vmid: number) => guests.get(vmid),
    guest(nodeName: string, vmid: number, type: Guest['type'] = 'qemu'): Guest {
      node(nodeName)
      const guest = guests.get(vmid)
      if (guest?.node === nodeName && guest.type === type) return guest
      const folder = type === 'lxc' ? 'lxc' : 'qemu-server'
      throw runtimeFault(`Configuration file 'nodes/${nodeName}/${folder}/${vmid}.conf' does not exist`)
    },
    addGuest: (guest: Guest) => void guests.set(guest.vmid, guest),
    removeGuest: (guest: Guest) => void guests.delete(guest.vmid),
    poolOf: (vmid: number) => guests.get(vmid)?.pool,
  }
}

function createNodeLosses(ground: {
  tasks: TaskBoard
  guests: Pick<Cluster, 'guestsOn'>
  localNode: string
  node: Cluster['node']
  nowMs(): number
}) {
  const lost = new Set<string>()
  return {
    isLost: (name: string) => lost.has(name),
    loseNode(name: string) {
      if (ground.node(name).name === ground.localNode) throw new Error('The node that answers cannot be lost.')
      lost.add(name)
      for (const task of ground.tasks.list())
        if (task.node === name && task.endMs === undefined) ground.tasks.lose(task.upid)
    },
    regainNode(name: string) {
      if (!lost.delete(name)) return
      for (const guest of ground.guests.guestsOn(name)) {
        if (guest.state !== 'running') continue
        if (guest.settings['onboot'] === 1) guest.bootMs = ground.nowMs()
        else Object.assign(guest, { state: 'stopped', stoppedSinceMs: ground.nowMs() })
      }
    },
  }
}

/** Since the inventory's uptime before today, at an hour of the node's own. */
function bootOf(site: DemoSite, name: string, startMs: number): number {
  const days = site.nodes.find((it) => it.name === name)?.sample.uptimeDays ?? 1
  return dayIndex(startMs) * dayMs - days * dayMs + Math.floor(hashFraction(`boot${name}`) * 20 * 3_600_000)
}

function haOfSite(site: DemoSite): Map<string, HaResource> {
  const managed = site.guests.flatMap((guest) =>
    guest.ha ? [{ sid: `vm:${guest.vmid}`, vmid: guest.vmid, group: guest.ha.group }] : [],
  )
  return new Map(
    managed.map((it) => [
      it.sid,
      { ...it, state: 'started', maxRestart: 1, maxRelocate: 1, comment: undefined } satisfies HaResource,
    ]),
  )
}

/** Whether high availability manages a guest. */
export const haOf = (cluster: Cluster, vmid: number): HaResource | undefined =>
  cluster.ha.get(`vm:${vmid}`) ?? cluster.ha.get(`ct:${vmid}`)

/** Throws the refusal of a guest that something else holds. */
export function checkLock(guest: Guest): void {
  if (guest.lock) throw runtimeFault(lockRefusal(guest))
}

export const lockRefusal = (guest: Guest): string => `${wordOf(guest)} is locked (${guest.lock})`

/** A 400 for one parameter, in the form of the parameter check. */
export const parameterFault = (name: string, problem: string): ApiFault =>
  new ApiFault(400, 'Parameter verification failed.', { [name]: problem })
