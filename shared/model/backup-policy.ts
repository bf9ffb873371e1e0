// What a site promises about its backups: targets that the user sets, kept on this computer. Pure data; the judging is
// the backups feature's.
import { z } from 'zod'

/** Hours up to ten years: enough for whatever is kept, and never Infinity. */
const hours = z.number().min(0.25).max(87_600)
const clockTime = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'A time such as 09:00')

export const backupTarget = z.object({
  /** False: nobody wants a backup of it, and its absence is no fault. */
  isRequired: z.boolean(),
  /** Recovery point objective: the newest good backup is never older. */
  rpoHours: hours,
  /** The newest good verification is never older. */
  verifyAgeHours: hours,
})
export type BackupTarget = z.infer<typeof backupTarget>

export const backupRuleScopes = ['guest', 'tag', 'pool'] as const
export const backupRule = z.object({
  scope: z.enum(backupRuleScopes),
  /** The entity's id for a guest or database, else the tag or the pool. */
  value: z.string().min(1).max(300),
  target: backupTarget,
  /** Why it differs, for whoever reads it in a year. */
  note: z.string().max(300),
})
export type BackupRule = z.infer<typeof backupRule>

export const offsitePolicy = z.object({
  isRequired: z.boolean(),
  weeklyMaxAgeDays: z.number().min(1).max(3650),
  monthlyMaxAgeDays: z.number().min(1).max(3650),
  /** Recovery from off site never takes longer; null = nothing is promised. */
  recoveryHours: hours.nullable(),
  /** How keys are made: literal text, `{placeholders}` and `*`. */
  pattern: z.string().min(1).max(500),
  /** The cluster whose guests the copies are of, where the pattern does not say; empty = not known. */
  cluster: z.string().max(200),
})
export type OffsitePolicy = z.infer<typeof offsitePolicy>

export const backupPolicy = z.object({
  target: backupTarget,
  /** The first that fits counts: guests before tags before pools. */
  rules: z.array(backupRule).max(500),
  /** Promised times of day on the servers' clock; null = none promised. */
  backupAt: clockTime.nullable(),
  verifiedAt: clockTime.nullable(),
  offsite: offsitePolicy,
})
export type BackupPolicy = z.infer<typeof backupPolicy>

export const defaultOffsitePattern = '{cluster}/{cadence}/{type}/{id}/{date}/{name}.*'

/** What holds until the user says otherwise: a backup a day, verified within a week, copies off site by the calendar. */
export const defaultBackupPolicy: BackupPolicy = {
  target: { isRequired: true, rpoHours: 24, verifyAgeHours: 168 },
  rules: [],
  backupAt: null,
  verifiedAt: null,
  offsite: {
    isRequired: true,
    weeklyMaxAgeDays: 8,
    monthlyMaxAgeDays: 32,
    recoveryHours: null,
    pattern: defaultOffsitePattern,
    cluster: '',
  },
}
