// What the inventory offers about backups: the way to a guest's coverage and to the backups of a group or datastore.
import { IconArchive, IconHistory, IconShieldCheck } from '@tabler/icons-react'
import type { EntityAction, EntityActionProvider } from '#client/entity-actions.store.ts'
import { navigate } from '#client/location.ts'
import type { Entity } from '#shared/model/inventory.ts'

const group = 'Backups'

export const backupActions: EntityActionProvider = (selection, { entities }) => {
  const [entity] = selection
  if (!entity || selection.length > 1) return []
  switch (entity.kind) {
    case 'guest':
    case 'database-server':
      return entity.facts['isTemplate'] === true ? [] : [show('Show backups', IconShieldCheck, { tab: 'coverage', entity: entity.id })]
    case 'backup-group':
      return groupActions(entity, entities.get(entity.parentId ?? ''))
    case 'datastore':
    case 'backup-server':
      return [show('Show datastore', IconArchive, { tab: 'datastores' }), show('Show its backups', IconHistory, { tab: 'groups' })]
    case 'backup-job':
      return [show('Show jobs', IconHistory, { tab: 'jobs' })]
    case 'object-store':
      return [show('Show off-site copies', IconArchive, { tab: 'offsite' })]
    default:
      return []
  }
}

function groupActions(entity: Entity, store: Entity | undefined): EntityAction[] {
  if (!store) return []
  const { namespace, backupType, backupId } = entity.facts
  const key = [entity.connectionId, store.name, namespace ?? '', backupType, backupId].map(String).join('|')
  return [show('Show its backups', IconHistory, { tab: 'groups', group: key })]
}

const show = (title: string, icon: EntityAction['icon'], query: Record<string, string>): EntityAction => ({
  id: `backups.${query['tab']}`,
  title,
  icon,
  group,
  run: () => navigate('/backups', query),
})
