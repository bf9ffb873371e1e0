// Clone, migrate and remove guests of the demo cluster. Long work: the guest (or the new one) is locked for as long
// as the bytes would take, and what cannot be done is refused where the real cluster refuses it.
import { ApiFault, runtimeFault } from '../api2/api-fault.ts'
import { guestUuid, hexDigits, vmGenerationId } from '../world/guest-identity.ts'
import { checkLock, haOf, parameterFault, type Cluster } from './cluster.ts'
import { backupDisksOf, emptyGuest, isUp, taskTypeOf, usedBytesOf, wordOf, type Guest, type GuestDisk } from './guest.ts'
import { lockedTask } from './guest-snapshots.ts'

const copyBps = 420e6
const longestCopyMs = 240_000

const copyMs = (cluster: Cluster, guest: Guest): number => {
  const bytes = guest.disks.reduce((sum, disk) => sum + usedBytesOf(guest, disk, cluster.nowMs()), 0)
  return Math.min(4_000 + (bytes / copyBps) * 1000, longestCopyMs)
}

export interface CloneRequest {
  newVmid: number
  name: string | undefined
  description: string | undefined
  isFull: boolean
  pool: string | undefined
  storage: string | undefined
  target: string | undefined
  owner: string
}

/** Clones a guest; the new one exists, locked, from the start. Returns the UPID. */
export function cloneGuest(cluster: Cluster, guest: Guest, request: CloneRequest): string {
  checkLock(guest)
  if (cluster.findGuest(request.newVmid)) {
    throw runtimeFault(`unable to create ${wordOf(guest)} ${request.newVmid}: config file already exists`)
  }
  const isLinked = guest.isTemplate && !request.isFull
  if (isLinked && request.storage) throw parameterFault('storage', 'parameter not allowed for linked clones')
  const node = request.target ?? guest.node
  if (node !== guest.node) {
    cluster.node(node)
    throw runtimeFault(`can't clone VM to node '${node}' (VM uses local storage)`)
  }
  if (request.storage) cluster.storage(node, request.storage)
  const copy = copyOf(guest, request, node)
  cluster.addGuest(copy)
  copy.lock = 'clone'
  const task = cluster.tasks.start(
    { node: guest.node, type: taskTypeOf(guest, 'clone'), id: String(guest.vmid), owner: request.owner },
    (run) => {
      run.at(0, () =>
        guest.disks.map((disk) =>
          isLinked
            ? `create linked clone of drive ${disk.slot} (${disk.storage}:${disk.volume})`
            : `create full clone of drive ${disk.slot} (${disk.storage}:${disk.volume})`,
        ),
      )
      run.onStop(() => cluster.removeGuest(copy))
      run.end(isLinked ? 3_000 : copyMs(cluster, guest), () => {
        copy.lock = undefined
      })
    },
  )
  return task.upid
}

function copyOf(guest: Guest, request: CloneRequest, node: string): Guest {
  const vmid = request.newVmid
  const fresh = emptyGuest(
    vmid,
    request.name ?? `Copy-of-VM-${guest.name}`,
    node,
    guest.vcpu,
    guest.memoryBytes,
  )
  const { template: _template, ...settings } = guest.settings
  const nics = Object.entries(settings).filter(([key]) => /^net\d+$/.test(key))
  for (const [slot, value] of nics)
    settings[slot] = String(value).replace(/=[0-9A-F:]{17}/, `=${newMac(vmid, slot)}`)
  const volumes = (value: string) => value.replaceAll(/(vm|base)-\d+-/g, `vm-${vmid}-`)
  for (const key of ['efidisk0', 'tpmstate0'])
    if (settings[key]) settings[key] = volumes(String(settings[key]))
  return {
    ...fresh,
    type: guest.type,
    balloonBytes: guest.balloonBytes,
    os: guest.os,
    osName: guest.osName,
    tags: guest.tags.filter((tag) => tag !== 'template'),
    pool: request.pool,
    hasAgent: guest.hasAgent,
    settings: {
      ...settings,
      ...(request.description ? { description: request.description } : {}),
      ...(guest.type === 'qemu' ? { smbios1: `uuid=${guestUuid(vmid)}`, vmgenid: vmGenerationId(vmid) } : {}),
    },
    disks: guest.disks.map((disk) => ({
      ...disk,
      storage: request.storage ?? disk.storage,
      volume: volumes(disk.volume),
    })),
  }
}

const newMac = (vmid: number, slot: string): string => {
  const tail = hexDigits(`mac of ${vmid} ${slot}`, 6).toUpperCase()
  return `BC:24:11:${tail.slice(0, 2)}:${tail.slice(2, 4)}:${tail.slice(4, 6)}`
}

/** What `GET .../migrate` answers: where a guest could go, and what stands in the way. */
export function migrationPreconditions(cluster: Cluster, guest: Guest) {
  const mapped = mappedKeys(guest)
  const allowed: string[] = []
  const refused: Record<string, Record<string, string[]>> = {}
  for (const { name } of cluster.nodes) {
    if (name === guest.node) continue
    const missing = unavailableStorages(cluster, guest, name)
    if (missing.length > 0) refused[name] = { unavailable_storages: missing }
    else if (guest.mappedDevices.length > 0) refused[name] = { 'unavailable-resources': guest.mappedDevices }
    else allowed.push(name)
  }
  return {
    running: isUp(guest) ? 1 : 0,
    ...(isUp(guest) ? {} : { allowed_nodes: allowed, not_allowed_nodes: refused }),
    local_disks: guest.disks.map((disk) => ({
      volid: `${disk.storage}:${disk.volume}`,
      size: disk.sizeBytes,
      cdrom: 0,
      is_unused: 0,
      drivename: disk.slot,
      is_attached: 1,
      replicate: 1,
      shared: 0,
    })),
    local_resources: [],
    'mapped-resources': mapped,
    'mapped-resource-info': Object.fromEntries(
      mapped.map((key, index) => [key, { name: guest.mappedDevices[index] ?? '', 'live-migration': 0 }]),
    ),
  }
}

const mappedKeys = (guest: Guest): string[] => guest.mappedDevices.map((_, index) => `hostpci${index}`)

const unavailableStorages = (cluster: Cluster, guest: Guest, node: string): string[] => {
  const there = new Set(cluster.storagesOn(node).map((storage) => storage.id))
  return [...new Set(guest.disks.map((disk) => disk.storage))].filter((id) => !there.has(id))
}

export interface MigrateRequest {
  target: string
  isOnline: boolean
  isWithLocalDisks: boolean
  /** Containers: stop, move, start. */
  isRestarting?: boolean
  /** One storage id, `1` (same names), or `a:b,c:d`. */
  targetStorage: string | undefined
  owner: string
}

/** Moves a guest to another node, disks included. Returns the UPID. */
export function migrateGuest(cluster: Cluster, guest: Guest, request: MigrateRequest): string {
  if (request.target === guest.node) throw parameterFault('target', 'target is local node.')
  if (!cluster.nodes.some((node) => node.name === request.target)) {
    throw new ApiFault(500, `no such cluster node '${request.target}'`)
  }
  checkLock(guest)
  if (guest.type === 'lxc' && isUp(guest) && !request.isRestarting)
    throw runtimeFault("lxc live migration is currently not implemented")
  if (guest.type === 'qemu' && isUp(guest) && !request.isOnline)
    throw runtimeFault("can't migrate running VM without --online")
  if (haOf(cluster, guest.vmid)) return requestMigration(cluster, guest, request)
  return startMigration(cluster, guest, request)
}

function requestMigration(cluster: Cluster, guest: Guest, request: MigrateRequest): string {
  const { upid } = cluster.tasks.start(
    { node: guest.node, type: 'hamigrate', id: String(guest.vmid), owner: request.owner },
    (run) => {
      run.at(0, () => `Requesting HA migration for VM ${guest.vmid} to node ${request.target}`)
      run.end(800)
    },
  )
  // The resource agent asks for no local disks, so this fails on the lab's local storages, as the inventory says.
  cluster.after(8_000, () => {
    if (!guest.lock)
      startMigration(cluster, guest, { ...request, isWithLocalDisks: false, owner: 'root@pam' })
  })
  return upid
}

function startMigration(cluster: Cluster, guest: Guest, request: MigrateRequest): string {
  const map = storageMap(request.targetStorage)
  return lockedTask(cluster, guest, {
    type: guest.type === 'lxc' ? 'vzmigrate' : 'qmigrate',
    lock: 'migrate',
    owner: request.owner,
    durationMs: copyMs(cluster, guest),
    refuse: () => migrationRefusal(cluster, guest, request, map),
    lines: () => [
      `starting migration of ${wordOf(guest)} ${guest.vmid} to node '${request.target}'`,
      ...guest.disks.map((disk) => `found local disk '${disk.storage}:${disk.volume}' (attached)`),
    ],
    finish() {
      guest.node = request.target
      for (const disk of guest.disks) disk.storage = map(disk.storage)
      for (const key of ['efidisk0', 'tpmstate0']) {
        const [storage = '', ...rest] = String(guest.settings[key] ?? '').split(':')
        if (rest.length > 0) guest.settings[key] = [map(storage), ...rest].join(':')
      }
    },
  })
}

function migrationRefusal(
  cluster: Cluster,
  guest: Guest,
  request: MigrateRequest,
  map: (storage: string) => string,
): string | undefined {
  const devices = mappedKeys(guest)
  if (devices.length > 0) return `can't migrate VM which uses mapped devices: ${devices.join(', ')}`
  if (guest.type === 'qemu' && isUp(guest) && guest.disks.length > 0 && !request.isWithLocalDisks) {
    return "can't live migrate attached local disks without with-local-disks option"
  }
  const there = new Set(cluster.storagesOn(request.target).map((storage) => storage.id))
  const lost = guest.disks.map((disk: GuestDisk) => map(disk.storage)).find((storage) => !there.has(storage))
  return lost === undefined ? undefined : `storage '${lost}' is not available on node '${request.target}'`
}

function storageMap(text: string | undefined): (storage: string) => string {
  if (text === undefined || text === '1') return (storage) => storage
  const pairs = new Map(text.split(',').map((pair) => pair.split(':') as [string, string | undefined]))
  return (storage) => pairs.get(storage) ?? (text.includes(':') ? storage : text)
}

/** Removes a stopped guest with its disks. Returns the UPID. */
export function destroyGuest(cluster: Cluster, guest: Guest, owner: string): string {
  checkLock(guest)
  if (isUp(guest)) throw runtimeFault(`VM ${guest.vmid} is running - destroy failed`)
  if (haOf(cluster, guest.vmid))
    throw runtimeFault(`unable to remove VM ${guest.vmid} - used in HA resources`)
  const volumes = backupDisksOf(guest).length
  const { upid } = cluster.tasks.start(
    { node: guest.node, type: taskTypeOf(guest, 'destroy'), id: String(guest.vmid), owner },
    (run) => {
      run.at(0, () => guest.disks.map((disk) => `Logical volume "${disk.volume}" successfully removed.`))
      run.end(600 + 300 * volumes, () => cluster.removeGuest(guest))
    },
  )
  return upid
}
