// What can be done with the one thing that is named in the palette: `stop proj-pg01`, `2002 snapshot`. The thing is found
// by its whole name or VMID among the words; the other words choose among its actions.
import { useMemo } from 'react'
import { useEntityActions } from '#client/entity-actions.store.ts'
import type { Entity } from '#shared/model/inventory.ts'
import type { EntityAction } from '#ui/EntityActions.tsx'

export interface PaletteActions {
  entity: Entity | null
  actions: readonly EntityAction[]
  /** There were words beside the name: an action is wanted. */
  isAsked: boolean
}

const nobody: readonly Entity[] = []

export function usePaletteActions(query: string, entities: ReadonlyMap<string, Entity>): PaletteActions {
  const named = useMemo(() => findNamed(query, entities), [query, entities])
  const actions = useEntityActions(useMemo(() => (named ? [named.entity] : nobody), [named]))
  return useMemo(() => ({ entity: named?.entity ?? null, actions: named ? matching(actions, named.rest) : [], isAsked: (named?.rest.length ?? 0) > 0 }), [named, actions])
}

interface Named {
  entity: Entity
  /** The words beside its name. */
  rest: readonly string[]
}

/** Guests go before what belongs to them and has the same name. */
export function findNamed(query: string, entities: ReadonlyMap<string, Entity>): Named | null {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean)
  let best: Named | null = null
  for (const entity of entities.values()) {
    const at = words.findIndex((word) => word === entity.name.toLowerCase() || word === String(entity.facts['vmid'] ?? ''))
    if (at < 0 || (best && (best.entity.kind === 'guest' || entity.kind !== 'guest'))) continue
    best = { entity, rest: words.filter((_word, index) => index !== at) }
  }
  return best
}

const matching = (actions: readonly EntityAction[], words: readonly string[]): EntityAction[] =>
  actions.filter((action) => {
    const text = `${action.group} ${action.title}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
