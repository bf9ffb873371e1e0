// What counts as well and what does not, in one place: pure rules from a system's own words and figures to health.
// The word `unknown` of a system stays unknown: absence of data is never good news.
import type { Health } from '#shared/model/inventory.ts'

export interface Verdict {
  health: Health
  status: string
}

const hourMs = 3_600_000
export const backupWarningMs = 26 * hourMs
export const backupErrorMs = 50 * hourMs
export const usageWarning = 0.85
export const usageError = 0.95

const pausedStates = new Set([
  'paused',
  'suspended',
  'prelaunch',
  'postmigrate',
  'inmigrate',
  'finish-migrate',
  'save-vm',
  'restore-vm',
])
const brokenStates = new Set(['io-error', 'internal-error', 'guest-panicked', 'watchdog'])
/** Locks that a healthy guest has every day. */
const routineLocks = new Set(['backup', 'snapshot'])

/** A guest by its run state, lock and HA state, as Proxmox VE words them. */
export function judgeGuest(guest: {
  status?: string | undefined
  lock?: string | undefined
  hastate?: string | undefined
  isTemplate: boolean
}): Verdict {
  const { status = 'unknown', lock, hastate, isTemplate } = guest
  if (isTemplate) return { health: 'off', status: 'template' }
  const told = lock ? `${status} (${lock})` : status
  if (brokenStates.has(status)) return { health: 'error', status: told }
  if (hastate === 'error' || hastate === 'fence') return { health: 'error', status: `${told}, HA ${hastate}` }
  if (status === 'unknown') return { health: 'unknown', status: told }
  if (pausedStates.has(status)) return { health: 'warning', status: told }
  if (lock && !routineLocks.has(lock)) return { health: 'warning', status: told }
  if (status === 'stopped') return { health: 'off', status: told }
  return { health: status === 'running' ? 'ok' : 'unknown', status: told }
}

export function judgeNode(node: {
  status?: string | undefined
  memoryFraction: number | undefined
  diskFraction: number | undefined
}): Verdict {
  if (node.status === 'offline') return { health: 'error', status: 'offline' }
  if (node.status !== 'online') return { health: 'unknown', status: node.status ?? 'unknown' }
  if ((node.diskFraction ?? 0) > usageError)
    return { health: 'error', status: `online, root disk ${percent(node.diskFraction!)} full` }
  if ((node.memoryFraction ?? 0) > usageError)
    return { health: 'warning', status: `online, memory ${percent(node.memoryFraction!)} used` }
  return { health: 'ok', status: 'online' }
}

/** A storage or datastore by how full it is. */
export function judgeUsage(usedFraction: number | undefined, status: string): Verdict {
  if (usedFraction === undefined) return { health: 'unknown', status }
  if (usedFraction > usageError) return { health: 'error', status: `${percent(usedFraction)} full` }
  if (usedFraction > usageWarning) return { health: 'warning', status: `${percent(usedFraction)} full` }
  return { health: 'ok', status }
}

/** A group of backups: how old the newest is, and whether what was verified was good. */
export function judgeBackups(
  group: { lastBackupAtMs: number | undefined; verification: 'ok' | 'failed' | 'never' | 'unknown' },
  nowMs: number,
): Verdict {
  if (group.lastBackupAtMs === undefined) return { health: 'unknown', status: 'no backup seen' }
  if (group.verification === 'failed') return { health: 'error', status: 'verification failed' }
  const ageMs = nowMs - group.lastBackupAtMs
  const old = `last backup ${Math.floor(ageMs / hourMs)} h ago`
  if (ageMs > backupErrorMs) return { health: 'error', status: old }
  if (ageMs > backupWarningMs) return { health: 'warning', status: old }
  if (group.verification === 'never') return { health: 'warning', status: 'never verified' }
  if (group.verification === 'unknown') return { health: 'unknown', status: 'verification not read yet' }
  return { health: 'ok', status: 'recent and verified' }
}

/** A job by how its last run ended: `OK`, `WARNINGS: 2`, an error text, or nothing yet. */
export function judgeJob(job: { isEnabled: boolean; lastState: string | undefined }): Verdict {
  if (!job.isEnabled) return { health: 'off', status: 'disabled' }
  const { lastState } = job
  if (lastState === undefined || lastState === '') return { health: 'unknown', status: 'not run yet' }
  if (lastState === 'OK') return { health: 'ok', status: 'last run OK' }
  if (/^WARNINGS/i.test(lastState))
    return { health: 'warning', status: `last run: ${lastState.toLowerCase()}` }
  if (/^unknown$/i.test(lastState)) return { health: 'unknown', status: 'last run: unknown' }
  return { health: 'error', status: `last run failed: ${lastState.slice(0, 200)}` }
}

export const percent = (fraction: number): string => `${Math.round(fraction * 100)} %`
