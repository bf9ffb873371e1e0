// What changed between what is known of one connection and a new observation of it. Cost is linear in the size of
// the observation; two equal entities are told equal field by field, without making text of either.
import type { Edge, Entity, Evidence, FactValue } from '#shared/model/inventory.ts'
import { createBreather } from './breather.ts'
import type { Observation } from './observation.ts'

/** What one connection has shown so far. */
export interface Part {
  entities: Map<string, Entity>
  edges: Map<string, Edge>
}

export interface PartChange {
  upsertEntities: Entity[]
  removeEntities: string[]
  upsertEdges: Edge[]
  removeEdges: string[]
}

export const emptyChange = (): PartChange => ({
  upsertEntities: [],
  removeEntities: [],
  upsertEdges: [],
  removeEdges: [],
})

export const isEmptyChange = (change: PartChange): boolean =>
  change.upsertEntities.length +
    change.removeEntities.length +
    change.upsertEdges.length +
    change.removeEdges.length ===
  0

/** Does not touch `part`. Lets the event loop run every few milliseconds. */
export async function diffPart(part: Part, next: Observation): Promise<PartChange> {
  const change = emptyChange()
  const breather = createBreather()
  const seenEntities = new Set<string>()
  let confirmedEntities = 0
  for (const observed of next.entities) {
    if (breather.isDue()) await breather.rest()
    if (seenEntities.has(observed.id)) continue
    seenEntities.add(observed.id)
    const known = part.entities.get(observed.id)
    if (known) confirmedEntities += 1
    const entity = next.isPartial && known ? overlay(known, observed) : observed
    if (!known || !sameEntity(known, entity)) change.upsertEntities.push(entity)
  }
  const seenEdges = new Set<string>()
  let confirmedEdges = 0
  for (const edge of next.edges) {
    if (breather.isDue()) await breather.rest()
    if (seenEdges.has(edge.id)) continue
    seenEdges.add(edge.id)
    const known = part.edges.get(edge.id)
    if (known) confirmedEdges += 1
    if (!known || !sameEdge(known, edge)) change.upsertEdges.push(edge)
  }
  if (next.isPartial) return change
  // As many confirmed as there were: nothing can be missing.
  if (confirmedEntities < part.entities.size)
    for (const id of part.entities.keys()) if (!seenEntities.has(id)) change.removeEntities.push(id)
  if (confirmedEdges < part.edges.size)
    for (const id of part.edges.keys()) if (!seenEdges.has(id)) change.removeEdges.push(id)
  return change
}

/** A quick look over what is known in detail: its figures win, its gaps do not. */
function overlay(known: Entity, quick: Entity): Entity {
  return {
    ...quick,
    facts: { ...known.facts, ...quick.facts },
    addresses: quick.addresses.length > 0 ? quick.addresses : known.addresses,
  }
}

/** Equal in everything a reader could see. */
export function sameEntity(a: Entity, b: Entity): boolean {
  return (
    a === b ||
    (a.id === b.id &&
      a.health === b.health &&
      a.status === b.status &&
      a.name === b.name &&
      a.kind === b.kind &&
      a.layer === b.layer &&
      a.parentId === b.parentId &&
      a.connectionId === b.connectionId &&
      sameTexts(a.tags, b.tags) &&
      sameTexts(a.addresses, b.addresses) &&
      sameFacts(a.facts, b.facts))
  )
}

export function sameEdge(a: Edge, b: Edge): boolean {
  if (a === b) return true
  if (a.id !== b.id || a.kind !== b.kind || a.evidence.length !== b.evidence.length) return false
  return a.evidence.every((item, at) => sameEvidence(item, b.evidence[at]))
}

const sameEvidence = (a: Evidence, b: Evidence | undefined): boolean => a.by === b?.by && a.text === b.text

function sameFacts(a: Entity['facts'], b: Entity['facts']): boolean {
  if (a === b) return true
  let count = 0
  for (const key in a) {
    count += 1
    if (!sameFact(a[key], b[key])) return false
  }
  for (const _ in b) count -= 1
  return count === 0
}

const sameFact = (a: FactValue | undefined, b: FactValue | undefined): boolean =>
  a === b || (Array.isArray(a) && Array.isArray(b) && sameTexts(a, b))

function sameTexts(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true
  if (a.length !== b.length) return false
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false
  return true
}
