import { afterEach, describe, expect, it } from 'vitest'
import { InventorySession } from './inventory-session.ts'
import { createSessionGround } from './testing/session-ground.ts'
import { createSyntheticSite } from './testing/synthetic-site.ts'

const ends: Array<() => void> = []
afterEach(() => {
  for (const end of ends.splice(0).reverse()) end()
})

interface Measured {
  firstMs: number
  refreshMs: number
  upserts: number
  edges: number
}

/** One site of this size: the first picture, then the best of three refreshes in which 1 % changed. */
async function measure(guests: number): Promise<Measured> {
  const ground = createSessionGround()
  const synthetic = createSyntheticSite(guests)
  const startedAt = performance.now()
  const session = new InventorySession({
    site: synthetic.site,
    core: ground.core,
    store: ground.store,
    openWatcher: synthetic.openWatcher,
  })
  ends.push(ground.dispose, () => session.dispose())
  await session.refresh(AbortSignal.timeout(60_000))
  const firstMs = performance.now() - startedAt
  const controller = new AbortController()
  let upserts = 0
  const following = (async () => {
    for await (const event of session.watch(controller.signal))
      if (event.type === 'diff' && event.diff.baseRevision !== event.diff.revision)
        upserts += event.diff.upsertEntities.length
  })()
  let refreshMs = Infinity
  for (let round = 0; round < 3; round += 1) {
    synthetic.change(0.01)
    const at = performance.now()
    await session.refresh(AbortSignal.timeout(60_000))
    refreshMs = Math.min(refreshMs, performance.now() - at)
  }
  const { edges, entities } = await session.current()
  expect(entities.filter((item) => item.status.startsWith('last known'))).toEqual([])
  controller.abort()
  await following
  return { firstMs, refreshMs, upserts, edges: edges.length }
}

describe('a large site', { timeout: 120_000 }, () => {
  it('costs in proportion: to see at first, and to refresh', async () => {
    await measure(200)
    const small = await measure(400)
    const large = await measure(4000)
    // Ten times the guests; an order of growth above linear would show as a hundred.
    expect(large.firstMs / small.firstMs).toBeLessThan(40)
    expect(large.refreshMs / small.refreshMs).toBeLessThan(40)
    expect(large.edges / small.edges).toBeCloseTo(10, 0)
  })

  it('sends what changed and nothing else', async () => {
    const { upserts } = await measure(1000)
    // Three rounds of ten guests and ten groups of backups, and the one cluster-wide figure here and there.
    expect(upserts).toBeGreaterThanOrEqual(60)
    expect(upserts).toBeLessThan(90)
  })

  it('links every guest to its backup, and every Kubernetes node to its guest', async () => {
    const ground = createSessionGround()
    const synthetic = createSyntheticSite(300)
    const session = new InventorySession({
      site: synthetic.site,
      core: ground.core,
      store: ground.store,
      openWatcher: synthetic.openWatcher,
    })
    ends.push(ground.dispose, () => session.dispose())
    await session.refresh(AbortSignal.timeout(60_000))
    const { edges } = await session.current()
    expect(edges.filter((edge) => edge.kind === 'backs-up')).toHaveLength(300)
    expect(edges.filter((edge) => edge.kind === 'is')).toHaveLength(12)
  })
})
