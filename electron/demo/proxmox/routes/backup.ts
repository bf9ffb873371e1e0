// Backups as the demo cluster plans and starts them: the jobs, what they cover, and vzdump on demand.
import { ApiFault } from '../../api2/api-fault.ts'
import { choice, flag, integer, optional, requiring, text } from '../../api2/parameters.ts'
import { dayMs, timeOfDay } from '../../world/backup-plan.ts'
import type { DemoBackupJob } from '../../world/site.ts'
import { demand, may, ownerOf, route, type PveCall } from '../call.ts'
import type { Guest } from '../guest.ts'
import { checkBackupStorage, startBackup } from '../vzdump.ts'

const audit = { path: '/', privileges: ['Sys.Audit'] } as const
type VzdumpJob = Extract<DemoBackupJob, { kind: 'vzdump' }>

const vzdumpJobs = (call: PveCall): VzdumpJob[] =>
  call.cluster.site.backup.jobs.filter((job) => job.kind === 'vzdump')

function jobRow(call: PveCall, job: VzdumpJob) {
  const today = timeOfDay(call.nowMs, job.schedule)
  return {
    id: job.detail.id,
    type: 'vzdump',
    schedule: job.schedule,
    enabled: job.detail.enabled ? 1 : 0,
    storage: job.detail.storage,
    mode: job.detail.mode,
    compress: job.detail.compress,
    mailnotification: job.detail.mailnotification,
    vmid: job.detail.vmids.join(','),
    'notes-template': '{{guestname}}',
    'next-run': Math.floor((today > call.nowMs ? today : today + dayMs) / 1000),
  }
}

function findJob(call: PveCall, id: string): VzdumpJob {
  const job = vzdumpJobs(call).find((it) => it.detail.id === id)
  if (!job) throw new ApiFault(400, 'Parameter verification failed.', { id: `No such job '${id}'` })
  return job
}

function includedVolumes(call: PveCall, job: VzdumpJob) {
  return {
    children: job.detail.vmids.map((vmid) => {
      const guest = call.cluster.findGuest(vmid)
      if (!guest) return { id: vmid, type: 'unknown' }
      return {
        id: vmid,
        name: guest.name,
        type: 'qemu',
        children: guest.disks.map((disk) => ({
          id: disk.slot,
          name: `${disk.storage}:${disk.volume}`,
          included: disk.isInBackup ? 1 : 0,
          reason: disk.isInBackup ? 'enabled' : 'disabled',
        })),
      }
    }),
  }
}

/** Guests in no job. Templates never change and are made anew, so the lab does not count them. */
function uncovered(call: PveCall) {
  const covered = new Set(vzdumpJobs(call).flatMap((job) => job.detail.vmids))
  return call.cluster
    .guests()
    .filter((guest) => !guest.isTemplate && !covered.has(guest.vmid))
    .map((guest) => ({ vmid: guest.vmid, name: guest.name, type: 'qemu' }))
}

const vmids = (list: string): number[] =>
  list
    .split(/[,; ]+/)
    .filter(Boolean)
    .map(Number)

function selectGuests(
  call: PveCall,
  wish: { vmid?: string; all?: boolean; exclude?: string; pool?: string; node: string },
): Guest[] {
  const here = call.cluster.guestsOn(wish.node).filter((guest) => !guest.isTemplate)
  if (wish.vmid !== undefined) {
    const wanted = vmids(wish.vmid)
    const unknown = wanted.find((vmid) => !call.cluster.findGuest(vmid))
    if (unknown !== undefined) throw new ApiFault(500, `unable to find VM '${unknown}'`)
    return here.filter((guest) => wanted.includes(guest.vmid))
  }
  if (wish.pool !== undefined) return here.filter((guest) => guest.pool === wish.pool)
  if (wish.all) {
    const excluded = new Set(vmids(wish.exclude ?? ''))
    return here.filter((guest) => !excluded.has(guest.vmid) && may(call, `/vms/${guest.vmid}`, ['VM.Backup']))
  }
  throw new ApiFault(400, 'Parameter verification failed.', {
    vmid: 'property is missing and it is not optional',
  })
}

export const backupRoutes = [
  route('GET', '/cluster/backup', {
    needs: audit,
    run: (_input, call) => vzdumpJobs(call).map((job) => jobRow(call, job)),
  }),
  route('GET', '/cluster/backup/{id}', {
    needs: audit,
    run(input, call) {
      const { 'next-run': _nextRun, ...config } = jobRow(call, findJob(call, input.id))
      return config
    },
  }),
  route('GET', '/cluster/backup/{id}/included_volumes', {
    needs: audit,
    run: (input, call) => includedVolumes(call, findJob(call, input.id)),
  }),
  route('GET', '/cluster/backup-info/not-backed-up', {
    needs: audit,
    run: (_input, call) => uncovered(call),
  }),
  route('POST', '/nodes/{node}/vzdump', {
    needs: 'login',
    parameters: {
      vmid: optional(text({ pattern: /^\d+([,; ]+\d+)*$/ })),
      all: optional(flag()),
      exclude: optional(text()),
      pool: optional(text()),
      storage: optional(text()),
      mode: optional(choice('snapshot', 'suspend', 'stop')),
      compress: optional(choice('0', '1', 'gzip', 'lzo', 'zstd')),
      'notes-template': optional(requiring('storage', text())),
      protected: optional(requiring('storage', flag())),
      'prune-backups': optional(text()),
      remove: optional(flag()),
      bwlimit: optional(integer({ minimum: 0 })),
      ionice: optional(integer({ minimum: 0, maximum: 8 })),
      fleecing: optional(text()),
      'pbs-change-detection-mode': optional(choice('legacy', 'data', 'metadata')),
      'notification-mode': optional(choice('auto', 'legacy-sendmail', 'notification-system')),
      mailnotification: optional(choice('always', 'failure')),
      mailto: optional(text()),
      'job-id': optional(text()),
    },
    run(input, call) {
      call.cluster.node(input.node)
      const storage = input.storage ?? 'local'
      const guests = selectGuests(call, input)
      for (const guest of guests) demand(call, `/vms/${guest.vmid}`, ['VM.Backup'])
      demand(call, `/storage/${storage}`, ['Datastore.AllocateSpace'])
      checkBackupStorage(call.cluster, input.node, storage)
      if (guests.length === 0) return 'OK'
      const template = input['notes-template']
      return startBackup(call.cluster, {
        node: input.node,
        guests,
        storage,
        owner: ownerOf(call),
        startMs: call.nowMs,
        jobId: input['job-id'],
        isProtected: input.protected ?? false,
        ...(template === undefined ? {} : { commentOf: (guest) => fillTemplate(call, template, guest) }),
      }).upid
    },
  }),
]

const fillTemplate = (call: PveCall, template: string, guest: Guest): string =>
  template
    .replaceAll('{{guestname}}', guest.name)
    .replaceAll('{{vmid}}', String(guest.vmid))
    .replaceAll('{{node}}', guest.node)
    .replaceAll('{{cluster}}', call.cluster.site.site.cluster)
