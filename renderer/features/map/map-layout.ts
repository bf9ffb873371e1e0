// Where everything stands on the map. Bands from the metal up, one column per hardware node, so that what runs on a
// machine stands above or below it and no line is needed to say so. Crowds of one kind become one group card until
// opened. Pure, deterministic and linear: the same inventory always gives the same picture.
import { layers, type Edge, type Entity, type EntityKind, type Health, type Layer } from '#shared/model/inventory.ts'
import { assignColumns, sharedColumn } from './map-columns.ts'

export const card = { widthPx: 164, heightPx: 44, gapPx: 8 } as const
const nodeCardHeightPx = 86
const columnPaddingPx = 8
const columnGapPx = 10
const bandPaddingPx = { top: 36, bottom: 12 } as const
const bandGapPx = 10
const edgePx = 10
/** Width over height that the picture aims at: what a window usually leaves for it. */
const wantedAspect = 1.55

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
  /** Entity id → the column it stands in. */
  columnOf: ReadonlyMap<string, string>
}

export const layerTitles: Record<Layer, string> = {
  hardware: 'Hardware',
  guests: 'Guests',
  platform: 'Platform',
  services: 'Services',
  protection: 'Data protection',
}

/** A kind with more members than this in one cell is shown as a group. */
const crowd: Partial<Record<EntityKind, number>> = { guest: 40, pod: 3, storage: 2, 'backup-group': 2, 'backup-job': 3, workload: 3, job: 4, namespace: 3 }
const usualCrowd = 24

const kindOrder: readonly EntityKind[] = [
  'node', 'gpu', 'cluster', 'network', 'storage', 'pool', 'guest', 'kubernetes-cluster', 'kubernetes-node', 'namespace', 'workload',
  'pod', 'ray-cluster', 'ray-job', 'job', 'database-server', 'database', 'ssh-host', 'backup-server', 'datastore', 'backup-job', 'backup-group', 'object-store',
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
  return { ...place(ordered, bricks, all), columnOf }
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

/** Rows after which a column gets a further lane; the one is taken whose picture fits the window best. */
const rowChoices = [3, 4, 5, 6, 8, 10, 12, 16, 24, 40, 80]

interface Extent {
  widthPx: number
  heightPx: number
}

/** Lanes per column, for the wanted aspect of the whole. Linear: each choice only counts cards. */
function chooseLanes(ordered: string[], usedLayers: readonly Layer[], bricks: Map<string, Brick[]>): number[] {
  const counts = ordered.map((column) => usedLayers.map((layer) => bricks.get(`${layer}|${column}`)?.length ?? 0))
  let best: { scale: number; lanes: number[] } | undefined
  for (const rows of rowChoices) {
    const lanes = counts.map((cells) => Math.max(1, ...cells.map((count) => Math.ceil(count / rows))))
    const { widthPx, heightPx } = extentOf(counts, lanes, usedLayers)
    const scale = Math.min(wantedAspect / widthPx, 1 / heightPx)
    if (!best || scale > best.scale * 1.001) best = { scale, lanes }
  }
  return best?.lanes ?? []
}

function extentOf(counts: number[][], lanes: number[], usedLayers: readonly Layer[]): Extent {
  const widthPx = lanes.reduce((sum, count) => sum + columnWidth(count) + columnGapPx, 2 * edgePx)
  const heightPx = usedLayers.reduce((sum, _layer, at) => {
    const rows = Math.max(0, ...counts.map((cells, column) => Math.ceil((cells[at] ?? 0) / (lanes[column] ?? 1))))
    return sum + rows * (card.heightPx + card.gapPx) + bandPaddingPx.top + bandPaddingPx.bottom + bandGapPx
  }, 0)
  return { widthPx, heightPx }
}

const columnWidth = (lanes: number): number => lanes * card.widthPx + (lanes - 1) * card.gapPx + 2 * columnPaddingPx

const heightOf = (brick: Brick): number => ('entity' in brick && brick.entity.kind === 'node' ? nodeCardHeightPx : card.heightPx)

function place(ordered: string[], bricks: Map<string, Brick[]>, all: ReadonlyMap<string, Entity>): Omit<MapLayout, 'columnOf'> {
  const usedLayers = layers.filter((layer) => ordered.some((column) => bricks.has(`${layer}|${column}`)))
  const columns: Array<MapColumn & { lanes: number }> = []
  const allLanes = chooseLanes(ordered, usedLayers, bricks)
  let xPx: number = edgePx
  for (const [at, id] of ordered.entries()) {
    const lanes = allLanes[at] ?? 1
    const widthPx = columnWidth(lanes)
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
  return { items, bands, columns, widthPx: xPx - columnGapPx + edgePx, heightPx: Math.max(0, yPx - bandGapPx), standsIn }
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
