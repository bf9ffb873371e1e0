import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import proxmoxApi from 'proxmox-api'
import { totpCode } from '../api2/totp.ts'
import { call } from '../testing/api-client.ts'
import { demoUsers } from './identities.ts'
import {
  field,
  sessionOf,
  startBench,
  ticketHeaders,
  tokenHeaders,
  type ProxmoxBench,
} from './proxmox-testing.ts'

let bench: ProxmoxBench
beforeAll(async () => {
  bench = await startBench()
})
afterAll(() => bench?.dispose())

const operator = demoUsers.find((user) => user.totpSeed)
const password = operator?.password ?? ''
const code = () => `totp:${totpCode(operator?.totpSeed ?? '', Date.now())}`

describe('login', () => {
  it('gives a ticket for a right password, with realm apart or in the name', async () => {
    const whole = await bench.logIn({ username: 'root@pam', password: 'meridian-demo-root' })
    expect(whole.status).toBe(200)
    expect(field(whole, 'ticket')).toMatch(/^PVE:root@pam:[0-9A-F]{8}::[A-Za-z0-9+/=]+$/)
    expect(field(whole, 'clustername')).toBe('radioastronomy')
    const apart = await bench.logIn({ username: 'root', realm: 'pam', password: 'meridian-demo-root' })
    expect(apart.status).toBe(200)
  })

  it('refuses a wrong password without saying why', async () => {
    const answer = await bench.logIn({ username: 'root@pam', password: 'guess' })
    expect([answer.status, answer.reason]).toEqual([401, 'authentication failure'])
  })

  it('asks for the second factor, and takes it in a second call', async () => {
    const first = await bench.logIn({ username: 'operator@pve', password })
    expect(field(first, 'NeedTFA')).toBe('1')
    const challenge = field(first, 'ticket')
    expect(challenge).toMatch(/^PVE:!tfa!/)
    const withChallenge = await bench.send('GET', '/version', {}, ticketHeaders(sessionOf(first)))
    expect(withChallenge.status).toBe(401)
    const wrong = await bench.logIn({
      username: 'operator@pve',
      password: 'totp:000000',
      'tfa-challenge': challenge,
    })
    expect(wrong.status).toBe(401)
    const second = await bench.logIn({
      username: 'operator@pve',
      password: code(),
      'tfa-challenge': challenge,
    })
    expect(second.status).toBe(200)
    expect((await bench.send('GET', '/version', {}, ticketHeaders(sessionOf(second)))).status).toBe(200)
  })

  it('takes the one-time code in the first call, too', async () => {
    const answer = await bench.logIn({ username: 'operator@pve', password, otp: code() })
    expect([answer.status, field(answer, 'NeedTFA')]).toEqual([200, ''])
  })

  it('renews a living ticket, and not a dead one', async () => {
    const first = sessionOf(await bench.logIn({ username: 'operator@pve', password, otp: code() }))
    bench.context.clock.advance(90 * 60_000)
    const renewed = await bench.logIn({ username: 'operator@pve', password: first.ticket })
    expect([renewed.status, field(renewed, 'NeedTFA')]).toEqual([200, ''])
    bench.context.clock.advance(60 * 60_000)
    expect((await bench.send('GET', '/version', {}, ticketHeaders(first))).status).toBe(401)
    expect((await bench.send('GET', '/version', {}, ticketHeaders(sessionOf(renewed)))).status).toBe(200)
    expect((await bench.logIn({ username: 'operator@pve', password: first.ticket })).status).toBe(401)
    const foreign = await bench.logIn({ username: 'root@pam', password: sessionOf(renewed).ticket })
    expect(foreign.status).toBe(401)
  })

  it('needs the CSRF header for writes with a ticket only', async () => {
    const root = sessionOf(await bench.logIn({ username: 'root@pam', password: 'meridian-demo-root' }))
    const { csrfpreventiontoken: _csrf, ...without } = ticketHeaders(root)
    const path = '/nodes/node01/qemu/2022/status/stop'
    const refused = await bench.send('POST', path, {}, without)
    expect([refused.status, refused.reason]).toEqual([401, 'Permission denied - invalid csrf token'])
    expect((await bench.send('POST', path, {}, ticketHeaders(root))).status).toBe(200)
    expect((await bench.send('POST', path)).status).toBe(200)
  })
})

describe('tokens and rights', () => {
  it.each([
    ['nothing', {}, 'No ticket'],
    [
      'a wrong secret',
      { authorization: 'PVEAPIToken=meridian@pve!app=00000000-0000-0000-0000-000000000000' },
      'invalid token value!',
    ],
    [
      'the separator of the backup server',
      { authorization: 'PVEAPIToken=meridian@pve!app:secret' },
      'invalid token name or user',
    ],
    [
      'a forged ticket',
      { cookie: 'PVEAuthCookie=PVE%3Aroot%40pam%3A6B000000%3A%3Aabcd' },
      'permission denied - invalid PVE ticket',
    ],
  ])('answers %s with 401', async (_name, headers, reason) => {
    const answer = await bench.send('GET', '/version', {}, headers)
    expect([answer.status, answer.reason]).toEqual([401, reason])
  })

  it('takes no token for a login', async () => {
    const answer = await bench.send('POST', '/access/ticket', { username: 'root@pam', password: 'x' })
    expect([answer.status, answer.reason]).toEqual([403, 'not available with API token, need proper ticket'])
  })

  it('lets the auditor read and nothing else', async () => {
    const auditor = tokenHeaders(1)
    expect((await bench.send('GET', '/cluster/resources', {}, auditor)).status).toBe(200)
    const stop = await bench.send('POST', '/nodes/node05/qemu/1002/status/stop', {}, auditor)
    expect([stop.status, stop.reason]).toEqual([403, 'Permission check failed (/vms/1002, VM.PowerMgmt)'])
    const agent = await bench.send('GET', '/nodes/node05/qemu/1002/agent/network-get-interfaces', {}, auditor)
    expect(agent.reason).toBe('Permission check failed (/vms/1002, VM.Monitor)')
  })

  it('lets the operator act on the guests of one pool', async () => {
    const session = sessionOf(await bench.logIn({ username: 'operator@pve', password, otp: code() }))
    const headers = ticketHeaders(session)
    expect((await bench.send('POST', '/nodes/node01/qemu/2001/status/reboot', {}, headers)).status).toBe(200)
    const other = await bench.send('POST', '/nodes/node05/qemu/1002/status/reboot', {}, headers)
    expect(other.status).toBe(403)
    expect((await bench.send('GET', '/nodes/node05/qemu/1002/config', {}, headers)).status).toBe(200)
  })
})

describe('refusals in the words of the API', () => {
  it.each([
    ['GET', '/nodes/node01/nothing', {}, 501, "Method 'GET /nodes/node01/nothing' not implemented"],
    ['GET', '/nodes/node99/status', {}, 500, /^hostname lookup 'node99' failed/],
    [
      'GET',
      '/nodes/node01/qemu/1002/config',
      {},
      500,
      "Configuration file 'nodes/node01/qemu-server/1002.conf' does not exist",
    ],
    ['GET', '/nodes/node01/storage/nowhere/status', {}, 500, "storage 'nowhere' does not exist"],
    ['GET', '/cluster/resources', { type: 'guest' }, 400, 'Parameter verification failed.'],
    ['GET', '/cluster/resources', { kind: 'vm' }, 400, 'Parameter verification failed.'],
    ['GET', '/nodes/node01/qemu/ab/config', {}, 400, 'Parameter verification failed.'],
    ['POST', '/nodes/node05/qemu/1002/snapshot', {}, 400, 'Parameter verification failed.'],
    [
      'POST',
      '/nodes/node05/qemu/1002/snapshot',
      { snapname: 'current' },
      400,
      'Parameter verification failed.',
    ],
    [
      'POST',
      '/nodes/node05/qemu/1002/migrate',
      { target: 'node01' },
      500,
      "can't migrate running VM without --online",
    ],
  ])('%s %s %o → %i', async (method, path, parameters, status, reason) => {
    const answer = await bench.send(method, path, parameters)
    expect(answer.status).toBe(status)
    if (typeof reason === 'string') expect(answer.reason).toBe(reason)
    else expect(answer.reason).toMatch(reason)
    expect(answer.json).toMatchObject({
      data: null,
      ...(status === 400 ? { errors: expect.anything() } : {}),
    })
  })

  it('refuses a body of an unknown type and a body on GET', async () => {
    const url = `${bench.demo.url}/api2/json/nodes/node05/qemu/1002/status/stop`
    const { caPem } = bench.context.certificate('proxmox')
    const headers = { ...tokenHeaders(0), 'content-type': 'text/plain' }
    expect((await call(url, caPem, 'POST', { headers, body: 'x' })).status).toBe(506)
    expect((await call(url, caPem, 'GET', { headers, body: 'x' })).status).toBe(501)
    const json = { ...tokenHeaders(0), 'content-type': 'application/json' }
    expect((await call(url, caPem, 'POST', { headers: json, body: '{' })).status).toBe(400)
  })
})

it('serves the npm client proxmox-api, which knows nothing of this project', async () => {
  const { caPem } = bench.context.certificate('proxmox')
  const fetchOverDemoCa = async (
    url: string,
    init: { method?: string; headers?: Record<string, string>; body?: string },
  ) => {
    const answer = await call(url, caPem, init.method ?? 'GET', {
      headers: { ...init.headers },
      ...(init.body ? { body: init.body } : {}),
    })
    return new Response(answer.text, {
      status: answer.status,
      statusText: answer.reason,
      headers: { 'content-type': String(answer.headers['content-type']) },
    })
  }
  const peer = proxmoxApi({
    host: '127.0.0.1',
    port: Number(new URL(bench.demo.url).port),
    username: 'root@pam',
    password: 'meridian-demo-root',
    fetch: fetchOverDemoCa as never,
  })
  const nodes = await peer.nodes.$get()
  expect(nodes.map((node) => node.node)).toEqual([
    'node01',
    'node02',
    'node03',
    'node04',
    'node05',
    'node06',
    'node07',
  ])
  const guests = await peer.nodes.$('node06').qemu.$get({ full: true })
  expect(guests.map((guest) => guest.name)).toEqual(['proj-pg01', 'proj-docker01', 'proj-neo4j01'])
})
