// Draws the tree of splits of one tab. The dividers are moved by the pointer or by the arrow keys.
import { useRef, type KeyboardEvent, type PointerEvent } from 'react'
import { ConsolePane } from './ConsolePane.tsx'
import { setShare, type ConsoleTab } from './consoles.store.ts'
import type { Layout } from './layout.ts'

export const ConsoleLayout = ({ tab }: { tab: ConsoleTab }) => (
  <div className="console-layout">
    <Part tab={tab} layout={tab.layout} path={[]} />
  </div>
)

function Part({ tab, layout, path }: { tab: ConsoleTab; layout: Layout; path: readonly (0 | 1)[] }) {
  const box = useRef<HTMLDivElement>(null)
  if (layout.kind === 'console') return <ConsolePane key={layout.id} id={layout.id} isActive={tab.activeId === layout.id} />
  const { direction, share, first, second } = layout
  const sizes = `minmax(0, ${share}fr) 5px minmax(0, ${1 - share}fr)`
  const change = (next: number): void => setShare(tab.id, path, next)
  return (
    <div
      ref={box}
      className="console-split"
      style={direction === 'row' ? { gridTemplateColumns: sizes } : { gridTemplateRows: sizes }}
    >
      <Part tab={tab} layout={first} path={[...path, 0]} />
      <Divider direction={direction} share={share} box={() => box.current?.getBoundingClientRect()} onChange={change} />
      <Part tab={tab} layout={second} path={[...path, 1]} />
    </div>
  )
}

interface DividerProps {
  direction: 'row' | 'column'
  share: number
  box(): DOMRect | undefined
  onChange(share: number): void
}

const keyStep = 0.04

function Divider({ direction, share, box, onChange }: DividerProps) {
  const isRow = direction === 'row'
  const onKey = (event: KeyboardEvent): void => {
    const back = isRow ? 'ArrowLeft' : 'ArrowUp'
    const forth = isRow ? 'ArrowRight' : 'ArrowDown'
    if (event.key !== back && event.key !== forth) return
    event.preventDefault()
    onChange(share + (event.key === forth ? keyStep : -keyStep))
  }
  const onMove = (event: PointerEvent): void => {
    const room = box()
    if (!room || !event.currentTarget.hasPointerCapture(event.pointerId)) return
    onChange(isRow ? (event.clientX - room.left) / room.width : (event.clientY - room.top) / room.height)
  }
  return (
    <div
      className="console-divider"
      role="separator"
      tabIndex={0}
      aria-label={isRow ? 'Divide side by side' : 'Divide stacked'}
      aria-orientation={isRow ? 'vertical' : 'horizontal'}
      aria-valuenow={Math.round(share * 100)}
      onKeyDown={onKey}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={onMove}
    />
  )
}
