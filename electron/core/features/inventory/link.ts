// The edges between systems: which guest a Kubernetes node is, which guest a backup belongs to, where a database
// runs. Pure and linear: everything is looked up in indexes made once. A link needs evidence that names one machine;
// where two machines fit equally well there is no link, because a wrong one is worse than none.
import type { Edge, Entity } from '#shared/model/inventory.ts'
import { createBreather } from './breather.ts'
import { linkBackups } from './link-backups.ts'
import { linkMachines } from './link-machines.ts'
import { createMachineIndex } from './machine-index.ts'

const linkedKinds = new Set<Entity['kind']>([
  'guest',
  'node',
  'kubernetes-node',
  'database-server',
  'ssh-host',
  'backup-server',
  'datastore',
  'storage',
  'backup-group',
  'backup-job',
])

/** Facts that links are made from; a change in any other fact cannot make or break one. */
export const linkFacts = [
  'cluster',
  'vmid',
  'hostname',
  'host',
  'label',
  'macs',
  'smbiosUuid',
  'systemUuid',
  'providerId',
  'vmidLabels',
  'createdAtMs',
  'type',
  'backupType',
  'backupId',
  'namespace',
  'comments',
  'pbsServer',
  'pbsDatastore',
  'pbsNamespace',
  'fingerprint',
  'vmids',
  'storage',
  'isAllGuests',
] as const

/**
 * Whether the step from `before` to `after` (absent = not there) can change a link. A new backup makes a group
 * younger, which can only give it a link it has not got: `isLinked` tells whether it has one.
 */
export function isLinkRelevant(
  before: Entity | undefined,
  after: Entity | undefined,
  isLinked: (id: string) => boolean,
): boolean {
  const kind = (after ?? before)?.kind
  if (!kind || !linkedKinds.has(kind)) return false
  if (!before || !after) return true
  if (before.name !== after.name || before.parentId !== after.parentId) return true
  if (!sameValue(before.addresses, after.addresses)) return true
  if (
    kind === 'backup-group' &&
    before.facts['lastBackupAtMs'] !== after.facts['lastBackupAtMs'] &&
    !isLinked(after.id)
  )
    return true
  return linkFacts.some((key) => !sameValue(before.facts[key], after.facts[key]))
}

const sameValue = (a: unknown, b: unknown): boolean =>
  a === b ||
  (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((item, at) => item === b[at]))

/** All links among `entities`, by edge id. Lets the event loop run every few milliseconds. */
export async function linkSystems(entities: Iterable<Entity>): Promise<Map<string, Edge>> {
  const breather = createBreather()
  const byKind = new Map<Entity['kind'], Entity[]>()
  const index = createMachineIndex()
  for (const entity of entities) {
    if (!linkedKinds.has(entity.kind)) continue
    const list = byKind.get(entity.kind)
    if (list) list.push(entity)
    else byKind.set(entity.kind, [entity])
    index.add(entity)
    if (breather.isDue()) await breather.rest()
  }
  const found = new Map<string, Edge>()
  const keep = (edge: Edge): void => void found.set(edge.id, edge)
  await linkMachines(byKind, index, keep, breather)
  await linkBackups(byKind, index, keep, breather)
  return found
}
