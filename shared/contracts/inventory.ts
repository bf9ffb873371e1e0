// The live picture of a site: whole once, then only differences.
import { z } from 'zod'
import { siteId } from '../model/connection.ts'
import { inventory as inventoryModel, inventoryDiff } from '../model/inventory.ts'
import { events, query } from './kernel.ts'

export const inventoryEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('whole'), inventory: inventoryModel }),
  z.object({ type: z.literal('diff'), diff: inventoryDiff }),
])
export type InventoryEvent = z.infer<typeof inventoryEvent>

export const inventory = {
  /** Starts polling and watching the site while anybody listens; the first event is the last known picture. */
  watch: events({ input: z.object({ siteId }), event: inventoryEvent }),
  /** The last known picture, from memory or the store, without asking any system. */
  lastKnown: query({ input: z.object({ siteId }), output: inventoryModel.nullable() }),
  /** Asks every system of the site now instead of at the next poll. */
  refresh: query({ input: z.object({ siteId }) }),
}
