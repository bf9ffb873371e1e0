// When each storage and datastore of a site will be full, from the figures kept here; where they do not reach back far
// enough, the server's own estimate. Called a few times an hour: the answer changes slowly.
import type { FullForecast } from '#shared/contracts/metrics.ts'
import { forecastFull, type FillPoint } from '#shared/model/forecast.ts'
import type { Entity, EntityKind } from '#shared/model/inventory.ts'
import type { MetricsStore } from '../../storage/metrics-store.ts'
import type { SitePicture } from './site-picture.ts'

const fillable = new Set<EntityKind>(['storage', 'datastore'])
const historyMs = 14 * 86_400_000
const mostPoints = 14 * 24

export function forecastsOf(
  picture: Pick<SitePicture, 'siteId' | 'entities'>,
  metrics: MetricsStore,
  isFresh: (entity: Entity) => boolean,
  nowMs: number,
): FullForecast[] {
  const found: FullForecast[] = []
  for (const entity of picture.entities.values()) {
    if (!fillable.has(entity.kind)) continue
    const used = entity.facts['diskBytes']
    const total = entity.facts['diskTotalBytes']
    if (typeof used !== 'number' || typeof total !== 'number' || total <= 0) continue
    const own = forecastFull(pointsOf(picture.siteId, entity.id, metrics, nowMs), total, nowMs)
    const estimate = entity.facts['estimatedFullAtMs']
    const isServers = own.kind === 'unknown' && typeof estimate === 'number' && estimate > nowMs
    found.push({
      entityId: entity.id,
      // Storages of one name are on several nodes.
      name: entity.kind === 'storage' && typeof entity.facts['node'] === 'string' ? `${entity.name} on ${entity.facts['node']}` : entity.name,
      kind: entity.kind,
      usedBytes: used,
      totalBytes: total,
      isLive: isFresh(entity),
      forecast: isServers ? { kind: 'full', atMs: estimate, earliestMs: estimate, latestMs: null } : own,
      basis: isServers ? 'server' : 'history',
    })
  }
  return found.sort((a, b) => b.usedBytes / b.totalBytes - a.usedBytes / a.totalBytes)
}

function pointsOf(siteId: string, entityId: string, metrics: MetricsStore, nowMs: number): FillPoint[] {
  const { startMs, stepMs, means } = metrics.read(siteId, entityId, 'diskBytes', { fromMs: nowMs - historyMs, toMs: nowMs, mostPoints })
  const points: FillPoint[] = []
  means.forEach((usedBytes, index) => {
    if (!Number.isNaN(usedBytes)) points.push({ atMs: startMs + (index + 0.5) * stepMs, usedBytes })
  })
  return points
}
