// Every request that looking after backups sends, held against the official descriptions of both APIs; and the little
// that is read out of task names and logs.
import { checkRequest, loadApiDescription } from '#demo/testing/api-description.ts'
import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import type { HttpsCall } from '../https/https-client.ts'
import * as pve from '../proxmox/proxmox-backups.ts'
import * as pbs from './pbs-backups.ts'

interface Seen {
  method: string
  path: string
  parameters: Record<string, unknown>
}

/** A connector that answers nothing and remembers what it was asked. */
function recorder() {
  const seen: Seen[] = []
  const keep = (method: string, path: string, parameters: object | undefined): void =>
    void seen.push({
      method,
      path,
      parameters: Object.fromEntries(
        Object.entries(parameters ?? {}).filter(([, value]) => value !== undefined),
      ),
    })
  return {
    seen,
    keep,
    connector: {
      call: async <S extends z.ZodType>(_schema: S, call: HttpsCall): Promise<z.infer<S>> => {
        keep(call.method ?? 'GET', call.path, {
          ...call.query,
          ...(typeof call.body === 'object' ? call.body : {}),
        })
        return [] as z.infer<S>
      },
      rows: async <S extends z.ZodType>(
        _schema: S,
        path: string,
        _signal?: AbortSignal,
        query?: HttpsCall['query'],
      ): Promise<z.infer<S>[]> => {
        keep('GET', path, query)
        return []
      },
    },
  }
}

const group = { store: 'datastore01', namespace: 'vm', type: 'vm' as const, backupId: '2002' }
const snapshot = { ...group, backupTime: 1_795_510_802 }
const ofCall = ({ method, path, body }: HttpsCall): [string, string, object] => [
  method ?? 'GET',
  path,
  body as object,
]

describe.skipIf(!loadApiDescription('pbs'))('requests to Proxmox Backup Server', () => {
  it('are what its description knows', async () => {
    const { seen, keep, connector } = recorder()
    await pbs.readServerTime(connector)
    await pbs.readUsage(connector)
    await pbs.readGarbage(connector)
    await pbs.readSnapshots(connector, 'datastore01', 'vm')
    await pbs.readSnapshots(connector, 'datastore01', '')
    await pbs.readBackupTasks(connector, 1_795_000_000_000)
    await pbs.readNotes(connector, snapshot)
    await pbs.pruneGroup(connector, { group, keep: { last: 3, yearly: 1 }, isDryRun: true })
    await pbs.setProtection(connector, snapshot, true)
    await pbs.setNotes(connector, snapshot, 'before the upgrade')
    await pbs.forgetSnapshot(connector, snapshot)
    for (const call of [
      pbs.verifyCall({ store: 'datastore01', isAgain: false }),
      pbs.verifyCall({ store: 'datastore01', namespace: 'vm', isAgain: true }),
      pbs.verifyCall({ store: 'datastore01', group, isAgain: true }),
      pbs.verifyCall({ store: 'datastore01', group, backupTime: snapshot.backupTime, isAgain: true }),
      pbs.garbageCall('datastore01'),
      pbs.runJobCall('verify', 'verify-daily'),
      pbs.runJobCall('prune', 'prune-daily'),
      pbs.runJobCall('sync', 'pull-01'),
    ])
      keep(...ofCall(call))
    const api = loadApiDescription('pbs')!
    expect(seen.flatMap((call) => checkRequest(api, call.method, call.path, call.parameters))).toEqual([])
    expect(seen).toHaveLength(19)
  })
})

describe.skipIf(!loadApiDescription('pve'))('requests to Proxmox VE', () => {
  it('are what its description knows', async () => {
    const { seen, keep, connector } = recorder()
    await pve.readVzdumpJobs(connector)
    await pve.readNodes(connector)
    await pve.readNodeTime(connector, 'node01')
    await pve.readIncludedVolumes(connector, 'backup-daily-vm')
    await pve.readVzdumpTasks(connector, 'node01', 1_795_000_000_000)
    await pve.readVzdumpFailures(
      connector,
      'node01',
      'UPID:node01:0000C3A1:00B2F9E0:68D2F4A1:vzdump::root@pam:',
    )
    const job = {
      id: 'backup-1',
      type: 'vzdump',
      schedule: '09:00',
      enabled: true,
      storage: 'pbs01',
      vmid: '2001,2002',
      mode: 'snapshot',
      compress: 'zstd',
      'notes-template': '{{guestname}}',
      'next-run': 1_795_597_200,
      'repeat-missed': false,
      comment: 'daily',
      node: 'node01',
      'prune-backups': { 'keep-last': 3, 'keep-daily': 7 },
      fleecing: { enabled: 1, storage: 'local-lvm' },
      'notification-mode': 'auto',
    }
    keep(...ofCall(pve.runJobOnNode(job, 'node01')))
    keep(
      ...ofCall(
        pve.backUpCall('node01', {
          vmids: [2001, 2002],
          storage: 'pbs01',
          mode: 'snapshot',
          isProtected: true,
          notes: '{{guestname}}',
        }),
      ),
    )
    const api = loadApiDescription('pve')!
    expect(seen.flatMap((call) => checkRequest(api, call.method, call.path, call.parameters))).toEqual([])
    expect(seen.at(-2)!.parameters).toEqual({
      storage: 'pbs01',
      vmid: '2001,2002',
      mode: 'snapshot',
      compress: 'zstd',
      'notes-template': '{{guestname}}',
      'prune-backups': 'keep-last=3,keep-daily=7',
      fleecing: 'enabled=1,storage=local-lvm',
      'notification-mode': 'auto',
    })
  })
})

describe('what tasks tell', () => {
  it.each([
    ['datastore01:vm/2002', { store: 'datastore01', namespace: '', type: 'vm', backupId: '2002' }],
    [
      'datastore01:a/b:host/proj-pg01',
      { store: 'datastore01', namespace: 'a/b', type: 'host', backupId: 'proj-pg01' },
    ],
    ['datastore01', undefined],
    ['datastore01:tape/1', undefined],
  ])('the group of %s', (workerId, expected) => expect(pbs.groupOfTask(workerId)).toEqual(expected))

  it('when a verification began, by its name', () => {
    expect(pbs.upidStartMs('UPID:pbs01:000003E9:0000C3A1:0000002A:65000000:verify:x:root@pam:')).toBe(
      0x65000000 * 1000,
    )
    expect(pbs.upidStartMs('nonsense')).toBeUndefined()
  })

  it('which guests failed, and why', () => {
    const log = [
      'INFO: Starting Backup of VM 2001 (qemu)',
      'ERROR: Backup of VM 2017 failed - got timeout',
      'ERROR: Backup of CT 300 failed - no space left',
    ]
    expect(pve.failuresInLog(log)).toEqual([
      { vmid: 2017, reason: 'got timeout' },
      { vmid: 300, reason: 'no space left' },
    ])
  })
})
