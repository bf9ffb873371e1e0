// What the lab's people promise about their backups, as targets that Meridian understands: daily at 09:00, verified at
// 11:00, at most four hours lost. Handed to the shell beside the connections; whether it can be kept is Meridian's to say.
import { defaultOffsitePattern, type BackupPolicy } from '#shared/model/backup-policy.ts'
import type { DemoSite } from './site.ts'

/** A day between two verifications, and the time one takes. */
const verifyAgeHours = 26

export function labBackupPolicy({ backup, site }: DemoSite): BackupPolicy {
  const scheduleOf = (kind: 'vzdump' | 'verify'): string | null =>
    backup.jobs.find((job) => job.kind === kind)?.schedule ?? null
  return {
    target: { isRequired: true, rpoHours: backup.promises.onsite.rpoHours, verifyAgeHours },
    rules: [],
    backupAt: scheduleOf('vzdump'),
    verifiedAt: scheduleOf('verify'),
    offsite: {
      isRequired: true,
      weeklyMaxAgeDays: 8,
      monthlyMaxAgeDays: 36,
      recoveryHours: backup.promises.offsite.recoveryHours,
      pattern: defaultOffsitePattern,
      cluster: site.cluster,
    },
  }
}
