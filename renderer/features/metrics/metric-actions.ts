// The way from a thing of the inventory to its figures over time.
import { IconChartLine } from '@tabler/icons-react'
import type { EntityActionProvider } from '#client/entity-actions.store.ts'
import { navigate } from '#client/location.ts'
import type { EntityKind } from '#shared/model/inventory.ts'

const charted = new Set<EntityKind>(['node', 'guest', 'storage', 'datastore', 'database-server', 'database', 'kubernetes-cluster', 'namespace', 'backup-server', 'gpu', 'ray-cluster'])

export const metricActions: EntityActionProvider = (selection) => {
  const [entity] = selection
  if (selection.length !== 1 || !entity || !charted.has(entity.kind) || entity.facts['isTemplate'] === true) return []
  return [{ id: 'figures', title: 'Figures over time', icon: IconChartLine, group: 'Look', run: () => navigate('/metrics', { entity: entity.id }) }]
}
