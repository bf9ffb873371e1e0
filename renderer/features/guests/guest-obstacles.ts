// Why something cannot be done with a guest now, as a sentence: the connection, the site, the rights of this identity, a
// lock, the state it is in. Pure: the actions grey by it, and a bulk action leaves out by it.
import { changeObstacle, type ActionContext } from '#client/entity-actions.store.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { missingPrivilege } from '#shared/model/rights.ts'
import { isContainer, isTemplate, lockOf, runStateOf } from './guest-ref.ts'

export const guestVerbs = [
  'start', 'shutdown', 'reboot', 'suspend', 'hibernate', 'resume', 'stop', 'reset',
  'snapshot', 'clone', 'migrate', 'backup', 'configure',
] as const
export type GuestVerb = (typeof guestVerbs)[number]

const privileges: Record<GuestVerb, string> = {
  start: 'VM.PowerMgmt',
  shutdown: 'VM.PowerMgmt',
  reboot: 'VM.PowerMgmt',
  suspend: 'VM.PowerMgmt',
  hibernate: 'VM.PowerMgmt',
  resume: 'VM.PowerMgmt',
  stop: 'VM.PowerMgmt',
  reset: 'VM.PowerMgmt',
  snapshot: 'VM.Snapshot',
  clone: 'VM.Clone',
  migrate: 'VM.Migrate',
  backup: 'VM.Backup',
  configure: 'VM.Config.Options',
}

const needsRunning: ReadonlySet<GuestVerb> = new Set(['shutdown', 'reboot', 'suspend', 'hibernate', 'stop', 'reset'])
const qemuOnly: ReadonlySet<GuestVerb> = new Set(['hibernate', 'reset'])
/** What a lock does not keep out. */
const throughLocks: ReadonlySet<GuestVerb> = new Set(['stop', 'reset'])

export type ObstacleContext = Pick<ActionContext, 'site' | 'sources' | 'rights'>

/** Null when it can be done. */
export function guestObstacle(guest: Entity, verb: GuestVerb, context: ObstacleContext): string | null {
  const { vmid } = guest.facts
  return (
    changeObstacle(guest, context) ??
    missingPrivilege(context.rights.get(guest.connectionId), `/vms/${String(vmid)}`, privileges[verb]) ??
    kindObstacle(guest, verb) ??
    lockObstacle(guest, verb) ??
    stateObstacle(guest, verb)
  )
}

function kindObstacle(guest: Entity, verb: GuestVerb): string | null {
  if (isTemplate(guest) && verb !== 'clone' && verb !== 'migrate' && verb !== 'backup' && verb !== 'configure') return 'A template is cloned, not run.'
  if (isContainer(guest) && qemuOnly.has(verb)) return 'A container cannot do that.'
  return null
}

function lockObstacle(guest: Entity, verb: GuestVerb): string | null {
  const lock = lockOf(guest)
  if (lock === null || throughLocks.has(verb)) return null
  if (lock === 'suspended' && (verb === 'start' || verb === 'resume')) return null
  return `It is locked (${lock}): something else is being done with it.`
}

function stateObstacle(guest: Entity, verb: GuestVerb): string | null {
  const state = runStateOf(guest)
  const isSuspended = lockOf(guest) === 'suspended'
  const isUp = state === 'running' || state === 'paused' || state === 'io-error' || state === 'prelaunch'
  if (verb === 'start' && isUp) return 'It is running already.'
  if (verb === 'resume' && state !== 'paused' && !isSuspended) return 'It is not paused.'
  if (needsRunning.has(verb) && !isUp) return state === 'unknown' ? 'Its state is not known: its node does not answer.' : 'It is not running.'
  if (verb === 'suspend' && state === 'paused') return 'It is paused already.'
  return null
}
