import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { field, startBench, tokenHeaders, type ProxmoxBench } from './proxmox-testing.ts'

let bench: ProxmoxBench
beforeEach(async () => {
  bench = await startBench('08:00')
})
afterEach(() => bench?.dispose())

const minutes = (count: number) => bench.context.clock.advance(count * 60_000)
const guest = (vmid: number) => {
  const found = bench.demo.cluster.findGuest(vmid)
  if (!found) throw new Error(`no guest ${vmid}`)
  return found
}
const status = (upid: unknown, node: string) =>
  bench.send('GET', `/nodes/${node}/tasks/${encodeURIComponent(String(upid))}/status`)
const rows = (data: unknown): Record<string, unknown>[] => (Array.isArray(data) ? data : [])

describe('the site', () => {
  it('is the inventory: 7 nodes, 30 guests, 3 templates, storages, pools, one GPU', async () => {
    const all = rows((await bench.send('GET', '/cluster/resources')).data)
    const count = (type: string) => all.filter((row) => row['type'] === type).length
    expect([count('node'), count('qemu'), count('storage'), count('pool')]).toEqual([7, 33, 30, 7])
    expect(all.filter((row) => row['template'] === 1)).toHaveLength(3)
    const running = all.filter((row) => row['type'] === 'qemu' && row['status'] === 'running')
    expect(running).toHaveLength(29)
    const config = await bench.send('GET', '/nodes/node07/qemu/2005/config')
    expect(field(config, 'hostpci0')).toBe('mapping=rtx-a4000,pcie=1,rombar=1')
    const mapping = await bench.send('GET', '/cluster/mapping/pci/rtx-a4000')
    expect(JSON.stringify(mapping.data)).toContain('node=node07,path=0000:08:00.0')
  })

  it('gives each guest the addresses and MACs of the inventory through the agent', async () => {
    const answer = await bench.send('GET', '/nodes/node05/qemu/2008/agent/network-get-interfaces')
    const text = JSON.stringify(answer.data)
    for (const nic of bench.context.site.guests.find((it) => it.vmid === 2008)?.nics ?? []) {
      expect(text).toContain(nic.ip)
      expect(text).toContain(nic.mac)
    }
  })

  it('shows figures that agree between status and round-robin data', async () => {
    const points = rows(
      (await bench.send('GET', '/nodes/node06/qemu/2002/rrddata', { timeframe: 'hour' })).data,
    )
    expect(points).toHaveLength(70)
    expect(points.at(-1)).not.toHaveProperty('cpu')
    const now = Number(field(await bench.send('GET', '/nodes/node06/qemu/2002/status/current'), 'cpu'))
    expect(Number(points.at(-2)?.['cpu']) / now).toBeGreaterThan(0.6)
    expect(Number(points.at(-2)?.['cpu']) / now).toBeLessThan(1.6)
  })
})

describe('tasks', () => {
  it('run, log and end; the guest follows', async () => {
    const upid = (await bench.send('POST', '/nodes/node01/qemu/2001/status/shutdown')).data
    expect(upid).toMatch(
      /^UPID:node01:[0-9A-F]{8}:[0-9A-F]{8}:[0-9A-F]{8}:qmshutdown:2001:meridian@pve!app:$/,
    )
    expect((await status(upid, 'node01')).data).toMatchObject({
      status: 'running',
      tokenid: 'app',
      user: 'meridian@pve',
    })
    expect(guest(2001).state).toBe('running')
    minutes(1)
    expect((await status(upid, 'node01')).data).toMatchObject({ status: 'stopped', exitstatus: 'OK' })
    expect(field(await bench.send('GET', '/nodes/node01/qemu/2001/status/current'), 'status')).toBe('stopped')
    const log = await bench.send('GET', `/nodes/node01/tasks/${encodeURIComponent(String(upid))}/log`, {
      start: 0,
      limit: 5,
    })
    expect(log.data).toEqual([{ n: 1, t: 'TASK OK' }])
    expect(log.json).toMatchObject({ total: 1 })
  })

  it('fail in the words of the hypervisor', async () => {
    const upid = (await bench.send('POST', '/nodes/node01/qemu/2001/status/start')).data
    minutes(1)
    expect(field(await status(upid, 'node01'), 'exitstatus')).toBe('VM 2001 already running')
  })

  it('can be stopped, and let go of what they held', async () => {
    const upid = (await bench.send('POST', '/nodes/node02/qemu/9001/clone', { newid: 5000, full: 1 })).data
    expect(guest(5000).lock).toBe('clone')
    expect(
      (await bench.send('DELETE', `/nodes/node02/tasks/${encodeURIComponent(String(upid))}`)).status,
    ).toBe(200)
    expect(field(await status(upid, 'node02'), 'exitstatus')).toBe('received interrupt')
    expect(bench.demo.cluster.findGuest(5000)).toBeUndefined()
  })

  it('look the same after a restart of the lab', async () => {
    const other = await startBench('08:00')
    const upids = (it: ProxmoxBench) => it.demo.cluster.tasks.list().map((task) => task.upid)
    expect(upids(other)).toEqual(upids(bench))
    expect(upids(other).length).toBeGreaterThan(80)
    await other.dispose()
  })
})

describe('locks', () => {
  it('refuse what comes second', async () => {
    const path = '/nodes/node06/qemu/2014'
    const first = (await bench.send('POST', `${path}/snapshot`, { snapname: 'before' })).data
    const second = (await bench.send('POST', `${path}/snapshot`, { snapname: 'again' })).data
    const migrate = await bench.send('POST', `${path}/migrate`, { target: 'node01', online: 1 })
    expect([migrate.status, migrate.reason]).toEqual([500, 'VM is locked (snapshot)'])
    expect((await bench.send('GET', `${path}/status/current`)).data).toMatchObject({ lock: 'snapshot' })
    minutes(1)
    expect(field(await status(first, 'node06'), 'exitstatus')).toBe('OK')
    expect(field(await status(second, 'node06'), 'exitstatus')).toBe('VM is locked (snapshot)')
  })
})

describe('snapshots', () => {
  it('form a tree, roll back and vanish', async () => {
    const path = '/nodes/node06/qemu/2014'
    const take = async (snapname: string) => {
      await bench.send('POST', `${path}/snapshot`, { snapname, description: snapname })
      minutes(1)
    }
    await take('one')
    await bench.send('PUT', `${path}/config`, { description: 'changed', name: 'renamed' })
    await take('two')
    const names = async () =>
      rows((await bench.send('GET', `${path}/snapshot`)).data).map(
        (row) => `${row['name']}<${row['parent'] ?? ''}`,
      )
    expect(await names()).toEqual(['one<', 'two<one', 'current<two'])
    await bench.send('POST', `${path}/snapshot/one/rollback`, { start: 1 })
    minutes(1)
    expect(await names()).toEqual(['one<', 'two<one', 'current<one'])
    expect([guest(2014).name, guest(2014).state]).toEqual(['proj-docker01', 'running'])
    await bench.send('DELETE', `${path}/snapshot/one`)
    minutes(1)
    expect(await names()).toEqual(['two<', 'current<'])
  })
})

describe('moving', () => {
  it('takes the disks along, and only where it can', async () => {
    const ask = (parameters: Record<string, unknown>) =>
      bench.send('POST', '/nodes/node06/qemu/2014/migrate', parameters)
    const refused = (await ask({ target: 'node01', online: 1 })).data
    minutes(1)
    expect(field(await status(refused, 'node06'), 'exitstatus')).toMatch(/local disks/)
    const moved = (await ask({ target: 'node01', online: 1, 'with-local-disks': 1 })).data
    minutes(10)
    expect(field(await status(moved, 'node06'), 'exitstatus')).toBe('OK')
    expect((await bench.send('GET', '/nodes/node01/qemu/2014/status/current')).data).toMatchObject({
      status: 'running',
    })
    const gpu = (
      await bench.send('POST', '/nodes/node07/qemu/2005/migrate', {
        target: 'node01',
        online: 1,
        'with-local-disks': 1,
      })
    ).data
    minutes(1)
    expect(field(await status(gpu, 'node07'), 'exitstatus')).toMatch(/mapped devices: hostpci0/)
  })

  it('clones a template and removes the clone', async () => {
    expect((await bench.send('POST', '/nodes/node02/qemu/9001/clone', { newid: 1002 })).status).toBe(500)
    await bench.send('POST', '/nodes/node02/qemu/9001/clone', {
      newid: 5001,
      name: 'fresh',
      pool: 'projects',
    })
    minutes(1)
    expect((await bench.send('GET', '/nodes/node02/qemu/5001/config')).data).toMatchObject({ name: 'fresh' })
    const removal = (await bench.send('DELETE', '/nodes/node02/qemu/5001')).data
    minutes(1)
    expect(field(await status(removal, 'node02'), 'exitstatus')).toBe('OK')
    expect(bench.demo.cluster.findGuest(5001)).toBeUndefined()
  })

  it('goes through high availability where that manages the guest', async () => {
    const upid = (await bench.send('POST', '/nodes/node06/qemu/2002/status/shutdown')).data
    expect(upid).toMatch(/:hastop:2002:/)
    minutes(1)
    const states = JSON.stringify((await bench.send('GET', '/cluster/ha/status/current')).data)
    expect(states).toContain('vm:2002 (node06, stopped)')
    expect(guest(2002).state).toBe('stopped')
  })
})

describe('the day', () => {
  it('makes backups at 09:00, with locks while they run', async () => {
    const before = bench.demo.cluster.backups.list({ backupId: '1002' }).length
    minutes(60)
    bench.context.clock.advance(5_000)
    const running = rows((await bench.send('GET', '/cluster/tasks')).data).filter(
      (row) => !('endtime' in row),
    )
    expect(running.map((row) => row['type'])).toEqual(expect.arrayContaining(['vzdump']))
    expect(guest(1002).lock).toBe('backup')
    const config = await bench.send('PUT', '/nodes/node05/qemu/1002/config', { description: 'now' })
    expect(config.reason).toBe('VM is locked (backup)')
    minutes(45)
    expect(guest(1002).lock).toBeUndefined()
    expect(bench.demo.cluster.backups.list({ backupId: '1002' })).toHaveLength(before + 1)
    const ended = rows((await bench.send('GET', '/nodes/node05/tasks', { typefilter: 'vzdump' })).data)
    expect(ended[0]).toMatchObject({ status: 'OK', user: 'root@pam', id: '' })
    const volumes = rows(
      (await bench.send('GET', '/nodes/node05/storage/pbs01/content', { vmid: 1002 })).data,
    )
    expect(volumes.at(-1)?.['volid']).toMatch(/^pbs01:backup\/vm\/1002\/2026-11-24T09:0\d:\d\dZ$/)
  })

  it('has the trouble that the inventory tells of: one guest without a backup for two runs', async () => {
    minutes(180)
    const newest = bench.demo.cluster.backups.list({ backupId: '2017' }).map((it) => it.timeSeconds)
    const hours = (bench.context.clock.nowMs() / 1000 - Math.max(...newest)) / 3_600
    expect(hours).toBeGreaterThan(48)
    const failed = rows(
      (await bench.send('GET', '/nodes/node07/tasks', { errors: 1, typefilter: 'vzdump' })).data,
    )
    expect(failed.map((row) => row['status'])).toEqual(['job errors', 'job errors'])
  })

  it('backs up on demand', async () => {
    const wrong = await bench.send('POST', '/nodes/node07/vzdump', { vmid: '2017', storage: 'local' })
    expect(wrong.reason).toMatch(/wrong content type/)
    expect((await bench.send('POST', '/nodes/node01/vzdump', { vmid: '2017', storage: 'pbs01' })).data).toBe(
      'OK',
    )
    const auditor = await bench.send(
      'POST',
      '/nodes/node07/vzdump',
      { vmid: '2017', storage: 'pbs01' },
      tokenHeaders(1),
    )
    expect(auditor.reason).toBe('Permission check failed (/vms/2017, VM.Backup)')
    const parameters = {
      vmid: '2017',
      storage: 'pbs01',
      'notes-template': '{{guestname}} by hand',
      protected: 1,
    }
    const upid = (await bench.send('POST', '/nodes/node07/vzdump', parameters)).data
    minutes(15)
    expect(field(await status(upid, 'node07'), 'exitstatus')).toBe('OK')
    const made = bench.demo.cluster.backups
      .list({ backupId: '2017' })
      .sort((a, b) => b.timeSeconds - a.timeSeconds)[0]
    expect(made).toMatchObject({ comment: 'proj-milvus01 by hand', isProtected: true })
  })

  it('picks up a run that was under way when the lab started', async () => {
    const late = await startBench('09:01')
    const running = late.demo.cluster.tasks
      .list()
      .filter((task) => task.type === 'vzdump' && task.endMs === undefined)
    expect(running.length).toBeGreaterThan(0)
    const whole = late.demo.cluster.backups.list().filter((it) => it.endMs !== undefined).length
    late.context.clock.advance(3_600_000)
    const after = late.demo.cluster.backups.list()
    expect(after.filter((it) => it.endMs === undefined)).toEqual([])
    expect(after.length).toBeGreaterThan(whole)
    await late.dispose()
  })
})
