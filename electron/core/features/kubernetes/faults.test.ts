// What goes wrong at an API server, and what a page is told of it: nothing is lost, nothing stays that is gone.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RowsEvent } from '#shared/contracts/kubernetes.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { openKubeLab, type KubeLab } from '#demo/kubernetes/testing/kube-client.ts'
import { createTestHost, type TestHost } from '../../testing/test-host.ts'

let lab: KubeLab
let core: TestHost
let connectionId: ConnectionId

beforeAll(async () => {
  lab = await openKubeLab()
  core = await createTestHost()
  await core.client.vault.create({ passphrase: 'correct horse battery' })
  const site = await core.client.sites.create({ name: 'Lab' })
  connectionId = (await core.client.sites.addConnection({ siteId: site.id, draft: lab.demo.drafts[0]! })).id
})
afterAll(async () => {
  await core.dispose()
  await lab.dispose()
})

const configMap = (name: string, value: string) => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'default', labels: { value } } })
const maps = '/api/v1/namespaces/default/configmaps'

describe('an API server that goes away in the middle of a watch', () => {
  it('is told as not live, and after its return the table is what the server has', async () => {
    const controller = new AbortController()
    const rows = new Map<string, string>()
    const states: RowsEvent['state'][] = []
    const following = (async () => {
      for await (const event of await core.client.kubernetes.watchRows({ connectionId, kindId: 'configmaps', namespaces: ['default'] }, { signal: controller.signal })) {
        if (event.isReset) rows.clear()
        for (const key of event.remove) rows.delete(key)
        for (const row of event.put) rows.set(row.key, row.labels)
        if (states.at(-1) !== event.state) states.push(event.state)
      }
    })().catch(() => undefined)
    for (const name of ['stays', 'changes', 'goes']) await lab.request('POST', maps, { body: configMap(name, 'old') })
    await expect.poll(() => rows.get('default/goes')).toBe('value=old')
    lab.context.faults.set('kubernetes', 'server-error')
    // The watch that is open does not notice; the change and the loss of history happen behind it.
    await expect.poll(async () => (await lab.request('GET', maps)).code).toBe(500)
    lab.context.faults.set('kubernetes', 'cut')
    await expect.poll(() => states.at(-1), { timeout: 8000 }).toBe('lost')
    const store = lab.demo.store
    store.remove('/configmaps', 'default', 'goes')
    const changed = store.get('/configmaps', 'default', 'changes')!
    store.update('/configmaps', { ...changed, metadata: { ...changed.metadata, labels: { value: 'new' } } })
    store.compact(true)
    lab.context.faults.set('kubernetes', undefined)
    await expect.poll(() => states.at(-1), { timeout: 9000 }).toBe('live')
    await expect.poll(() => rows.get('default/changes')).toBe('value=new')
    expect(rows.has('default/goes')).toBe(false)
    expect(rows.get('default/stays')).toBe('value=old')
    controller.abort()
    await following
  }, 30_000)
})

describe('logs', () => {
  const read = async (request: Parameters<typeof core.client.kubernetes.readLogs>[0], until: (text: string) => boolean): Promise<string> => {
    const ticket = await core.client.kubernetes.readLogs(request)
    const { body } = core.host.streams.claim(ticket.streamId)!
    const reader = body.getReader()
    const decoder = new TextDecoder()
    let text = ''
    for (;;) {
      const { done, value } = await reader.read()
      text += decoder.decode(value, { stream: true })
      if (done || until(text)) break
    }
    await reader.cancel()
    return text
  }
  const of = { workload: { kindId: 'deployments.apps', namespace: 'desi-voids', name: 'void-notebooks' } }

  it('merges containers by time and ends', async () => {
    const pods = await lab.get<{ items: Array<{ metadata: { name: string } }> }>('/api/v1/namespaces/ray-quasars/pods')
    const request = { connectionId, namespace: 'ray-quasars', of: { pods: pods.items.slice(0, 3).map((pod) => pod.metadata.name) }, isFollowed: false, tailLines: 20 }
    const text = await read(request, () => false)
    const stamps = text.split('\n').filter((line) => /^\d/.test(line)).map((line) => line.split('\t')[1]!)
    expect(stamps.length).toBeGreaterThan(40)
    expect(stamps).toEqual([...stamps].sort())
    expect(new Set(text.split('\n').filter((line) => /^\d/.test(line)).map((line) => line.split('\t')[0])).size).toBe(3)
    expect(text).toContain('"type":"end"')
  })

  it('go on after a cut without a gap and without a repetition', async () => {
    let cuts = 0
    const whole = await read({ connectionId, namespace: 'desi-voids', of, isFollowed: true, tailLines: 5 }, (text) => {
      const lines = text.split('\n').filter((line) => /^\d/.test(line)).length
      if (lines >= 5 && cuts === 0) {
        cuts += 1
        lab.context.faults.set('kubernetes', 'cut')
        lab.context.clock.advance(300_000)
        setTimeout(() => {
          lab.context.faults.set('kubernetes', undefined)
          lab.context.clock.advance(300_000)
        }, 300)
      }
      return lines >= 12
    })
    const lines = whole.split('\n').filter((line) => /^\d/.test(line))
    expect(new Set(lines).size).toBe(lines.length)
    const request = `/api/v1/namespaces/desi-voids/pods/${/"pod":"([^"]+)"/.exec(whole)![1]}/log?timestamps=true`
    const truth = (await lab.request('GET', request)).text.split('\n').map((line) => line.slice(line.indexOf(' ') + 1))
    const read1 = lines.map((line) => line.split('\t').slice(2).join('\t'))
    const start = truth.indexOf(read1[0]!)
    expect(read1).toEqual(truth.slice(start, start + read1.length))
  }, 30_000)

  it('say before they begin that there is nothing to read', () =>
    expect(core.client.kubernetes.readLogs({ connectionId, namespace: 'default', of: { pods: ['nobody'] }, isFollowed: false })).rejects.toMatchObject({ code: 'not-found' }))
})

describe('forwarded ports', () => {
  it('lead a service to a pod that is ready, over the end of the pod', async () => {
    const ref = { kindId: 'services', namespace: 'ray-quasars', name: 'qad-head-svc' }
    const forward = await core.client.kubernetes.startForward({ connectionId, ref, remotePort: 8265, localPort: 0 })
    const version = async (): Promise<unknown> => (await fetch(`http://127.0.0.1:${forward.localPort}/api/version`, { headers: { connection: 'close' } })).json()
    expect(await version()).toHaveProperty('ray_version')
    const pods = await lab.get<{ items: Array<{ metadata: { name: string } }> }>('/api/v1/namespaces/ray-quasars/pods?labelSelector=ray.io/node-type=head')
    await lab.request('DELETE', `/api/v1/namespaces/ray-quasars/pods/${pods.items[0]!.metadata.name}?gracePeriodSeconds=0`)
    await expect
      .poll(
        async () => {
          lab.context.clock.advance(15_000)
          return version().catch(() => null)
        },
        { timeout: 15_000, interval: 300 },
      )
      .toHaveProperty('ray_version')
    await core.client.kubernetes.stopForward({ forwardId: forward.id })
    await expect(version()).rejects.toThrow()
  }, 30_000)

  it('tell a port that nobody listens on, and one that is taken', async () => {
    const pods = await lab.get<{ items: Array<{ metadata: { name: string } }> }>('/api/v1/namespaces/desi-voids/pods?labelSelector=app.kubernetes.io/instance=void-notebooks')
    const ref = { kindId: 'pods', namespace: 'desi-voids', name: pods.items[0]!.metadata.name }
    const forward = await core.client.kubernetes.startForward({ connectionId, ref, remotePort: 1234, localPort: 0 })
    await expect(fetch(`http://127.0.0.1:${forward.localPort}/`)).rejects.toThrow()
    const controller = new AbortController()
    for await (const { forwards } of await core.client.kubernetes.watchForwards(undefined, { signal: controller.signal })) {
      const mine = forwards.find((one) => one.id === forward.id)
      if (!mine?.problem) continue
      expect(mine.problem).toContain('does not take connections on port 1234')
      break
    }
    controller.abort()
    await expect(core.client.kubernetes.startForward({ connectionId, ref, remotePort: 1234, localPort: forward.localPort })).rejects.toMatchObject({ code: 'conflict' })
    await core.client.kubernetes.stopForward({ forwardId: forward.id })
  })
})
