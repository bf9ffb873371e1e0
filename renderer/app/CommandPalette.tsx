// One box for everything: commands of the frame and of the open screen, what this page knows at once, and whatever the
// core finds in all it keeps: guests, results, alerts, tasks, tables. `vm:`, `ip:`, `task:` ask for one kind.
import { Spotlight, type SpotlightActionData, type SpotlightActionGroupData } from '@mantine/spotlight'
import { IconSearch } from '@tabler/icons-react'
import { useEffect, useMemo, useState } from 'react'
import type { Client } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useCommands, type Command } from '#client/commands.store.ts'
import { useInventory } from '#client/inventory.store.ts'
import { navigate } from '#client/location.ts'
import { notePick, searchFor, useSearch } from '#client/search.store.ts'
import { chooseSite, useSession } from '#client/session.store.ts'
import { openTasks } from '#client/tasks.store.ts'
import type { SearchHit } from '#shared/contracts/search.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Entity } from '#shared/model/inventory.ts'
import { searchEntities } from './entity-search.ts'
import { usePaletteActions, type PaletteActions } from './palette-actions.ts'

const mostEntities = 12
const typingPauseMs = 90

export function CommandPalette() {
  const client = useClient()
  const [query, setQuery] = useState('')
  const siteId = useSession((state) => state.siteId)
  const commands = useCommands((state) => state.commands)
  const entities = useInventory((state) => state.entities)
  const { text, hits, problems, isSearching, recent } = useSearch()
  useEffect(() => {
    const timer = setTimeout(() => void searchFor(client, query, siteId), typingPauseMs)
    return () => clearTimeout(timer)
  }, [client, query, siteId])
  const named = usePaletteActions(query, entities)
  const groups = useMemo(() => {
    const all = [...commands.values()]
    const trimmed = query.trim()
    if (trimmed === '') return [...hitGroups(client, recent, 'Recent'), ...commandGroups(all, '')]
    // Until the core has answered for these very letters, the page's own matches stand in.
    const isAnswered = text === query && hits.length > 0
    const found = [...commandGroups(all, query), ...(isAnswered ? hitGroups(client, hits) : hitGroups(client, searchEntities(entities, query, mostEntities).map((entity) => hitOf(entity, siteId)), 'In this site'))]
    // Enter on a mere name goes there; it must do nothing to it.
    return named.isAsked ? [...actionGroup(named), ...found] : [...found, ...actionGroup(named)]
  }, [client, named, commands, entities, query, text, hits, recent, siteId])
  const nothing = isSearching || text !== query ? 'Searching…' : (problems[0] ?? 'Nothing by that name, address or id is known.')
  return (
    <Spotlight
      actions={groups}
      query={query}
      onQueryChange={setQuery}
      filter={(_query, actions) => actions}
      nothingFound={nothing}
      shortcut={['mod+K', 'mod+P']}
      searchProps={{ leftSection: <IconSearch size={18} />, placeholder: 'Name, address, MAC, VMID, TARGETID, vm:, ip:, task:… or a command', 'aria-label': 'Search and commands' }}
      scrollable
      attributes={{ content: { 'aria-label': 'Search and commands' } }}
      maxHeight={440}
      highlightQuery
    />
  )
}

function commandGroups(commands: Command[], query: string): SpotlightActionGroupData[] {
  const text = query.trim().toLowerCase()
  const words = text.split(/\s+/).filter(Boolean)
  /** Enter takes the first: what is called so goes before what only has to do with it. */
  const rankOf = ({ title, group, keywords = [] }: Command): number | null => {
    const name = title.toLowerCase()
    if (words.every((word) => name.includes(word))) return name.startsWith(text) ? 0 : 1
    const all = `${name} ${group} ${keywords.join(' ')}`.toLowerCase()
    return words.every((word) => all.includes(word)) ? 2 : null
  }
  const matches = commands
    .map((command) => ({ command, rank: rankOf(command) }))
    .filter((match) => match.rank !== null)
    .sort((left, right) => left.rank! - right.rank!)
    .map(({ command }) => command)
  return [...Map.groupBy(matches, (command) => command.group)].map(([group, items]) => ({ group, actions: items.map(toAction) }))
}

const toAction = (command: Command): SpotlightActionData => ({
  id: command.id,
  label: command.title,
  ...(command.disabledReason ? { description: command.disabledReason, disabled: true } : { onClick: command.run }),
})

function actionGroup({ entity, actions }: PaletteActions): SpotlightActionGroupData[] {
  if (!entity || actions.length === 0) return []
  return [
    {
      group: `With ${entity.name}`,
      actions: actions.map((action) => ({
        id: `${entity.id} ${action.id}`,
        label: `${entity.name}: ${action.title}`,
        ...(action.disabledReason ? { description: action.disabledReason, disabled: true } : { onClick: () => action.run() }),
      })),
    },
  ]
}

/** Under their own headings, or all under one. */
function hitGroups(client: Client, hits: readonly SearchHit[], heading?: string): SpotlightActionGroupData[] {
  return [...Map.groupBy(hits, (hit) => heading ?? hit.group)].map(([group, items]) => ({
    group,
    actions: items.map((hit) => ({ id: `${heading ?? ''}${hit.id}`, label: hit.title, description: hit.subtitle, onClick: () => open(client, hit) })),
  }))
}

function open(client: Client, hit: SearchHit): void {
  notePick(hit)
  if (hit.siteId !== null && hit.siteId !== useSession.getState().siteId) chooseSite(client, hit.siteId)
  const { task } = hit.place.query
  if (task !== undefined) return openTasks(task)
  navigate(hit.place.path, hit.place.query)
}

const hitOf = (entity: Entity, siteId: SiteId | null): SearchHit => ({
  id: `entity/${siteId ?? ''}/${entity.id}`,
  group: 'In this site',
  title: entity.name,
  subtitle: `${entity.kind.replaceAll('-', ' ')} · ${entity.status}${entity.addresses[0] ? ` · ${entity.addresses[0]}` : ''}`,
  rank: 0,
  place: { path: '/map', query: { entity: entity.id } },
  siteId,
})
