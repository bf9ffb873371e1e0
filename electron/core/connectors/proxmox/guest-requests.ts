// How each action on a guest is asked for at Proxmox VE: path, parameters, and the types of the task that it becomes.
// Pure; QEMU and LXC differ in more places than one would hope. Parameters are those of versions 8 and 9.
import type { HttpsCall } from '../https/https-client.ts'
import type { GuestType } from './proxmox-connector.ts'

/** A guest where it is now. */
export interface GuestPlace {
  node: string
  type: GuestType
  vmid: number
}

export interface GuestRequest {
  call: Pick<HttpsCall, 'path'> & { method: 'POST' | 'PUT' | 'DELETE'; body?: Record<string, string | number>; query?: Record<string, string | number> }
  /** The task types that the request may become; a guest under high availability gets another. */
  taskTypes: readonly string[]
}

export const guestPath = ({ node, type, vmid }: GuestPlace): string => `/nodes/${encodeURIComponent(node)}/${type}/${vmid}`
const prefix = (type: GuestType): 'qm' | 'vz' => (type === 'qemu' ? 'qm' : 'vz')
const form = (values: Record<string, string | number | undefined>): Record<string, string | number> =>
  Object.fromEntries(Object.entries(values).filter((entry): entry is [string, string | number] => entry[1] !== undefined))

const haTypes: Partial<Record<string, string[]>> = {
  start: ['hastart'],
  stop: ['hastop'],
  shutdown: ['hastop', 'hashutdown'],
}

export type ApiPowerAction = 'start' | 'shutdown' | 'reboot' | 'suspend' | 'hibernate' | 'resume' | 'stop' | 'reset'

/** Which of them a container does not have. */
export const qemuOnly: ReadonlySet<ApiPowerAction> = new Set(['hibernate', 'reset'])

export function powerRequest(place: GuestPlace, action: ApiPowerAction, timeoutSeconds?: number): GuestRequest {
  const word = action === 'hibernate' ? 'suspend' : action
  const takesTime = action === 'shutdown' || action === 'reboot'
  return {
    call: {
      method: 'POST',
      path: `${guestPath(place)}/status/${word}`,
      body: form({ todisk: action === 'hibernate' ? 1 : undefined, timeout: takesTime ? timeoutSeconds : undefined }),
    },
    taskTypes: [`${prefix(place.type)}${word}`, ...(haTypes[action] ?? [])],
  }
}

export function snapshotRequest(place: GuestPlace, options: { name: string; description: string; withMemory: boolean }): GuestRequest {
  return {
    call: {
      method: 'POST',
      path: `${guestPath(place)}/snapshot`,
      body: form({
        snapname: options.name,
        description: options.description || undefined,
        vmstate: place.type === 'qemu' && options.withMemory ? 1 : undefined,
      }),
    },
    taskTypes: [`${prefix(place.type)}snapshot`],
  }
}

const snapshotPath = (place: GuestPlace, name: string): string => `${guestPath(place)}/snapshot/${encodeURIComponent(name)}`

export const rollbackRequest = (place: GuestPlace, name: string, startAfterwards: boolean): GuestRequest => ({
  call: { method: 'POST', path: `${snapshotPath(place, name)}/rollback`, body: form({ start: startAfterwards ? 1 : undefined }) },
  taskTypes: [`${prefix(place.type)}rollback`],
})

export const deleteSnapshotRequest = (place: GuestPlace, name: string): GuestRequest => ({
  call: { method: 'DELETE', path: snapshotPath(place, name) },
  taskTypes: [`${prefix(place.type)}delsnapshot`],
})

/** Answers at once: no task. */
export const describeSnapshotCall = (place: GuestPlace, name: string, description: string): GuestRequest['call'] => ({
  method: 'PUT',
  path: `${snapshotPath(place, name)}/config`,
  body: { description },
})

export interface CloneOptions {
  newVmid: number
  name: string
  description?: string | undefined
  isFull: boolean
  storage?: string | undefined
  pool?: string | undefined
  fromSnapshot?: string | undefined
}

export const cloneRequest = (place: GuestPlace, options: CloneOptions): GuestRequest => ({
  call: {
    method: 'POST',
    path: `${guestPath(place)}/clone`,
    body: form({
      newid: options.newVmid,
      [place.type === 'qemu' ? 'name' : 'hostname']: options.name,
      description: options.description || undefined,
      full: options.isFull ? 1 : 0,
      storage: options.isFull ? options.storage : undefined,
      pool: options.pool,
      snapname: options.fromSnapshot,
    }),
  },
  taskTypes: [`${prefix(place.type)}clone`],
})

export interface MigrateOptions {
  target: string
  isRunning: boolean
  hasLocalDisks: boolean
  targetStorage?: string | undefined
  bandwidthLimitKibps?: number | undefined
}

/** A running VM moves live, its local disks with it; a running container is stopped, moved and started. */
export function migrateRequest(place: GuestPlace, options: MigrateOptions): GuestRequest {
  const { target, isRunning, targetStorage, bandwidthLimitKibps } = options
  const body =
    place.type === 'qemu'
      ? form({
          target,
          online: isRunning ? 1 : undefined,
          'with-local-disks': options.hasLocalDisks && isRunning ? 1 : undefined,
          targetstorage: targetStorage,
          bwlimit: bandwidthLimitKibps,
        })
      : form({ target, restart: isRunning ? 1 : undefined, 'target-storage': targetStorage, bwlimit: bandwidthLimitKibps })
  return {
    call: { method: 'POST', path: `${guestPath(place)}/migrate`, body },
    taskTypes: [place.type === 'qemu' ? 'qmigrate' : 'vzmigrate', 'hamigrate'],
  }
}

export interface BackupOptions {
  storage: string
  mode: 'snapshot' | 'suspend' | 'stop'
  notes?: string | undefined
  isProtected: boolean
}

/** `remove` is left out of a protected or hand-made backup's way: old ones are pruned by the jobs, not by this. */
export const backupRequest = (place: GuestPlace, options: BackupOptions): GuestRequest => ({
  call: {
    method: 'POST',
    path: `/nodes/${encodeURIComponent(place.node)}/vzdump`,
    body: form({
      vmid: String(place.vmid),
      storage: options.storage,
      mode: options.mode,
      remove: 0,
      'notes-template': options.notes || '{{guestname}}',
      protected: options.isProtected ? 1 : undefined,
    }),
  },
  taskTypes: ['vzdump'],
})

/** Synchronous for both types; `digest` makes the server refuse what was changed by others meanwhile. */
export const configCall = (
  place: GuestPlace,
  change: { digest: string; set: Record<string, string>; remove: readonly string[]; revert: readonly string[] },
): GuestRequest['call'] => ({
  method: 'PUT',
  path: `${guestPath(place)}/config`,
  body: form({
    ...change.set,
    digest: change.digest,
    delete: change.remove.length > 0 ? change.remove.join(',') : undefined,
    revert: change.revert.length > 0 ? change.revert.join(',') : undefined,
  }),
})
