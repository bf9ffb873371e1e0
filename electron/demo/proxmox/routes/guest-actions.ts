// Guests of the demo cluster, write side: power, config, snapshots, clone, migration, removal. Each long one answers
// the UPID of its task.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, decimal, flag, integer, optional, requiring, text } from '../../api2/parameters.ts'
import { demand, may, ownerOf, route, type PveCall } from '../call.ts'
import { checkLock } from '../cluster.ts'
import { configOf, isUp, type Guest } from '../guest.ts'
import { cloneGuest, destroyGuest, migrateGuest } from '../guest-moves.ts'
import { runPowerAction, setConfig } from '../guest-power.ts'
import { deleteSnapshot, rollBack, takeSnapshot } from '../guest-snapshots.ts'

const power = { path: '/vms/{vmid}', privileges: ['VM.PowerMgmt'] } as const
const snapshotRight = { path: '/vms/{vmid}', privileges: ['VM.Snapshot'] } as const
const skiplock = optional(flag())
const timeout = optional(integer({ minimum: 0 }))

const powerRoutes = [
  route('POST', '/nodes/{node}/qemu/{vmid}/status/start', {
    needs: power,
    parameters: { skiplock, timeout },
    run: (input, call) =>
      runPowerAction(call.cluster, call.cluster.guest(input.node, input.vmid), 'start', {
        owner: ownerOf(call),
      }),
  }),
  route('POST', '/nodes/{node}/qemu/{vmid}/status/stop', {
    needs: power,
    parameters: { skiplock, timeout, keepActive: optional(flag()), 'overrule-shutdown': optional(flag()) },
    run: (input, call) =>
      runPowerAction(call.cluster, call.cluster.guest(input.node, input.vmid), 'stop', {
        owner: ownerOf(call),
      }),
  }),
  route('POST', '/nodes/{node}/qemu/{vmid}/status/shutdown', {
    needs: power,
    parameters: { skiplock, timeout, keepActive: optional(flag()), forceStop: optional(flag()) },
    run: (input, call) =>
      runPowerAction(call.cluster, call.cluster.guest(input.node, input.vmid), 'shutdown', {
        owner: ownerOf(call),
      }),
  }),
  route('POST', '/nodes/{node}/qemu/{vmid}/status/reboot', {
    needs: power,
    parameters: { timeout },
    run: (input, call) =>
      runPowerAction(call.cluster, call.cluster.guest(input.node, input.vmid), 'reboot', {
        owner: ownerOf(call),
      }),
  }),
  route('POST', '/nodes/{node}/qemu/{vmid}/status/suspend', {
    needs: power,
    parameters: { skiplock, todisk: optional(flag()), statestorage: optional(requiring('todisk', text())) },
    run: (input, call) =>
      runPowerAction(call.cluster, call.cluster.guest(input.node, input.vmid), 'suspend', {
        owner: ownerOf(call),
        isToDisk: input.todisk ?? false,
      }),
  }),
  route('POST', '/nodes/{node}/qemu/{vmid}/status/resume', {
    needs: power,
    parameters: { skiplock, nocheck: optional(flag()) },
    run: (input, call) =>
      runPowerAction(call.cluster, call.cluster.guest(input.node, input.vmid), 'resume', {
        owner: ownerOf(call),
      }),
  }),
  route('POST', '/nodes/{node}/qemu/{vmid}/status/reset', {
    needs: power,
    parameters: { skiplock },
    run: (input, call) =>
      runPowerAction(call.cluster, call.cluster.guest(input.node, input.vmid), 'reset', {
        owner: ownerOf(call),
      }),
  }),
]

const snapname = text({ pattern: /^[a-zA-Z][a-zA-Z0-9_-]{1,39}$/ })

const snapshotRoutes = [
  route('POST', '/nodes/{node}/qemu/{vmid}/snapshot', {
    needs: snapshotRight,
    parameters: { snapname, description: optional(text()), vmstate: optional(flag()) },
    run: (input, call) =>
      takeSnapshot(call.cluster, call.cluster.guest(input.node, input.vmid), {
        name: input.snapname,
        description: input.description ?? '',
        hasVmState: input.vmstate ?? false,
        owner: ownerOf(call),
      }),
  }),
  route('PUT', '/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/config', {
    needs: snapshotRight,
    parameters: { description: optional(text()) },
    run(input, call) {
      const guest = call.cluster.guest(input.node, input.vmid)
      const snapshot = guest.snapshots.find((it) => it.name === input.snapname)
      if (!snapshot) throw new ApiFault(500, `snapshot '${input.snapname}' does not exist`)
      checkLock(guest)
      if (input.description !== undefined) snapshot.description = input.description
      return null
    },
  }),
  route('POST', '/nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Snapshot', 'VM.Snapshot.Rollback'], isAnyEnough: true },
    parameters: { start: optional(flag()) },
    run: (input, call) =>
      rollBack(call.cluster, call.cluster.guest(input.node, input.vmid), {
        name: input.snapname,
        isStarting: input.start ?? false,
        owner: ownerOf(call),
      }),
  }),
  route('DELETE', '/nodes/{node}/qemu/{vmid}/snapshot/{snapname}', {
    needs: snapshotRight,
    parameters: { force: optional(flag()) },
    run: (input, call) =>
      deleteSnapshot(call.cluster, call.cluster.guest(input.node, input.vmid), {
        name: input.snapname,
        owner: ownerOf(call),
      }),
  }),
]

const moveRoutes = [
  route('POST', '/nodes/{node}/qemu/{vmid}/clone', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Clone'] },
    parameters: {
      newid: integer({ minimum: 100, maximum: 999_999_999 }),
      name: optional(text({ pattern: /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/ })),
      description: optional(text()),
      full: optional(flag()),
      pool: optional(text()),
      snapname: optional(text()),
      storage: optional(text()),
      format: optional(choice('raw', 'qcow2', 'vmdk')),
      target: optional(text()),
      bwlimit: optional(integer({ minimum: 0 })),
    },
    run(input, call) {
      const isPoolManager = input.pool !== undefined && may(call, `/pool/${input.pool}`, ['VM.Allocate'])
      if (!isPoolManager) demand(call, `/vms/${input.newid}`, ['VM.Allocate'])
      return cloneGuest(call.cluster, call.cluster.guest(input.node, input.vmid), {
        newVmid: input.newid,
        name: input.name,
        description: input.description,
        isFull: input.full ?? false,
        pool: input.pool,
        storage: input.storage,
        target: input.target,
        owner: ownerOf(call),
      })
    },
  }),
  route('POST', '/nodes/{node}/qemu/{vmid}/migrate', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Migrate'] },
    parameters: {
      target: text(),
      online: optional(flag()),
      'with-local-disks': optional(flag()),
      targetstorage: optional(text()),
      migration_type: optional(choice('secure', 'insecure')),
      migration_network: optional(text()),
      bwlimit: optional(integer({ minimum: 0 })),
      force: optional(flag()),
    },
    run: (input, call) =>
      migrateGuest(call.cluster, call.cluster.guest(input.node, input.vmid), {
        target: input.target,
        isOnline: input.online ?? false,
        isWithLocalDisks: input['with-local-disks'] ?? false,
        targetStorage: input.targetstorage,
        owner: ownerOf(call),
      }),
  }),
  route('DELETE', '/nodes/{node}/qemu/{vmid}', {
    needs: { path: '/vms/{vmid}', privileges: ['VM.Allocate'] },
    parameters: { purge: optional(flag()), 'destroy-unreferenced-disks': optional(flag()), skiplock },
    run: (input, call) =>
      destroyGuest(call.cluster, call.cluster.guest(input.node, input.vmid), ownerOf(call)),
  }),
]

/** Config keys that the lab lets be changed, with the right each needs; hot ones act at once. */
const configRights: Record<string, { right: string; isHot?: boolean }> = {
  name: { right: 'VM.Config.Options', isHot: true },
  description: { right: 'VM.Config.Options', isHot: true },
  tags: { right: 'VM.Config.Options', isHot: true },
  onboot: { right: 'VM.Config.Options', isHot: true },
  protection: { right: 'VM.Config.Options', isHot: true },
  agent: { right: 'VM.Config.Options' },
  cores: { right: 'VM.Config.CPU' },
  cpu: { right: 'VM.Config.CPU' },
  cpulimit: { right: 'VM.Config.CPU', isHot: true },
  memory: { right: 'VM.Config.Memory' },
  balloon: { right: 'VM.Config.Memory' },
}

const configParameters = {
  name: optional(text({ pattern: /^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?$/ })),
  description: optional(text()),
  tags: optional(text()),
  onboot: optional(flag()),
  protection: optional(flag()),
  agent: optional(text()),
  cores: optional(integer({ minimum: 1 })),
  cpu: optional(text()),
  memory: optional(text({ pattern: /^(current=)?\d+$/ })),
  balloon: optional(integer({ minimum: 0 })),
  cpulimit: optional(decimal({ minimum: 0, maximum: 128 })),
  delete: optional(text()),
  revert: optional(text()),
  digest: optional(text()),
  skiplock,
  force: optional(requiring('delete', flag())),
}

const anyConfigRight = {
  path: '/vms/{vmid}',
  privileges: ['Disk', 'CDROM', 'CPU', 'Memory', 'Network', 'HWType', 'Options', 'Cloudinit'].map(
    (area) => `VM.Config.${area}`,
  ),
  isAnyEnough: true,
} as const

export function changeConfig(
  call: PveCall,
  guest: Guest,
  input: Record<string, unknown>,
  rights: Record<string, { right: string; isHot?: boolean }> = configRights,
): void {
  checkLock(guest)
  if (input['digest'] !== undefined && input['digest'] !== configOf(guest)['digest']) {
    throw new ApiFault(500, 'detected modified configuration - file changed by other user? Try again.')
  }
  for (const [key, about] of Object.entries(rights)) {
    const value = input[key]
    if (value === undefined) continue
    demand(call, `/vms/${guest.vmid}`, [about.right])
    const stored = typeof value === 'boolean' ? Number(value) : (value as string | number)
    if (about.isHot || !isUp(guest)) setConfig(guest, key, stored)
    else guest.pending[key] = stored
  }
  for (const key of String(input['delete'] ?? '')
    .split(/[,; ]+/)
    .filter(Boolean))
    setConfig(guest, key, undefined)
  for (const key of String(input['revert'] ?? '')
    .split(/[,; ]+/)
    .filter(Boolean))
    delete guest.pending[key]
}

const configRoutes = [
  route('PUT', '/nodes/{node}/qemu/{vmid}/config', {
    needs: anyConfigRight,
    parameters: configParameters,
    run(input, call) {
      changeConfig(call, call.cluster.guest(input.node, input.vmid), input)
      return null
    },
  }),
  route('POST', '/nodes/{node}/qemu/{vmid}/config', {
    needs: anyConfigRight,
    parameters: { ...configParameters, background_delay: optional(integer({ minimum: 1, maximum: 30 })) },
    run(input, call) {
      const guest = call.cluster.guest(input.node, input.vmid)
      changeConfig(call, guest, input)
      return call.cluster.tasks.start(
        { node: guest.node, type: 'qmconfig', id: String(guest.vmid), owner: ownerOf(call) },
        (run) => run.end(500),
      ).upid
    },
  }),
]

export const guestActionRoutes = [...powerRoutes, ...snapshotRoutes, ...moveRoutes, ...configRoutes]
