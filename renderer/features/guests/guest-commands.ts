// What each action on a guest sends, and what the page does while it runs. Used by the menus, the dialogs and the bulk
// actions alike.
import { attempt } from '#client/attempt.ts'
import type { Client } from '#client/client.ts'
import { openTasks } from '#client/tasks.store.ts'
import type { InterruptAction, PowerAction } from '#shared/contracts/guests.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { guestRefOf } from './guest-ref.ts'

export const verbWords: Record<PowerAction | InterruptAction, { title: string; failed: string }> = {
  start: { title: 'Start', failed: 'could not be started' },
  shutdown: { title: 'Shut down', failed: 'could not be shut down' },
  reboot: { title: 'Reboot', failed: 'could not be rebooted' },
  suspend: { title: 'Pause', failed: 'could not be paused' },
  hibernate: { title: 'Suspend to disk', failed: 'could not be suspended to disk' },
  resume: { title: 'Resume', failed: 'could not be resumed' },
  stop: { title: 'Stop', failed: 'could not be stopped' },
  reset: { title: 'Reset', failed: 'could not be reset' },
}

export const isPowerAction = (verb: string): verb is PowerAction => verb in verbWords && verb !== 'stop' && verb !== 'reset'

/** Begins it; a refusal is told as a notice. */
export const runPower = (client: Client, guest: Entity, action: PowerAction): void =>
  void attempt(`${guest.name} ${verbWords[action].failed}`, client.guests.power({ ...guestRefOf(guest)!, action }))

/** Long work: its log is shown at once. */
export async function showTask(begun: Promise<{ taskId: string }>): Promise<void> {
  openTasks((await begun).taskId)
}
