// Every route of the demo backup server, called over HTTPS, its request and answer checked against the official
// description. Skipped without one.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { call, formOf } from '../testing/api-client.ts'
import { checkRequest, checkResponse, loadApiDescription } from '../testing/api-description.ts'
import { createTestContext, type TestContext } from '../testing/demo-context.ts'
import { compareParameters } from '../testing/parameter-comparison.ts'
import { createLabBackups } from '../world/backups.ts'
import { pbsTokens } from './identities.ts'
import { pbsRoutes, startPbsDemo, type PbsDemo } from './pbs-server.ts'

const api = loadApiDescription('pbs')
const reason = api ? '' : ' (skipped: no API description beside this checkout)'

const group = { ns: 'vm', 'backup-type': 'vm', 'backup-id': '2002' }
const rrd = { timeframe: 'month', cf: 'AVERAGE' }
const samples: Record<string, Record<string, unknown>> = {
  'POST /access/ticket': { username: 'root@pam', password: 'meridian-demo-root' },
  'GET /access/users': { include_tokens: 1 },
  'GET /admin/datastore/{store}/status': { verbose: 1 },
  'GET /admin/datastore/{store}/groups': { ns: 'vm' },
  'GET /admin/datastore/{store}/snapshots': { ns: 'host' },
  'GET /admin/datastore/{store}/rrd': rrd,
  'GET /nodes/{node}/rrd': rrd,
  'GET /nodes/{node}/tasks': { limit: 0, statusfilter: ['ok', 'error'] },
  'GET /nodes/{node}/tasks/{upid}/log': { limit: 0, 'test-status': 1 },
  'POST /admin/datastore/{store}/verify': { ns: 'vm', 'ignore-verified': 0 },
  'POST /admin/datastore/{store}/prune': { ...group, 'keep-last': 3, 'dry-run': 1 },
  'POST /admin/datastore/{store}/prune-datastore': { ns: 'vm', 'keep-daily': 7, 'dry-run': 1 },
}
/** Routes about one snapshot get the oldest of proj-pg01. */
const ofSnapshot = ['snapshots', 'files', 'protected', 'notes']
const extras: Record<string, Record<string, unknown>> = {
  'PUT /admin/datastore/{store}/protected': { protected: 1 },
  'PUT /admin/datastore/{store}/notes': { notes: 'kept for the paper' },
}
const pathSamples: Record<string, string> = { store: 'datastore01', node: 'localhost', name: 'datastore01' }

describe.skipIf(!api)(`Backup demo server against the official description${reason}`, () => {
  let context: TestContext
  let demo: PbsDemo
  const [token] = pbsTokens
  const headers = { authorization: `PBSAPIToken=${token.tokenId}:${token.secret}` }

  beforeAll(async () => {
    context = await createTestContext()
    demo = await startPbsDemo(context, createLabBackups(context.site, context.clock))
  })
  afterAll(async () => {
    await demo?.dispose()
    await context?.dispose()
  })

  const parametersOf = (key: string, template: string): Record<string, unknown> => {
    const isAboutSnapshot =
      ofSnapshot.some((name) => template.endsWith(`/${name}`)) &&
      key !== 'GET /admin/datastore/{store}/snapshots'
    if (!isAboutSnapshot) return samples[key] ?? {}
    const wanted = { namespace: 'vm', backupId: key.startsWith('DELETE') ? '1002' : '2002' }
    const oldest = demo.server.backups.list(wanted).sort((a, b) => a.timeSeconds - b.timeSeconds)[0]
    return { ...group, 'backup-id': wanted.backupId, 'backup-time': oldest?.timeSeconds, ...extras[key] }
  }

  const ordered = [...pbsRoutes].sort((a, b) => Number(a.method !== 'GET') - Number(b.method !== 'GET'))
  it.each(ordered.map((route) => [`${route.method} ${route.template}`, route] as const))(
    '%s',
    async (key, route) => {
      if (!api) return
      if (route.method !== 'GET') context.clock.advance(1_800_000)
      const upid = demo.server.tasks.list().find((task) => task.type === 'verificationjob')?.upid
      const job = route.template.includes('verify') ? 'verify-daily' : 'prune-daily'
      const values: Record<string, string> = { ...pathSamples, id: job, upid: upid ?? '' }
      const path = route.template.replaceAll(/\{(\w+)\}/g, (_, name: string) =>
        encodeURIComponent(values[name] ?? ''),
      )
      const parameters = parametersOf(key, route.template)
      expect(checkRequest(api, route.method, path, parameters)).toEqual([])
      const isQuery = route.method === 'GET' || route.method === 'DELETE'
      const form = { 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await call(
        `${demo.url}/api2/json${path}${isQuery ? `?${formOf(parameters)}` : ''}`,
        context.certificate('pbs').caPem,
        route.method,
        isQuery
          ? { headers }
          : {
              headers: key === 'POST /access/ticket' ? form : { ...headers, ...form },
              body: formOf(parameters),
            },
      )
      // The lab has no sync job to run.
      const status = key === 'POST /admin/sync/{id}/run' ? 400 : 200
      expect([answer.status, answer.text.slice(0, 300)]).toEqual([status, expect.any(String)])
      if (status === 200) expect(checkResponse(api, route.method, path, answer.data)).toEqual([])
    },
  )

  it.each(pbsRoutes.map((route) => [`${route.method} ${route.template}`, route] as const))(
    'declares the parameters of %s as the description does',
    (_key, route) => {
      if (!api) return
      expect(compareParameters(api, route)).toEqual([])
    },
  )
})
