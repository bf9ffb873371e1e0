// One box for everything: commands of the frame and of the open screen, and every entity the inventory knows.
import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight'
import { IconSearch } from '@tabler/icons-react'
import { useMemo, useState } from 'react'
import { useCommands, type Command } from '#client/commands.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { navigate } from '#client/location.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { searchEntities } from './entity-search.ts'

const mostEntities = 12

export function CommandPalette() {
  const [query, setQuery] = useState('')
  const commands = useCommands((state) => state.commands)
  const entities = useInventory((state) => state.entities)
  const groups = useMemo(
    () => [...commandGroups([...commands.values()], query), ...entityGroup(searchEntities(entities, query, mostEntities))],
    [commands, entities, query],
  )
  return (
    <Spotlight
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      filter={(_query, actions) => actions}
      nothingFound="Nothing by that name, address or id is known."
      shortcut={['mod+K', 'mod+P']}
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: 'Search guests, addresses, VMIDs, pods… or type a command', 'aria-label': 'Search and commands' }}
      scrollable
      attributes={{ content: { 'aria-label': 'Search and commands' } }}
      maxHeight={440}
      highlightQuery
    />
  )
}

function commandGroups(commands: Command[], query: string): SpotlightActionGroupData[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  const matches = commands.filter((command) => {
    const text = `${command.title} ${command.group} ${(command.keywords ?? []).join(' ')}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  return [...Map.groupBy(matches, (command) => command.group)].map(([group, items]) => ({ group, actions: items.map(toAction) }))
}

const toAction = (command: Command): SpotlightActionData => ({
  id: command.id,
  label: command.title,
  ...(command.disabledReason ? { description: command.disabledReason, disabled: true } : { onClick: command.run }),
})

function entityGroup(entities: Entity[]): SpotlightActionGroupData[] {
  if (entities.length === 0) return []
  return [
    {
      group: 'In this site',
      actions: entities.map((entity) => ({
        id: entity.id,
        label: entity.name,
        description: `${entity.kind.replaceAll('-', ' ')} · ${entity.status}${entity.addresses[0] ? ` · ${entity.addresses[0]}` : ''}`,
        onClick: () => navigate('/map', { entity: entity.id }),
      })),
    },
  ]
}
