// Writes, patches, refusals and access of the demo API server, over its wire.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import { textAt } from '../storage/kube-object.ts'
import type { KubeLab } from '../testing/kube-client.ts'
import { openKubeLab } from '../testing/kube-client.ts'

let lab: KubeLab
beforeAll(async () => {
  lab = await openKubeLab({ bookmarkMs: 60 })
})
afterAll(() => lab.dispose())

const maps = '/api/v1/namespaces/default/configmaps'
const makeMap = (name: string, data: Record<string, string> = {}, labels: Record<string, string> = {}) =>
  lab.request('POST', maps, {
    body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels }, data },
  })

describe('writes', () => {
  it('create, replace with locking, patch and delete', async () => {
    const made = (await makeMap('kept', { a: '1' })).json()
    expect((await makeMap('kept')).json<object>()).toMatchObject({ code: 409, reason: 'AlreadyExists' })
    const changed = { ...made, data: { a: '2' } }
    const stored = (await lab.request('PUT', `${maps}/kept`, { body: changed })).json()
    expect(Number(stored.metadata.resourceVersion)).toBeGreaterThan(Number(made.metadata.resourceVersion))
    expect((await lab.request('PUT', `${maps}/kept`, { body: changed })).json<object>()).toMatchObject({
      code: 409,
      reason: 'Conflict',
    })
    const patched = await lab.request('PATCH', `${maps}/kept`, {
      body: [
        { op: 'test', path: '/data/a', value: '2' },
        { op: 'add', path: '/data/b', value: '3' },
      ],
      contentType: 'application/json-patch+json',
    })
    expect(patched.json()['data']).toEqual({ a: '2', b: '3' })
    expect((await lab.request('DELETE', `${maps}/kept`)).json<object>()).toMatchObject({
      status: 'Success',
      details: { name: 'kept' },
    })
    expect((await lab.request('GET', `${maps}/kept`)).json<object>()).toMatchObject({
      code: 404,
      reason: 'NotFound',
    })
  })
  it('change nothing in a dry run', async () => {
    const version = lab.demo.store.version
    const dry = await lab.request('POST', `${maps}?dryRun=All`, { body: { metadata: { name: 'never' } } })
    expect(dry.code).toBe(201)
    expect((await lab.request('DELETE', '/api/v1/namespaces/desi-voids?dryRun=All')).code).toBe(200)
    expect(
      (
        await lab.request(
          'PATCH',
          '/apis/apps/v1/namespaces/desi-voids/deployments/void-notebooks/scale?dryRun=All',
          { body: { spec: { replicas: 5 } }, contentType: 'application/merge-patch+json' },
        )
      ).json()['spec'],
    ).toEqual({ replicas: 5 })
    expect(lab.demo.store.version).toBe(version)
    expect(
      (await lab.request('POST', `${maps}?dryRun=Some`, { body: { metadata: { name: 'never' } } })).code,
    ).toBe(400)
  })
  it('merge named lists strategically', async () => {
    const path = '/apis/apps/v1/namespaces/desi-voids/deployments/void-notebooks'
    const patch = {
      spec: {
        template: { spec: { containers: [{ name: 'notebook', env: [{ name: 'EXTRA', value: 'x' }] }] } },
      },
    }
    const answer = await lab.request('PATCH', `${path}?dryRun=All`, {
      body: patch,
      contentType: 'application/strategic-merge-patch+json',
    })
    const [container] = as<Pod>({
      ...answer.json(),
      spec: answer.json<{ spec: { template: { spec: Pod['spec'] } } }>().spec.template.spec,
    }).spec.containers
    expect(container?.image).toContain('jupyter-desi')
    expect(container?.env?.map((one) => one.name)).toEqual(['PGHOST', 'PGDATABASE', 'EXTRA'])
  })
  it('apply with owners, conflicts and force', async () => {
    const apply = (manager: string, data: Record<string, string>, force = false) =>
      lab.request('PATCH', `${maps}/applied?fieldManager=${manager}${force ? '&force=true' : ''}`, {
        body: JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'applied' }, data }),
        contentType: 'application/apply-patch+yaml',
      })
    expect((await apply('one', { a: '1', b: '1' })).code).toBe(201)
    expect((await apply('two', { b: '2' })).json<object>()).toMatchObject({
      code: 409,
      details: { causes: [{ reason: 'FieldManagerConflict', field: '.data.b' }] },
    })
    expect((await apply('two', { b: '2' }, true)).json()['data']).toEqual({ a: '1', b: '2' })
    expect((await apply('one', {})).json()['data']).toEqual({ b: '2' })
    expect(
      (
        await lab.request('PATCH', `${maps}/applied`, {
          body: '{}',
          contentType: 'application/apply-patch+yaml',
        })
      ).code,
    ).toBe(400)
  })
  it('keep status and spec apart', async () => {
    const path = '/apis/apps/v1/namespaces/desi-voids/deployments/void-notebooks'
    const before = await lab.get(path)
    const merged = await lab.request('PATCH', path, {
      body: { status: { replicas: 99 } },
      contentType: 'application/merge-patch+json',
    })
    expect(merged.json()['status']).toEqual(before['status'])
    const viaStatus = await lab.request('PATCH', `${path}/status?dryRun=All`, {
      body: { spec: { replicas: 9 }, status: { replicas: 99 } },
      contentType: 'application/merge-patch+json',
    })
    expect(textAt(viaStatus.json(), 'spec.replicas')).toBe('1')
    expect(textAt(viaStatus.json(), 'status.replicas')).toBe('99')
  })
  it.each([
    ['a bad name', { metadata: { name: 'Not_Valid' } }, 422],
    ['no name', { metadata: {} }, 422],
    ['another kind', { kind: 'Secret', metadata: { name: 'x' } }, 400],
    ['another namespace', { metadata: { name: 'x', namespace: 'desi-voids' } }, 400],
    ['labels of numbers', { metadata: { name: 'x', labels: { a: 1 } } }, 400],
    ['a list', [], 400],
  ])('refuse %s', async (_what, body, code) => {
    const answer = await lab.request('POST', maps, { body })
    expect(answer.code).toBe(code)
    expect(answer.json<object>()).toMatchObject({ kind: 'Status', status: 'Failure', code })
  })
  it('refuse unsound workloads with the field that is wrong', async () => {
    const answer = await lab.request('POST', '/apis/apps/v1/namespaces/default/deployments', {
      body: {
        metadata: { name: 'bad' },
        spec: { replicas: -1, selector: { matchLabels: { a: 'b' } }, template: { spec: { containers: [] } } },
      },
    })
    expect(
      answer.json<{ details: { causes: { field: string }[] } }>().details.causes.map((cause) => cause.field),
    ).toEqual(['spec.replicas', 'spec.template.spec.containers'])
  })
  it.each([
    ['GET', '/api/v1/nothing', undefined, 404],
    ['GET', '/apis/none.example/v1/things', undefined, 404],
    ['GET', '/somewhere', undefined, 404],
    ['GET', '/api/v1/namespaces/default/configmaps/%E0%A4%A', undefined, 400],
    ['POST', '/api/v1/namespaces/default/configmaps/kept', {}, 405],
    ['DELETE', '/apis/metrics.k8s.io/v1beta1/nodes/proj-k8s01', undefined, 405],
    ['POST', '/api/v1/namespaces/nowhere/configmaps', { metadata: { name: 'x' } }, 404],
    ['OPTIONS', '/api/v1/nodes', undefined, 405],
  ])('answer %s %s with %3$i', async (method, path, body, code) => {
    const answer = await lab.request(method, path, body === undefined ? {} : { body })
    expect(answer.code).toBe(code)
    expect(answer.json<object>()).toMatchObject({ kind: 'Status', code })
  })
  it('refuse unknown and broken bodies', async () => {
    expect(
      (await lab.request('POST', maps, { body: 'k8s', contentType: 'application/vnd.kubernetes.protobuf' }))
        .code,
    ).toBe(415)
    expect((await lab.request('POST', maps, { body: '{"metadata":' })).code).toBe(400)
    expect(
      (
        await lab.request('POST', maps, {
          body: 'metadata: {name: from-yaml}',
          contentType: 'application/yaml',
        })
      ).code,
    ).toBe(201)
    expect((await lab.request('POST', maps, { body: 'x'.repeat(4 * 2 ** 20) })).code).toBe(413)
  })
})

describe('hostile objects', () => {
  const core = '/api/v1/namespaces/default'
  const odd: unknown[] = ['text', 7, [], [null], { a: { b: [1] } }, null, true]
  const places: [string, (value: unknown) => object][] = [
    [`${core}/services`, (value) => ({ spec: { ports: value, selector: { app: 'x' } } })],
    [`${core}/endpoints`, (value) => ({ subsets: value })],
    [
      `${core}/pods`,
      (value) => ({
        spec: { containers: [{ name: 'a', image: 'b', resources: { requests: value } }], volumes: value },
      }),
    ],
    [
      `${core}/pods`,
      (value) => ({
        spec: {
          containers: [{ name: 'a', image: 'b' }],
          affinity: value,
          tolerations: value,
          nodeSelector: value,
        },
      }),
    ],
    [`${core}/events`, (value) => ({ involvedObject: value, lastTimestamp: value, source: value })],
    [`${core}/secrets`, (value) => ({ stringData: value, data: value })],
    [
      `${core}/persistentvolumeclaims`,
      (value) => ({ spec: { accessModes: ['ReadWriteOnce'], resources: { requests: value } } }),
    ],
    [`${core}/resourcequotas`, (value) => ({ spec: { hard: value } })],
    [
      '/apis/batch/v1/namespaces/default/cronjobs',
      (value) => ({ spec: { schedule: '* * * * *', jobTemplate: value } }),
    ],
    [
      '/apis/batch/v1/namespaces/default/jobs',
      (value) => ({
        spec: {
          completions: value,
          template: { spec: { containers: [{ name: 'a', image: 'b' }], restartPolicy: 'Never' } },
        },
      }),
    ],
    [
      '/apis/ray.io/v1/namespaces/default/rayjobs',
      (value) => ({ spec: { clusterSelector: value, metadata: value, entrypoint: 'x' } }),
    ],
    ['/apis/ray.io/v1/namespaces/default/rayclusters', (value) => ({ spec: { headGroupSpec: value } })],
    [
      '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
      (value) => ({ subjects: value, roleRef: value }),
    ],
    [
      '/apis/policy/v1/namespaces/default/poddisruptionbudgets',
      (value) => ({ spec: { selector: value, minAvailable: value } }),
    ],
    [
      '/apis/networking.k8s.io/v1/namespaces/default/ingresses',
      (value) => ({ spec: { rules: value, tls: value } }),
    ],
    [
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
      (value) => ({ spec: { group: 'odd.example', scope: 'Cluster', names: value, versions: value } }),
    ],
  ]
  it('are refused or kept, and never break the server', async () => {
    const codes = new Set<number>()
    for (const [index, [path, make]] of places.entries())
      for (const [turn, value] of odd.entries())
        codes.add(
          (
            await lab.request('POST', path, {
              body: { metadata: { name: `odd-${index}-${turn}` }, ...make(value) },
            })
          ).code,
        )
    expect([...codes].sort()).toEqual([201, 422])
    lab.context.clock.advance(300_000)
    const accept = 'application/json;as=Table;v=v1;g=meta.k8s.io'
    for (const path of new Set(places.map(([one]) => one)))
      expect((await lab.request('GET', path, { accept })).code, path).toBe(200)
    expect((await lab.request('GET', '/api/v1/nodes', { user: 'lab-researcher' })).code).toBe(200)
    expect(lab.context.logLines).toEqual([])
  })
})

describe('access', () => {
  it('needs a token or a certificate', async () => {
    expect((await lab.request('GET', '/api/v1/nodes', { user: 'nobody' })).json<object>()).toMatchObject({
      code: 401,
      reason: 'Unauthorized',
    })
    expect((await lab.request('GET', '/api/v1/nodes', { user: 'system-admin' })).code).toBe(200)
    const who = await lab.request('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {
      body: {},
      user: 'system-admin',
    })
    expect(who.json()['status']).toMatchObject({
      userInfo: { username: 'system:admin', groups: expect.arrayContaining(['system:masters']) },
    })
  })
  it('lets researchers look, but not into secrets, and change nothing', async () => {
    const user = 'lab-researcher' as const
    expect((await lab.request('GET', '/api/v1/namespaces/desi-voids/pods', { user })).code).toBe(200)
    expect((await lab.request('GET', '/api/v1/nodes', { user })).code).toBe(200)
    const refused = await lab.request('GET', '/api/v1/namespaces/desi-voids/secrets', { user })
    expect(refused.json<object>()).toMatchObject({
      code: 403,
      reason: 'Forbidden',
      message:
        'secrets is forbidden: User "lab-researcher" cannot list resource "secrets" in API group "" in the namespace "desi-voids"',
    })
    expect((await lab.request('DELETE', '/api/v1/namespaces/desi-voids', { user })).code).toBe(403)
  })
  it('answers reviews by the same rules', async () => {
    const ask = async (
      user: 'lab-admin' | 'lab-researcher',
      verb: string,
      resource: string,
    ): Promise<unknown> => {
      const body = { spec: { resourceAttributes: { verb, resource, namespace: 'desi-voids' } } }
      const answer = await lab.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', {
        body,
        user,
      })
      return answer.json<{ status: { allowed: boolean } }>().status.allowed
    }
    expect(await ask('lab-researcher', 'list', 'pods')).toBe(true)
    expect(await ask('lab-researcher', 'delete', 'pods')).toBe(false)
    expect(await ask('lab-admin', 'delete', 'pods')).toBe(true)
    const rules = await lab.request('POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      body: { spec: { namespace: 'desi-voids' } },
      user: 'lab-researcher',
    })
    expect(JSON.stringify(rules.json())).toContain('rayclusters')
  })
})
