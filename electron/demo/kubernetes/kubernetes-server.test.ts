// The demo API server over its wire: the site it shows, discovery, metrics, logs, the Ray dashboard, and faults.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { guestUuid } from '../world/guest-identity.ts'
import type { Condition, Node, Pod } from './storage/kinds.ts'
import { as } from './storage/kinds.ts'
import type { KubeObject } from './storage/kube-object.ts'
import { textAt } from './storage/kube-object.ts'
import type { KubeLab, ListAnswer } from './testing/kube-client.ts'
import { openKubeLab, until } from './testing/kube-client.ts'

let lab: KubeLab
beforeAll(async () => {
  lab = await openKubeLab({ bookmarkMs: 60 })
})
afterAll(() => lab.dispose())

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
