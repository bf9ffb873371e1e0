// Figures over time, kept on this machine, and what follows from them: when a storage will be full.
import { z } from 'zod'
import { siteId } from '../model/connection.ts'
import { forecast } from '../model/forecast.ts'
import { query, timestampMs } from './kernel.ts'

const entityId = z.string().min(1).max(500)

export const metricSeries = z.object({
  key: z.string(),
  /** As long as `timesMs`; null where nothing is known. */
  lows: z.array(z.number().nullable()),
  means: z.array(z.number().nullable()),
  highs: z.array(z.number().nullable()),
})
export type MetricSeries = z.infer<typeof metricSeries>

export const metricWindow = z.object({ stepMs: z.number(), timesMs: z.array(timestampMs), series: z.array(metricSeries) })
export type MetricWindow = z.infer<typeof metricWindow>

export const fullForecast = z.object({
  entityId,
  name: z.string(),
  kind: z.string(),
  usedBytes: z.number(),
  totalBytes: z.number(),
  /** False when its system does not answer: the figures are the last known ones. */
  isLive: z.boolean(),
  forecast,
  /** Where the date comes from: figures kept here, or the server's own estimate. */
  basis: z.enum(['history', 'server']),
})
export type FullForecast = z.infer<typeof fullForecast>

export const metrics = {
  /** Columns over time; steps are as fine as the window and `mostPoints` allow. */
  series: query({
    input: z.object({
      siteId,
      entityId,
      keys: z.array(z.string().min(1).max(100)).min(1).max(20),
      fromMs: timestampMs,
      toMs: timestampMs,
      mostPoints: z.number().int().min(2).max(5000).default(600),
    }),
    output: metricWindow,
  }),
  keys: query({ input: z.object({ siteId, entityId }), output: z.array(z.string()) }),
  /** Everything that can fill up, the fullest first. */
  forecasts: query({ input: z.object({ siteId }), output: fullForecast.array() }),
  /** What the newest look found of things that are no entities of the inventory: connections and drives. */
  latest: query({
    input: z.object({ siteId }),
    output: z.array(z.object({ entityId, name: z.string(), key: z.string(), value: z.number(), atMs: timestampMs })),
  }),
  size: query({ output: z.object({ seriesCount: z.number(), byteCount: z.number() }) }),
}
