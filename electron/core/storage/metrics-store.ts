// Figures over time, kept on this machine: every 30 s for a day, every 5 min for 14 days, every hour for two years,
// then gone. What is not known is a gap. A tick is in the store before `record` returns; turning ticks into chunks may
// be cut short at any moment and is simply done again. Called by the watching feature.
import type { Log } from '../platform.ts'
import type { Database } from './database.ts'
import { decodeChunk, decodeTick, encodeChunk, encodeTick, type Tick } from './metric-chunk.ts'
import { Buckets, chooseTier, compactionMs, floorTo, tiers } from './metric-tiers.ts'

export interface Figure {
  entityId: string
  key: string
  value: number
}

export interface SeriesWindow {
  fromMs: number
  toMs: number
  /** The answer has at most this many points; neighbours are joined until it does. */
  mostPoints: number
}

/** Columns of one length; NaN = not known. */
export interface Series {
  startMs: number
  stepMs: number
  lows: Float64Array
  means: Float64Array
  highs: Float64Array
}

export interface MetricsStore {
  /** Keeps what was seen at one moment. A second tick in the same 30 s replaces the first. */
  record(siteId: string, atMs: number, figures: Iterable<Figure>): void
  read(siteId: string, entityId: string, key: string, window: SeriesWindow): Series
  /** The keys of which anything is kept for this entity. */
  keys(siteId: string, entityId: string): string[]
  /** Turns whole past hours into chunks and drops what is too old. Lets the event loop run in between. */
  compact(): Promise<void>
  /** Forgets all other sites. */
  keepOnly(siteIds: readonly string[]): void
  size(): { seriesCount: number; byteCount: number }
}

/** A site cannot make more series than this: the disk it takes is bounded whatever its systems answer. */
const mostSeriesPerSite = 20_000
const seriesPerPiece = 100

interface SiteSeries {
  byEntity: Map<string, Map<string, number>>
  count: number
  pending: Map<number, Tick>
}

export function createMetricsStore(database: Database, options: { now: () => number; log: Log }): MetricsStore {
  const { sqlite } = database
  const { now, log } = options
  const sites = new Map<string, SiteSeries>()
  const putTick = sqlite.prepare('INSERT OR REPLACE INTO metric_tick VALUES (?, ?, ?)')
  const putSeries = sqlite.prepare('INSERT INTO metric_series (site_id, entity_id, key) VALUES (?, ?, ?)')
  const getChunk = sqlite.prepare('SELECT body FROM metric_chunk WHERE series_id = ? AND tier = ? AND start_ms = ?')
  const putChunk = sqlite.prepare('INSERT OR REPLACE INTO metric_chunk VALUES (?, ?, ?, ?)')
  const getChunks = sqlite.prepare(
    'SELECT start_ms, body FROM metric_chunk WHERE series_id = ? AND tier = ? AND start_ms > ? AND start_ms < ?',
  )

  function siteOf(siteId: string): SiteSeries {
    const known = sites.get(siteId)
    if (known) return known
    const site: SiteSeries = { byEntity: new Map(), count: 0, pending: new Map() }
    const rows = sqlite.prepare('SELECT id, entity_id, key FROM metric_series WHERE site_id = ?').all(siteId)
    for (const row of rows as unknown as Array<{ id: number; entity_id: string; key: string }>)
      remember(site, row.entity_id, row.key, row.id)
    const ticks = sqlite.prepare('SELECT at_ms, body FROM metric_tick WHERE site_id = ?').all(siteId)
    for (const tick of ticks as unknown as Array<{ at_ms: number; body: Uint8Array }>)
      site.pending.set(tick.at_ms, decodeTick(tick.body))
    sites.set(siteId, site)
    return site
  }

  function seriesId(siteId: string, site: SiteSeries, { entityId, key }: Figure): number | undefined {
    const known = site.byEntity.get(entityId)?.get(key)
    if (known !== undefined) return known
    if (site.count >= mostSeriesPerSite) return undefined
    const id = Number(putSeries.run(siteId, entityId, key).lastInsertRowid)
    remember(site, entityId, key, id)
    if (site.count === mostSeriesPerSite)
      log.warn('No further figures of this site are kept: it has reached the limit', { siteId, mostSeriesPerSite })
    return id
  }

  /** One past hour of one site; ends by removing its ticks. */
  async function compactHour(siteId: string, hourMs: number): Promise<void> {
    const site = siteOf(siteId)
    const rows = new Map<number, Float64Array>()
    const [raw] = tiers
    for (let atMs = hourMs; atMs < hourMs + compactionMs; atMs += raw.stepMs) {
      const tick = site.pending.get(atMs)
      tick?.ids.forEach((id, index) => {
        const row = rows.get(id) ?? new Float64Array(compactionMs / raw.stepMs).fill(NaN)
        row[(atMs - hourMs) / raw.stepMs] = tick.values[index]!
        rows.set(id, row)
      })
    }
    const all = [...rows]
    for (let at = 0; at < all.length; at += seriesPerPiece) {
      database.transaction(() => {
        for (const [id, values] of all.slice(at, at + seriesPerPiece)) rollUp(id, hourMs, values)
      })
      await breathe()
    }
    sqlite
      .prepare('DELETE FROM metric_tick WHERE site_id = ? AND at_ms >= ? AND at_ms < ?')
      .run(siteId, hourMs, hourMs + compactionMs)
    for (const atMs of [...site.pending.keys()])
      if (atMs >= hourMs && atMs < hourMs + compactionMs) site.pending.delete(atMs)
  }

  function rollUp(id: number, hourMs: number, values: Float64Array): void {
    tiers.forEach((tier, number) => {
      const startMs = floorTo(hourMs, tier.chunkMs)
      const length = tier.chunkMs / tier.stepMs
      const row = getChunk.get(id, number, startMs) as { body: Uint8Array } | undefined
      const columns = decodeChunk(row?.body ?? new Uint8Array(0), tier.columnCount, length)
      const buckets = new Buckets(hourMs, tier.stepMs, compactionMs / tier.stepMs)
      values.forEach((value, index) => buckets.add(hourMs + index * tiers[0].stepMs, value, value, value))
      const offset = (hourMs - startMs) / tier.stepMs
      const fresh = tier.columnCount === 1 ? [buckets.means] : [buckets.lows, buckets.means, buckets.highs]
      fresh.forEach((column, at) => columns[at]!.set(column, offset))
      putChunk.run(id, number, startMs, encodeChunk(columns))
    })
  }

  function prune(): void {
    tiers.forEach((tier, number) => {
      sqlite.prepare('DELETE FROM metric_chunk WHERE tier = ? AND start_ms < ?').run(number, now() - tier.keepMs - tier.chunkMs)
    })
  }

  return {
    record(siteId, atMs, figures) {
      const site = siteOf(siteId)
      const slotMs = floorTo(atMs, tiers[0].stepMs)
      database.transaction(() => {
        const ids: number[] = []
        const values: number[] = []
        for (const figure of figures) {
          if (!Number.isFinite(figure.value)) continue
          const id = seriesId(siteId, site, figure)
          if (id === undefined) continue
          ids.push(id)
          values.push(figure.value)
        }
        const tick = { ids: Uint32Array.from(ids), values: Float64Array.from(values) }
        putTick.run(siteId, slotMs, encodeTick(tick))
        site.pending.set(slotMs, tick)
      })
    },
    read(siteId, entityId, key, window) {
      const fromMs = Math.min(window.fromMs, window.toMs)
      const number = chooseTier(fromMs, window.toMs, now(), window.mostPoints)
      const tier = tiers[number]!
      const joined = Math.max(1, Math.ceil((window.toMs - fromMs) / tier.stepMs / window.mostPoints))
      const stepMs = tier.stepMs * joined
      const startMs = floorTo(fromMs, stepMs)
      const buckets = new Buckets(startMs, stepMs, Math.max(1, Math.ceil((window.toMs - startMs) / stepMs)))
      const site = siteOf(siteId)
      const id = site.byEntity.get(entityId)?.get(key)
      if (id !== undefined) {
        const chunks = getChunks.all(id, number, startMs - tier.chunkMs, window.toMs)
        for (const chunk of chunks as unknown as Array<{ start_ms: number; body: Uint8Array }>)
          addChunk(buckets, number, chunk.start_ms, chunk.body)
        for (const [atMs, tick] of site.pending) {
          const index = atMs >= startMs && atMs < window.toMs ? tick.ids.indexOf(id) : -1
          if (index < 0) continue
          const value = tick.values[index]!
          buckets.add(atMs, value, value, value)
        }
      }
      const { lows, means, highs } = buckets
      return { startMs, stepMs, lows, means, highs }
    },
    keys: (siteId, entityId) => [...(siteOf(siteId).byEntity.get(entityId)?.keys() ?? [])],
    async compact() {
      const currentMs = floorTo(now(), compactionMs)
      const left = sqlite.prepare('SELECT DISTINCT site_id FROM metric_tick WHERE at_ms < ?').all(currentMs)
      for (const { site_id: siteId } of left as unknown as Array<{ site_id: string }>) siteOf(siteId)
      for (const [siteId, site] of sites) {
        const hours = new Set([...site.pending.keys()].map((atMs) => floorTo(atMs, compactionMs)))
        // A clock that was set back leaves ticks of the future; they count as past as soon as they are.
        for (const hourMs of [...hours].sort((a, b) => a - b))
          if (hourMs < currentMs) await compactHour(siteId, hourMs)
      }
      prune()
    },
    keepOnly(siteIds) {
      const kept = JSON.stringify(siteIds)
      database.transaction(() => {
        sqlite
          .prepare(
            `DELETE FROM metric_chunk WHERE series_id IN
               (SELECT id FROM metric_series WHERE site_id NOT IN (SELECT value FROM json_each(?)))`,
          )
          .run(kept)
        for (const table of ['metric_series', 'metric_tick'])
          sqlite.prepare(`DELETE FROM ${table} WHERE site_id NOT IN (SELECT value FROM json_each(?))`).run(kept)
      })
      for (const siteId of sites.keys()) if (!siteIds.includes(siteId)) sites.delete(siteId)
    },
    size() {
      const row = sqlite
        .prepare(
          `SELECT (SELECT count(*) FROM metric_series) AS seriesCount,
             (SELECT coalesce(sum(length(body)), 0) FROM metric_chunk) + (SELECT coalesce(sum(length(body)), 0) FROM metric_tick) AS byteCount`,
        )
        .get() as { seriesCount: number; byteCount: number }
      return { seriesCount: row.seriesCount, byteCount: row.byteCount }
    },
  }
}

function remember(site: SiteSeries, entityId: string, key: string, id: number): void {
  const keys = site.byEntity.get(entityId) ?? new Map<string, number>()
  keys.set(key, id)
  site.byEntity.set(entityId, keys)
  site.count += 1
}

function addChunk(buckets: Buckets, number: number, startMs: number, body: Uint8Array): void {
  const tier = tiers[number]!
  const columns = decodeChunk(body, tier.columnCount, tier.chunkMs / tier.stepMs)
  const means = columns.at(tier.columnCount === 1 ? 0 : 1)!
  const lows = columns[0]!
  const highs = columns.at(-1)!
  means.forEach((mean, index) => buckets.add(startMs + index * tier.stepMs, lows[index]!, mean, highs[index]!))
}

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))
