// The application itself: what this shell can do, settings, notifications and the local log.
import { z } from 'zod'
import { command, events, query, timestampMs } from './kernel.ts'

/** Capability flags: screens read these, never the name of a shell. */
export const appDescription = z.object({
  version: z.string(),
  startedAtMs: timestampMs,
  capabilities: z.object({
    nativeDialogs: z.boolean(),
    nativeNotifications: z.boolean(),
    osKeychain: z.boolean(),
    demoLab: z.boolean(),
  }),
  /** The launcher was told to go straight into the demo lab. */
  opensDemo: z.boolean(),
})
export type AppDescription = z.infer<typeof appDescription>

export const settings = z.object({
  theme: z.enum(['system', 'light', 'dark']).default('system'),
  density: z.enum(['comfortable', 'compact']).default('comfortable'),
  /** Minutes without input after which the vault locks; 0 = never. */
  idleLockMinutes: z.number().int().min(0).max(1440).default(30),
  /** Seconds between two polls of a live site. */
  refreshSeconds: z.number().int().min(2).max(3600).default(10),
  /** Rows after which a query is cut (and says so). */
  rowLimit: z.number().int().min(1).max(1_000_000_000).default(5_000_000),
  /** Bytes that unsaved results may take on disk before the oldest go. */
  resultCacheBytes: z.number().int().min(0).default(4_000_000_000),
  lastSiteId: z.string().nullable().default(null),
  /** Letters of terminals, in pixels. */
  consoleFontSize: z.number().int().min(8).max(32).default(13),
  /** The frame colour that the user has given to a console's target, by its key. */
  consoleFrames: z.record(z.string().max(400), z.string().max(20)).default({}),
})
export type Settings = z.infer<typeof settings>

export const notification = z.object({
  id: z.string(),
  atMs: timestampMs,
  level: z.enum(['info', 'success', 'warning', 'error']),
  title: z.string(),
  body: z.string(),
})
export type Notification = z.infer<typeof notification>

export const logLine = z.object({
  atMs: timestampMs,
  level: z.enum(['debug', 'info', 'warn', 'error']),
  text: z.string(),
})
export type LogLine = z.infer<typeof logLine>

export const app = {
  describe: query({ output: appDescription, worksLocked: true }),
  getSettings: query({ output: settings, worksLocked: true }),
  updateSettings: command({ title: 'Change settings', input: settings.partial(), output: settings }),
  watchSettings: events({ event: settings, worksLocked: true }),
  watchNotifications: events({ event: notification }),
  listNotifications: query({ output: notification.array() }),
  readLog: query({ input: z.object({ limit: z.number().int().min(1).max(5000) }), output: logLine.array() }),
}
