// The inventory feature: the live picture of a site for its watchers, the last known one for everybody, and a look
// on demand. What systems are asked and how often is the session's business.
import { contract } from '#shared/contracts/index.ts'
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import type { Inventory } from '#shared/model/inventory.ts'
import type { Site, SiteId } from '#shared/model/connection.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { createInventoryStore, type InventoryStore } from '../../storage/inventory-store.ts'
import { InventorySession } from './inventory-session.ts'
import { SessionDesk } from './session-desk.ts'
import { SiteModel } from './site-model.ts'
import { openWatcher } from './watchers.ts'

export function createInventoryFeature(core: CoreServices) {
  const store = createInventoryStore(core.database)
  const desk = new SessionDesk((site) => new InventorySession({ site, core, store, openWatcher }))
  const closing = new AbortController()
  const log = core.platform.log.child({ feature: 'inventory' })

  store.keepOnly(core.sites.list())

  async function followSites(): Promise<void> {
    for await (const sites of core.sites.changes.subscribe(closing.signal)) {
      store.keepOnly(sites)
      await desk
        .follow(sites)
        .catch((error: unknown) => log.error('Following a change of sites failed', { fault: String(error) }))
    }
  }
  void followSites()

  async function* watch(siteId: SiteId, signal: AbortSignal): AsyncGenerator<InventoryEvent, void, void> {
    const { session, release } = desk.take(core.sites.get(siteId))
    try {
      yield* session.watch(signal)
    } finally {
      release()
    }
  }
  core.inventories.serve({ watch, lastKnown })

  const os = implementFeature(contract.inventory, core.pipeline)
  const router = os.router({
    watch: os.watch.handler(({ input, signal, context }) =>
      watch(input.siteId, signal ? AbortSignal.any([signal, context.peer.signal]) : context.peer.signal),
    ),
    lastKnown: os.lastKnown.handler(({ input }) => lastKnown(input.siteId)),
    refresh: os.refresh.handler(async ({ input, signal, context }) => {
      const { session, release } = desk.take(core.sites.get(input.siteId))
      try {
        await session.refresh(signal ?? context.peer.signal)
      } finally {
        release()
      }
    }),
  })

  async function lastKnown(siteId: SiteId): Promise<Inventory | null> {
    const site = core.sites.get(siteId)
    const running = desk.find(siteId)
    return running ? running.current() : readStored(site, store, core.platform.now)
  }
  const dispose = (): void => {
    closing.abort()
    desk.dispose()
  }
  return { router, dispose } satisfies Feature<typeof router>
}

/** The stored picture, or null when nothing was ever seen. */
async function readStored(site: Site, store: InventoryStore, now: () => number): Promise<Inventory | null> {
  const stored = await store.load(site.id)
  if (stored.entities.length === 0) return null
  const model = new SiteModel({ siteId: site.id, store, now, publish: () => undefined })
  await model.restore(stored, site.connections)
  return model.snapshot()
}
