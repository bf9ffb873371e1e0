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
import { guestsOfSite, type Guest } from './guest.ts'
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
  /** The guest on exactly this node; throws the 500 of a missing configuration file. */
  guest(node: string, vmid: number): Guest
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
}

/** The cluster as the inventory describes it, without any history of tasks. */
export function createCluster(context: Pick<DemoContext, 'site' | 'clock'>, backups: LabBackups): Cluster {
  const { site, clock } = context
  const startMs = clock.nowMs()
  const bootMsOf = (name: string) => bootOf(site, name, startMs)
  const node = (name: string) => findNode(site, name)
  return {
    site,
    tasks: createPveTasks(clock),
    backups,
    nowMs: () => clock.nowMs(),
    after: (delayMs, act) => void clock.after(delayMs, act),
    nodes: site.nodes,
    node,
    bootMsOf,
    ...createGuestRegister(guestsOfSite(site, bootMsOf), node),
    storagesOn: (name) => storagesOn(site, name),
    storage(nodeName, id) {
      node(nodeName)
      return findStorage(site, nodeName, id)
    },
    backupUse: (atMs) => datastoreUse(site, startMs, atMs),
    ha: haOfSite(site),
    localNode: site.nodes[0]?.name ?? 'node01',
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
    guest(nodeName: string, vmid: number): Guest {
      node(nodeName)
      const guest = guests.get(vmid)
      if (guest?.node === nodeName) return guest
      throw runtimeFault(`Configuration file 'nodes/${nodeName}/qemu-server/${vmid}.conf' does not exist`)
    },
    addGuest: (guest: Guest) => void guests.set(guest.vmid, guest),
    removeGuest: (guest: Guest) => void guests.delete(guest.vmid),
    poolOf: (vmid: number) => guests.get(vmid)?.pool,
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
export const haOf = (cluster: Cluster, vmid: number): HaResource | undefined => cluster.ha.get(`vm:${vmid}`)

/** Throws the refusal of a guest that something else holds. */
export function checkLock(guest: Guest): void {
  if (guest.lock) throw runtimeFault(lockRefusal(guest))
}

export const lockRefusal = (guest: Guest): string => `VM is locked (${guest.lock})`

/** A 400 for one parameter, in the form of the parameter check. */
export const parameterFault = (name: string, problem: string): ApiFault =>
  new ApiFault(400, 'Parameter verification failed.', { [name]: problem })
