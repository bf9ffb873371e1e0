// How the consoles of one tab share its room: a tree of splits with a console at each leaf. Pure functions; the store
// keeps the tree, the screen draws it.

/** `row` = side by side, `column` = stacked. */
export type Direction = 'row' | 'column'
export type Layout =
  | { kind: 'console'; id: string }
  /** `share` is the first one's part, from 0 to 1. */
  | { kind: 'split'; direction: Direction; share: number; first: Layout; second: Layout }

export const leaf = (id: string): Layout => ({ kind: 'console', id })

/** The consoles in reading order. */
export const consolesOf = (layout: Layout): string[] =>
  layout.kind === 'console' ? [layout.id] : [...consolesOf(layout.first), ...consolesOf(layout.second)]

/** Puts `added` beside or below `id`. */
export function splitAt(layout: Layout, id: string, direction: Direction, added: string): Layout {
  if (layout.kind === 'split')
    return { ...layout, first: splitAt(layout.first, id, direction, added), second: splitAt(layout.second, id, direction, added) }
  if (layout.id !== id) return layout
  return { kind: 'split', direction, share: 0.5, first: layout, second: leaf(added) }
}

/** Without `id`; its neighbour gets its room. Null when nothing is left. */
export function without(layout: Layout, id: string): Layout | null {
  if (layout.kind === 'console') return layout.id === id ? null : layout
  const first = without(layout.first, id)
  const second = without(layout.second, id)
  if (first === layout.first && second === layout.second) return layout
  if (!first) return second
  return second ? { ...layout, first, second } : first
}

export const replaced = (layout: Layout, id: string, by: string): Layout =>
  layout.kind === 'console'
    ? layout.id === id
      ? leaf(by)
      : layout
    : { ...layout, first: replaced(layout.first, id, by), second: replaced(layout.second, id, by) }

const smallestShare = 0.1

/** `path` leads to a split: 0 = first, 1 = second at each step. */
export function withShare(layout: Layout, path: readonly (0 | 1)[], share: number): Layout {
  if (layout.kind === 'console') return layout
  const [step, ...rest] = path
  if (step === undefined) return { ...layout, share: Math.min(1 - smallestShare, Math.max(smallestShare, share)) }
  return step === 0
    ? { ...layout, first: withShare(layout.first, rest, share) }
    : { ...layout, second: withShare(layout.second, rest, share) }
}

interface Rectangle {
  left: number
  top: number
  width: number
  height: number
}

/** Where each console lies in a square of side 1. */
function placesOf(layout: Layout, room: Rectangle = { left: 0, top: 0, width: 1, height: 1 }): Map<string, Rectangle> {
  if (layout.kind === 'console') return new Map([[layout.id, room]])
  const { share, first, second } = layout
  const [one, other] =
    layout.direction === 'row'
      ? [
          { ...room, width: room.width * share },
          { ...room, left: room.left + room.width * share, width: room.width * (1 - share) },
        ]
      : [
          { ...room, height: room.height * share },
          { ...room, top: room.top + room.height * share, height: room.height * (1 - share) },
        ]
  return new Map([...placesOf(first, one), ...placesOf(second, other)])
}

export type Side = 'left' | 'right' | 'up' | 'down'

/** The nearest console in that direction; undefined at the edge. */
export function neighbourOf(layout: Layout, id: string, side: Side): string | undefined {
  const places = placesOf(layout)
  const from = places.get(id)
  if (!from) return undefined
  const centre = ({ left, top, width, height }: Rectangle) => ({ x: left + width / 2, y: top + height / 2 })
  const here = centre(from)
  const isThere: Record<Side, (to: Rectangle) => boolean> = {
    left: (to) => to.left + to.width <= from.left + 1e-9,
    right: (to) => to.left >= from.left + from.width - 1e-9,
    up: (to) => to.top + to.height <= from.top + 1e-9,
    down: (to) => to.top >= from.top + from.height - 1e-9,
  }
  const distance = (to: Rectangle): number => Math.hypot(centre(to).x - here.x, centre(to).y - here.y)
  return [...places].filter(([, to]) => isThere[side](to)).sort((one, other) => distance(one[1]) - distance(other[1]))[0]?.[0]
}
