// Where everything stands on the map. Bands from the metal up, one column per hardware node, so that what runs on a
// machine stands above or below it and no line is needed to say so. Crowds of one kind become one group card until
// opened. Pure, deterministic and linear: the same inventory always gives the same picture.
import { layers, type Edge, type Entity, type EntityKind, type Health, type Layer } from '#shared/model/inventory.ts'
import { assignColumns, sharedColumn } from './map-columns.ts'

export const card = { widthPx: 176, heightPx: 46, gapPx: 10 } as const
const nodeCardHeightPx = 92
const columnPaddingPx = 14
const columnGapPx = 18
const bandPaddingPx = { top: 34, bottom: 16 } as const
const bandGapPx = 14
const labelWidthPx = 150

export interface MapCard {
  id: string
  kind: 'entity'
  entity: Entity
  xPx: number
  yPx: number
  widthPx: number
  heightPx: number
}
export interface MapGroup {
  id: string
  kind: 'group'
  entityKind: EntityKind
  memberIds: string[]
  counts: Record<Health, number>
  xPx: number
  yPx: number
  widthPx: number
  heightPx: number
}
export interface MapBand {
  layer: Layer
  title: string
  yPx: number
  heightPx: number
}
export interface MapColumn {
  id: string
  title: string
  xPx: number
  widthPx: number
}
export interface MapLayout {
  items: Array<MapCard | MapGroup>
  bands: MapBand[]
  columns: MapColumn[]
  widthPx: number
  heightPx: number
  /** Entity id → id of the card or group that stands for it. */
  standsIn: ReadonlyMap<string, string>
}

export const layerTitles: Record<Layer, string> = {
  hardware: 'Hardware',
  guests: 'Guests',
  platform: 'Platform',
  services: 'Services',
  protection: 'Data protection',
}

/** A kind with more members than this in one cell is shown as a group. */
const crowd: Partial<Record<EntityKind, number>> = { guest: 40, pod: 6, storage: 8, 'backup-group': 8, workload: 6, namespace: 6 }
const usualCrowd = 24

const kindOrder: readonly EntityKind[] = [
  'node', 'gpu', 'cluster', 'network', 'storage', 'pool', 'guest', 'kubernetes-cluster', 'kubernetes-node', 'namespace', 'workload',
  'pod', 'ray-cluster', 'ray-job', 'job', 'database-server', 'database', 'ssh-host', 'backup-server', 'datastore', 'backup-job', 'backup-group',
]
const rankOf = new Map(kindOrder.map((kind, index) => [kind, index]))
const collator = new Intl.Collator('en', { numeric: true })

type Cell = { entities: Entity[] }
type Brick = { entity: Entity } | { group: Omit<MapGroup, 'xPx' | 'yPx' | 'widthPx' | 'heightPx'> }

/** Lays out `shown`; `all` and `edges` say where things belong even when their carriers are filtered away. */
export function layOut(
  shown: readonly Entity[],
  all: ReadonlyMap<string, Entity>,
  edges: Iterable<Edge>,
  openGroups: ReadonlySet<string>,
): MapLayout {
  const columnOf = assignColumns(all, edges)
  const cells = new Map<string, Cell>()
  const columnIds = new Set<string>()
  for (const entity of shown) {
    const column = columnOf.get(entity.id) ?? sharedColumn
    columnIds.add(column)
    const key = `${entity.layer}|${column}`
    const cell = cells.get(key)
    if (cell) cell.entities.push(entity)
    else cells.set(key, { entities: [entity] })
  }
  const ordered = [...columnIds].sort((a, b) => {
    if (a === sharedColumn || b === sharedColumn) return a === b ? 0 : a === sharedColumn ? 1 : -1
    return collator.compare(all.get(a)?.name ?? a, all.get(b)?.name ?? b)
  })
  const bricks = new Map<string, Brick[]>()
  for (const [key, cell] of cells) bricks.set(key, toBricks(key, cell.entities, openGroups))
  return place(ordered, bricks, all)
}

function toBricks(cellKey: string, entities: Entity[], openGroups: ReadonlySet<string>): Brick[] {
  const byKind = Map.groupBy(entities, (entity) => entity.kind)
  const kinds = [...byKind.keys()].sort((a, b) => (rankOf.get(a) ?? 99) - (rankOf.get(b) ?? 99))
  return kinds.flatMap((kind): Brick[] => {
    const members = byKind.get(kind)!
    const id = `group|${cellKey}|${kind}`
    const most = crowd[kind] ?? usualCrowd
    if (members.length > most && !openGroups.has(id)) return [{ group: toGroup(id, kind, members) }]
    return members.sort((a, b) => collator.compare(a.name, b.name)).map((entity) => ({ entity }))
  })
}

function toGroup(id: string, entityKind: EntityKind, members: Entity[]): Omit<MapGroup, 'xPx' | 'yPx' | 'widthPx' | 'heightPx'> {
  const counts: Record<Health, number> = { ok: 0, warning: 0, error: 0, unknown: 0, off: 0 }
  for (const member of members) counts[member.health] += 1
  return { id, kind: 'group', entityKind, memberIds: members.map((member) => member.id), counts }
}

/** How many cards stand side by side in a column: enough that no column towers over the others. */
function lanesFor(column: string, counts: number[]): number {
  const tallest = Math.max(1, ...counts)
  if (column === sharedColumn) return Math.min(6, Math.max(2, Math.ceil(Math.sqrt(tallest / 2))))
  return Math.min(8, Math.max(1, Math.ceil(Math.sqrt(tallest / 3.2))))
}

const heightOf = (brick: Brick): number => ('entity' in brick && brick.entity.kind === 'node' ? nodeCardHeightPx : card.heightPx)

function place(ordered: string[], bricks: Map<string, Brick[]>, all: ReadonlyMap<string, Entity>): MapLayout {
  const usedLayers = layers.filter((layer) => ordered.some((column) => bricks.has(`${layer}|${column}`)))
  const columns: Array<MapColumn & { lanes: number }> = []
  let xPx = labelWidthPx
  for (const id of ordered) {
    const lanes = lanesFor(id, usedLayers.map((layer) => bricks.get(`${layer}|${id}`)?.length ?? 0))
    const widthPx = lanes * card.widthPx + (lanes - 1) * card.gapPx + 2 * columnPaddingPx
    columns.push({ id, lanes, title: id === sharedColumn ? 'Shared' : (all.get(id)?.name ?? id), xPx, widthPx })
    xPx += widthPx + columnGapPx
  }
  const items: MapLayout['items'] = []
  const bands: MapBand[] = []
  let yPx = 0
  for (const layer of usedLayers) {
    let innerPx = 0
    for (const column of columns) {
      const cell = bricks.get(`${layer}|${column.id}`) ?? []
      innerPx = Math.max(innerPx, fillCell(cell, column, yPx + bandPaddingPx.top, items))
    }
    const heightPx = bandPaddingPx.top + innerPx + bandPaddingPx.bottom
    bands.push({ layer, title: layerTitles[layer], yPx, heightPx })
    yPx += heightPx + bandGapPx
  }
  const standsIn = new Map<string, string>()
  for (const item of items) {
    if (item.kind === 'entity') standsIn.set(item.entity.id, item.id)
    else for (const id of item.memberIds) standsIn.set(id, item.id)
  }
  return { items, bands, columns, widthPx: xPx, heightPx: Math.max(0, yPx - bandGapPx), standsIn }
}

/** Fills one cell row by row and returns its height. A node's card takes the whole width of its column. */
function fillCell(cell: Brick[], column: MapColumn & { lanes: number }, topPx: number, items: MapLayout['items']): number {
  let rowPx = topPx
  let lane = 0
  let rowHeightPx = 0
  for (const brick of cell) {
    const isWide = 'entity' in brick && brick.entity.kind === 'node'
    if (lane > 0 && (isWide || lane >= column.lanes)) {
      rowPx += rowHeightPx + card.gapPx
      lane = 0
      rowHeightPx = 0
    }
    const heightPx = heightOf(brick)
    const box = {
      xPx: column.xPx + columnPaddingPx + lane * (card.widthPx + card.gapPx),
      yPx: rowPx,
      widthPx: isWide ? column.widthPx - 2 * columnPaddingPx : card.widthPx,
      heightPx,
    }
    items.push('entity' in brick ? { id: brick.entity.id, kind: 'entity', entity: brick.entity, ...box } : { ...brick.group, ...box })
    rowHeightPx = Math.max(rowHeightPx, heightPx)
    lane = isWide ? column.lanes : lane + 1
  }
  return cell.length === 0 ? 0 : rowPx + rowHeightPx - topPx
}
