// Small entities for tests of links and differences. Tests only.
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Entity, EntityKind, FactValue } from '#shared/model/inventory.ts'

export const connectionOf = (id: string): ConnectionId => id as ConnectionId

export function entityOf(
  kind: EntityKind,
  id: string,
  more: Partial<Omit<Entity, 'facts'>> & { facts?: Record<string, FactValue> } = {},
): Entity {
  return {
    id,
    kind,
    layer: 'guests',
    name: id.split('/').at(-1) ?? id,
    health: 'ok',
    status: 'running',
    parentId: null,
    connectionId: connectionOf('one'),
    tags: [],
    addresses: [],
    facts: {},
    ...more,
  }
}

/** A guest of a cluster; its connection is the cluster's name. */
export const guestOf = (
  cluster: string,
  vmid: number,
  name: string,
  more: Parameters<typeof entityOf>[2] = {},
): Entity =>
  entityOf('guest', `pve/${cluster}/guest/${vmid}`, {
    name,
    connectionId: connectionOf(cluster),
    ...more,
    facts: { vmid, type: 'qemu', cluster, ...more.facts },
  })
