// What the process that runs the demo lab and the one that started it say to each other. Both sides parse every
// message with these schemas; nothing else crosses the channel.
import { z } from 'zod'
import { backupPolicy } from '#shared/model/backup-policy.ts'
import { connectionDraft } from '#shared/model/connection.ts'

export const faultService = z.enum(['proxmox', 'pbs', 'kubernetes', 'postgres', 'ssh', 's3'])
export const faultKind = z.enum([
  'slow',
  'cut',
  'unauthorized',
  'server-error',
  'expired-certificate',
  'garbage',
  'node-lost',
])

/** Parent → child. `start` comes first and once; `fault` without a fault ends one; `advance` jumps the lab's clock. */
export const demoCommand = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('start'),
    dataDir: z.string().min(1),
    /** All services when absent. */
    services: z.array(faultService).optional(),
    /** Lab time minus real time, milliseconds. */
    clockOffsetMs: z.number().optional(),
    /** `lived-in` when absent. */
    variant: z.enum(['lived-in', 'clean']).optional(),
  }),
  z.object({ type: z.literal('fault'), service: faultService, fault: faultKind.optional() }),
  z.object({ type: z.literal('advance'), ms: z.number().min(0) }),
  z.object({ type: z.literal('stop') }),
])
export type DemoCommand = z.infer<typeof demoCommand>

/** Child → parent. `fraction` in [0, 1] never decreases; `ready` or `failed` comes once. */
export const demoReport = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), step: z.string(), fraction: z.number().min(0).max(1) }),
  z.object({
    type: z.literal('ready'),
    siteName: z.string(),
    drafts: z.array(connectionDraft),
    /** What the lab promises about its backups. */
    backupPolicy: backupPolicy.optional(),
  }),
  z.object({ type: z.literal('failed'), message: z.string() }),
])
export type DemoReport = z.infer<typeof demoReport>
