// Which lines the map draws. The columns already say what carries what, so lines are for what they cannot say:
// those of the selection always, the others only while they are few enough to be read.
import type { Edge } from '#shared/model/inventory.ts'
import type { MapLayout } from './map-layout.ts'

export interface MapLine {
  id: string
  fromId: string
  toId: string
  kind: Edge['kind']
  isSelected: boolean
}

const mostQuietLines = 260

/** Lines between cards (or the groups that stand in), without doubles and without loops. */
export function linesOf(layout: MapLayout, edges: Iterable<Edge>, selectedId: string | null): MapLine[] {
  const lines = new Map<string, MapLine>()
  const quiet: MapLine[] = []
  for (const edge of edges) {
    const fromId = layout.standsIn.get(edge.from)
    const toId = layout.standsIn.get(edge.to)
    if (!fromId || !toId || fromId === toId) continue
    const isSelected = selectedId !== null && (edge.from === selectedId || edge.to === selectedId)
    const line = { id: `${fromId}>${toId}`, fromId, toId, kind: edge.kind, isSelected }
    if (isSelected) lines.set(line.id, line)
    else if (isTelling(edge, layout)) quiet.push(line)
  }
  if (quiet.length <= mostQuietLines) for (const line of quiet) if (!lines.has(line.id)) lines.set(line.id, line)
  return [...lines.values()]
}

/** What stands in the same column needs no line, and membership would draw one to everything. */
function isTelling({ kind, from, to }: Edge, { columnOf }: MapLayout): boolean {
  if (kind !== 'is' && kind !== 'runs-on' && kind !== 'serves' && kind !== 'uses') return false
  return columnOf.get(from) !== columnOf.get(to)
}
