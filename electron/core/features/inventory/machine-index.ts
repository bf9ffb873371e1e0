// Finds machines (guests, nodes, backup servers) by what other systems know of them: addresses, MACs, host names,
// SMBIOS UUIDs. Built once for a round of linking; lookups are constant time.
import type { Entity } from '#shared/model/inventory.ts'

export interface MachineIndex {
  add(entity: Entity): void
  byAddress(address: string): readonly Entity[]
  byHostName(name: string): readonly Entity[]
  byUuid(uuid: string): readonly Entity[]
  byVmid(vmid: number): readonly Entity[]
}

const none: readonly Entity[] = []

export function createMachineIndex(): MachineIndex {
  const addresses = new Map<string, Entity[]>()
  const hostNames = new Map<string, Entity[]>()
  const uuids = new Map<string, Entity[]>()
  const vmids = new Map<number, Entity[]>()
  return {
    add(entity) {
      if (entity.kind !== 'guest' && entity.kind !== 'node' && entity.kind !== 'backup-server') return
      if (entity.facts['isTemplate'] === true) return
      for (const address of entity.addresses) if (isTelling(address)) put(addresses, address, entity)
      for (const name of new Set([entity.name, entity.facts['hostname'], entity.facts['fqdn']])) {
        if (typeof name === 'string' && name !== '') put(hostNames, shortHostName(name), entity)
      }
      const uuid = entity.facts['smbiosUuid']
      if (typeof uuid === 'string') put(uuids, uuid.toLowerCase(), entity)
      const vmid = entity.facts['vmid']
      if (typeof vmid === 'number' && entity.kind === 'guest') put(vmids, vmid, entity)
    },
    byAddress: (address) => (isTelling(address) ? (addresses.get(address.toLowerCase()) ?? none) : none),
    byHostName: (name) => hostNames.get(shortHostName(name)) ?? none,
    byUuid: (uuid) => uuids.get(uuid.toLowerCase()) ?? none,
    byVmid: (vmid) => vmids.get(vmid) ?? none,
  }
}

function put<K>(map: Map<K, Entity[]>, key: K, entity: Entity): void {
  const list = map.get(key)
  if (!list) map.set(key, [entity])
  else if (!list.includes(entity)) list.push(entity)
}

/** Addresses that many machines share say nothing about which one is meant. */
export const isTelling = (address: string): boolean =>
  address !== '' &&
  !/^127\.|^0\.0\.0\.0$|^169\.254\./.test(address) &&
  address !== '::1' &&
  address !== '::' &&
  !/^fe80:/i.test(address)

/** The first label in lower case: `PROJ-PG01.example.org` → `proj-pg01`. An IP address stays whole. */
export function shortHostName(name: string): string {
  const lower = name.toLowerCase()
  if (/^[\d.]+$/.test(lower) || lower.includes(':')) return lower
  return lower.split('.')[0] ?? lower
}
