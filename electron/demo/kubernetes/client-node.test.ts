// The demo API server as @kubernetes/client-node uses it: typed lists, informers with their re-connection, exec.
import { PassThrough, Writable } from 'node:stream'
import {
  BatchV1Api,
  CoreV1Api,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  Metrics,
  Watch,
  makeInformer,
} from '@kubernetes/client-node'
import type { V1ConfigMap, V1Status } from '@kubernetes/client-node'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { KubeLab } from './testing/kube-client.ts'
import { openKubeLab, until } from './testing/kube-client.ts'

let lab: KubeLab
let config: KubeConfig
beforeAll(async () => {
  lab = await openKubeLab({ bookmarkMs: 80 })
  config = new KubeConfig()
  config.loadFromString(lab.demo.kubeconfig)
})
afterAll(() => lab.dispose())

const core = (): CoreV1Api => config.makeApiClient(CoreV1Api)

class Collected extends Writable {
  text = ''
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

describe('lists', () => {
  it('come typed, in pages', async () => {
    const { items } = await core().listNode()
    expect(items.map((node) => node.status?.nodeInfo?.kubeletVersion)).toEqual(
      Array(4).fill('v1.32.5+rke2r1'),
    )
    expect(items[0]?.metadata?.creationTimestamp).toBeInstanceOf(Date)
    const page = await core().listPodForAllNamespaces({ limit: 5 })
    const next = await core().listPodForAllNamespaces({ limit: 5, _continue: page.metadata?._continue ?? '' })
    expect(next.items[0]?.metadata?.uid).not.toBe(page.items[0]?.metadata?.uid)
  })
  it('reach custom objects and metrics', async () => {
    const rays = (await config
      .makeApiClient(CustomObjectsApi)
      .listClusterCustomObject({ group: 'ray.io', version: 'v1', plural: 'rayclusters' })) as {
      items: { metadata: { name: string } }[]
    }
    expect(rays.items.map((ray) => ray.metadata.name)).toEqual(['qad'])
    const metrics = await new Metrics(config).getNodeMetrics()
    expect(metrics.items).toHaveLength(4)
  })
  it('carry errors with their status', async () => {
    await expect(core().readNamespacedPod({ namespace: 'default', name: 'none' })).rejects.toMatchObject({
      code: 404,
    })
  })
})

describe('watches', () => {
  it('tell of changes and of bookmarks', async () => {
    const { metadata } = await core().listNamespacedConfigMap({ namespace: 'default' })
    const seen: string[] = []
    const ended: unknown[] = []
    const request = await new Watch(config).watch(
      '/api/v1/namespaces/default/configmaps',
      { resourceVersion: metadata?.resourceVersion ?? '', allowWatchBookmarks: true },
      (type: string, object: V1ConfigMap) => seen.push(`${type} ${object.metadata?.name ?? ''}`),
      (error: unknown) => ended.push(error),
    )
    await core().createNamespacedConfigMap({ namespace: 'default', body: { metadata: { name: 'watched' } } })
    await until(
      () => (seen.includes('ADDED watched') && seen.includes('BOOKMARK ')) || undefined,
      'addition and bookmark',
    )
    request.abort()
  })
  it('keep an informer right through a cut connection', async () => {
    const path = '/api/v1/namespaces/desi-etl/configmaps'
    const informer = makeInformer<V1ConfigMap>(config, path, () =>
      core().listNamespacedConfigMap({ namespace: 'desi-etl' }),
    )
    const names = (): string[] => informer.list().map((one) => one.metadata?.name ?? '')
    informer.on('error', () => void setTimeout(() => void informer.start(), 50))
    await informer.start()
    await until(() => names().includes('kube-root-ca.crt') || undefined, 'the first list')
    const make = (name: string) =>
      core().createNamespacedConfigMap({ namespace: 'desi-etl', body: { metadata: { name } } })
    await make('before')
    await until(() => names().includes('before') || undefined, 'the first addition')
    lab.context.faults.set('kubernetes', 'cut')
    lab.context.faults.set('kubernetes', undefined)
    lab.demo.store.compact(true)
    await make('after')
    await until(() => names().includes('after') || undefined, 'the addition after the cut')
    await informer.stop()
  })
})

describe('writes', () => {
  it('create a job that the lab runs', async () => {
    const batch = config.makeApiClient(BatchV1Api)
    await batch.createNamespacedJob({
      namespace: 'default',
      body: {
        metadata: { name: 'quick' },
        spec: {
          template: {
            spec: {
              restartPolicy: 'Never',
              containers: [{ name: 'main', image: 'busybox', command: ['sleep', '5'] }],
            },
          },
        },
      },
    })
    const done = await until(async () => {
      lab.context.clock.advance(10_000)
      const job = await batch.readNamespacedJob({ namespace: 'default', name: 'quick' })
      return job.status?.succeeded === 1 ? job : undefined
    }, 'the end of the job')
    expect(done.status?.conditions?.map((one) => one.type)).toContain('Complete')
  })
  it('apply from the server side', async () => {
    const client = KubernetesObjectApi.makeApiClient(config)
    const object = {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'applied', namespace: 'default' },
      data: { a: '1' },
    }
    const made = (await client.patch(
      object,
      undefined,
      undefined,
      'tester',
      true,
      'application/apply-patch+yaml',
    )) as V1ConfigMap
    expect(made.data).toEqual({ a: '1' })
    expect(made.metadata?.managedFields?.[0]?.manager).toBe('tester')
  })
})

describe('containers', () => {
  const notebook = async (): Promise<string> => {
    const { items } = await core().listNamespacedPod({
      namespace: 'desi-voids',
      labelSelector: 'app.kubernetes.io/instance=void-notebooks',
    })
    return items[0]?.metadata?.name ?? ''
  }
  it('run commands with streams and an exit status', async () => {
    const [out, err, input] = [new Collected(), new Collected(), new PassThrough()]
    const status = await new Promise<V1Status>((resolve, reject) => {
      notebook()
        .then((name) =>
          new Exec(config).exec(
            'desi-voids',
            name,
            'notebook',
            ['sh', '-c', 'cat; ls /nowhere; exit 3'],
            out,
            err,
            input,
            false,
            resolve,
          ),
        )
        .catch(reject)
      input.end('typed\n')
    })
    expect(status.status).toBe('Failure')
    expect(status.details?.causes?.[0]).toMatchObject({ reason: 'ExitCode', message: '3' })
    expect(out.text).toBe('typed\n')
    expect(err.text).toContain('No such file or directory')
  })
  it('offer a terminal that resizes and ends', async () => {
    const input = new PassThrough()
    const out = Object.assign(new Collected(), { rows: 31, columns: 99 })
    let status: V1Status | undefined
    await new Exec(config).exec(
      'desi-voids',
      await notebook(),
      'notebook',
      ['/bin/sh'],
      out,
      null,
      input,
      true,
      (end) => (status = end),
    )
    await until(() => out.text.includes('# ') || undefined, 'the prompt')
    input.write('stty size\r')
    await until(() => /\d+ \d+\r\n/.test(out.text) || undefined, 'the size')
    input.write('exit\r')
    await until(() => status, 'the end')
    expect(status?.status).toBe('Success')
  })
  it('give logs as a stream', async () => {
    const out = new Collected()
    await new Log(config).log('desi-voids', await notebook(), 'notebook', out, { tailLines: 3 })
    await until(() => out.text.trim().split('\n').length === 3 || undefined, 'three lines')
  })
})
