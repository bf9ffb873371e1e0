// Beginning something on a guest: the request is sent exactly once and becomes a task of the desk. When the answer is
// lost the task begins all the same, and finds out by reading whether anything was begun.
import { z } from 'zod'
import { AppError, isAppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { CoreServices } from '../../core-services.ts'
import { upidPattern } from '../../connectors/proxmox/follow-task.ts'
import type { GuestRequest } from '../../connectors/proxmox/guest-requests.ts'
import type { AuditHandle } from '../../router/call-context.ts'
import { explained } from './guest-faults.ts'
import type { GuestLocator, LocatedGuest } from './guest-locator.ts'
import { readGuestTasks, type GuestTaskReference } from './guest-task-driver.ts'

/** Under which the driver is registered at the desk. */
export const guestTaskKind = 'proxmox-guest'

/** The server forks a worker and answers; a busy one takes its time. */
const beginTimeoutMs = 40_000

export interface GuestBegin {
  connectionId: ConnectionId
  guest: LocatedGuest
  request: GuestRequest
  /** `Migrate proj-pg01 to node03`. */
  title: string
  /** The guest on the screens, so that they find its tasks. */
  entityId: string | undefined
  expected?: GuestTaskReference['expected']
  audit: AuditHandle | undefined
}

export interface GuestActions {
  /** Throws the server's refusal, explained. */
  begin(begin: GuestBegin): Promise<{ taskId: string }>
}

export function createGuestActions(core: Pick<CoreServices, 'connectors' | 'tasks' | 'sites'>, locator: GuestLocator): GuestActions {
  const { connectors, tasks, sites } = core
  return {
    async begin({ connectionId, guest, request, title, entityId, expected = null, audit }) {
      const { place, label } = guest
      const { siteId } = sites.getConnection(connectionId)
      audit?.describe(`${title} (${place.vmid})`)
      const proxmox = connectors.proxmox(connectionId)
      // What is there before tells our own task from others should the answer be lost. Clocks differ; lists do not.
      const before = await readGuestTasks(connectors, connectionId, place).catch(() => null)
      const follow = (reference: GuestTaskReference): { taskId: string } => {
        locator.forget(connectionId)
        const { taskId } = tasks.begin({
          kind: guestTaskKind,
          siteId,
          connectionId,
          title,
          subject: label,
          entityId: entityId ?? null,
          reference,
          audit,
        })
        return { taskId }
      }
      let answer: unknown
      try {
        answer = await proxmox.call(z.unknown(), { ...request.call, timeoutMs: beginTimeoutMs })
      } catch (thrown) {
        if (!isAppError(thrown) || thrown.detail?.kind !== 'outcome-unknown' || before === null) throw explained(thrown)
        const knownUpids = before.map((task) => task.upid)
        const user = proxmox.identity.split('!')[0]!
        return follow({ vmid: place.vmid, upid: null, search: { node: place.node, vmid: place.vmid, taskTypes: [...request.taskTypes], user, knownUpids }, expected })
      }
      if (typeof answer !== 'string' || !upidPattern.test(answer))
        throw new AppError('upstream', `Proxmox VE had nothing to do for ${label}.`, { remedy: 'Look at the state of the guest.' })
      return follow({ vmid: place.vmid, upid: answer, search: null, expected })
    },
  }
}

/** Refuses when what was typed is not the guest's name. */
export function checkConfirmation(guest: LocatedGuest, typed: string): void {
  if (typed.trim() === guest.name) return
  throw new AppError('invalid-input', `Type the guest’s name, “${guest.name}”, to confirm.`, {
    detail: { kind: 'confirmation', expected: guest.name },
  })
}
