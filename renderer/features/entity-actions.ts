// The registry of actions: one entry a feature that can do something with the things of the inventory.
import type { EntityActionProvider } from '#client/entity-actions.store.ts'
import { consoleActions } from './consoles/entity-actions.ts'

export const entityActionProviders: readonly EntityActionProvider[] = [
  // One line a feature.
  consoleActions,
]
