// The consoles of whatever is selected, as actions on the map, in the tables and in the palette.
import { IconDeviceDesktop, IconTerminal2 } from '@tabler/icons-react'
import { openConsole } from '#client/console-link.ts'
import type { ActionContext, EntityActionProvider } from '#client/entity-actions.store.ts'
import { sshConnectionTo } from '#client/ssh-hosts.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { consoleOffers, type ConsoleOffer } from './console-targets.ts'

export const consoleActions: EntityActionProvider = (selection, context) => {
  const [entity] = selection
  if (!entity || selection.length > 1) return []
  const offers = [...consoleOffers(entity, context), ...sshOffers(entity, context)]
  return offers.map(({ id, title, address, obstacle, isMain }) => ({
    id,
    title,
    icon: address.target.kind === 'screen' ? IconDeviceDesktop : IconTerminal2,
    group: 'Console',
    isPrimary: isMain,
    disabledReason: obstacle,
    run: () => openConsole(address),
  }))
}

/** The shell over SSH of a guest or node that a connection of the site leads into. */
function sshOffers(entity: Entity, context: ActionContext): ConsoleOffer[] {
  if (entity.kind === 'ssh-host') return []
  const connectionId = sshConnectionTo(entity, context)
  if (connectionId === null) return []
  const host = [...context.entities.values()].find((one) => one.kind === 'ssh-host' && one.connectionId === connectionId)
  return host ? consoleOffers(host, context).map((offer) => ({ ...offer, isMain: false })) : []
}
