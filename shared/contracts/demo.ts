// The demo lab, as seen from a window: start it, watch it come up, make things go wrong in it.
import { z } from 'zod'
import { siteId } from '../model/connection.ts'
import { command, events, query } from './kernel.ts'

export const demoServices = ['proxmox', 'pbs', 'kubernetes', 'postgres', 'ssh', 's3'] as const
export const demoFaults = ['slow', 'cut', 'unauthorized', 'server-error', 'expired-certificate', 'garbage', 'node-lost'] as const
/** Faults that only one service can have. */
export const ownFaults: Partial<Record<(typeof demoFaults)[number], (typeof demoServices)[number]>> = { 'node-lost': 'proxmox' }

export const demoStatus = z.object({
  state: z.enum(['unavailable', 'stopped', 'starting', 'running', 'failed']),
  /** What is being done now, and how far it is (0 to 1). */
  step: z.string(),
  fraction: z.number(),
  siteId: siteId.nullable(),
  message: z.string().nullable(),
  faults: z.partialRecord(z.enum(demoServices), z.enum(demoFaults)),
})
export type DemoStatus = z.infer<typeof demoStatus>

export const demo = {
  status: query({ output: demoStatus, worksLocked: true }),
  watch: events({ event: demoStatus, worksLocked: true }),
  /** Starts the lab and makes its site; answers at once, `watch` tells the progress. */
  start: command({ title: 'Start the demo lab', output: demoStatus, worksLocked: true }),
  stop: command({ title: 'Stop the demo lab', output: demoStatus, worksLocked: true }),
  setFault: command({
    title: 'Inject a fault into the demo lab',
    input: z.object({ service: z.enum(demoServices), fault: z.enum(demoFaults).nullable() }),
    output: demoStatus,
  }),
  advanceClock: command({
    title: "Advance the demo lab's clock",
    input: z.object({ byMs: z.number().int().min(0).max(7 * 86_400_000) }),
  }),
}
