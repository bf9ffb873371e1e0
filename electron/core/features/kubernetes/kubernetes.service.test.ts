// The whole way from the page's call to the demo lab's API server and back.
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RowsEvent } from '#shared/contracts/kubernetes.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import type { KubeObjectPage, KubeRow, ObjectRef } from '#shared/model/kubernetes.ts'
import { openKubeLab, type KubeLab } from '#demo/kubernetes/testing/kube-client.ts'
import { createTestHost, type TestHost } from '../../testing/test-host.ts'

let lab: KubeLab
let core: TestHost
let connectionId: ConnectionId
let researcher: ConnectionId

beforeAll(async () => {
  lab = await openKubeLab()
  core = await createTestHost()
  await core.client.vault.create({ passphrase: 'correct horse battery' })
  const site = await core.client.sites.create({ name: 'Lab' })
  const draft = lab.demo.drafts[0]!
  connectionId = (await core.client.sites.addConnection({ siteId: site.id, draft })).id
  const asResearcher = {
    ...draft,
    label: 'researcher',
    settings: { ...draft.settings, context: 'radioastronomy-rke2-researcher' } as typeof draft.settings,
  }
  researcher = (await core.client.sites.addConnection({ siteId: site.id, draft: asResearcher })).id
})
afterAll(async () => {
  await core.dispose()
  await lab.dispose()
})

/** What a page's mirror holds after following for a while. */
class Mirror {
  rows = new Map<string, KubeRow>()
  state: RowsEvent['state'] = 'loading'
  last: RowsEvent | undefined
  private readonly controller = new AbortController()
  readonly done: Promise<void>
  constructor(kindId: string, options: { namespaces?: string[]; id?: ConnectionId } = {}) {
    this.done = this.follow(kindId, options.namespaces ?? [], options.id ?? connectionId).catch(() => undefined)
  }
  private async follow(kindId: string, namespaces: string[], id: ConnectionId): Promise<void> {
    const events = await core.client.kubernetes.watchRows({ connectionId: id, kindId, namespaces }, { signal: this.controller.signal })
    for await (const event of events) {
      if (event.isReset) this.rows.clear()
      for (const key of event.remove) this.rows.delete(key)
      for (const row of event.put) this.rows.set(row.key, row)
      this.state = event.state
      this.last = event
    }
  }
  async stop(): Promise<void> {
    this.controller.abort()
    await this.done
  }
}

async function describe1(ref: ObjectRef): Promise<KubeObjectPage | null> {
  const controller = new AbortController()
  for await (const { object } of await core.client.kubernetes.watchObject({ connectionId, ref }, { signal: controller.signal })) {
    controller.abort()
    return object
  }
  return null
}

describe('kinds and rows', () => {
  it('finds the kinds, custom ones included', async () => {
    const { kinds, version } = await core.client.kubernetes.catalog({ connectionId })
    expect(version).toBe('v1.32.5+rke2r1')
    const ids = kinds.map((kind) => kind.id)
    for (const id of ['nodes', 'pods', 'deployments.apps', 'rayclusters.ray.io', 'networkpolicies.networking.k8s.io']) expect(ids).toContain(id)
    expect(kinds.find((kind) => kind.id === 'rayclusters.ray.io')).toMatchObject({ section: 'custom', title: 'Ray clusters' })
  })

  it('mirrors pods and their changes', async () => {
    const mirror = new Mirror('pods')
    await expect.poll(() => mirror.state).toBe('live')
    const all = await lab.get<{ items: unknown[] }>('/api/v1/pods')
    expect(mirror.rows.size).toBe(all.items.length)
    const key = [...mirror.rows.keys()].find((name) => name.startsWith('desi-voids/void-notebooks'))!
    expect(mirror.rows.get(key)).toMatchObject({ health: 'ok', status: 'Running' })
    await lab.request('DELETE', `/api/v1/namespaces/desi-voids/pods/${key.split('/')[1]}`)
    lab.context.clock.advance(60_000)
    await expect.poll(() => mirror.rows.has(key)).toBe(false)
    await mirror.stop()
  })

  it('shows kinds that it does not know as the server prints them, and secrets without values', async () => {
    for (const kindId of ['secrets', 'storageclasses.storage.k8s.io', 'networkpolicies.networking.k8s.io']) {
      const mirror = new Mirror(kindId)
      await expect.poll(() => mirror.state).toBe('live')
      expect(mirror.last?.columns?.length).toBeGreaterThan(0)
      await mirror.stop()
    }
  })

  it('says what an identity may not see, and shows the namespaces that it may', async () => {
    const denied = new Mirror('secrets', { id: researcher })
    await expect.poll(() => denied.state).toBe('denied')
    expect(denied.last?.problem).toContain('forbidden')
    await denied.stop()
    const two = new Mirror('pods', { id: researcher, namespaces: ['desi-voids', 'cloudy-grids'] })
    await expect.poll(() => two.rows.size).toBeGreaterThan(0)
    expect(new Set([...two.rows.values()].map((row) => row.namespace))).toContain('desi-voids')
    await two.stop()
  })
})

describe('one object', () => {
  it('tells a pod with its owners, its node and its rights', async () => {
    const pods = await lab.get<{ items: Array<{ metadata: { name: string } }> }>('/api/v1/namespaces/desi-voids/pods?labelSelector=app.kubernetes.io/instance=void-notebooks')
    const page = await describe1({ kindId: 'pods', namespace: 'desi-voids', name: pods.items[0]!.metadata.name })
    expect(page?.owners.map((owner) => owner.kind)).toEqual(['ReplicaSet', 'Deployment'])
    expect(page?.nodeName).toMatch(/^proj-k8s0\d$/)
    expect(page?.rights).toMatchObject({ delete: null, logs: null, exec: null })
    expect(page?.yaml).not.toContain('managedFields')
    expect(page?.containers[0]).toMatchObject({ health: 'ok', state: 'running' })
  })

  it('never lets the values of a secret out', async () => {
    const list = await lab.get<{ items: Array<{ metadata: { name: string; namespace: string }; data?: Record<string, string> }> }>('/api/v1/secrets')
    const secret = list.items.find((item) => Object.keys(item.data ?? {}).length > 0)!
    const page = await describe1({ kindId: 'secrets', namespace: secret.metadata.namespace, name: secret.metadata.name })
    const [key, value] = Object.entries(secret.data!)[0]!
    expect(page?.yaml).toContain(`${key}: (`)
    const everything = Buffer.concat(core.sent).toString('latin1')
    expect(everything).not.toContain(value)
    expect(page?.rights).not.toHaveProperty('edit')
  })

  it('tells a node with what its pods hold', async () => {
    const page = await describe1({ kindId: 'nodes', namespace: null, name: 'proj-k8s02' })
    expect(page?.related.length).toBeGreaterThan(2)
    expect(page?.resources.find((use) => use.name === 'CPU')).toMatchObject({ unit: 'cpu' })
    expect(page?.isCordoned).toBe(false)
  })

  it('is null for what is not there', async () => {
    expect(await describe1({ kindId: 'pods', namespace: 'default', name: 'nobody' })).toBeNull()
  })
})

describe('changes', () => {
  const ref: ObjectRef = { kindId: 'deployments.apps', namespace: 'desi-voids', name: 'void-notebooks' }

  it('scales, restarts, and writes both down', async () => {
    await core.client.kubernetes.scale({ connectionId, ref, replicas: 2 })
    expect((await lab.get<{ spec: { replicas: number } }>('/apis/apps/v1/namespaces/desi-voids/deployments/void-notebooks')).spec.replicas).toBe(2)
    expect((await core.client.kubernetes.restart({ connectionId, ref })).message).toContain('restarted')
    const records = await core.client.audit.list({ limit: 10 })
    expect(records.map((record) => record.subject)).toContain('Scale Deployment desi-voids/void-notebooks to 2')
  })

  it('checks an edit, applies it, and tells a conflict', async () => {
    const page = (await describe1(ref))!
    const yaml = page.yaml.replace(/replicas: \d+/, 'replicas: 3')
    const check = await core.client.kubernetes.checkChange({ connectionId, ref, yaml })
    expect(check.after).toContain('replicas: 3')
    expect(check.before).toContain('replicas: 2')
    await core.client.kubernetes.applyChange({ connectionId, ref, yaml, resourceVersion: page.resourceVersion })
    await expect(core.client.kubernetes.applyChange({ connectionId, ref, yaml, resourceVersion: page.resourceVersion })).rejects.toMatchObject({ code: 'conflict' })
    await expect(core.client.kubernetes.checkChange({ connectionId, ref, yaml: yaml.replace('kind: Deployment', 'kind: Pod') })).rejects.toMatchObject({ code: 'invalid-input' })
    await expect(core.client.kubernetes.checkChange({ connectionId, ref, yaml: 'a: [' })).rejects.toMatchObject({ code: 'invalid-input' })
  })

  it('runs a cron job now, suspends and resumes it', async () => {
    const list = await lab.get<{ items: Array<{ metadata: { name: string; namespace: string } }> }>('/apis/batch/v1/cronjobs')
    const { name, namespace } = list.items[0]!.metadata
    const cron = { kindId: 'cronjobs.batch', namespace, name }
    const { message } = await core.client.kubernetes.trigger({ connectionId, ref: cron })
    const job = /The job (\S+) was/.exec(message)![1]!
    expect((await lab.request('GET', `/apis/batch/v1/namespaces/${namespace}/jobs/${job}`)).code).toBe(200)
    await core.client.kubernetes.suspend({ connectionId, ref: cron, isSuspended: true })
    expect((await describe1(cron))?.isSuspended).toBe(true)
    await core.client.kubernetes.suspend({ connectionId, ref: cron, isSuspended: false })
  })

  it('applies a manifest, and deletes only what is named', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: notes\ndata:\n  a: "1"\n---\napiVersion: v1\nkind: Nothing\nmetadata: {name: x}\n'
    await expect(core.client.kubernetes.applyManifest({ connectionId, yaml, namespace: 'default' })).rejects.toThrow('has no Nothing')
    const map = { kindId: 'configmaps', namespace: 'default', name: 'notes' }
    const page = (await describe1(map))!
    const ask = { connectionId, ref: map, propagation: 'Background' as const, uid: page.uid }
    await expect(core.client.kubernetes.remove({ ...ask, confirmation: 'note' })).rejects.toMatchObject({ code: 'invalid-input' })
    await core.client.kubernetes.remove({ ...ask, confirmation: 'notes' })
    expect(await describe1(map)).toBeNull()
  })

  it('greys for a researcher what they may not do', async () => {
    const controller = new AbortController()
    const events = await core.client.kubernetes.watchObject({ connectionId: researcher, ref: { kindId: 'nodes', namespace: null, name: 'proj-k8s01' } }, { signal: controller.signal })
    const first = await events[Symbol.asyncIterator]().next()
    controller.abort()
    const rights = (first.value as { object: KubeObjectPage }).object.rights
    expect(rights.cordon).toContain('may not patch nodes')
  })

  it('drains a node and lets it take pods again', async () => {
    const node = { kindId: 'nodes', namespace: null, name: 'proj-k8s03' }
    const plan = await core.client.kubernetes.planDrain({ connectionId, ref: node })
    expect(plan.pods.some((pod) => pod.fate === 'stay')).toBe(true)
    const draining = core.client.kubernetes.drain({ connectionId, ref: node, confirmation: 'proj-k8s03', acceptsLosses: true, timeoutSeconds: 60 })
    const ticking = setInterval(() => lab.context.clock.advance(20_000), 100)
    expect((await draining).message).toContain('is drained')
    clearInterval(ticking)
    expect((await describe1(node))?.isCordoned).toBe(true)
    await core.client.kubernetes.cordon({ connectionId, ref: node, isCordoned: false })
    expect((await describe1(node))?.isCordoned).toBe(false)
  }, 20_000)
})

describe('overview', () => {
  it('sums the cluster up', async () => {
    const controller = new AbortController()
    for await (const overview of await core.client.kubernetes.watchOverview({ connectionId }, { signal: controller.signal })) {
      if (overview.nodes.length < 4 || Object.keys(overview.podsByPhase).length === 0) continue
      expect(overview.nodes[0]!.resources.map((use) => use.name)).toContain('CPU')
      expect(overview.version).toBe('v1.32.5+rke2r1')
      expect(overview.certificateEndsAtMs).toBeGreaterThan(0)
      break
    }
    controller.abort()
  })
})
