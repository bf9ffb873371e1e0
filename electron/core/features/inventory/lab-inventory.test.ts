import { startKubernetesDemo, type KubernetesDemo } from '#demo/kubernetes/kubernetes-server.ts'
import { pbsTokens } from '#demo/pbs/identities.ts'
import { startPbsDemo, type PbsDemo } from '#demo/pbs/pbs-server.ts'
import { demoTokens } from '#demo/proxmox/identities.ts'
import { startProxmoxDemo, type ProxmoxDemo } from '#demo/proxmox/proxmox-server.ts'
import { createTestContext, type TestContext } from '#demo/testing/demo-context.ts'
import { createLabBackups } from '#demo/world/backups.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ConnectionDraft, ConnectionId, Site, SiteId } from '#shared/model/connection.ts'
import type { Edge, Entity, Inventory } from '#shared/model/inventory.ts'
import { inventory as inventorySchema } from '#shared/model/inventory.ts'
import { InventorySession } from './inventory-session.ts'
import { createSessionGround, type SessionGround } from './testing/session-ground.ts'
import { openWatcher } from './watchers.ts'

let context: TestContext
let services: [ProxmoxDemo, PbsDemo, KubernetesDemo]
let ground: SessionGround
let session: InventorySession
let site: Site

beforeAll(async () => {
  context = await createTestContext({ startMs: Date.parse('2026-11-24T12:30:00Z') })
  const backups = createLabBackups(context.site, context.clock)
  services = [
    await startProxmoxDemo(context, backups),
    await startPbsDemo(context, backups),
    await startKubernetesDemo(context),
  ]
  ground = createSessionGround({ now: () => context.clock.nowMs() })
  const drafts = services.flatMap((service) => service.drafts)
  drafts.push(postgresDraft(services[0].url))
  site = {
    id: 'lab' as SiteId,
    name: 'Lab',
    isDemo: true,
    isReadOnly: false,
    connections: drafts.map((draft) => ({
      id: draft.label as ConnectionId,
      siteId: 'lab' as SiteId,
      label: draft.label,
      settings: draft.settings,
      storedSecrets: [],
    })),
  }
  for (const draft of drafts) ground.secrets.set(draft.label as ConnectionId, draft.secrets)
  session = new InventorySession({ site, core: ground.core, store: ground.store, openWatcher })
  await session.refresh(AbortSignal.timeout(30_000))
  expect(states(await session.current())).toEqual(['live', 'live', 'live', 'live'])
})
afterAll(async () => {
  session.dispose()
  for (const service of services) await service.dispose()
  ground.dispose()
  await context.dispose()
})

/** Only its port is knocked at: any listener will do. */
const postgresDraft = (url: string): ConnectionDraft => ({
  label: 'proj-pg01',
  settings: {
    kind: 'postgres',
    host: '127.0.0.1',
    port: Number(new URL(url).port),
    database: 'desi_dr1',
    user: 'x',
    tlsMode: 'disable',
    tls: { mode: 'system' },
  },
  secrets: {},
})
const states = (picture: Inventory): string[] => picture.sources.map((source) => source.state)
const find = (picture: Inventory, kind: Entity['kind'], name: string): Entity => {
  const found = picture.entities.find((item) => item.kind === kind && item.name === name)
  if (!found) throw new Error(`No ${kind} ${name}.`)
  return found
}
const count = (picture: Inventory, kind: Entity['kind']): number =>
  picture.entities.filter((item) => item.kind === kind).length
const between = (picture: Inventory, from: string, kind: Edge['kind']): Edge[] =>
  picture.edges.filter((edge) => edge.from === from && edge.kind === kind)

describe('the whole lab in one model', () => {
  it('has what the lab has', async () => {
    const picture = await session.current()
    expect(inventorySchema.safeParse(picture).error).toBeUndefined()
    expect(count(picture, 'node')).toBe(7)
    expect(
      picture.entities.filter((item) => item.kind === 'guest' && item.facts['isTemplate'] !== true),
    ).toHaveLength(30)
    expect(count(picture, 'kubernetes-node')).toBe(4)
    expect(count(picture, 'gpu')).toBe(1)
    expect(count(picture, 'datastore')).toBe(1)
    expect(count(picture, 'ray-cluster')).toBe(1)
    expect(count(picture, 'database')).toBe(1)
    const networks = picture.entities.filter((item) => item.kind === 'network').map((item) => item.name)
    expect(networks.some((name) => name.startsWith('10.16.207.0/24'))).toBe(true)
    expect(networks.some((name) => name.startsWith('10.25.60.0/24'))).toBe(true)
    expect(new Set(picture.entities.map((item) => item.id)).size).toBe(picture.entities.length)
  })

  it('has no edge into the void', async () => {
    const picture = await session.current()
    const ids = new Set(picture.entities.map((item) => item.id))
    expect(picture.edges.filter((edge) => !ids.has(edge.from) || !ids.has(edge.to))).toEqual([])
    expect(picture.entities.filter((item) => item.parentId !== null && !ids.has(item.parentId))).toEqual([])
  })

  it('knows which guest each Kubernetes node is, and by what', async () => {
    const picture = await session.current()
    for (const node of picture.entities.filter((item) => item.kind === 'kubernetes-node')) {
      const [edge] = between(picture, node.id, 'is')
      expect(picture.entities.find((item) => item.id === edge?.to)?.name).toBe(node.name)
      expect(edge!.evidence.map((item) => item.by)).toEqual(
        expect.arrayContaining(['ip', 'provider-id', 'hostname']),
      )
    }
  })

  it('knows the GPU, its guest, the database, its guest, and every backup', async () => {
    const picture = await session.current()
    const gpuGuest = find(picture, 'guest', 'proj-gpu01')
    expect(
      between(picture, gpuGuest.id, 'uses').some(
        (edge) => edge.to.includes('/gpu/node07/0000:08:00.0') && edge.evidence[0]!.by === 'pci',
      ),
    ).toBe(true)
    const database = find(picture, 'database-server', 'proj-pg01')
    expect(between(picture, database.id, 'runs-on')[0]?.to).toBe('pve/radioastronomy/guest/2002')
    const groups = picture.entities.filter(
      (item) => item.kind === 'backup-group' && item.facts['backupType'] === 'vm',
    )
    expect(groups.length).toBeGreaterThan(25)
    for (const group of groups)
      expect(between(picture, group.id, 'backs-up')[0]?.to, group.name).toBe(
        `pve/radioastronomy/guest/${group.facts['vmid']}`,
      )
    expect(
      picture.edges.some(
        (edge) => edge.from.endsWith('/storage/pbs01') && edge.to === 'pbs/pbs01/datastore/datastore01',
      ),
    ).toBe(true)
  })

  it('carries no secret, nor do log and store', async () => {
    const stored = await ground.store.load(site.id)
    const everything = JSON.stringify([await session.current(), stored, ground.lines])
    const secrets = [
      demoTokens[0]!.secret,
      pbsTokens[0].secret,
      /token: (\S+)/.exec(services[2].kubeconfig)![1]!,
    ]
    for (const secret of secrets) expect(everything.includes(secret)).toBe(false)
  })

  it('sends next to nothing while next to nothing happens', async () => {
    const controller = new AbortController()
    let changed = 0
    const following = (async () => {
      for await (const event of session.watch(controller.signal))
        if (event.type === 'diff') changed += event.diff.upsertEntities.length
    })()
    await session.refresh(AbortSignal.timeout(10_000))
    controller.abort()
    await following
    const picture = await session.current()
    expect(changed).toBeLessThan(picture.entities.length / 2)
  })

  it('shows an action within one look', async () => {
    const guest = services[0].cluster.guests().find((item) => item.state === 'running')!
    const before = find(await session.current(), 'guest', guest.name)
    expect(before.health).toBe('ok')
    guest.state = 'stopped'
    await session.refresh(AbortSignal.timeout(10_000))
    expect(find(await session.current(), 'guest', guest.name)).toMatchObject({
      health: 'off',
      status: 'stopped',
    })
    guest.state = 'running'
  })

  it('loses one system without the others, and finds it again', async () => {
    for (const [at, service] of (['proxmox', 'pbs', 'kubernetes'] as const).entries()) {
      context.faults.set(service, 'server-error')
      await session.refresh(AbortSignal.timeout(15_000))
      const lost = await session.current()
      expect(states(lost).map((state) => state === 'live')).toEqual([0, 1, 2, 3].map((index) => index !== at))
      const own = lost.entities.filter((item) => item.connectionId === site.connections[at]!.id)
      expect(own.length).toBeGreaterThan(10)
      expect(new Set(own.map((item) => item.health))).toEqual(new Set(['unknown']))
      expect(lost.sources[at]!.problem).toBeTruthy()
      expect(lost.sources[at]!.remedy).toBeTruthy()
      context.faults.set(service, undefined)
      await session.refresh(AbortSignal.timeout(15_000))
      const back = await session.current()
      expect(states(back)).toEqual(['live', 'live', 'live', 'live'])
      expect(back.entities.filter((item) => item.status.startsWith('last known'))).toEqual([])
    }
  })

  it('is all there after a restart with the network gone', async () => {
    const before = await session.current()
    session.dispose()
    for (const service of ['proxmox', 'pbs', 'kubernetes'] as const) context.faults.set(service, 'cut')
    const offline = new InventorySession({ site, core: ground.core, store: ground.store, openWatcher })
    const first = await offline.current()
    expect(states(first)).toEqual(['stored', 'stored', 'stored', 'stored'])
    expect(first.entities.map((item) => item.id).sort()).toEqual(
      before.entities.map((item) => item.id).sort(),
    )
    expect(first.edges.map((item) => item.id).sort()).toEqual(before.edges.map((item) => item.id).sort())
    expect(first.entities.filter((item) => item.health !== 'unknown')).toEqual([])
    await expect
      .poll(async () => states(await offline.current()).slice(0, 3), { timeout: 15_000 })
      .toEqual(['lost', 'lost', 'lost'])
    expect((await offline.current()).entities).toHaveLength(before.entities.length)
    for (const service of ['proxmox', 'pbs', 'kubernetes'] as const) context.faults.set(service, undefined)
    await offline.refresh(AbortSignal.timeout(15_000))
    const back = await offline.current()
    expect(states(back)).toEqual(['live', 'live', 'live', 'live'])
    expect(back.edges.filter((edge) => edge.kind === 'is')).toHaveLength(4)
    offline.dispose()
  })
})
