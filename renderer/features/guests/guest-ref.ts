// Which things of the inventory are guests, nodes and storages of Proxmox VE, and how the contract names them. Pure.
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'

export interface GuestRef {
  connectionId: ConnectionId
  vmid: number
  entityId: string
}

export type GuestEntity = Entity & { kind: 'guest' }

/** Undefined for anything that is no guest. */
export function guestRefOf(entity: Entity): GuestRef | undefined {
  const { vmid } = entity.facts
  if (entity.kind !== 'guest' || typeof vmid !== 'number') return undefined
  return { connectionId: entity.connectionId, vmid, entityId: entity.id }
}

export const isTemplate = (entity: Entity): boolean => entity.facts['isTemplate'] === true
export const isContainer = (entity: Entity): boolean => entity.facts['type'] === 'lxc'

/** The hypervisor's word without the lock that may stand behind it. */
export const runStateOf = (entity: Entity): string => entity.status.split(/[ ,(]/, 1)[0] ?? 'unknown'

export const lockOf = (entity: Entity): string | null => (typeof entity.facts['lock'] === 'string' ? entity.facts['lock'] : null)

export type MachineTarget = { kind: 'node'; node: string } | { kind: 'guest'; vmid: number } | { kind: 'storage'; node: string; storage: string }

/** What its performance is asked of; undefined for things without archives. */
export function performanceTargetOf(entity: Entity, nodeNameOf: (entityId: string) => string | undefined): MachineTarget | undefined {
  const ref = guestRefOf(entity)
  if (ref) return { kind: 'guest', vmid: ref.vmid }
  if (entity.kind === 'node') return { kind: 'node', node: entity.name }
  if (entity.kind !== 'storage') return undefined
  const own = entity.facts['node']
  // A shared storage is the same from everywhere: any node that has it can tell.
  const node = typeof own === 'string' ? own : nodeNameOf(entity.id)
  return node === undefined ? undefined : { kind: 'storage', node, storage: entity.name }
}
