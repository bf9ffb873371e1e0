// The life of the demo cluster by the lab's clock: workloads, jobs, deletions, volumes, quotas, Ray, events.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job, Pod } from '../storage/kinds.ts'
import { as } from '../storage/kinds.ts'
import type { KubeObject } from '../storage/kube-object.ts'
import { listAt, textAt, valueAt } from '../storage/kube-object.ts'
import type { KubeLab, ListAnswer } from '../testing/kube-client.ts'
import { openKubeLab } from '../testing/kube-client.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

let lab: KubeLab
beforeAll(async () => {
  // A Wednesday, so that the weekly ingest is well away.
  lab = await openKubeLab({ startMs: Date.UTC(2026, 6, 22, 10, 0) })
})
afterAll(() => lab.dispose())

const post = async (path: string, body: unknown): Promise<KubeObject> => {
  const answer = await lab.request('POST', path, { body })
  if (answer.code !== 201) throw new Error(`${path}: ${answer.text}`)
  return answer.json()
}
const patch = async (path: string, body: unknown): Promise<KubeObject> =>
  (await lab.request('PATCH', path, { body, contentType: 'application/merge-patch+json' })).json()
const pods = async (query: string): Promise<Pod[]> =>
  (await lab.get<ListAnswer>(`/api/v1/pods?${query}`)).items.map(as<Pod>)
/** Lets what the last request set off begin, then passes lab time. */
const pass = async (ms: number): Promise<void> => {
  await new Promise((resolve) => setImmediate(resolve))
  lab.context.clock.advance(ms)
}

const template = (app: string, extra: object = {}) => ({
  metadata: { labels: { app } },
  spec: { containers: [{ name: 'main', image: `${app}:1` }], ...extra },
})
const deployment = (name: string, replicas: number, extra: object = {}) => ({
  metadata: { name },
  spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, extra) },
})
const deployments = '/apis/apps/v1/namespaces/default/deployments'

describe('deployments', () => {
  it('bring pods up step by step, and down again on scale', async () => {
    await post(deployments, deployment('steps', 3))
    await pass(0)
    const fresh = await pods('labelSelector=app%3Dsteps')
    expect(fresh.map((pod) => textAt(pod, 'status.containerStatuses.0.state.waiting.reason'))).toEqual(
      Array(3).fill('ContainerCreating'),
    )
    await pass(10_000)
    const up = await pods('labelSelector=app%3Dsteps')
    expect(up.map((pod) => pod.status.phase)).toEqual(Array(3).fill('Running'))
    expect(new Set(up.map((pod) => pod.status.podIP)).size).toBe(3)
    expect((await lab.get(`${deployments}/steps`))['status']).toMatchObject({
      replicas: 3,
      readyReplicas: 3,
      availableReplicas: 3,
    })
    await patch(`${deployments}/steps/scale`, { spec: { replicas: 1 } })
    await pass(10_000)
    expect(await pods('labelSelector=app%3Dsteps')).toHaveLength(1)
    const { items: events } = await lab.get<ListAnswer>('/api/v1/namespaces/default/events')
    const reasons = events.map((event) => textAt(event, 'reason'))
    expect(reasons).toEqual(
      expect.arrayContaining([
        'Scheduled',
        'Pulling',
        'Started',
        'Killing',
        'ScalingReplicaSet',
        'SuccessfulCreate',
        'SuccessfulDelete',
      ]),
    )
  })
  it('replace pods when the template changes, keeping the old set at zero', async () => {
    await post(deployments, deployment('rolling', 2))
    await pass(10_000)
    const before = await pods('labelSelector=app%3Drolling')
    await patch(`${deployments}/rolling`, {
      spec: { template: { metadata: { annotations: { again: 'yes' } } } },
    })
    await pass(30_000)
    const after = await pods('labelSelector=app%3Drolling')
    expect(after).toHaveLength(2)
    expect(after.some((pod) => before.some((old) => old.metadata.uid === pod.metadata.uid))).toBe(false)
    const { items } = await lab.get<ListAnswer>(
      '/apis/apps/v1/namespaces/default/replicasets?labelSelector=app%3Drolling',
    )
    expect(items.map((set) => textAt(set, 'spec.replicas')).sort()).toEqual(['0', '2'])
  })
  it('make a lost pod anew', async () => {
    const [pod] = await pods('labelSelector=app%3Drolling')
    await lab.request('DELETE', `/api/v1/namespaces/default/pods/${pod?.metadata.name ?? ''}`)
    expect(
      textAt(
        (await pods(`fieldSelector=metadata.name%3D${pod?.metadata.name ?? ''}`))[0],
        'metadata.deletionTimestamp',
      ),
    ).not.toBe('')
    await pass(20_000)
    const after = await pods('labelSelector=app%3Drolling')
    expect(after.map((one) => one.status.phase)).toEqual(['Running', 'Running'])
    expect(after.some((one) => one.metadata.uid === pod?.metadata.uid)).toBe(false)
  })
  it('leave pods pending that fit nowhere, and say why', async () => {
    const needs = {
      containers: [{ name: 'main', image: 'big', resources: { requests: { 'nvidia.com/gpu': '1' } } }],
    }
    await post(deployments, {
      ...deployment('greedy', 1),
      spec: {
        ...deployment('greedy', 1).spec,
        template: { metadata: { labels: { app: 'greedy' } }, spec: needs },
      },
    })
    await pass(10_000)
    const [pod] = await pods('labelSelector=app%3Dgreedy')
    expect(pod?.status.phase).toBe('Pending')
    expect(pod?.status.conditions?.[0]).toMatchObject({
      type: 'PodScheduled',
      reason: 'Unschedulable',
      message: '0/4 nodes are available: 4 Insufficient nvidia.com/gpu.',
    })
    const log = await lab.request('GET', `/api/v1/namespaces/default/pods/${pod?.metadata.name ?? ''}/log`)
    expect(log.json<{ message: string }>().message).toContain('is waiting to start')
  })
})

describe('deletions', () => {
  const leftOf = async (app: string): Promise<number> => (await pods(`labelSelector=app%3D${app}`)).length
  const sets = async (app: string): Promise<KubeObject[]> =>
    (await lab.get<ListAnswer>(`/apis/apps/v1/namespaces/default/replicasets?labelSelector=app%3D${app}`))
      .items
  it('reach pods in the background', async () => {
    await lab.request('DELETE', `${deployments}/rolling`)
    expect((await lab.request('GET', `${deployments}/rolling`)).code).toBe(404)
    await pass(10_000)
    expect([await leftOf('rolling'), (await sets('rolling')).length]).toEqual([0, 0])
  })
  it('wait for dependents in the foreground', async () => {
    await post(deployments, deployment('front', 1))
    await pass(10_000)
    const answer = await lab.request('DELETE', `${deployments}/front`, {
      body: { propagationPolicy: 'Foreground' },
    })
    expect(answer.json<KubeObject>().metadata.finalizers).toEqual(['foregroundDeletion'])
    await pass(10_000)
    expect((await lab.request('GET', `${deployments}/front`)).code).toBe(404)
    expect(await leftOf('front')).toBe(0)
  })
  it('leave orphans when asked', async () => {
    await post(deployments, deployment('orphaned', 1))
    await pass(10_000)
    await lab.request('DELETE', `${deployments}/orphaned?propagationPolicy=Orphan`)
    await pass(10_000)
    const [set] = await sets('orphaned')
    expect(set?.metadata.ownerReferences).toBeUndefined()
    expect(await leftOf('orphaned')).toBe(1)
  })
  it('empty a namespace before it goes', async () => {
    await post('/api/v1/namespaces', { metadata: { name: 'short-lived' } })
    await pass(0)
    expect((await lab.request('GET', '/api/v1/namespaces/short-lived/serviceaccounts/default')).code).toBe(
      200,
    )
    await post('/apis/apps/v1/namespaces/short-lived/deployments', deployment('inside', 1))
    await pass(10_000)
    const answer = await lab.request('DELETE', '/api/v1/namespaces/short-lived')
    expect(textAt(answer.json(), 'status.phase')).toBe('Terminating')
    expect(
      (
        await lab.request('POST', '/api/v1/namespaces/short-lived/configmaps', {
          body: { metadata: { name: 'late' } },
        })
      ).code,
    ).toBe(403)
    await pass(10_000)
    expect((await lab.request('GET', '/api/v1/namespaces/short-lived')).code).toBe(404)
  })
  it('keep what has a finalizer until it is taken away', async () => {
    const maps = '/api/v1/namespaces/default/configmaps'
    await post(maps, { metadata: { name: 'held', finalizers: ['lab.example/hold'] } })
    await lab.request('DELETE', `${maps}/held`)
    await pass(minuteMs)
    expect(textAt(await lab.get(`${maps}/held`), 'metadata.deletionTimestamp')).not.toBe('')
    await patch(`${maps}/held`, { metadata: { finalizers: null } })
    expect((await lab.request('GET', `${maps}/held`)).code).toBe(404)
  })
})

describe('jobs', () => {
  const jobs = '/apis/batch/v1/namespaces/default/jobs'
  const job = (name: string, command: string, extra: object = {}) => ({
    metadata: { name },
    spec: {
      ...extra,
      template: template(name, {
        restartPolicy: 'Never',
        containers: [{ name: 'main', image: 'busybox', command: ['sh', '-c', command] }],
      }),
    },
  })
  it('run to completion', async () => {
    await post(jobs, job('fine', 'sleep 30', { completions: 3, parallelism: 2 }))
    await pass(10_000)
    expect(valueAt(await lab.get(`${jobs}/fine`), 'status.active')).toBe(2)
    await pass(2 * minuteMs)
    const done = as<Job>(await lab.get(`${jobs}/fine`))
    expect(done.status).toMatchObject({ succeeded: 3, ready: 0 })
    expect(done.status?.conditions?.map((one) => one.type)).toEqual(['SuccessCriteriaMet', 'Complete'])
  })
  it('retry, then give up at the limit', async () => {
    await post(jobs, job('broken', 'sleep 5; exit 2', { backoffLimit: 1 }))
    await pass(5 * minuteMs)
    const failed = as<Job>(await lab.get(`${jobs}/broken`))
    expect(failed.status).toMatchObject({ failed: 2 })
    expect(failed.status?.conditions?.at(-1)).toMatchObject({
      type: 'Failed',
      reason: 'BackoffLimitExceeded',
    })
    const [pod] = await pods('labelSelector=job-name%3Dbroken')
    expect(textAt(pod, 'status.containerStatuses.0.state.terminated.exitCode')).toBe('2')
  })
  it('go away after their time to live', async () => {
    await post(jobs, job('brief', 'true', { ttlSecondsAfterFinished: 60 }))
    await pass(2 * minuteMs)
    expect((await lab.request('GET', `${jobs}/brief`)).code).toBe(404)
    expect(await pods('labelSelector=job-name%3Dbrief')).toHaveLength(0)
  })
  it('of the grid end within some hours', async () => {
    await pass(5 * hourMs)
    const grid = as<Job>(await lab.get('/apis/batch/v1/namespaces/cloudy-grids/jobs/cloudy-grid-logn3-logu1'))
    expect(grid.status).toMatchObject({ succeeded: 24, failed: 1, completedIndexes: '0-23' })
  })
  it('start by their schedule, and only the last few are kept', async () => {
    const path = '/apis/batch/v1/namespaces/desi-voids/jobs'
    const names = async (): Promise<string[]> =>
      (await lab.get<ListAnswer>(path)).items.map((one) => one.metadata.name)
    const before = await names()
    await pass(24 * hourMs)
    const after = await names()
    expect(after).toHaveLength(3)
    expect(after.filter((name) => !before.includes(name))).toHaveLength(1)
    const cron = await lab.get('/apis/batch/v1/namespaces/desi-voids/cronjobs/void-catalogue-check')
    expect(textAt(cron, 'status.lastScheduleTime')).toMatch(/T06:00:00Z$/)
  })
})

describe('volumes, stateful sets and quotas', () => {
  it('bind claims of numbered pods one after the other', async () => {
    await post('/apis/apps/v1/namespaces/default/statefulsets', {
      metadata: { name: 'store' },
      spec: {
        replicas: 2,
        serviceName: 'store',
        selector: { matchLabels: { app: 'store' } },
        template: template('store'),
        volumeClaimTemplates: [
          {
            metadata: { name: 'data' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '2Gi' } } },
          },
        ],
      },
    })
    await pass(0)
    expect((await pods('labelSelector=app%3Dstore')).map((pod) => pod.metadata.name)).toEqual(['store-0'])
    await pass(20_000)
    expect((await pods('labelSelector=app%3Dstore')).map((pod) => pod.metadata.name)).toEqual([
      'store-0',
      'store-1',
    ])
    const claim = await lab.get('/api/v1/namespaces/default/persistentvolumeclaims/data-store-0')
    expect(textAt(claim, 'status.phase')).toBe('Bound')
    const volume = await lab.get(`/api/v1/persistentvolumes/${textAt(claim, 'spec.volumeName')}`)
    expect(textAt(volume, 'spec.claimRef.name')).toBe('data-store-0')
  })
  it('count what a namespace uses', async () => {
    await post('/api/v1/namespaces/default/resourcequotas', {
      metadata: { name: 'limits' },
      spec: { hard: { pods: '20', persistentvolumeclaims: '5', 'requests.storage': '10Gi' } },
    })
    await pass(0)
    const quota = await lab.get('/api/v1/namespaces/default/resourcequotas/limits')
    expect(quota['status']).toMatchObject({
      used: { persistentvolumeclaims: '2', 'requests.storage': '4Gi' },
    })
  })
})

describe('services', () => {
  it('get an address and the endpoints of their ready pods', async () => {
    const service = await post('/api/v1/namespaces/default/services', {
      metadata: { name: 'store' },
      spec: { selector: { app: 'store' }, ports: [{ port: 80, targetPort: 8080 }] },
    })
    expect(textAt(service, 'spec.clusterIP')).toMatch(/^10\.43\./)
    await pass(0)
    const endpoints = await lab.get('/api/v1/namespaces/default/endpoints/store')
    const addresses = listAt(endpoints, 'subsets.0.addresses').map((one) => textAt(one, 'ip'))
    expect(addresses.sort()).toEqual(
      (await pods('labelSelector=app%3Dstore')).map((pod) => pod.status.podIP).sort(),
    )
    expect(textAt(endpoints, 'subsets.0.ports.0.port')).toBe('8080')
  })
})

describe('Ray', () => {
  const rayPath = '/apis/ray.io/v1/namespaces/ray-quasars'
  it('scales its worker groups', async () => {
    const ray = await lab.get(`${rayPath}/rayclusters/qad`)
    const groups = listAt(ray, 'spec.workerGroupSpecs').map((group) => ({
      ...(group as object),
      replicas: 3,
    }))
    await patch(`${rayPath}/rayclusters/qad`, { spec: { workerGroupSpecs: groups } })
    await pass(10_000)
    expect((await lab.get(`${rayPath}/rayclusters/qad`))['status']).toMatchObject({
      desiredWorkerReplicas: 3,
      readyWorkerReplicas: 3,
      desiredCPU: '22',
    })
    expect(await pods('labelSelector=ray.io/node-type%3Dworker')).toHaveLength(3)
  })
  it('runs a job on a cluster of its own and fails one that has no cluster', async () => {
    const spec = as<KubeObject>(await lab.get(`${rayPath}/rayclusters/qad`))['spec']
    const small = JSON.parse(
      JSON.stringify(spec).replaceAll('"6"', '"1"').replaceAll('"24Gi"', '"1Gi"'),
    ) as object
    await post(`${rayPath}/rayjobs`, {
      metadata: { name: 'own' },
      spec: { entrypoint: 'python x.py', rayClusterSpec: small },
    })
    await post(`${rayPath}/rayjobs`, {
      metadata: { name: 'lost' },
      spec: { entrypoint: 'python x.py', clusterSelector: { 'ray.io/cluster': 'none' } },
    })
    await pass(5 * minuteMs)
    expect((await lab.get(`${rayPath}/rayjobs/own`))['status']).toMatchObject({
      jobStatus: 'SUCCEEDED',
      jobDeploymentStatus: 'Complete',
    })
    expect((await lab.get(`${rayPath}/rayjobs/lost`))['status']).toMatchObject({
      jobDeploymentStatus: 'Failed',
      reason: 'SubmissionFailed',
    })
    const { items } = await lab.get<ListAnswer>(`${rayPath}/rayclusters`)
    expect(items.some((ray) => ray.metadata.ownerReferences?.[0]?.name === 'own')).toBe(true)
  })
})

describe('time', () => {
  it('lets events go after an hour and brings new ones', async () => {
    await pass(2 * hourMs)
    const { items } = await lab.get<ListAnswer>('/apis/events.k8s.io/v1/events')
    const nowMs = lab.context.clock.nowMs()
    expect(items.length).toBeGreaterThan(3)
    for (const event of items)
      expect(nowMs - Date.parse(textAt(event, 'deprecatedLastTimestamp'))).toBeLessThan(64 * minuteMs)
  })
  it('settles: a quiet moment writes nothing, and three days pass quickly', async () => {
    await pass(0)
    const { version } = lab.demo.store
    await pass(500)
    expect(lab.demo.store.version).toBe(version)
    const startMs = performance.now()
    await pass(72 * hourMs)
    expect(performance.now() - startMs).toBeLessThan(8_000)
    expect(lab.context.logLines).toEqual([])
  })
})
