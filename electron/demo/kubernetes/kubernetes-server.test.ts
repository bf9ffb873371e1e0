// The demo API server over its wire: discovery, lists, pages, watches, writes, patches, refusals, tables, access.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Condition, Node, Pod } from './storage/kinds.ts'
import { as } from './storage/kinds.ts'
import type { KubeObject } from './storage/kube-object.ts'
import { textAt } from './storage/kube-object.ts'
import { guestUuid } from '../world/guest-identity.ts'
import type { KubeLab, ListAnswer } from './testing/kube-client.ts'
import { openKubeLab, until } from './testing/kube-client.ts'

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

describe('the site', () => {
  it('has exactly the four nodes, with evidence of their virtual machines', async () => {
    const { items } = await lab.get<ListAnswer>('/api/v1/nodes')
    const expected = lab.context.site.kubernetes.nodes
    expect(items.map((node) => node.metadata.name)).toEqual(expected.map((node) => node.name))
    for (const [index, item] of items.entries()) {
      const known = expected[index]
      const node = as<Node>(item)
      expect(node.status.addresses).toContainEqual({ type: 'InternalIP', address: known?.internalIP })
      expect(textAt(node, 'status.nodeInfo.systemUUID')).toBe(guestUuid(known?.vmid ?? 0))
      expect(textAt(node, 'spec.providerID')).toBe(`proxmox://radioastronomy/${known?.vmid ?? 0}`)
      expect(node.status.capacity['cpu']).toBe(String(known?.cpu))
    }
  })
  it('has every workload with its pods, owned all the way up', async () => {
    const { items: pods } = await lab.get<ListAnswer>('/api/v1/pods')
    for (const workload of lab.context.site.kubernetes.workloads.filter((one) => one.kind === 'Deployment')) {
      const { items: sets } = await lab.get<ListAnswer>(
        `/apis/apps/v1/namespaces/${workload.namespace}/replicasets`,
      )
      const set = sets.find((one) => one.metadata.ownerReferences?.[0]?.name === workload.name)
      const owned = pods.filter((pod) =>
        pod.metadata.ownerReferences?.some((owner) => owner.uid === set?.metadata.uid),
      )
      expect(owned, workload.name).toHaveLength(workload.replicas)
      for (const pod of owned) expect(as<Pod>(pod).status.phase).toBe('Running')
    }
    expect(
      pods.filter((pod) => pod.metadata.namespace === 'monitoring' && pod.metadata.name.startsWith('alloy-')),
    ).toHaveLength(4)
  })
  it('shows the grid, the Ray cluster and its jobs in the states of the inventory', async () => {
    const job = await lab.get('/apis/batch/v1/namespaces/cloudy-grids/jobs/cloudy-grid-logn3-logu1')
    expect(job['status']).toMatchObject({ succeeded: 18, failed: 1, active: 6 })
    const ray = await lab.get('/apis/ray.io/v1/namespaces/ray-quasars/rayclusters/qad')
    expect(ray['status']).toMatchObject({
      state: 'ready',
      readyWorkerReplicas: 6,
      desiredWorkerReplicas: 6,
      desiredGPU: '0',
    })
    const { items } = await lab.get<ListAnswer>('/apis/ray.io/v1/rayjobs')
    expect(
      Object.fromEntries(items.map((one) => [one.metadata.name, textAt(one, 'status.jobStatus')])),
    ).toEqual({
      'qad-preprocess-0714': 'SUCCEEDED',
      'qad-infer-0721': 'RUNNING',
      'qad-infer-0720': 'FAILED',
    })
    const failed = items.find((one) => one.metadata.name === 'qad-infer-0720')
    expect(textAt(failed, 'status.message')).toContain('out of memory on proj-k8s02')
    const { items: workers } = await lab.get<ListAnswer>('/api/v1/pods?labelSelector=ray.io/node-type=worker')
    const killed = workers.filter(
      (pod) => textAt(pod, 'status.containerStatuses.0.lastState.terminated.reason') === 'OOMKilled',
    )
    expect(killed.map((pod) => textAt(pod, 'spec.nodeName'))).toEqual(['proj-k8s02'])
  })
  it('leads out of the cluster by services without a selector', async () => {
    const endpoints = await lab.get('/api/v1/namespaces/ray-quasars/endpoints/proj-gpu01')
    expect(textAt(endpoints, 'subsets.0.addresses.0.ip')).toBe('10.25.60.10')
  })
})

describe('discovery', () => {
  it('tells version, groups and resources', async () => {
    expect(await lab.get<object>('/version')).toMatchObject({
      gitVersion: 'v1.32.5+rke2r1',
      major: '1',
      minor: '32',
    })
    const groups = await lab.get<{ groups: { name: string }[] }>('/apis')
    expect(groups.groups.map((group) => group.name)).toEqual(
      expect.arrayContaining(['apps', 'batch', 'ray.io', 'metrics.k8s.io']),
    )
    const ray = await lab.get<{ resources: { name: string; verbs: string[] }[] }>('/apis/ray.io/v1')
    expect(ray.resources.map((one) => one.name)).toContain('rayclusters/status')
    expect((await lab.request('GET', '/readyz')).text).toBe('ok')
  })
  it('serves a new custom kind at once and forgets it again', async () => {
    const definition = {
      metadata: { name: 'comets.lab.example' },
      spec: {
        group: 'lab.example',
        scope: 'Namespaced',
        names: { kind: 'Comet', plural: 'comets', singular: 'comet' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    }
    const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
    expect((await lab.request('GET', '/apis/lab.example/v1/comets')).code).toBe(404)
    expect((await lab.request('POST', crds, { body: definition })).code).toBe(201)
    const made = await lab.request('POST', '/apis/lab.example/v1/namespaces/default/comets', {
      body: { metadata: { name: 'halley' }, spec: { tail: 2 } },
    })
    expect(made.code).toBe(201)
    const strategic = { body: { spec: {} }, contentType: 'application/strategic-merge-patch+json' }
    expect(
      (await lab.request('PATCH', '/apis/lab.example/v1/namespaces/default/comets/halley', strategic)).code,
    ).toBe(415)
    await lab.request('DELETE', `${crds}/comets.lab.example`)
    expect((await lab.request('GET', '/apis/lab.example/v1/comets')).code).toBe(404)
  })
})

describe('lists', () => {
  it('come in pages of one version, whatever happens in between', async () => {
    const whole = await lab.get<ListAnswer>('/api/v1/pods')
    const first = await lab.get<ListAnswer>('/api/v1/pods?limit=10')
    expect(first.metadata.remainingItemCount).toBe(whole.items.length - 10)
    await lab.request(
      'DELETE',
      `/api/v1/namespaces/${first.items[0]?.metadata.namespace ?? ''}/pods/${first.items[0]?.metadata.name ?? ''}?gracePeriodSeconds=0`,
    )
    const names = first.items.map((pod) => pod.metadata.name)
    let token = first.metadata.continue
    while (token !== undefined) {
      const page = await lab.get<ListAnswer>(`/api/v1/pods?limit=10&continue=${token}`)
      expect(page.metadata.resourceVersion).toBe(first.metadata.resourceVersion)
      names.push(...page.items.map((pod) => pod.metadata.name))
      token = page.metadata.continue
    }
    expect(names).toEqual(whole.items.map((pod) => pod.metadata.name))
  })
  it('refuse an expired page with 410 and a broken one with 400', async () => {
    const first = await lab.get<ListAnswer>('/api/v1/pods?limit=5')
    await makeMap('history')
    lab.demo.store.compact(true)
    const late = await lab.request('GET', `/api/v1/pods?limit=5&continue=${first.metadata.continue ?? ''}`)
    expect(late.json<object>()).toMatchObject({ code: 410, reason: 'Expired', status: 'Failure' })
    expect((await lab.request('GET', '/api/v1/pods?continue=nonsense')).code).toBe(400)
    expect((await lab.request('GET', '/api/v1/pods?limit=many')).code).toBe(400)
  })
  it('select by labels and by fields', async () => {
    const count = async (query: string): Promise<number> =>
      (await lab.get<ListAnswer>(`/api/v1/pods?${query}`)).items.length
    expect(await count('labelSelector=ray.io/cluster%3Dqad,ray.io/node-type!%3Dhead')).toBe(6)
    expect(await count('labelSelector=ray.io/node-type%20in%20(head,worker)')).toBe(7)
    expect(await count('labelSelector=!ray.io/cluster')).toBeGreaterThan(30)
    expect(await count('fieldSelector=spec.nodeName%3Dproj-k8s01,status.phase!%3DSucceeded')).toBeGreaterThan(
      5,
    )
    expect((await lab.request('GET', '/api/v1/pods?labelSelector=a%3D%3D%3Db')).code).toBe(400)
    expect((await lab.request('GET', '/api/v1/pods?fieldSelector=spec.colour%3Dred')).code).toBe(400)
  })
  it('print tables and metadata when asked', async () => {
    const table = await lab.request('GET', '/api/v1/nodes', {
      accept: 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json',
    })
    const { kind, rows } = table.json<{ kind: string; rows: { cells: unknown[] }[] }>()
    expect(kind).toBe('Table')
    expect(rows[0]?.cells.slice(0, 3)).toEqual(['proj-k8s01', 'Ready', 'control-plane,etcd,master'])
    const partial = await lab.request('GET', '/api/v1/nodes/proj-k8s01', {
      accept: 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io',
    })
    expect(Object.keys(partial.json<object>())).toEqual(['kind', 'apiVersion', 'metadata'])
    expect(
      (await lab.request('GET', '/api/v1/nodes', { accept: 'application/vnd.kubernetes.protobuf' })).code,
    ).toBe(406)
  })
})

describe('watches', () => {
  const watchMaps = async (query: string): Promise<string> => {
    const { metadata } = await lab.get<ListAnswer>(maps)
    return `${maps}?watch=1&resourceVersion=${metadata.resourceVersion}${query}`
  }
  it('tell of additions, changes and removals after a version', async () => {
    const path = await watchMaps('')
    const events = await lab.watch(
      path,
      (all) => all.length >= 3,
      () => {
        void makeMap('seen')
          .then(() =>
            lab.request('PATCH', `${maps}/seen`, {
              body: { data: { a: '1' } },
              contentType: 'application/merge-patch+json',
            }),
          )
          .then(() => lab.request('DELETE', `${maps}/seen`))
      },
    )
    expect(events.map((event) => `${event.type} ${event.object.metadata.name}`)).toEqual([
      'ADDED seen',
      'MODIFIED seen',
      'DELETED seen',
    ])
    const versions = events.map((event) => Number(event.object.metadata.resourceVersion))
    expect(versions).toEqual([...versions].sort((left, right) => left - right))
    const replayed = await lab.watch(path, (all) => all.length >= 3)
    expect(replayed).toEqual(events)
  })
  it('follow a selector: what comes to match is added, what stops matching is deleted', async () => {
    await makeMap('chosen', {}, { group: 'no' })
    const label = (group: string) =>
      lab.request('PATCH', `${maps}/chosen`, {
        body: { metadata: { labels: { group } } },
        contentType: 'application/merge-patch+json',
      })
    const events = await lab.watch(
      await watchMaps('&labelSelector=group%3Dyes'),
      (all) => all.length >= 2,
      () => {
        void label('yes').then(() => label('no'))
      },
    )
    expect(events.map((event) => event.type)).toEqual(['ADDED', 'DELETED'])
  })
  it('send bookmarks, and end by themselves', async () => {
    const events = await lab.watch(await watchMaps('&allowWatchBookmarks=true&timeoutSeconds=1'), () => false)
    expect(events.length).toBeGreaterThan(2)
    expect(new Set(events.map((event) => event.type))).toEqual(new Set(['BOOKMARK']))
    expect(Object.keys(events[0]?.object ?? {})).toEqual(['kind', 'apiVersion', 'metadata'])
    expect(events.at(-1)?.object.metadata.resourceVersion).toMatch(/^\d+$/)
  })
  it('begin with what is there when no version is given', async () => {
    const events = await lab.watch('/api/v1/nodes?watch=true', (all) => all.length >= 4)
    expect(events.map((event) => event.type)).toEqual(['ADDED', 'ADDED', 'ADDED', 'ADDED'])
  })
  it('say 410 in the stream for a version that is forgotten', async () => {
    const path = await watchMaps('')
    await makeMap('moved-on')
    lab.demo.store.compact(true)
    const events = await lab.watch(path, () => false)
    expect(events).toHaveLength(1)
    expect(events[0]).toMatchObject({
      type: 'ERROR',
      object: { code: 410, reason: 'Expired', kind: 'Status' },
    })
  })
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

describe('metrics, logs and the Ray dashboard', () => {
  it('measures nodes and pods', async () => {
    const { items } = await lab.get<ListAnswer>('/apis/metrics.k8s.io/v1beta1/nodes')
    expect(items).toHaveLength(4)
    expect(textAt(items[0], 'usage.cpu')).toMatch(/^\d+n$/)
    const before = textAt(items[0], 'usage.cpu')
    lab.context.clock.advance(20 * 60_000)
    expect(textAt(await lab.get('/apis/metrics.k8s.io/v1beta1/nodes/proj-k8s01'), 'usage.cpu')).not.toBe(
      before,
    )
  })
  const podLog = async (pod: KubeObject | undefined, query: string): Promise<string> => {
    const answer = await lab.request(
      'GET',
      `/api/v1/namespaces/${pod?.metadata.namespace ?? ''}/pods/${pod?.metadata.name ?? ''}/log?${query}`,
    )
    if (answer.code !== 200) throw new Error(answer.json<{ message: string }>().message)
    return answer.text
  }
  it('gives logs: the tail, with stamps, of the run before, and refuses what is not there', async () => {
    const { items } = await lab.get<ListAnswer>('/api/v1/pods?labelSelector=ray.io/node-type=worker')
    const killed = items.find((pod) => textAt(pod, 'status.containerStatuses.0.restartCount') === '1')
    const calm = items.find((pod) => textAt(pod, 'status.containerStatuses.0.restartCount') === '0')
    const tail = (await podLog(calm, 'tailLines=3')).split('\n')
    expect(tail).toHaveLength(4)
    expect((await podLog(calm, 'tailLines=2&timestamps=true')).split('\n')[0]).toMatch(
      /^\d{4}-\d\d-\d\dT[\d:]+\.\d{9}Z .+/,
    )
    expect(await podLog(calm, 'limitBytes=100')).toHaveLength(100)
    expect(await podLog(killed, 'previous=true&tailLines=1')).toBe('Killed\n')
    await expect(podLog(calm, 'previous=true')).rejects.toThrow(/previous terminated container/)
    await expect(podLog(calm, 'container=other')).rejects.toThrow(/not valid for pod/)
    await expect(podLog(calm, 'sinceTime=soon')).rejects.toThrow(/RFC 3339/)
  })
  it('follows a log as the lab clock goes', async () => {
    const { items } = await lab.get<ListAnswer>('/api/v1/pods?labelSelector=ray.io/node-type=head')
    const [head] = items
    const path = `/api/v1/namespaces/ray-quasars/pods/${head?.metadata.name ?? ''}`
    const following = await lab.open('GET', `${path}/log?follow=true&tailLines=1`, {})
    let text = ''
    following.on('data', (bytes: Buffer) => (text += bytes.toString()))
    const ended = new Promise((resolve) => following.on('end', resolve))
    await until(() => text.endsWith('\n') || undefined, 'the first line')
    lab.context.clock.advance(60_000)
    await until(() => text.split('\n').length > 8 || undefined, 'more lines')
    await lab.request('DELETE', `${path}?gracePeriodSeconds=0`)
    await ended
    await until(async () => {
      const ray = await lab.get('/apis/ray.io/v1/namespaces/ray-quasars/rayclusters/qad')
      lab.context.clock.advance(5_000)
      const conditions = (ray['status'] as { conditions: Condition[] }).conditions
      return conditions.some((one) => one.type === 'HeadPodReady' && one.status === 'True') || undefined
    }, 'a new head')
  })
  it('serves the Jobs API of Ray behind the head service', async () => {
    const proxy = '/api/v1/namespaces/ray-quasars/services/qad-head-svc:dashboard/proxy/api/jobs/'
    const jobs = (await lab.request('GET', proxy)).json<{ submission_id: string; status: string }[]>()
    expect(jobs.map((job) => `${job.submission_id} ${job.status}`)).toContain('qad-infer-0721 RUNNING')
    const made = await lab.request('POST', proxy, {
      body: { entrypoint: 'python x.py', submission_id: 'probe-1' },
    })
    expect(made.json<object>()).toEqual({ job_id: 'probe-1', submission_id: 'probe-1' })
    await until(async () => {
      lab.context.clock.advance(30_000)
      return (
        (await lab.request('GET', `${proxy}probe-1`)).json<{ status?: string }>().status === 'SUCCEEDED' ||
        undefined
      )
    }, 'the job')
    expect((await lab.request('POST', proxy, { body: '{' })).text).toContain('Traceback')
  })
})

describe('faults', () => {
  it('come in the words of the API, and go', async () => {
    lab.context.faults.set('kubernetes', 'unauthorized')
    expect((await lab.request('GET', '/api/v1/nodes')).json<object>()).toMatchObject({
      kind: 'Status',
      code: 401,
    })
    lab.context.faults.set('kubernetes', 'server-error')
    expect((await lab.request('GET', '/api/v1/nodes')).json<object>()).toMatchObject({
      kind: 'Status',
      code: 500,
    })
    lab.context.faults.set('kubernetes', 'expired-certificate')
    await expect(lab.request('GET', '/api/v1/nodes')).rejects.toThrow(/expired/)
    lab.context.faults.set('kubernetes', undefined)
    expect((await lab.request('GET', '/api/v1/nodes')).code).toBe(200)
  })
})
