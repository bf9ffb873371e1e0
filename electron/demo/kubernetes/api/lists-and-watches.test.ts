// Lists, pages, selectors, tables and watches of the demo API server, over its wire.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeLab, ListAnswer } from '../testing/kube-client.ts'
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
