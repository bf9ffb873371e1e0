// How features look at a site's inventory without knowing the feature that makes it. The inventory feature serves it
// once, when it is built; others follow a site as a window does, which keeps its systems asked while they follow.
import type { InventoryEvent } from '#shared/contracts/inventory.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Inventory } from '#shared/model/inventory.ts'

export interface InventoryProvider {
  /** The whole picture first, then differences. The site's systems are asked until `signal` fires. */
  watch(siteId: SiteId, signal: AbortSignal): AsyncGenerator<InventoryEvent, void, void>
  /** The last known picture without asking any system; null when nothing was ever seen. */
  lastKnown(siteId: SiteId): Promise<Inventory | null>
}

export interface InventoryExchange extends InventoryProvider {
  /** Called once, by the inventory feature. */
  serve(provider: InventoryProvider): void
}

export function createInventoryExchange(): InventoryExchange {
  let provider: InventoryProvider | undefined
  const served = (): InventoryProvider => {
    if (!provider) throw new Error('The inventory feature has not been built yet.')
    return provider
  }
  return {
    serve(next) {
      provider = next
    },
    watch: (siteId, signal) => served().watch(siteId, signal),
    lastKnown: (siteId) => served().lastKnown(siteId),
  }
}
