import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { totpCode } from '../api2/totp.ts'
import { call, formOf, type PlainAnswer } from '../testing/api-client.ts'
import { createTestContext, type TestContext } from '../testing/demo-context.ts'
import { createLabBackups, type LabBackups } from '../world/backups.ts'
import { pbsTokens, pbsUsers } from './identities.ts'
import { escapeUnit } from './pbs-tasks.ts'
import { startPbsDemo, type PbsDemo } from './pbs-server.ts'
import { keptSnapshots } from './prune.ts'

let context: TestContext
let backups: LabBackups
let demo: PbsDemo

const start = async (clock: string) => {
  context = await createTestContext({ startMs: Date.parse(`2026-11-24T${clock}:00Z`) })
  backups = createLabBackups(context.site, context.clock)
  demo = await startPbsDemo(context, backups)
}
const stop = async () => {
  await demo?.dispose()
  backups?.dispose()
  await context?.dispose()
}
beforeEach(() => start('08:00'))
afterEach(stop)

const minutes = (count: number) => context.clock.advance(count * 60_000)
const token = (index: 0 | 1 | 2) => ({
  authorization: `PBSAPIToken=${pbsTokens[index].tokenId}:${pbsTokens[index].secret}`,
})
const send = (
  method: string,
  path: string,
  parameters: Record<string, unknown> = {},
  headers: Record<string, string> = token(0),
) => {
  const form = formOf(parameters)
  const isQuery = method === 'GET' || method === 'DELETE'
  const type: Record<string, string> = isQuery ? {} : { 'content-type': 'application/x-www-form-urlencoded' }
  return call(
    `${demo.url}/api2/json${path}${isQuery && form ? `?${form}` : ''}`,
    context.certificate('pbs').caPem,
    method,
    {
      headers: { ...headers, ...type },
      ...(isQuery ? {} : { body: form }),
    },
  )
}
const rows = (answer: PlainAnswer): Record<string, unknown>[] =>
  Array.isArray(answer.data) ? answer.data : []
const field = (answer: PlainAnswer, name: string) =>
  String(new Map(Object.entries({ ...(answer.data as object) })).get(name) ?? '')
const status = (upid: unknown) =>
  send('GET', `/nodes/localhost/tasks/${encodeURIComponent(String(upid))}/status`)

describe('login', () => {
  it('takes tokens with a colon, not with an equals sign', async () => {
    expect((await send('GET', '/version')).data).toMatchObject({ version: '3.4', release: '1' })
    const wrong = await send(
      'GET',
      '/version',
      {},
      { authorization: `PBSAPIToken=${pbsTokens[0].tokenId}=${pbsTokens[0].secret}` },
    )
    expect([wrong.status, wrong.text]).toEqual([
      401,
      'authentication failed - failed to split api token header',
    ])
  })

  it('shows the second factor by the ticket alone', async () => {
    const user = pbsUsers.find((it) => it.totpSeed)
    const first = await send(
      'POST',
      '/access/ticket',
      { username: user?.userId, password: user?.password },
      {},
    )
    expect(field(first, 'ticket')).toMatch(/^PBS:!tfa!/)
    expect(field(first, 'CSRFPreventionToken')).toBe('invalid')
    const response = `totp:${totpCode(user?.totpSeed ?? '', Date.now())}`
    const second = await send(
      'POST',
      '/access/ticket',
      { username: user?.userId, password: response, 'tfa-challenge': field(first, 'ticket') },
      {},
    )
    const cookie = { cookie: `PBSAuthCookie=${encodeURIComponent(field(second, 'ticket'))}` }
    expect((await send('GET', '/admin/datastore', {}, cookie)).status).toBe(200)
    const write = await send('POST', '/admin/verify/verify-daily/run', {}, cookie)
    expect([write.status, write.text]).toEqual([401, 'authentication failed - invalid csrf token'])
    minutes(150)
    expect((await send('GET', '/admin/datastore', {}, cookie)).text).toBe(
      'authentication failed - invalid ticket - expired',
    )
  })
})

describe('refusals', () => {
  it.each([
    ['GET', '/nothing', {}, 404, "Path '/api2/json/nothing' not found."],
    [
      'GET',
      '/nodes/localhost/rrd',
      { timeframe: 'hour' },
      400,
      "parameter verification failed - 'cf': parameter is missing and it is not optional.",
    ],
    ['GET', '/admin/datastore/other/status', {}, 400, "no such datastore 'other'"],
    [
      'GET',
      '/admin/datastore/datastore01/groups',
      { ns: 'nowhere' },
      400,
      "namespace 'nowhere' does not exist",
    ],
    ['POST', '/admin/prune/none/run', {}, 400, "no such prune job 'none'"],
  ])('%s %s %o → %i, as bare text', async (method, path, parameters, code, text) => {
    const answer = await send(method, path, parameters)
    expect([answer.status, answer.text]).toEqual([code, text])
    expect(answer.headers['content-type']).toMatch(/json/)
  })

  it('keep the auditor from changing and the writer from looking around', async () => {
    expect((await send('POST', '/admin/gc', {}, token(1))).status).toBe(404)
    const gc = await send('POST', '/admin/datastore/datastore01/gc', {}, token(1))
    expect([gc.status, gc.text]).toEqual([403, 'permission check failed.'])
    expect((await send('GET', '/nodes/localhost/status', {}, token(2))).status).toBe(403)
    const own = rows(await send('GET', '/admin/datastore/datastore01/groups', { ns: 'vm' }, token(2)))
    expect(own).toHaveLength(26)
  })
})

describe('contents', () => {
  it('are seven days of every guest, thirty of the hosts', async () => {
    const snapshots = async (ns: string) =>
      rows(await send('GET', '/admin/datastore/datastore01/snapshots', { ns }))
    const ofGuest = (await snapshots('vm')).filter((it) => it['backup-id'] === '1002')
    expect(ofGuest).toHaveLength(7)
    expect(ofGuest[0]).toMatchObject({ protected: false, owner: 'backup@pbs!pve', comment: 'mgmt-ansible01' })
    const hosts = await snapshots('host')
    expect(hosts.filter((it) => it['backup-id'] === 'node01')).toHaveLength(30)
    expect(hosts[0]?.['fingerprint']).toMatch(/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/)
    const namespaces = rows(await send('GET', '/admin/datastore/datastore01/namespace'))
    expect(namespaces.map((it) => it['ns'])).toEqual(['', 'vm', 'k8s', 'db', 'host'])
  })

  it('are verified up to the last run', async () => {
    const all = rows(await send('GET', '/admin/datastore/datastore01/snapshots', { ns: 'k8s' }))
    for (const snapshot of all) expect(snapshot['verification']).toMatchObject({ state: 'ok' })
  })

  it('protect what is protected, and lose what is deleted', async () => {
    const [oldest] = backups
      .list({ namespace: 'vm', backupId: '1003' })
      .sort((a, b) => a.timeSeconds - b.timeSeconds)
    const name = { ns: 'vm', 'backup-type': 'vm', 'backup-id': '1003', 'backup-time': oldest?.timeSeconds }
    const path = '/admin/datastore/datastore01'
    await send('PUT', `${path}/protected`, { ...name, protected: 'yes' })
    expect((await send('GET', `${path}/protected`, name)).data).toBe(true)
    expect((await send('DELETE', `${path}/snapshots`, name)).text).toBe('cannot remove protected snapshot')
    await send('PUT', `${path}/protected`, { ...name, protected: 0 })
    expect((await send('DELETE', `${path}/snapshots`, name)).status).toBe(200)
    expect(backups.list({ namespace: 'vm', backupId: '1003' })).toHaveLength(6)
  })
})

describe('the day', () => {
  it('writes at 09:00 what the hosts send, verifies at 11:00, prunes and collects at 12:00', async () => {
    minutes(60)
    context.clock.advance(4_000)
    const running = rows(await send('GET', '/nodes/localhost/tasks', { running: 1 }))
    expect(running.map((it) => it['worker_id'])).toContain('datastore01:db:host/proj-pg01')
    const open = rows(
      await send('GET', '/admin/datastore/datastore01/snapshots', {
        ns: 'db',
        'backup-id': 'proj-pg01',
        'backup-type': 'host',
      }),
    )
    expect(open[0]).not.toHaveProperty('size')
    minutes(130)
    const fresh = rows(
      await send('GET', '/admin/datastore/datastore01/snapshots', {
        ns: 'db',
        'backup-id': 'proj-pg01',
        'backup-type': 'host',
      }),
    )
    expect(fresh).toHaveLength(8)
    expect(fresh[0]).toMatchObject({ verification: { state: 'ok' }, size: expect.any(Number) })
    minutes(80)
    const [verify] = rows(await send('GET', '/admin/verify'))
    expect(verify).toMatchObject({
      id: 'verify-daily',
      'last-run-state': 'OK',
      'next-run': Date.parse('2026-11-25T11:00:00Z') / 1000,
    })
    expect(backups.list({ namespace: 'db', backupId: 'proj-pg01' })).toHaveLength(7)
    const gc = await send('GET', '/admin/datastore/datastore01/gc')
    expect(gc.data).toMatchObject({ 'last-run-state': 'OK', schedule: '12:00' })
    expect(Number(field(gc, 'index-data-bytes')) / Number(field(gc, 'disk-bytes'))).toBeCloseTo(9.4)
  })

  it('runs jobs on demand, one at a time', async () => {
    const upid = (await send('POST', '/admin/datastore/datastore01/gc')).data
    expect(upid).toMatch(/^UPID:pbs01:([0-9A-F]{8}:){4}garbage_collection:datastore01:meridian@pbs!app:$/)
    expect((await send('POST', '/admin/datastore/datastore01/gc')).status).toBe(400)
    expect((await status(upid)).data).toMatchObject({
      status: 'running',
      type: 'garbage_collection',
      tokenid: 'app',
    })
    minutes(15)
    expect(field(await status(upid), 'exitstatus')).toBe('OK')
    const log = `/nodes/localhost/tasks/${encodeURIComponent(String(upid))}/log`
    const from3 = await send('GET', log, { start: 3, limit: 2, 'test-status': 1 })
    expect(rows(from3).map((it) => it['n'])).toEqual([3, 4])
    expect(from3.json).toMatchObject({ success: 1, active: false, total: 12 })
    expect(rows(from3)[0]?.['t']).toMatch(/^2026-11-24T08:0\d:\d\d\+00:00: /)
  })

  it('stops a task on demand', async () => {
    const upid = (await send('POST', '/admin/datastore/datastore01/verify', { 'ignore-verified': 0 })).data
    expect((await send('DELETE', `/nodes/localhost/tasks/${encodeURIComponent(String(upid))}`)).status).toBe(
      200,
    )
    expect(field(await status(upid), 'status')).toBe('stopped')
  })
})

describe('worker ids', () => {
  it('are escaped like unit names', () => {
    expect(escapeUnit('datastore01:vm/100')).toBe('datastore01\\x3avm-100')
    expect(escapeUnit('.a-b')).toBe('\\x2ea\\x2db')
  })
})

describe('retention', () => {
  const at = (text: string, isProtected = false) => ({
    timeSeconds: Date.parse(text) / 1000,
    isProtected,
    endMs: 1,
  })

  it('keeps the newest of each period and never a protected one less', () => {
    const days = [
      '2026-11-20T09:00Z',
      '2026-11-20T18:00Z',
      '2026-11-21T09:00Z',
      '2026-11-22T09:00Z',
      '2026-11-23T09:00Z',
    ].map((it) => at(it))
    const saved = at('2026-10-01T09:00Z', true)
    const kept = keptSnapshots([saved, ...days], { keepDaily: 2, keepWeekly: 1 })
    expect(
      days
        .filter((it) => kept.has(it))
        .map((it) => new Date(it.timeSeconds * 1000).toISOString().slice(0, 10)),
    ).toEqual(['2026-11-22', '2026-11-23'])
    expect(kept.has(saved)).toBe(true)
  })

  it('keeps everything when no option says otherwise', () => {
    const all = [at('2026-11-20T09:00Z'), at('2026-11-21T09:00Z')]
    expect(keptSnapshots(all, {}).size).toBe(2)
    expect(keptSnapshots(all, { keepLast: 1 }).size).toBe(1)
  })
})
