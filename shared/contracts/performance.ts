// How nodes, guests and storages have performed, from the round-robin archives that Proxmox VE keeps itself.
import { z } from 'zod'
import { connectionId } from '../model/connection.ts'
import { query, timestampMs } from './kernel.ts'

export const timeframes = ['hour', 'day', 'week', 'month', 'year'] as const
export const timeframe = z.enum(timeframes)
export type Timeframe = z.infer<typeof timeframe>

const nodeName = z.string().min(1).max(63).regex(/^[A-Za-z0-9-]+$/)
export const performanceTarget = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('node'), node: nodeName }),
  z.object({ kind: z.literal('guest'), vmid: z.number().int().min(100).max(999_999_999) }),
  z.object({ kind: z.literal('storage'), node: nodeName, storage: z.string().min(1).max(100) }),
])
export type PerformanceTarget = z.infer<typeof performanceTarget>

/** One archive: values by name, as long as `timesMs`; null where nothing was recorded. */
export const performanceSeries = z.object({
  timesMs: z.array(timestampMs),
  series: z.record(z.string(), z.array(z.number().nullable())),
})
export type PerformanceSeries = z.infer<typeof performanceSeries>

export const performance = {
  read: query({
    input: z.object({ connectionId, target: performanceTarget, timeframe, consolidation: z.enum(['average', 'maximum']).default('average') }),
    output: performanceSeries,
  }),
}
