// Containers of the demo cluster: the same actions as for virtual machines under their own paths, with the parameters
// that containers have, which are not the same.
import { choice, decimal, flag, integer, optional, text } from '../../api2/parameters.ts'
import { demand, may, ownerOf, route, type PveCall } from '../call.ts'
import { haOf } from '../cluster.ts'
import { configOf, type Guest } from '../guest.ts'
import { cloneGuest, migrateGuest } from '../guest-moves.ts'
import { runPowerAction, type PowerAction } from '../guest-power.ts'
import { deleteSnapshot, rollBack, takeSnapshot } from '../guest-snapshots.ts'
import { changeConfig } from './guest-actions.ts'
import { listRow, pendingRows, snapshotConfig, snapshotRows } from './guests.ts'
import { guestSeries, rrdParameters } from './rrd.ts'

const audit = { path: '/vms/{vmid}', privileges: ['VM.Audit'] } as const
const power = { path: '/vms/{vmid}', privileges: ['VM.PowerMgmt'] } as const
const snapshotRight = { path: '/vms/{vmid}', privileges: ['VM.Snapshot'] } as const
const skiplock = optional(flag())
const timeout = optional(integer({ minimum: 0 }))
const snapname = text({ pattern: /^[a-zA-Z][a-zA-Z0-9_-]{1,39}$/ })
const hostname = text({ pattern: /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/ })

type Place = { node: string; vmid: number }
const containerAt = (call: PveCall, input: Place): Guest => call.cluster.guest(input.node, input.vmid, 'lxc')
const run = (call: PveCall, input: Place, action: PowerAction): string =>
  runPowerAction(call.cluster, containerAt(call, input), action, { owner: ownerOf(call) })

const powerRoutes = [
  route('POST', '/nodes/{node}/lxc/{vmid}/status/start', {
    needs: power,
    parameters: { skiplock, debug: optional(flag()) },
    run: (input, call) => run(call, input, 'start'),
  }),
  route('POST', '/nodes/{node}/lxc/{vmid}/status/stop', {
    needs: power,
    parameters: { skiplock, 'overrule-shutdown': optional(flag()) },
    run: (input, call) => run(call, input, 'stop'),
  }),
  route('POST', '/nodes/{node}/lxc/{vmid}/status/shutdown', {
    needs: power,
    parameters: { timeout, forceStop: optional(flag()) },
    run: (input, call) => run(call, input, 'shutdown'),
  }),
  route('POST', '/nodes/{node}/lxc/{vmid}/status/reboot', {
    needs: power,
    parameters: { timeout },
    run: (input, call) => run(call, input, 'reboot'),
  }),
  route('POST', '/nodes/{node}/lxc/{vmid}/status/suspend', { needs: power, run: (input, call) => run(call, input, 'suspend') }),
  route('POST', '/nodes/{node}/lxc/{vmid}/status/resume', { needs: power, run: (input, call) => run(call, input, 'resume') }),
]

const snapshotRoutes = [
  route('GET', '/nodes/{node}/lxc/{vmid}/snapshot', { needs: audit, run: (input, call) => snapshotRows(containerAt(call, input)) }),
  route('POST', '/nodes/{node}/lxc/{vmid}/snapshot', {
    needs: snapshotRight,
    parameters: { snapname, description: optional(text()) },
    run: (input, call) =>
      takeSnapshot(call.cluster, containerAt(call, input), {
        name: input.snapname,
        description: input.description ?? '',
        hasVmState: false,
        owner: ownerOf(call),
      }),
  }),
  route('POST', '/nodes/{node}/lxc/{vmid}/snapshot/{snapname}/rollback', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Snapshot', 'VM.Snapshot.Rollback'], isAnyEnough: true },
    parameters: { start: optional(flag()) },
    run: (input, call) =>
      rollBack(call.cluster, containerAt(call, input), {
        name: input.snapname,
        isStarting: input.start ?? false,
        owner: ownerOf(call),
      }),
  }),
  route('DELETE', '/nodes/{node}/lxc/{vmid}/snapshot/{snapname}', {
    needs: snapshotRight,
    parameters: { force: optional(flag()) },
    run: (input, call) =>
      deleteSnapshot(call.cluster, containerAt(call, input), { name: input.snapname, owner: ownerOf(call) }),
  }),
  route('GET', '/nodes/{node}/lxc/{vmid}/snapshot/{snapname}/config', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Snapshot', 'VM.Snapshot.Rollback', 'VM.Audit'], isAnyEnough: true },
    run: (input, call) => snapshotConfig(containerAt(call, input), input.snapname),
  }),
]

const moveRoutes = [
  route('POST', '/nodes/{node}/lxc/{vmid}/clone', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Clone'] },
    parameters: {
      newid: integer({ minimum: 100, maximum: 999_999_999 }),
      hostname: optional(hostname),
      description: optional(text()),
      full: optional(flag()),
      pool: optional(text()),
      snapname: optional(text()),
      storage: optional(text()),
      target: optional(text()),
      bwlimit: optional(decimal({ minimum: 0 })),
    },
    run(input, call) {
      const isPoolManager = input.pool !== undefined && may(call, `/pool/${input.pool}`, ['VM.Allocate'])
      if (!isPoolManager) demand(call, `/vms/${input.newid}`, ['VM.Allocate'])
      return cloneGuest(call.cluster, containerAt(call, input), {
        newVmid: input.newid,
        name: input.hostname,
        description: input.description,
        isFull: input.full ?? false,
        pool: input.pool,
        storage: input.storage,
        target: input.target,
        owner: ownerOf(call),
      })
    },
  }),
  route('POST', '/nodes/{node}/lxc/{vmid}/migrate', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Migrate'] },
    parameters: {
      target: text(),
      online: optional(flag()),
      restart: optional(flag()),
      timeout: optional(integer()),
      'target-storage': optional(text()),
      bwlimit: optional(decimal({ minimum: 0 })),
    },
    run: (input, call) =>
      migrateGuest(call.cluster, containerAt(call, input), {
        target: input.target,
        isOnline: false,
        isRestarting: input.restart ?? false,
        isWithLocalDisks: true,
        targetStorage: input['target-storage'],
        owner: ownerOf(call),
      }),
  }),
]

const configRights = {
  hostname: { right: 'VM.Config.Network' },
  description: { right: 'VM.Config.Options', isHot: true },
  tags: { right: 'VM.Config.Options', isHot: true },
  onboot: { right: 'VM.Config.Options', isHot: true },
  protection: { right: 'VM.Config.Options', isHot: true },
  cores: { right: 'VM.Config.CPU', isHot: true },
  memory: { right: 'VM.Config.Memory', isHot: true },
  swap: { right: 'VM.Config.Memory', isHot: true },
}

export const containerRoutes = [
  route('GET', '/nodes/{node}/lxc', {
    needs: 'login',
    run(input, call) {
      call.cluster.node(input.node)
      return call.cluster
        .guestsOn(input.node)
        .filter((guest) => guest.type === 'lxc' && may(call, `/vms/${guest.vmid}`, ['VM.Audit']))
        .map((guest) => listRow(call, guest))
    },
  }),
  route('GET', '/nodes/{node}/lxc/{vmid}/status/current', {
    needs: audit,
    run(input, call) {
      const guest = containerAt(call, input)
      const ha = haOf(call.cluster, guest.vmid)
      return { ...listRow(call, guest), type: 'lxc', ha: ha ? { managed: 1, state: ha.state } : { managed: 0 } }
    },
  }),
  route('GET', '/nodes/{node}/lxc/{vmid}/config', {
    needs: audit,
    parameters: { current: optional(flag()), snapshot: optional(text()) },
    run(input, call) {
      const guest = containerAt(call, input)
      if (input.snapshot !== undefined) return snapshotConfig(guest, input.snapshot)
      return input.current ? configOf(guest) : { ...configOf(guest), ...guest.pending }
    },
  }),
  route('PUT', '/nodes/{node}/lxc/{vmid}/config', {
    needs: {
      path: '/vms/{vmid}',
      privileges: ['Disk', 'CPU', 'Memory', 'Network', 'Options'].map((area) => `VM.Config.${area}`),
      isAnyEnough: true,
    },
    parameters: {
      hostname: optional(hostname),
      description: optional(text()),
      tags: optional(text()),
      onboot: optional(flag()),
      protection: optional(flag()),
      cores: optional(integer({ minimum: 1, maximum: 8192 })),
      memory: optional(integer({ minimum: 16 })),
      swap: optional(integer({ minimum: 0 })),
      delete: optional(text()),
      revert: optional(text()),
      digest: optional(text()),
    },
    run(input, call) {
      changeConfig(call, containerAt(call, input), input, configRights)
      return null
    },
  }),
  route('GET', '/nodes/{node}/lxc/{vmid}/pending', { needs: audit, run: (input, call) => pendingRows(containerAt(call, input)) }),
  route('GET', '/nodes/{node}/lxc/{vmid}/feature', {
    needs: audit,
    parameters: { feature: choice('snapshot', 'clone', 'copy'), snapname: optional(text()) },
    run: (input, call) => ({ hasFeature: containerAt(call, input).isTemplate && input.feature === 'snapshot' ? 0 : 1 }),
  }),
  route('GET', '/nodes/{node}/lxc/{vmid}/rrddata', {
    needs: audit,
    parameters: rrdParameters,
    run: (input, call) => guestSeries(call, containerAt(call, input), input.timeframe, input.cf),
  }),
  ...powerRoutes,
  ...snapshotRoutes,
  ...moveRoutes,
]
