// What the inventory knows of each guest's backups: the newest one, the newest good verification, and whether a job
// takes it. Pure; read by alert rules and by the overview. A guest whose backup server cannot be asked is not known.
import type { Edge, Entity } from './inventory.ts'

export interface GuestBackup {
  guest: Entity
  /** Null = no backup was seen. */
  lastBackupAtMs: number | null
  lastVerifiedAtMs: number | null
  verification: 'ok' | 'failed' | 'never' | 'unknown'
  groups: Entity[]
}

const numberOf = (entity: Entity, key: string): number | null => {
  const value = entity.facts[key]
  return typeof value === 'number' ? value : null
}

/** Every guest that is no template. Linear in the number of entities and edges. */
export function backupsOfGuests(entities: ReadonlyMap<string, Entity>, edges: Iterable<Edge>): GuestBackup[] {
  const groupsOf = new Map<string, Entity[]>()
  for (const { kind, from, to } of edges) {
    if (kind !== 'backs-up') continue
    const group = entities.get(from)
    if (group) groupsOf.set(to, [...(groupsOf.get(to) ?? []), group])
  }
  const found: GuestBackup[] = []
  for (const guest of entities.values()) {
    if (guest.kind !== 'guest' || guest.facts['isTemplate'] === true) continue
    const groups = groupsOf.get(guest.id) ?? []
    found.push({
      guest,
      groups,
      lastBackupAtMs: newest(groups, 'lastBackupAtMs'),
      lastVerifiedAtMs: newest(groups.filter((group) => group.facts['verification'] !== 'failed'), 'lastVerifiedAtMs'),
      verification: verificationOf(groups),
    })
  }
  return found
}

function newest(groups: readonly Entity[], key: string): number | null {
  const times = groups.flatMap((group) => numberOf(group, key) ?? [])
  return times.length > 0 ? Math.max(...times) : null
}

function verificationOf(groups: readonly Entity[]): GuestBackup['verification'] {
  const told = groups.map((group) => group.facts['verification'])
  if (told.includes('failed')) return 'failed'
  if (told.includes('ok')) return 'ok'
  return told.length > 0 && told.every((word) => word === 'never') ? 'never' : 'unknown'
}
