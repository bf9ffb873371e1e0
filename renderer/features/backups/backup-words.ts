// The words and the health of what the backups feature says, in one place.
import type { BackupSource, CoverageDay, CoverageVerdict, GroupName, OffsiteCopy, OffsiteRow } from '#shared/contracts/backups.ts'
import type { Health } from '#shared/model/inventory.ts'
import type { Site } from '#shared/model/connection.ts'

export const verdictWords: Record<CoverageVerdict, string> = {
  failed: 'Failed',
  none: 'Not protected',
  stale: 'Too old',
  unverified: 'Not verified',
  partial: 'In part',
  unknown: 'Not known',
  ok: 'Protected',
  off: 'Not wanted',
}
export const verdictHealth: Record<CoverageVerdict, Health> = {
  failed: 'error',
  none: 'error',
  stale: 'warning',
  unverified: 'warning',
  partial: 'warning',
  unknown: 'unknown',
  ok: 'ok',
  off: 'off',
}
/** What a tile says on hover. */
export const verdictMeanings: Record<CoverageVerdict, string> = {
  failed: 'The last backup failed, or a kept one is damaged',
  none: 'No job takes it, or it was never backed up',
  stale: 'The newest backup is older than its objective',
  unverified: 'Never verified, or too long ago',
  partial: 'Disks are left out of every backup',
  unknown: 'What is needed to judge it cannot be seen now',
  ok: 'Backed up and verified within its targets',
  off: 'Its target says that no backup is wanted',
}

export const dayWords: Record<CoverageDay['state'], string> = {
  ok: 'backed up',
  failed: 'failed',
  missing: 'missing',
  pending: 'due or running',
  idle: 'nothing due',
  unknown: 'not known',
  before: 'did not exist',
}

export const verificationWords = { ok: 'verified', failed: 'damaged', none: 'not verified' } as const
export const verificationHealth = { ok: 'ok', failed: 'error', none: 'warning' } as const satisfies Record<string, Health>

export const offsiteHealth: Record<OffsiteRow['verdict'], Health> = { ok: 'ok', stale: 'warning', none: 'error', unknown: 'unknown' }
export const offsiteWords: Record<OffsiteRow['verdict'], string> = { ok: 'In time', stale: 'Too old', none: 'None', unknown: 'Not known' }

export const promiseHealth = { kept: 'ok', broken: 'error', unknown: 'unknown' } as const satisfies Record<string, Health>
export const promiseWords = { kept: 'is kept', broken: 'is not kept', unknown: 'not known' } as const

export const restoreWords: Record<OffsiteCopy['restore'], string> = {
  'not-needed': 'readable at once',
  archived: 'archived',
  ongoing: 'being restored',
  readable: 'restored',
  unknown: 'not known',
}

export const classWords: Record<string, string> = {
  STANDARD: 'Standard',
  STANDARD_IA: 'Standard-IA',
  ONEZONE_IA: 'One Zone-IA',
  INTELLIGENT_TIERING: 'Intelligent-Tiering',
  GLACIER_IR: 'Glacier Instant',
  GLACIER: 'Glacier Flexible',
  DEEP_ARCHIVE: 'Glacier Deep Archive',
}

export const groupTitle = (group: Pick<GroupName, 'type' | 'backupId'>): string => `${group.type}/${group.backupId}`
export const groupKey = (group: GroupName): string =>
  [group.connectionId, group.store, group.namespace, group.type, group.backupId].join('|')

/** `Nov 24, 09:00`: a moment without its seconds, and with its year only when that is another one. */
export function momentText(atMs: number): string {
  const date = new Date(atMs)
  const year = date.getFullYear() === new Date().getFullYear() ? {} : ({ year: 'numeric' } as const)
  return date.toLocaleString(undefined, { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...year })
}

/** Why nothing can be changed through a connection now; null when it can. */
export function obstacle(site: Site, source: BackupSource | undefined, right?: { rights: readonly string[] | null; need: readonly string[] }): string | null {
  if (site.isReadOnly) return `${site.name} is read-only in Meridian; allow changes under Connections.`
  if (!source) return 'Its connection is gone.'
  if (source.state !== 'live') return `${source.label} does not answer; what is shown is what was last known.`
  if (right?.rights && !right.need.some((name) => right.rights!.includes(name)))
    return `This identity lacks ${right.need.join(' or ')} on the datastore.`
  return null
}
