import { createLabBackups } from '#demo/world/backups.ts'
import { demoTokens, demoUsers } from '#demo/proxmox/identities.ts'
import { startProxmoxDemo, type ProxmoxDemo } from '#demo/proxmox/proxmox-server.ts'
import { checkRequest, loadApiDescription } from '#demo/testing/api-description.ts'
import { createTestContext, type TestContext } from '#demo/testing/demo-context.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import type { ApiAuth, SecretName, SettingsOf } from '#shared/model/connection.ts'
import { createHttpsClient } from '../https/https-client.ts'
import { createTestLog, leaseOf, recordCalls } from '../https/testing/recording-client.ts'
import { sendJson, startScriptedServer, type Answer } from '../https/testing/scripted-server.ts'
import type { ProbeStep } from '../probe.ts'
import { createSelfSigned, type TestLeaf } from '../tls/test-certificates.ts'
import { createProxmoxConnector, pveErrorText } from './proxmox-connector.ts'
import { judgeRights, probeProxmox } from './proxmox-probe.ts'

let context: TestContext
let demo: ProxmoxDemo
let leaf: TestLeaf
const ends: Array<() => unknown> = []

beforeAll(async () => {
  context = await createTestContext({ startMs: Date.parse('2026-11-24T08:00:00Z') })
  demo = await startProxmoxDemo(context, createLabBackups(context.site, context.clock))
  leaf = await createSelfSigned()
})
afterAll(async () => {
  await demo.dispose()
  await context.dispose()
})
afterEach(async () => {
  context.faults.set('proxmox', undefined)
  for (const end of ends.splice(0)) await end()
})

const settingsFor = (auth: ApiAuth): SettingsOf<'proxmox'> => ({
  kind: 'proxmox',
  url: demo.url,
  tls: { mode: 'pinned', sha256: context.certificate('proxmox').fingerprint256 },
  auth,
})
const tokenAuth = (index = 0): ApiAuth => ({ mode: 'token', tokenId: demoTokens[index]!.tokenId })
const tokenSecrets = (index = 0) => ({ tokenSecret: demoTokens[index]!.secret })

function connect(auth: ApiAuth, secrets: Partial<Record<SecretName, string>>, now: () => number = Date.now) {
  const log = createTestLog()
  const settings = settingsFor(auth)
  const recording = recordCalls(
    createHttpsClient({
      system: 'Proxmox VE',
      url: settings.url,
      tls: { trust: settings.tls },
      errorText: pveErrorText,
    }),
  )
  const connector = createProxmoxConnector(settings, leaseOf(secrets), { log, now, client: recording.client })
  ends.push(() => connector.dispose())
  return { connector, calls: recording.calls, log }
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

/** Every read that the inventory makes. */
async function readEverything(connector: ReturnType<typeof connect>['connector']) {
  const [version, members, resources, storages, pools, mappings, jobs, tasks, permissions] =
    await Promise.all([
      connector.version(),
      connector.clusterStatus(),
      connector.resources(),
      connector.storages(),
      connector.pools(),
      connector.pciMappings(),
      connector.backupJobs(),
      connector.tasks(),
      connector.permissions(),
    ])
  const [status, network, pci] = await Promise.all([
    connector.nodeStatus('node07'),
    connector.nodeNetwork('node07'),
    connector.nodePci('node07'),
  ])
  const config = await connector.guestConfig('node07', 'qemu', 2005)
  const interfaces = await connector.guestInterfaces('node07', 'qemu', 2005)
  return {
    version,
    members,
    resources,
    storages,
    pools,
    mappings,
    jobs,
    tasks,
    permissions,
    status,
    network,
    pci,
    config,
    interfaces,
  }
}

describe('reading the demo cluster', () => {
  it('reads all that the inventory needs with an API token', async () => {
    const { connector } = connect(tokenAuth(), tokenSecrets())
    const found = await readEverything(connector)
    expect(found.version.version).toMatch(/^8\./)
    expect(found.members.find((member) => member.type === 'cluster')).toMatchObject({
      name: 'radioastronomy',
      quorate: true,
    })
    expect(found.resources.filter((row) => row.type === 'node')).toHaveLength(7)
    expect(found.resources.filter((row) => row.type === 'qemu' && !row.template)).toHaveLength(30)
    expect(found.storages.find((storage) => storage.type === 'pbs')).toMatchObject({
      datastore: 'datastore01',
    })
    expect(found.mappings[0]!.map[0]).toContain('path=0000:08:00.0')
    expect(found.jobs.length).toBeGreaterThan(0)
    expect(found.status.cpuinfo?.model).toContain('5950X')
    expect(found.pci.some((device) => device.vendor === '0x10de')).toBe(true)
    expect(found.config['hostpci0']).toBeTypeOf('string')
    expect(found.interfaces.flatMap((item) => item.addresses)).toContain('10.25.60.10')
  })

  const api = loadApiDescription('pve')
  it.skipIf(!api)(
    'sends only what the official description allows (skipped without ../shared/api)',
    async () => {
      const token = connect(tokenAuth(), tokenSecrets())
      await readEverything(token.connector)
      const ticket = connect(
        { mode: 'ticket', username: 'operator', realm: 'pve' },
        { password: demoUsers[3]!.password, totpSeed: demoUsers[3]!.totpSeed! },
      )
      await ticket.connector.version()
      const calls = [...token.calls, ...ticket.calls]
      expect(calls.length).toBeGreaterThan(15)
      expect(calls.flatMap((call) => checkRequest(api!, call.method, call.path, call.parameters))).toEqual([])
    },
  )
})

describe('logging in', () => {
  const user = demoUsers.find((item) => item.userId === 'auditor@pve')!
  const ticketAuth: ApiAuth = { mode: 'ticket', username: 'auditor', realm: 'pve' }

  it('logs in once for many calls', async () => {
    const { connector, calls } = connect(ticketAuth, { password: user.password })
    await Promise.all([connector.version(), connector.resources(), connector.pools()])
    expect(calls.filter((call) => call.path.endsWith('/access/ticket'))).toHaveLength(1)
  })

  it('answers the second factor with the stored seed', async () => {
    const operator = demoUsers.find((item) => item.userId === 'operator@pve')!
    // The demo's authenticator works on real time.
    const nowMs = Date.now()
    const auth: ApiAuth = { mode: 'ticket', username: 'operator', realm: 'pve' }
    const { connector, calls } = connect(
      auth,
      { password: operator.password, totpSeed: operator.totpSeed! },
      () => nowMs,
    )
    expect((await connector.version()).version).toMatch(/^8/)
    expect(calls.filter((call) => call.path.endsWith('/access/ticket'))).toHaveLength(2)
    expect(calls[1]!.parameters['tfa-challenge']).toMatch(/^PVE:!tfa!/)
    expect(calls[1]!.parameters['password']).toMatch(/^totp:\d{6}$/)
  })

  it('uses the next code for a second login within one time step', async () => {
    const codes: string[] = []
    const ticket = (text: string) => ({ data: { ticket: text, CSRFPreventionToken: 'c', username: 'a@pve' } })
    const server = await startScriptedServer(leaf, (request, response) => {
      if (!request.url.endsWith('/access/ticket')) return void response.writeHead(401).end()
      const body = new URLSearchParams(request.body)
      if (!body.has('tfa-challenge'))
        return sendJson(response, ticket('PVE:!tfa!%7B%22totp%22%3Atrue%7D:00000000::x'))
      codes.push(body.get('password') ?? '')
      sendJson(response, ticket(`PVE:a@pve:0000000${codes.length}::x`))
    })
    ends.push(() => server.dispose())
    const settings: SettingsOf<'proxmox'> = {
      kind: 'proxmox',
      url: server.url,
      tls: { mode: 'pinned', sha256: leaf.sha256 },
      auth: { mode: 'ticket', username: 'a', realm: 'pve' },
    }
    const secrets = { password: 'p', totpSeed: 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ' }
    const connector = createProxmoxConnector(settings, leaseOf(secrets), {
      log: createTestLog(),
      now: () => 59_000,
    })
    ends.push(() => connector.dispose())
    await failureOf(connector.version())
    // The codes of the steps 1 and 2 for the key of RFC 6238, six digits.
    expect(codes).toEqual(['totp:287082', 'totp:359152'])
  })

  it('says what is missing when a second factor is asked for and none is stored', async () => {
    const { connector } = connect(
      { mode: 'ticket', username: 'operator', realm: 'pve' },
      { password: demoUsers[3]!.password },
    )
    const error = await failureOf(connector.version())
    expect(error).toMatchObject({ code: 'unauthenticated' })
    expect(error.message).toContain('operator@pve')
    expect(error.remedy).toContain('TOTP seed')
  })

  it('tells a refused password without repeating it', async () => {
    const { connector, log } = connect(ticketAuth, { password: 'wrong-password-1234' })
    const error = await failureOf(connector.version())
    expect(error.code).toBe('unauthenticated')
    expect(error.message).toContain('refused auditor@pve')
    expect(JSON.stringify([error.message, error.remedy, error.detail, log.lines])).not.toContain(
      'wrong-password-1234',
    )
  })

  it('says which secret is not there', async () => {
    expect((await failureOf(connect(ticketAuth, {}).connector.version())).message).toContain(
      'password of auditor@pve',
    )
    expect((await failureOf(connect(tokenAuth(), {}).connector.version())).message).toContain(
      'API token meridian@pve!app',
    )
  })

  it('renews with the ticket as password after 15 minutes, and logs in with the password after two hours', async () => {
    let nowMs = context.clock.nowMs()
    const { connector, calls } = connect(ticketAuth, { password: user.password }, () => nowMs)
    const logins = () =>
      calls
        .filter((call) => call.path.endsWith('/access/ticket'))
        .map((call) => String(call.parameters['password']))
    await connector.version()
    nowMs += 14 * 60_000
    await connector.version()
    expect(logins()).toHaveLength(1)
    nowMs += 2 * 60_000
    await connector.version()
    expect(logins()[1]).toMatch(/^PVE:auditor@pve:/)
    nowMs += 3 * 3_600_000
    await connector.version()
    expect(logins()[2]).toBe(user.password)
  })

  it('logs in anew when the ticket is refused, once', async () => {
    let tickets = 0
    let refuse = true
    const answer: Answer = (request, response) => {
      if (request.url.endsWith('/access/ticket'))
        return sendJson(response, {
          data: {
            ticket: `PVE:a@pve:0000000${(tickets += 1)}::x`,
            CSRFPreventionToken: 'c',
            username: 'a@pve',
          },
        })
      if (request.headers.cookie?.includes('00000001') || refuse === undefined)
        return void response.writeHead(401, 'permission denied - invalid PVE ticket').end()
      sendJson(response, { data: { version: '8.4.1' } })
    }
    const server = await startScriptedServer(leaf, answer)
    ends.push(() => server.dispose())
    const settings: SettingsOf<'proxmox'> = {
      kind: 'proxmox',
      url: server.url,
      tls: { mode: 'pinned', sha256: leaf.sha256 },
      auth: { mode: 'ticket', username: 'a', realm: 'pve' },
    }
    const connector = createProxmoxConnector(settings, leaseOf({ password: 'p' }), {
      log: createTestLog(),
      now: Date.now,
    })
    ends.push(() => connector.dispose())
    expect((await connector.version()).version).toBe('8.4.1')
    expect(tickets).toBe(2)
    server.answer = (request, response) =>
      request.url.endsWith('/access/ticket') ? answer(request, response) : void response.writeHead(401).end()
    refuse = false
    expect((await failureOf(connector.version())).code).toBe('unauthenticated')
    expect(tickets).toBe(3)
  })
})

describe('faults of the demo cluster', () => {
  it.each([
    ['cut', 'upstream', /broke off|closed the connection/],
    ['garbage', 'upstream', /web page|not valid JSON/],
    ['unauthorized', 'unauthenticated', /answered 401/],
    ['server-error', 'upstream', /answered 500: got no worker upid/],
    ['expired-certificate', 'upstream', /./],
  ] as const)('%s becomes a sentence', async (fault, code, sentence) => {
    const { connector } = connect(tokenAuth(), tokenSecrets())
    await connector.version()
    context.faults.set('proxmox', fault)
    const error = await failureOf(connector.resources())
    if (fault !== 'expired-certificate') {
      expect(error.code).toBe(code)
      expect(error.message).toMatch(sentence)
    }
    expect(error.message).toContain('Proxmox VE')
    expect(error.remedy).toBeTruthy()
    context.faults.set('proxmox', undefined)
    expect((await connector.resources()).length).toBeGreaterThan(30)
  })

  it('sees an expired certificate on the very next call under a given authority', async () => {
    const settings = {
      ...settingsFor(tokenAuth()),
      tls: { mode: 'ca' as const, caPem: context.certificate('proxmox').caPem },
    }
    const connector = createProxmoxConnector(settings, leaseOf(tokenSecrets()), {
      log: createTestLog(),
      now: Date.now,
    })
    ends.push(() => connector.dispose())
    await connector.version()
    context.faults.set('proxmox', 'expired-certificate')
    expect((await failureOf(connector.version())).detail).toMatchObject({ kind: 'tls', reason: 'expired' })
  })

  it('is not taken in by another program on that port', async () => {
    const server = await startScriptedServer(leaf, (_request, response) =>
      sendJson(response, { hello: 'world' }),
    )
    ends.push(() => server.dispose())
    const connector = createProxmoxConnector(
      { ...settingsFor(tokenAuth()), url: server.url, tls: { mode: 'pinned', sha256: leaf.sha256 } },
      leaseOf(tokenSecrets()),
      { log: createTestLog(), now: Date.now },
    )
    ends.push(() => connector.dispose())
    expect((await failureOf(connector.resources())).message).toContain('unknown shape')
  })
})

describe('probeProxmox', () => {
  const probe = async (auth: ApiAuth, secrets: Partial<Record<SecretName, string>>): Promise<ProbeStep[]> => {
    const steps: ProbeStep[] = []
    for await (const step of probeProxmox(settingsFor(auth), leaseOf(secrets), {
      signal: AbortSignal.timeout(20_000),
      log: createTestLog(),
    }))
      steps.push(step)
    return steps
  }

  it('passes for the demo token', async () => {
    const steps = await probe(tokenAuth(), tokenSecrets())
    expect(steps.map((step) => `${step.step} ${step.state}`)).toEqual([
      'authentication passed',
      'permission passed',
      'version passed',
    ])
    expect(steps[2]!.finding).toMatch(/^Proxmox VE 8\.4/)
  })

  it('stops at a wrong secret', async () => {
    const steps = await probe(tokenAuth(), { tokenSecret: '00000000-0000-0000-0000-000000000000' })
    expect(steps).toHaveLength(1)
    expect(steps[0]).toMatchObject({ step: 'authentication', state: 'failed' })
    expect(steps[0]!.error?.remedy).toBeTruthy()
  })

  it('says what an identity cannot see and how to grant it', () => {
    const none = judgeRights({}, 'fresh@pve!token')
    expect(none.state).toBe('failed')
    expect(none.error?.remedy).toContain('PVEAuditor on /')
    expect(none.error?.remedy).toContain('privilege separation')
    const some = judgeRights(
      { '/vms': { 'VM.Audit': true }, '/storage': { 'Datastore.Audit': true } },
      'a@pve',
    )
    expect(some.state).toBe('passed')
    expect(some.finding).toContain('the nodes (Sys.Audit on /nodes)')
    expect(some.finding).not.toContain('guests (')
    expect(
      judgeRights({ '/': { 'Sys.Audit': true, 'VM.Audit': true, 'Datastore.Audit': true } }, 'a@pve').finding,
    ).toBe('May see nodes, guests and storages.')
  })
})
