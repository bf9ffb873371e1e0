import { existsSync, readFileSync } from 'node:fs'
import { startKubernetesDemo, type KubernetesDemo } from '#demo/kubernetes/kubernetes-server.ts'
import { contextNames } from '#demo/kubernetes/kubeconfig.ts'
import { createTestContext, type TestContext } from '#demo/testing/demo-context.ts'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { AppError } from '#shared/errors.ts'
import type { SettingsOf } from '#shared/model/connection.ts'
import { createTestLog, leaseOf } from '../https/testing/recording-client.ts'
import {
  sendJson,
  startScriptedServer,
  type Answer,
  type ScriptedServer,
} from '../https/testing/scripted-server.ts'
import { createTestAuthority, type TestAuthority } from '../tls/test-certificates.ts'
import { createKubernetesConnector, isGone } from './kubernetes-connector.ts'
import { kubernetesKinds } from './kubernetes-kinds.ts'
import { judgeKubernetesVersion, probeKubernetes } from './kubernetes-probe.ts'
import { startReflector } from './reflector.ts'

let context: TestContext
let demo: KubernetesDemo
let authority: TestAuthority
let names: ReturnType<typeof contextNames>
const ends: Array<() => unknown> = []

beforeAll(async () => {
  context = await createTestContext()
  demo = await startKubernetesDemo(context, { bookmarkMs: 200 })
  names = contextNames(context.site.kubernetes.cluster.name)
  authority = await createTestAuthority()
})
afterAll(async () => {
  await demo.dispose()
  await context.dispose()
})
afterEach(async () => {
  context.faults.set('kubernetes', undefined)
  for (const end of ends.splice(0)) await end()
})

const settingsFor = (
  contextName: string,
  more: Partial<SettingsOf<'kubernetes'>> = {},
): SettingsOf<'kubernetes'> => ({
  kind: 'kubernetes',
  context: contextName,
  server: '',
  ...more,
})

function connect(contextName = names.admin, kubeconfig = demo.kubeconfig) {
  const connector = createKubernetesConnector(settingsFor(contextName), leaseOf({ kubeconfig }), {
    log: createTestLog(),
    now: Date.now,
  })
  ends.push(() => connector.dispose())
  return connector
}

/** A server that does what the test says, and its kubeconfig, whose only context is `c`. */
async function scripted(answer: Answer): Promise<{ server: ScriptedServer; kubeconfig: string }> {
  const server = await startScriptedServer(await authority.issue(), answer)
  ends.push(() => server.dispose())
  const cluster = {
    server: server.url,
    'certificate-authority-data': Buffer.from(authority.caPem).toString('base64'),
  }
  const kubeconfig = JSON.stringify({
    kind: 'Config',
    clusters: [{ name: 'k', cluster }],
    users: [{ name: 'u', user: { token: 'secret-token-0123456789' } }],
    contexts: [{ name: 'c', context: { cluster: 'k', user: 'u', namespace: 'desi-voids' } }],
  })
  return { server, kubeconfig }
}

async function connectScripted(
  answer: Answer,
): Promise<{ server: ScriptedServer; connector: ReturnType<typeof connect> }> {
  const { server, kubeconfig } = await scripted(answer)
  return { server, connector: connect('c', kubeconfig) }
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(AppError)
  return error as AppError
}

describe('the demo cluster', () => {
  it.each(['admin', 'certificate'] as const)('lets the %s context in', async (way) => {
    const connector = connect(names[way])
    expect(await connector.version()).toMatch(/^v1\.\d+/)
    const page = await connector.list(kubernetesKinds.nodes, { limit: 100 })
    expect(page.items).toHaveLength(4)
  })

  it('pages through a list', async () => {
    const connector = connect()
    const whole = await connector.list(kubernetesKinds.pods, { limit: 500 })
    const found: unknown[] = []
    let next: string | undefined
    do {
      const page = await connector.list(kubernetesKinds.pods, { limit: 7, next })
      expect(page.items.length).toBeLessThanOrEqual(7)
      found.push(...page.items)
      next = page.next
    } while (next)
    expect(found).toHaveLength(whole.items.length)
  })

  it('keeps every kind in step with the store', async () => {
    const connector = connect()
    const controller = new AbortController()
    ends.push(() => controller.abort())
    const pods = startReflector(connector, kubernetesKinds.pods, {
      signal: controller.signal,
      onChange: () => undefined,
    })
    const rays = startReflector(connector, kubernetesKinds.rayClusters, {
      signal: controller.signal,
      onChange: () => undefined,
    })
    await Promise.all([pods.settled(), rays.settled()])
    expect(pods.isSynced && rays.isSynced).toBe(true)
    expect([...rays.items.values()][0]!.spec?.rayVersion).toBeTruthy()
    const victim = [...pods.items.values()].find(
      (pod) => pod.metadata.ownerReferences?.[0]?.kind === 'ReplicaSet',
    )!
    const { call } = await import('#demo/testing/api-client.ts')
    const token = /token: (\S+)/.exec(demo.kubeconfig)![1]!
    const path = `/api/v1/namespaces/${victim.metadata.namespace}/pods/${victim.metadata.name}?gracePeriodSeconds=0`
    const answer = await call(connector.server + path, context.certificate('kubernetes').caPem, 'DELETE', {
      headers: { authorization: `Bearer ${token}` },
    })
    expect(answer.status).toBeLessThan(300)
    const key = `${victim.metadata.namespace}/${victim.metadata.name}`
    await expect
      .poll(() => pods.items.get(key)?.metadata.deletionTimestamp ?? !pods.items.has(key), {
        timeout: 10_000,
      })
      .toBeTruthy()
  })

  it.each(['cut', 'garbage', 'unauthorized', 'server-error', 'expired-certificate'] as const)(
    'turns the fault %s into a sentence',
    async (fault) => {
      const connector = connect()
      await connector.version()
      context.faults.set('kubernetes', fault)
      const error = await failureOf(connector.list(kubernetesKinds.pods, { limit: 10 }))
      expect(error.message).toContain('Kubernetes')
      expect(error.remedy).toBeTruthy()
      if (fault === 'server-error') expect(error.message).toContain('etcdserver: request timed out')
      if (fault === 'expired-certificate')
        expect(error.detail).toMatchObject({ kind: 'tls', reason: 'expired' })
    },
  )

  it('ends a watch with its signal', async () => {
    const connector = connect()
    const { resourceVersion } = await connector.list(kubernetesKinds.nodes, { limit: 1 })
    const controller = new AbortController()
    const pending = (async () => {
      for await (const event of connector.watch(
        kubernetesKinds.nodes,
        { resourceVersion },
        controller.signal,
      ))
        if (event.type === 'bookmark') controller.abort()
    })()
    expect((await failureOf(pending)).code).toBe('cancelled')
  })

  it('is refused by a history that is gone', async () => {
    const connector = connect()
    const watching = (async () => {
      for await (const event of connector.watch(
        kubernetesKinds.pods,
        { resourceVersion: '1' },
        AbortSignal.timeout(5000),
      ))
        expect(event.type).not.toBe('put')
    })()
    expect(isGone(await failureOf(watching))).toBe(true)
  })
})

describe('a server that misbehaves', () => {
  it('tells an ERROR event apart from an end, and garbage from both', async () => {
    const { server, connector } = await connectScripted((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.end(
        '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}\n',
      )
    })
    const watch = async () => {
      for await (const _ of connector.watch(
        kubernetesKinds.pods,
        { resourceVersion: '1' },
        AbortSignal.timeout(5000),
      ));
    }
    expect(isGone(await failureOf(watch()))).toBe(true)
    server.answer = (_request, response) => void response.writeHead(200).end('<html>\n')
    expect((await failureOf(watch())).message).toContain('not valid JSON')
    server.answer = (_request, response) => void response.writeHead(200).end('{"type":"ADDED","object":{}}\n')
    expect((await failureOf(watch())).message).toContain('resourceVersion')
    server.answer = (_request, response) => void response.writeHead(200).end()
    await watch()
  })

  it('shows the message of a Status and never the token', async () => {
    const { connector } = await connectScripted((request, response) =>
      sendJson(
        response,
        { kind: 'Status', message: `pods is forbidden, you sent ${request.headers.authorization}` },
        403,
      ),
    )
    const error = await failureOf(connector.list(kubernetesKinds.pods, { limit: 1 }))
    expect(error.code).toBe('forbidden')
    expect(error.message).toContain('pods is forbidden')
    expect(JSON.stringify([error.message, error.detail])).not.toContain('secret-token-0123456789')
  })

  it('fails at once without a kubeconfig, and for a context that is not in it', () => {
    expect(() => connect('c', '')).toThrow(/has not got the kubeconfig/)
    expect(() => connect('nowhere')).toThrow(/no context/)
  })
})

const swagger = new URL('../../../../../shared/api/k8s-openapi.json', import.meta.url)
describe.skipIf(!existsSync(swagger))('the official description (skipped without ../shared/api)', () => {
  it('knows every path and parameter that is asked for', () => {
    const api = JSON.parse(readFileSync(swagger, 'utf8')) as {
      paths: Record<
        string,
        {
          get?: { parameters?: Array<{ name?: string; $ref?: string }> }
          parameters?: Array<{ name?: string; $ref?: string }>
        }
      >
      parameters: Record<string, { name: string }>
    }
    const used = [
      'limit',
      'continue',
      'fieldSelector',
      'watch',
      'allowWatchBookmarks',
      'resourceVersion',
      'timeoutSeconds',
    ]
    for (const kind of Object.values(kubernetesKinds)) {
      if (kind.isOptional) continue
      const item = api.paths[`${kind.base}/${kind.plural}`]
      expect(item?.get, kind.plural).toBeDefined()
      const given = [...(item!.parameters ?? []), ...(item!.get!.parameters ?? [])].map(
        (parameter) => parameter.name ?? api.parameters[parameter.$ref!.split('/').at(-1)!]!.name,
      )
      for (const name of used) expect(given, kind.plural).toContain(name)
    }
    for (const path of [
      '/apis/authentication.k8s.io/v1/selfsubjectreviews',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      '/version/',
    ])
      expect(Object.keys(api.paths)).toContain(path)
  })
})

describe('probeKubernetes', () => {
  const run = async (contextName: string, kubeconfig = demo.kubeconfig) => {
    const steps = []
    for await (const step of probeKubernetes(settingsFor(contextName), leaseOf({ kubeconfig }), {
      signal: AbortSignal.timeout(20_000),
      log: createTestLog(),
    }))
      steps.push(step)
    return steps
  }

  it('passes for the administrator', async () => {
    const steps = await run(names.admin)
    expect(steps.map((step) => `${step.step} ${step.state}`)).toEqual([
      'authentication passed',
      'permission passed',
      'version passed',
    ])
    expect(steps[0]!.finding).toContain('lab-admin')
  })

  it('tells an identity of one namespace what will be missing', async () => {
    const allowed = (body: string): boolean =>
      (JSON.parse(body) as { spec: { resourceAttributes: { namespace?: string } } }).spec.resourceAttributes
        .namespace === 'desi-voids'
    const { kubeconfig } = await scripted((request, response) => {
      if (request.url === '/version') return sendJson(response, { gitVersion: 'v1.33.1' })
      if (request.url.endsWith('selfsubjectreviews'))
        return sendJson(response, { status: { userInfo: { username: 'mira' } } }, 201)
      sendJson(response, { status: { allowed: allowed(request.body) } }, 201)
    })
    const steps = await run('c', kubeconfig)
    expect(steps[0]!.finding).toBe('Logged in to k as mira.')
    expect(steps[1]).toMatchObject({ step: 'permission', state: 'passed' })
    expect(steps[1]!.finding).toContain('only the namespace desi-voids')
    expect(steps[1]!.finding).toContain('--user=mira')
  })

  it('fails for an identity that may list nothing, and for a stranger', async () => {
    let username = 'mira'
    const { kubeconfig } = await scripted((request, response) => {
      if (request.url === '/version') return sendJson(response, { gitVersion: 'v1.33.1' })
      sendJson(
        response,
        {
          status: request.url.endsWith('selfsubjectreviews')
            ? { userInfo: { username } }
            : { allowed: false },
        },
        201,
      )
    })
    expect((await run('c', kubeconfig)).at(-1)).toMatchObject({
      step: 'permission',
      state: 'failed',
      error: { code: 'forbidden' },
    })
    username = 'system:anonymous'
    expect((await run('c', kubeconfig)).at(-1)).toMatchObject({ step: 'authentication', state: 'failed' })
  })

  it('fails at a wrong token and at no kubeconfig', async () => {
    const wrong = demo.kubeconfig.replace(/token: \S+/, 'token: wrongwrongwrong')
    expect((await run(names.admin, wrong)).map((step) => `${step.step} ${step.state}`)).toEqual([
      'authentication failed',
    ])
    expect((await run(names.admin, 'hello'))[0]!.finding).toContain('not a kubeconfig')
  })

  it.each([
    ['v1.32.5+rke2r1', false],
    ['v1.28.0', false],
    ['v1.22.17', true],
    ['v2.0.0', true],
    ['banana', true],
  ])('judges %s', (version, isOdd) => {
    expect(judgeKubernetesVersion(version).finding.includes('not a version')).toBe(isOdd)
  })
})
