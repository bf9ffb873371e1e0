import { pbsTokens, pbsUsers } from '#demo/pbs/identities.ts'
import { startPbsDemo, type PbsDemo } from '#demo/pbs/pbs-server.ts'
import { checkRequest, loadApiDescription } from '#demo/testing/api-description.ts'
import { createTestContext, type TestContext } from '#demo/testing/demo-context.ts'
import { createLabBackups } from '#demo/world/backups.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import type { ApiAuth, SecretName, SettingsOf } from '#shared/model/connection.ts'
import { createHttpsClient } from '../https/https-client.ts'
import { createTestLog, leaseOf, recordCalls } from '../https/testing/recording-client.ts'
import { createPbsConnector, pbsErrorText } from './pbs-connector.ts'
import { judgePbsRights, probePbs } from './pbs-probe.ts'

let context: TestContext
let demo: PbsDemo
const ends: Array<() => unknown> = []

beforeAll(async () => {
  context = await createTestContext({ startMs: Date.parse('2026-11-24T12:30:00Z') })
  demo = await startPbsDemo(context, createLabBackups(context.site, context.clock))
})
afterAll(async () => {
  await demo.dispose()
  await context.dispose()
})
afterEach(async () => {
  context.faults.set('pbs', undefined)
  for (const end of ends.splice(0)) await end()
})

const settingsFor = (auth: ApiAuth): SettingsOf<'pbs'> => ({
  kind: 'pbs',
  url: demo.url,
  tls: { mode: 'pinned', sha256: context.certificate('pbs').fingerprint256 },
  auth,
})
const tokenAuth: ApiAuth = { mode: 'token', tokenId: pbsTokens[0].tokenId }

function connect(auth: ApiAuth, secrets: Partial<Record<SecretName, string>>) {
  const settings = settingsFor(auth)
  const recording = recordCalls(
    createHttpsClient({
      system: 'Proxmox Backup Server',
      url: settings.url,
      tls: { trust: settings.tls },
      errorText: pbsErrorText,
    }),
  )
  const connector = createPbsConnector(settings, leaseOf(secrets), {
    log: createTestLog(),
    now: Date.now,
    client: recording.client,
  })
  ends.push(() => connector.dispose())
  return { connector, calls: recording.calls }
}
const byToken = () => connect(tokenAuth, { tokenSecret: pbsTokens[0].secret })

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

async function readEverything(connector: ReturnType<typeof connect>['connector']) {
  const [version, status, network, tasks, datastores, usage, permissions] = await Promise.all([
    connector.version(),
    connector.nodeStatus(),
    connector.nodeNetwork(),
    connector.tasks(undefined, 10),
    connector.datastores(),
    connector.usage(),
    connector.permissions(),
  ])
  const store = datastores[0]!.store
  const namespaces = await connector.namespaces(store)
  const groups = await connector.groups(store, 'vm')
  const snapshots = await connector.snapshots(store, 'vm')
  const ofOne = await connector.snapshots(store, 'vm', {
    type: groups[0]!['backup-type'],
    id: groups[0]!['backup-id'],
  })
  await connector.groups(store, '')
  const jobs = await Promise.all(
    (['verify', 'prune', 'sync', 'gc'] as const).map((kind) => connector.jobs(kind)),
  )
  return {
    version,
    status,
    network,
    tasks,
    datastores,
    usage,
    permissions,
    namespaces,
    groups,
    snapshots,
    ofOne,
    jobs,
  }
}

describe('reading the demo backup server', () => {
  it('reads all that the inventory needs with an API token', async () => {
    const found = await readEverything(byToken().connector)
    expect(found.version.version).toMatch(/^3/)
    expect(found.datastores.map((item) => item.store)).toEqual(['datastore01'])
    expect(found.usage[0]!.total).toBeGreaterThan(found.usage[0]!.used!)
    expect(found.namespaces.map((item) => item.ns)).toContain('vm')
    expect(found.groups.map((group) => group['backup-id'])).toContain('2002')
    expect(found.snapshots.length).toBeGreaterThan(found.ofOne.length)
    expect(found.snapshots.some((row) => row.verification?.state === 'ok')).toBe(true)
    expect(found.jobs[0]!.length).toBeGreaterThan(0)
    expect(found.tasks.length).toBeLessThanOrEqual(10)
  })

  const api = loadApiDescription('pbs')
  it.skipIf(!api)(
    'sends only what the official description allows (skipped without ../shared/api)',
    async () => {
      const token = byToken()
      await readEverything(token.connector)
      const operator = pbsUsers.find((user) => user.userId === 'operator@pbs')!
      const ticket = connect(
        { mode: 'ticket', username: 'operator', realm: 'pbs' },
        { password: operator.password, totpSeed: operator.totpSeed! },
      )
      await ticket.connector.version()
      const calls = [...token.calls, ...ticket.calls]
      expect(calls.length).toBeGreaterThan(15)
      expect(calls.flatMap((call) => checkRequest(api!, call.method, call.path, call.parameters))).toEqual([])
    },
  )
})

describe('logging in', () => {
  it('answers the second factor, which comes as a signed challenge', async () => {
    const operator = pbsUsers.find((user) => user.userId === 'operator@pbs')!
    const { connector, calls } = connect(
      { mode: 'ticket', username: 'operator', realm: 'pbs' },
      { password: operator.password, totpSeed: operator.totpSeed! },
    )
    expect((await connector.version()).version).toBeTruthy()
    expect(calls[1]!.parameters['tfa-challenge']).toMatch(/^PBS:!tfa!/)
    expect(
      (
        await failureOf(
          connect(
            { mode: 'ticket', username: 'operator', realm: 'pbs' },
            { password: operator.password },
          ).connector.version(),
        )
      ).message,
    ).toContain('second factor')
  })

  it('reports the bare text of a failure', async () => {
    const error = await failureOf(byToken().connector.groups('no-such-store', ''))
    expect(error.message).toMatch(/Proxmox Backup Server at 127\.0\.0\.1:\d+ answered 4\d\d: .*no-such-store/)
    context.faults.set('pbs', 'server-error')
    expect((await failureOf(byToken().connector.usage())).message).toContain('unable to open chunk store')
  })

  it.each(['cut', 'garbage', 'unauthorized'] as const)(
    'turns the fault %s into a sentence with a remedy',
    async (fault) => {
      context.faults.set('pbs', fault)
      const error = await failureOf(byToken().connector.usage())
      expect(error.message).toContain('Proxmox Backup Server')
      expect(error.remedy).toBeTruthy()
    },
  )
})

describe('probePbs', () => {
  it('passes for the demo token and stops at a wrong one', async () => {
    const run = async (secret: string): Promise<string[]> => {
      const steps: string[] = []
      const options = { signal: AbortSignal.timeout(20_000), log: createTestLog() }
      for await (const step of probePbs(settingsFor(tokenAuth), leaseOf({ tokenSecret: secret }), options))
        steps.push(`${step.step} ${step.state}`)
      return steps
    }
    expect(await run(pbsTokens[0].secret)).toEqual([
      'authentication passed',
      'permission passed',
      'version passed',
    ])
    expect(await run('00000000-0000-0000-0000-000000000000')).toEqual(['authentication failed'])
  })

  it('says what cannot be seen', () => {
    expect(judgePbsRights({}, 'a@pbs!t').error?.remedy).toContain('Audit on / to a@pbs!t and to its user')
    const some = judgePbsRights({ '/datastore/one': { 'Datastore.Audit': true } }, 'a@pbs')
    expect(some.state).toBe('passed')
    expect(some.finding).toContain('datastores other than one')
    expect(judgePbsRights({ '/': { 'Datastore.Audit': true, 'Sys.Audit': true } }, 'a').finding).toContain(
      'May see the server',
    )
  })
})
