// Which figures of a site are kept over time: those that the inventory sees anyway, and what probes found. Pure. An
// entity of a system that does not answer gives none, which is the gap in its chart.
import type { ConnectionId } from '#shared/model/connection.ts'
import type { Entity, EntityKind } from '#shared/model/inventory.ts'
import type { Figure } from '../../storage/metrics-store.ts'

/** A figure of something that is no entity of the inventory, or that the inventory does not see. */
export interface ProbedFigure extends Figure {
  name: string
  connectionId: ConnectionId
  atMs: number
}

const keysOf: Partial<Record<EntityKind, readonly string[]>> = {
  node: ['cpuFraction', 'memoryBytes', 'diskBytes', 'temperatureCelsius'],
  guest: ['cpuFraction', 'memoryBytes'],
  storage: ['diskBytes'],
  datastore: ['diskBytes', 'deduplicationFactor', 'groupCount'],
  'backup-server': ['cpuFraction', 'memoryBytes'],
  'ray-cluster': ['workersReady', 'workersWanted'],
  gpu: ['utilisationFraction', 'memoryBytes', 'temperatureCelsius', 'powerWatts'],
}

/** The keys that are counted per Kubernetes cluster and per namespace. */
export const podKeys = ['podsRunning', 'podsPending', 'podsFailing'] as const

export function* figuresOf(entities: Iterable<Entity>, fresh: ReadonlySet<ConnectionId>): Generator<Figure> {
  const pods = new Map<string, Record<(typeof podKeys)[number], number>>()
  for (const entity of entities) {
    if (!fresh.has(entity.connectionId)) continue
    if (entity.kind === 'kubernetes-cluster' || entity.kind === 'namespace') {
      if (!pods.has(entity.id)) pods.set(entity.id, { podsRunning: 0, podsPending: 0, podsFailing: 0 })
      continue
    }
    if (entity.kind === 'pod') {
      countPod(pods, entity)
      continue
    }
    for (const key of keysOf[entity.kind] ?? []) {
      const value = entity.facts[key]
      if (typeof value === 'number') yield { entityId: entity.id, key, value }
    }
  }
  for (const [entityId, counts] of pods) for (const key of podKeys) yield { entityId, key, value: counts[key] }
}

function countPod(pods: Map<string, Record<(typeof podKeys)[number], number>>, pod: Entity): void {
  const key = podKeyOf(pod)
  if (key === null) return
  for (const place of [pod.parentId, rootOf(pod.id)]) {
    if (place === null) continue
    const counts = pods.get(place) ?? { podsRunning: 0, podsPending: 0, podsFailing: 0 }
    counts[key] += 1
    pods.set(place, counts)
  }
}

/** Pods that have done their work are not counted. */
function podKeyOf({ health, status }: Entity): (typeof podKeys)[number] | null {
  if (health === 'error') return 'podsFailing'
  if (status.startsWith('Pending')) return 'podsPending'
  return status.startsWith('Running') ? 'podsRunning' : null
}

/** `k8s/lab/pod/default/web` → `k8s/lab`. */
const rootOf = (id: string): string => id.split('/', 2).join('/')
