// What the coverage is judged on: the site's model, each system's last reading, the clocks between them. Makes the
// indexes once, so that judging is linear. Pure.
import type { GroupName } from '#shared/contracts/backups.ts'
import type { BackupPolicy } from '#shared/model/backup-policy.ts'
import { isTimeZone } from '#shared/model/calendar-event.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Edge, Entity } from '#shared/model/inventory.ts'
import {
  groupKey,
  type DatabaseReading,
  type KeptAttempt,
  type KeptSnapshot,
  type KeptVzdumpJob,
  type OffsiteReading,
  type PbsReading,
  type ProxmoxReading,
  type Reading,
} from './readings.ts'

/** One connection: its last reading, and whether it answers now. */
export interface Part<R extends Reading = Reading> {
  connectionId: ConnectionId
  label: string
  isLive: boolean
  reading: R | undefined
}

export interface GroundInput {
  nowMs: number
  policy: BackupPolicy
  entities: readonly Entity[]
  edges: readonly Edge[]
  pbs: ReadonlyArray<Part<PbsReading>>
  proxmox: ReadonlyArray<Part<ProxmoxReading>>
  offsite: ReadonlyArray<Part<OffsiteReading>>
  databases: ReadonlyArray<Part<DatabaseReading>>
}

export interface Ground extends GroundInput {
  entityById: ReadonlyMap<string, Entity>
  /** Groups that back an entity up, by its id. */
  groupsOf: ReadonlyMap<string, readonly GroupName[]>
  /** Entity id of a group, by its whole name. */
  groupEntities: ReadonlyMap<string, Entity>
  /** Groups that nothing in the inventory is known to own, by `type/id`. */
  unlinkedGroups: ReadonlyMap<string, GroupName>
  /** `connection/storage` of the storages that are datastores which are read here. */
  seenStorages: ReadonlySet<string>
  snapshotsOf(group: GroupName): readonly KeptSnapshot[]
  attemptsOf(group: GroupName): readonly KeptAttempt[]
}

/** Clocks that differ by less are one. */
const sameClockMs = 5_000

/** How far the server's clock is ahead of this computer's. */
export function skewOf({ reading }: Pick<Part, 'reading'>): number {
  const skewMs = reading ? reading.serverAtMs - reading.readAtMs : 0
  return Math.abs(skewMs) < sameClockMs ? 0 : skewMs
}

/** Up to when a part speaks, on the server's own clock: now, or the time of its last reading. */
export const knownUntil = (part: Part, nowMs: number): number =>
  part.isLive ? nowMs + skewOf(part) : (part.reading?.serverAtMs ?? 0)

export const zoneOf = ({ reading }: Part): string =>
  reading && isTimeZone(reading.timeZone) ? reading.timeZone : 'UTC'

export const wholeName = (group: GroupName): string => `${group.connectionId}|${groupKey(group)}`

export function createGround(input: GroundInput): Ground {
  const entityById = new Map(input.entities.map((entity) => [entity.id, entity]))
  const snapshots = new Map<string, KeptSnapshot[]>()
  const attempts = new Map<string, KeptAttempt[]>()
  for (const { connectionId, reading } of input.pbs) {
    for (const snapshot of reading?.snapshots ?? [])
      push(snapshots, `${connectionId}|${groupKey(snapshot)}`, snapshot)
    for (const attempt of reading?.attempts ?? []) push(attempts, `${connectionId}|${attempt.group}`, attempt)
  }
  const groupEntities = new Map<string, Entity>()
  const names = new Map<string, GroupName>()
  for (const entity of input.entities) {
    if (entity.kind !== 'backup-group') continue
    const name = groupNameOf(entity, entityById)
    if (!name) continue
    names.set(entity.id, name)
    groupEntities.set(wholeName(name), entity)
  }
  const groupsOf = new Map<string, GroupName[]>()
  for (const edge of input.edges) {
    const name = edge.kind === 'backs-up' ? names.get(edge.from) : undefined
    if (!name) continue
    push(groupsOf, edge.to, name)
    names.delete(edge.from)
  }
  const unlinkedGroups = new Map([...names.values()].map((name) => [`${name.type}/${name.backupId}`, name]))
  const seenStorages = new Set<string>()
  for (const edge of input.edges) {
    const storage = edge.kind === 'uses' ? entityById.get(edge.from) : undefined
    if (storage?.kind === 'storage' && entityById.get(edge.to)?.kind === 'datastore')
      seenStorages.add(`${storage.connectionId}/${storage.name}`)
  }
  return {
    ...input,
    seenStorages,
    unlinkedGroups,
    entityById,
    groupsOf,
    groupEntities,
    snapshotsOf: (group) => snapshots.get(wholeName(group)) ?? [],
    attemptsOf: (group) => attempts.get(wholeName(group)) ?? [],
  }
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key)
  if (list) list.push(value)
  else map.set(key, [value])
}

function groupNameOf(entity: Entity, entityById: ReadonlyMap<string, Entity>): GroupName | undefined {
  const { backupType, backupId, namespace } = entity.facts
  const store = entityById.get(entity.parentId ?? '')?.name
  if (!store || (backupType !== 'vm' && backupType !== 'ct' && backupType !== 'host')) return undefined
  return {
    connectionId: entity.connectionId,
    store,
    namespace: typeof namespace === 'string' ? namespace : '',
    type: backupType,
    backupId: String(backupId),
  }
}

export interface JobOfGuest {
  part: Part<ProxmoxReading>
  job: KeptVzdumpJob
  /** Volumes of the guest that the job leaves out; null = not told. */
  leftOut: readonly string[] | null
}

/** The vzdump jobs that take a guest, switched off ones included. */
export function jobsOfGuest(ground: Ground, guest: Entity): JobOfGuest[] {
  const vmid = Number(guest.facts['vmid'])
  return ground.proxmox.flatMap((part) => {
    if (part.connectionId !== guest.connectionId) return []
    return (part.reading?.jobs ?? []).flatMap((job) => {
      const told = job.guests?.[String(vmid)]
      const isTaken = job.guests ? told !== undefined : takes(job, guest, vmid)
      const isHere = job.node === null || job.node === guest.facts['node']
      return isTaken && isHere ? [{ part, job, leftOut: told ?? null }] : []
    })
  })
}

/** By the job's own selection, where the server does not tell what it includes. */
function takes(job: KeptVzdumpJob, guest: Entity, vmid: number): boolean {
  if (job.isAll) return !job.excluded.includes(vmid)
  if (job.pool !== null) return job.pool === guest.facts['pool']
  return job.vmids.includes(vmid)
}
