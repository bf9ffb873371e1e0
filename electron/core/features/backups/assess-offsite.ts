// What is off site of each thing that is backed up: its newest weekly and monthly copy, their class and age, against
// targets of their own. A copy is a guest's by cluster and number, never by the number alone. Pure.
import type { OffsiteCopy, OffsiteRow, OffsiteView } from '#shared/contracts/backups.ts'
import type { OffsitePolicy } from '#shared/model/backup-policy.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type { Ground, Part } from './ground.ts'
import type { KeptCopy, OffsiteReading } from './readings.ts'
import { skewOf } from './ground.ts'

const dayMs = 86_400_000
const shownKeys = 100

export const offsiteViews = (ground: Ground): OffsiteView[] =>
  ground.offsite.flatMap(({ connectionId, reading }) =>
    reading
      ? [
          {
            connectionId,
            bucket: reading.bucket,
            objectCount: reading.objectCount,
            unmatchedCount: reading.unmatchedCount,
            unmatchedSample: reading.unmatchedSample,
            totalBytes: reading.totalBytes,
            classes: reading.classes,
          },
        ]
      : [],
  )

/** One row a thing that has copies or should have them, worst first. */
export function assessOffsite(ground: Ground): OffsiteRow[] {
  const rows = ground.offsite.flatMap((part) => (part.reading ? rowsOf(ground, part, part.reading) : []))
  const order: OffsiteRow['verdict'][] = ['none', 'stale', 'unknown', 'ok']
  return rows.sort(
    (a, b) =>
      order.indexOf(a.verdict) - order.indexOf(b.verdict) ||
      a.name.localeCompare(b.name, 'en', { numeric: true }),
  )
}

function rowsOf(ground: Ground, part: Part<OffsiteReading>, reading: OffsiteReading): OffsiteRow[] {
  const { offsite } = ground.policy
  const owners = createOwners(ground, offsite)
  const sets = Map.groupBy(
    reading.copies,
    (copy) => owners.of(copy)?.id ?? `${copy.type}/${copy.backupId || copy.name}`,
  )
  const rows = [...sets].map(([id, copies]) => rowOf(ground, part, id, ground.entityById.get(id), copies))
  if (!offsite.isRequired) return rows
  // Machines with a backup on site want one off site; the others are the coverage page's to complain of.
  const wanting = owners.all().filter((it) => !sets.has(it.id) && isBackedUp(ground, it))
  return [...rows, ...wanting.map((it) => rowOf(ground, part, it.id, it, []))]
}

const isBackedUp = (ground: Ground, entity: Entity): boolean =>
  (ground.groupsOf.get(entity.id) ?? []).length > 0

function rowOf(
  ground: Ground,
  part: Part<OffsiteReading>,
  id: string,
  entity: Entity | undefined,
  copies: readonly KeptCopy[],
): OffsiteRow {
  const { offsite } = ground.policy
  const newestFirst = [...copies].sort((a, b) => b.atMs - a.atMs)
  const shown = (['weekly', 'monthly'] as const).flatMap((cadence) => {
    const newest = newestFirst.find((copy) => copy.cadence === cadence)
    return newest ? [copyView(ground, part, newest, offsite)] : []
  })
  const first = newestFirst[0]
  const lacking = (['weekly', 'monthly'] as const).filter(
    (cadence) => !shown.some((copy) => copy.cadence === cadence),
  )
  const late = shown.filter((copy) => !copy.isInTime)
  const words: string[] = [
    ...lacking.map((cadence) => `no ${cadence} copy`),
    ...late.map((copy) => `the ${copy.cadence} copy is too old`),
  ]
  const verdict: OffsiteRow['verdict'] =
    shown.length === 0
      ? part.isLive
        ? 'none'
        : 'unknown'
      : words.length === 0
        ? 'ok'
        : part.isLive
          ? 'stale'
          : 'unknown'
  return {
    connectionId: part.connectionId,
    id,
    entityId: entity?.id ?? null,
    name: entity?.name ?? (first ? first.name || first.backupId : id),
    type: first?.type ?? (entity?.kind === 'guest' ? 'vm' : 'db'),
    copies: shown,
    verdict,
    text:
      words.length === 0
        ? 'Both copies are in time'
        : `${words.join('; ')}${entity ? '' : '; it belongs to nothing in the inventory'}`,
  }
}

function copyView(ground: Ground, part: Part, copy: KeptCopy, offsite: OffsitePolicy): OffsiteCopy {
  const maxAgeDays = copy.cadence === 'weekly' ? offsite.weeklyMaxAgeDays : offsite.monthlyMaxAgeDays
  const atMs = copy.atMs - skewOf(part)
  return {
    cadence: copy.cadence,
    atMs,
    sizeBytes: copy.sizeBytes,
    storageClass: copy.storageClass,
    objectCount: copy.objectCount,
    keys: copy.keys.slice(0, shownKeys),
    restore: copy.restore,
    restoreExpiresAtMs: copy.restoreExpiresAtMs,
    isInTime: ground.nowMs - atMs <= maxAgeDays * dayMs,
  }
}

/** Whose copy it is: guests by cluster and VMID, databases by the name of their machine. */
function createOwners(ground: Ground, offsite: OffsitePolicy) {
  const guests = ground.entities.filter((it) => it.kind === 'guest' && it.facts['isTemplate'] !== true)
  const byNumber = new Map(
    guests.map((it) => [
      `${String(it.facts['cluster'])}|${String(it.facts['type'])}|${String(it.facts['vmid'])}`,
      it,
    ]),
  )
  const servers = ground.entities.filter((it) => it.kind === 'database-server')
  const byMachine = new Map<string, Entity>()
  for (const edge of ground.edges) {
    const server = edge.kind === 'runs-on' ? ground.entityById.get(edge.from) : undefined
    const machine = server?.kind === 'database-server' ? ground.entityById.get(edge.to) : undefined
    if (server && machine) byMachine.set(machine.name.toLowerCase(), server)
  }
  return {
    all: (): Entity[] => [...guests, ...servers],
    of(copy: KeptCopy): Entity | undefined {
      const cluster = copy.cluster || offsite.cluster
      if (copy.type === 'vm' || copy.type === 'ct') {
        const guest = byNumber.get(`${cluster}|${copy.type === 'ct' ? 'lxc' : 'qemu'}|${copy.backupId}`)
        const createdAtMs = guest?.facts['createdAtMs']
        // A copy from before the guest was made is of an earlier one with its number.
        return typeof createdAtMs === 'number' && copy.atMs < createdAtMs - dayMs ? undefined : guest
      }
      return byMachine.get((copy.backupId || copy.name).toLowerCase())
    },
  }
}
