// Acting on guests of Proxmox VE: what each procedure means, in which order it is asked, and what it is called in the
// audit log. How a request is sent once and followed is guest-actions.ts; how it is worded is the connector's.
import { z } from 'zod'
import { contract } from '#shared/contracts/index.ts'
import type { GuestConfig } from '#shared/contracts/guests.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { upidPattern } from '../../connectors/proxmox/follow-task.ts'
import * as requests from '../../connectors/proxmox/guest-requests.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { checkConfirmation, createGuestActions, guestTaskKind } from './guest-actions.ts'
import { checkChange, isApplied, type ConfigChange } from './guest-config.ts'
import { explained } from './guest-faults.ts'
import { createGuestLocator, type LocatedGuest } from './guest-locator.ts'
import { createGuestQueries } from './guest-queries.ts'
import { createGuestTaskDriver, type GuestDriverTimes } from './guest-task-driver.ts'

const powerVerbs: Record<requests.ApiPowerAction, string> = {
  start: 'Start',
  shutdown: 'Shut down',
  reboot: 'Reboot',
  suspend: 'Pause',
  hibernate: 'Suspend to disk',
  resume: 'Resume',
  stop: 'Stop',
  reset: 'Reset',
}
const settlesAs: Partial<Record<requests.ApiPowerAction, 'running' | 'stopped'>> = { start: 'running', shutdown: 'stopped', stop: 'stopped' }

export type GuestsCore = Pick<CoreServices, 'connectors' | 'tasks' | 'sites' | 'platform' | 'pipeline'>

/** `times` shortens the waits of the driver in tests. */
export function createGuestsFeature(core: GuestsCore, times?: GuestDriverTimes) {
  const { connectors, tasks, sites } = core
  tasks.register(guestTaskKind, createGuestTaskDriver(connectors, times))
  const locator = createGuestLocator(connectors, core.platform.now)
  const queries = createGuestQueries(connectors, locator)
  const actions = createGuestActions(core, locator)
  const os = implementFeature(contract.guests, core.pipeline)

  function refuseForContainers(guest: LocatedGuest, action: requests.ApiPowerAction): void {
    if (guest.place.type === 'lxc' && requests.qemuOnly.has(action))
      throw new AppError('unsupported', `A container cannot be asked to ${powerVerbs[action].toLowerCase()}.`)
  }

  const router = os.router({
    describe: os.describe.handler(({ input, signal }) => queries.describe(input.connectionId, input.vmid, signal)),
    listSnapshots: os.listSnapshots.handler(({ input, signal }) => queries.snapshots(input.connectionId, input.vmid, signal)),
    cloneChoices: os.cloneChoices.handler(({ input, signal }) => queries.cloneChoices(input.connectionId, input.vmid, signal)),
    backupChoices: os.backupChoices.handler(({ input, signal }) => queries.backupChoices(input.connectionId, input.vmid, signal)),
    migrationPlan: os.migrationPlan.handler(({ input, signal }) => queries.migrationPlan(input.connectionId, input.vmid, signal)),
    listTasks: os.listTasks.handler(({ input, signal }) => queries.tasks(input.connectionId, input.vmid, input.limit, signal)),
    listNodeTasks: os.listNodeTasks.handler(({ input, signal }) => queries.nodeTasks(input.connectionId, input.node, input.limit, signal)),
    readConfig: os.readConfig.handler(async ({ input, signal }) =>
      queries.config(input.connectionId, await locator.locate(input.connectionId, input.vmid), signal),
    ),

    power: os.power.handler(async ({ input, context }) => {
      const { connectionId, vmid, action, timeoutSeconds, entityId } = input
      const guest = await locator.locate(connectionId, vmid)
      refuseForContainers(guest, action)
      const request = requests.powerRequest(guest.place, action, timeoutSeconds)
      const status = settlesAs[action]
      return actions.begin({
        connectionId, guest, request, entityId, audit: context.audit,
        title: `${powerVerbs[action]} ${guest.name}`,
        expected: status ? { status } : null,
      })
    }),

    interrupt: os.interrupt.handler(async ({ input, context }) => {
      const { connectionId, vmid, action, confirmation, entityId } = input
      const guest = await locator.locate(connectionId, vmid)
      context.audit?.describe(`${powerVerbs[action]} ${guest.label}`)
      refuseForContainers(guest, action)
      checkConfirmation(guest, confirmation)
      const status = settlesAs[action]
      return actions.begin({
        connectionId, guest, entityId, audit: context.audit,
        request: requests.powerRequest(guest.place, action),
        title: `${powerVerbs[action]} ${guest.name}`,
        expected: status ? { status } : null,
      })
    }),

    takeSnapshot: os.takeSnapshot.handler(async ({ input, context }) => {
      const { connectionId, vmid, snapshot, description, withMemory, entityId } = input
      const guest = await locator.locate(connectionId, vmid)
      return actions.begin({
        connectionId, guest, entityId, audit: context.audit,
        request: requests.snapshotRequest(guest.place, { name: snapshot, description, withMemory }),
        title: `Snapshot ${snapshot} of ${guest.name}`,
      })
    }),
    describeSnapshot: os.describeSnapshot.handler(async ({ input, context }) => {
      const guest = await locator.locate(input.connectionId, input.vmid)
      context.audit?.describe(`Snapshot ${input.snapshot} of ${guest.label}`)
      const call = requests.describeSnapshotCall(guest.place, input.snapshot, input.description)
      await connectors.proxmox(input.connectionId).call(z.unknown(), call).catch((thrown: unknown) => {
        throw explained(thrown)
      })
    }),
    rollBack: os.rollBack.handler(async ({ input, context }) => {
      const { connectionId, vmid, snapshot, startAfterwards, confirmation, entityId } = input
      const guest = await locator.locate(connectionId, vmid)
      context.audit?.describe(`Roll ${guest.label} back to ${snapshot}`)
      checkConfirmation(guest, confirmation)
      return actions.begin({
        connectionId, guest, entityId, audit: context.audit,
        request: requests.rollbackRequest(guest.place, snapshot, startAfterwards),
        title: `Roll ${guest.name} back to ${snapshot}`,
      })
    }),
    deleteSnapshot: os.deleteSnapshot.handler(async ({ input, context }) => {
      const { connectionId, vmid, snapshot, confirmation, entityId } = input
      const guest = await locator.locate(connectionId, vmid)
      context.audit?.describe(`Delete the snapshot ${snapshot} of ${guest.label}`)
      checkConfirmation(guest, confirmation)
      return actions.begin({
        connectionId, guest, entityId, audit: context.audit,
        request: requests.deleteSnapshotRequest(guest.place, snapshot),
        title: `Delete the snapshot ${snapshot} of ${guest.name}`,
      })
    }),

    clone: os.clone.handler(async ({ input, context }) => {
      const { connectionId, vmid, entityId, ...options } = input
      const guest = await locator.locate(connectionId, vmid)
      return actions.begin({
        connectionId, guest, entityId, audit: context.audit,
        request: requests.cloneRequest(guest.place, options),
        title: `Clone ${guest.name} to ${options.name} (${options.newVmid})`,
      })
    }),

    migrate: os.migrate.handler(async ({ input, context, signal }) => {
      const { connectionId, vmid, target, targetStorage, bandwidthLimitKibps, entityId } = input
      const guest = await locator.locate(connectionId, vmid)
      context.audit?.describe(`Migrate ${guest.label} to ${target}`)
      const plan = await queries.migrationPlan(connectionId, vmid, signal)
      const chosen = plan.targets.find((item) => item.node === target)
      const refusal = chosen ? [...plan.obstacles, ...(chosen.verdict === 'refused' ? chosen.reasons : [])][0] : `${target} is not another node of this cluster.`
      if (refusal) throw new AppError('conflict', `${guest.name} cannot go to ${target}. ${refusal}`, { remedy: 'Choose another node, or clear the obstacle first.' })
      if (chosen!.needsStorage && !targetStorage) throw new AppError('invalid-input', `${target} lacks a storage of ${guest.name}.`, { remedy: 'Choose where its disks go.' })
      return actions.begin({
        connectionId, guest, entityId, audit: context.audit,
        request: requests.migrateRequest(guest.place, {
          target, targetStorage, bandwidthLimitKibps,
          isRunning: plan.isRunning,
          hasLocalDisks: plan.localDisks.length > 0,
        }),
        title: `Migrate ${guest.name} to ${target}`,
        expected: { node: target },
      })
    }),

    backUp: os.backUp.handler(async ({ input, context }) => {
      const { connectionId, vmid, entityId, ...options } = input
      const guest = await locator.locate(connectionId, vmid)
      return actions.begin({
        connectionId, guest, entityId, audit: context.audit,
        request: requests.backupRequest(guest.place, options),
        title: `Back up ${guest.name} to ${options.storage}`,
      })
    }),

    changeConfig: os.changeConfig.handler(async ({ input, context }) => {
      const { connectionId, vmid, digest, ...change } = input
      const guest = await locator.locate(connectionId, vmid)
      // Values may hold what nobody should read in a log: the audit log gets the names only.
      const names = [...Object.keys(change.set), ...change.remove.map((key) => `−${key}`), ...change.revert.map((key) => `↶${key}`)]
      context.audit?.describe(`Change ${names.join(', ')} of ${guest.label}`)
      checkChange(change)
      return changeConfig(connectionId, guest, digest, change)
    }),

    followTask: os.followTask.handler(({ input, context }) => {
      if (!upidPattern.test(input.upid)) throw new AppError('invalid-input', 'This is not the name of a task.')
      const [, node = '', , , , type = 'task', id = ''] = input.upid.split(':')
      const { siteId } = sites.getConnection(input.connectionId)
      const title = `${type}${id ? ` ${id}` : ''} on ${node}`
      context.audit?.describe(title)
      const { taskId } = tasks.begin({ kind: 'proxmox', siteId, connectionId: input.connectionId, title, subject: id || node, reference: { upid: input.upid } })
      return { taskId }
    }),
  })

  async function changeConfig(connectionId: ConnectionId, guest: LocatedGuest, digest: string, change: ConfigChange): Promise<GuestConfig> {
    try {
      await connectors.proxmox(connectionId).call(z.unknown(), requests.configCall(guest.place, { digest, ...change }))
    } catch (thrown) {
      if (!isAppError(thrown) || thrown.detail?.kind !== 'outcome-unknown') throw explained(thrown)
      const now = await queries.config(connectionId, guest).catch(() => {
        throw thrown
      })
      if (isApplied(change, now)) return now
      if (now.digest === digest)
        throw new AppError('upstream', `The answer was lost, and the configuration of ${guest.name} is as it was.`, { remedy: 'Apply the change again.' })
      throw thrown
    }
    locator.forget(connectionId)
    return queries.config(connectionId, guest)
  }

  return { router } satisfies Feature<typeof router>
}
