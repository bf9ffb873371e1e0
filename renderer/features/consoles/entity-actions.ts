// The consoles of whatever is selected, as actions on the map, in the tables and in the palette.
import { IconDeviceDesktop, IconTerminal2 } from '@tabler/icons-react'
import { openConsole } from '#client/console-link.ts'
import type { EntityActionProvider } from '#client/entity-actions.store.ts'
import { consoleOffers } from './console-targets.ts'

export const consoleActions: EntityActionProvider = (selection, context) => {
  const [entity] = selection
  if (!entity || selection.length > 1) return []
  return consoleOffers(entity, context).map(({ id, title, address, obstacle, isMain }) => ({
    id,
    title,
    icon: address.target.kind === 'screen' ? IconDeviceDesktop : IconTerminal2,
    group: 'Console',
    isPrimary: isMain,
    disabledReason: obstacle,
    run: () => openConsole(address),
  }))
}
