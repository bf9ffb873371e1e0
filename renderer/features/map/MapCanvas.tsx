// The drawing surface: React Flow with fixed positions. It pans, zooms and selects; it never moves a card, because
// the place of a card says what it stands on.
import '@xyflow/react/dist/style.css'
import './map.css'
import { Controls, MiniMap, ReactFlow, ReactFlowProvider, useReactFlow, useStore, type Edge as FlowEdge, type ReactFlowState } from '@xyflow/react'
import { useEffect, useMemo, useRef, type RefObject } from 'react'
import type { Entity, Health, Source } from '#shared/model/inventory.ts'
import { entityKindNames } from '#ui/EntityIcon.tsx'
import { healthSymbol, healthWord } from '#ui/theme.ts'
import type { MapLine } from './map-edges.ts'
import { Band, EntityCard, GroupCard, type MapNode } from './MapCards.tsx'
import type { MapLayout } from './map-layout.ts'

const nodeTypes = { entity: EntityCard, crowd: GroupCard, band: Band }
/** Room for the zoom buttons at the left and the legend below. */
const fit = { padding: { top: '12px', right: '12px', bottom: '46px', left: '50px' }, maxZoom: 1 } as const
/** A map of fewer cards is seen whole; the overview would only cover it. */
const overviewFrom = 150
/** From how far away the map is seen: cards then show their name only, larger, and larger still. */
const distanceOf = ({ transform: [, , zoom] }: ReactFlowState): 'far' | 'very-far' | undefined =>
  zoom < 0.45 ? 'very-far' : zoom < 0.72 ? 'far' : undefined
const legend: readonly Health[] = ['ok', 'warning', 'error', 'unknown', 'off']

interface MapCanvasProps {
  layout: MapLayout
  lines: readonly MapLine[]
  selectedId: string | null
  /** Ids that stay bright; null = all. */
  brightIds: ReadonlySet<string> | null
  staleConnections: ReadonlySet<Source['connectionId']>
  onSelect(entity: Entity | null): void
  onOpenGroup(groupId: string): void
}

export function MapCanvas(props: MapCanvasProps) {
  return (
    <ReactFlowProvider>
      <Surface {...props} />
    </ReactFlowProvider>
  )
}

function Surface(props: MapCanvasProps) {
  const { layout, lines, selectedId, brightIds, staleConnections, onSelect, onOpenGroup } = props
  const flow = useReactFlow()
  const distance = useStore(distanceOf)
  const nodes = useMemo(() => toNodes(layout, selectedId, brightIds, staleConnections, onOpenGroup), [layout, selectedId, brightIds, staleConnections, onOpenGroup])
  const edges = useMemo(() => toFlowEdges(lines), [lines])
  const byId = useMemo(() => new Map(nodes.map((node) => [node.id, node])), [nodes])
  const shape = `${layout.bands.length}:${layout.columns.map((column) => column.id).join()}`

  useEffect(() => {
    void flow.fitView(fit)
  }, [flow, shape])
  const surface = useRef<HTMLDivElement>(null)
  useKeptInView(surface, layout, selectedId)

  const choose = (node: MapNode | undefined): void => {
    if (node?.type === 'crowd') onOpenGroup(node.data.group.id)
    if (node?.type === 'entity' && node.data.card.entity.id !== selectedId) onSelect(node.data.card.entity)
  }

  return (
    <div ref={surface} className="map-canvas" data-far={distance} role="region" aria-label="Topology map">
      <ReactFlow<MapNode, FlowEdge>
        nodes={nodes}
        edges={edges}
        nodeTypes={nodeTypes}
        onlyRenderVisibleElements
        nodesDraggable={false}
        nodesConnectable={false}
        edgesFocusable={false}
        elementsSelectable
        deleteKeyCode={null}
        selectionKeyCode={null}
        multiSelectionKeyCode={null}
        minZoom={0.05}
        maxZoom={2}
        fitView
        fitViewOptions={fit}
        onNodesChange={(changes) => {
          // The keyboard's way in: Enter on a card selects it, and nothing else changes a card here.
          for (const change of changes) if (change.type === 'select' && change.selected) choose(byId.get(change.id))
        }}
        onNodeClick={(_event, node) => choose(node)}
        onPaneClick={() => onSelect(null)}
      >
        <Controls showInteractive={false} position="top-left" />
        {layout.items.length > overviewFrom ? <MiniMap pannable zoomable position="bottom-right" ariaLabel="Overview of the map" nodeColor={miniColor} nodeStrokeWidth={0} style={{ width: 180, height: 110 }} /> : null}
      </ReactFlow>
      <div className="map-legend">
        {legend.map((health) => (
          <span key={health}>
            <span style={{ color: `var(--health-${health})` }} aria-hidden>
              {healthSymbol[health]}
            </span>{' '}
            {healthWord[health]}
          </span>
        ))}
      </div>
    </div>
  )
}

/** Moves the map only when the selected card would be out of sight, also after the details have taken their room. */
function useKeptInView(surface: RefObject<HTMLDivElement | null>, layout: MapLayout, selectedId: string | null): void {
  const flow = useReactFlow()
  const latest = useRef(layout)
  latest.current = layout
  useEffect(() => {
    const element = surface.current
    if (!element || !selectedId) return
    const show = (): void => {
      const item = latest.current.items.find((each) => each.id === latest.current.standsIn.get(selectedId))
      if (!item) return
      const { x, y, zoom } = flow.getViewport()
      const left = item.xPx * zoom + x
      const top = item.yPx * zoom + y
      const stepX = shiftInto(left, item.widthPx * zoom, element.clientWidth)
      const stepY = shiftInto(top, item.heightPx * zoom, element.clientHeight)
      if (stepX !== 0 || stepY !== 0) void flow.setViewport({ x: x + stepX, y: y + stepY, zoom })
    }
    const observer = new ResizeObserver(show)
    observer.observe(element)
    return () => observer.disconnect()
  }, [flow, surface, selectedId])
}

const marginPx = 24

/** How far a stretch must be moved to lie within `roomPx`; 0 when it does, the shortest way otherwise. */
const shiftInto = (startPx: number, lengthPx: number, roomPx: number): number =>
  startPx < marginPx ? marginPx - startPx : Math.min(0, roomPx - marginPx - startPx - lengthPx)

const miniColor = (node: MapNode): string =>
  node.type === 'entity' ? `var(--health-${node.data.card.entity.health})` : node.type === 'crowd' ? 'var(--health-off)' : 'var(--surface)'

function toNodes(
  layout: MapLayout,
  selectedId: string | null,
  brightIds: ReadonlySet<string> | null,
  stale: ReadonlySet<Source['connectionId']>,
  onOpen: (id: string) => void,
): MapNode[] {
  const box = { draggable: false, connectable: false }
  const bands = layout.bands.map(
    (band): MapNode => ({
      ...box,
      id: `band|${band.layer}`,
      type: 'band',
      position: { x: 0, y: band.yPx },
      width: layout.widthPx,
      height: band.heightPx,
      selectable: false,
      focusable: false,
      zIndex: -1,
      data: { title: band.title },
    }),
  )
  const items = layout.items.map((item): MapNode => {
    const common = { ...box, id: item.id, position: { x: item.xPx, y: item.yPx }, width: item.widthPx, height: item.heightPx }
    if (item.kind === 'group') {
      const isDim = brightIds !== null && !item.memberIds.some((id) => brightIds.has(id))
      return { ...common, type: 'crowd', ariaLabel: `${item.memberIds.length} ${entityKindNames[item.entityKind].many.toLowerCase()}. Open the group`, data: { group: item, isDim, onOpen } }
    }
    const { entity } = item
    return {
      ...common,
      type: 'entity',
      ariaLabel: `${entity.name}, ${entity.kind}, ${entity.status}`,
      data: { card: item, isSelected: entity.id === selectedId, isDim: brightIds !== null && !brightIds.has(entity.id), isStale: stale.has(entity.connectionId) },
    }
  })
  return [...bands, ...items]
}

const toFlowEdges = (lines: readonly MapLine[]): FlowEdge[] =>
  lines.map((line) => ({
    id: line.id,
    source: line.fromId,
    target: line.toId,
    style: { strokeWidth: line.isSelected ? 2.2 : 1, opacity: line.isSelected ? 1 : 0.35 },
    ...(line.isSelected ? { label: line.kind.replaceAll('-', ' '), zIndex: 10, labelBgPadding: [5, 3] as [number, number], labelBgBorderRadius: 5, labelStyle: { fill: 'var(--mantine-color-text)', fontSize: 14 }, labelBgStyle: { fill: 'var(--surface-raised)' } } : {}),
    selectable: false,
  }))
