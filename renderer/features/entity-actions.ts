// The registry of actions: one entry a feature that can do something with the things of the inventory.
import { metricActions } from './metrics/metric-actions.ts'
import type { EntityActionProvider } from '#client/entity-actions.store.ts'
import { backupActions } from './backups/backup-actions.ts'
import { consoleActions } from './consoles/entity-actions.ts'
import { guestActions } from './guests/entity-actions.tsx'
import { fileActions } from './files/entity-actions.ts'
import { kubernetesActions } from './kubernetes/entity-actions.ts'
import { gpuActions } from './gpu/entity-actions.ts'

export const entityActionProviders: readonly EntityActionProvider[] = [
  metricActions,
  // One line a feature.
  guestActions,
  consoleActions,
  fileActions,
  kubernetesActions,
  backupActions,
  gpuActions,
]
