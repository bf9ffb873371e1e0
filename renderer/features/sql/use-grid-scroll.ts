// Where the grid stands, in true pixels, although its scrollbar works on a shorter track. Native scrolling as long
// as the rows fit into an element; beyond that the wheel and the keys move the offset and the scrollbar follows.
import { useCallback, useEffect, useRef, useState, type RefObject, type UIEvent } from 'react'
import { clampOffset, contentPx, toOffset, toScrollTop, trackPx, type GridSize } from './grid-geometry.ts'

/** What a wheel notch in lines means in pixels. */
const linePx = 26

export interface GridScroll {
  topPx: number
  leftPx: number
  /** Brings this offset to the top of the view. */
  goTo(topPx: number): void
  onScroll(event: UIEvent<HTMLElement>): void
}

export function useGridScroll(scroller: RefObject<HTMLDivElement | null>, size: GridSize): GridScroll {
  const [place, setPlace] = useState({ topPx: 0, leftPx: 0 })
  // Several wheel and scroll events may come between two renders: they read and write here, never a closure.
  const now = useRef({ topPx: 0, ownScrollTop: -1, size })
  now.current.size = size
  const isScaled = contentPx(size) > trackPx(size)

  const goTo = useCallback(
    (wantedPx: number): void => {
      const topPx = clampOffset(wantedPx, now.current.size)
      now.current.topPx = topPx
      setPlace((current) => ({ ...current, topPx }))
      const element = scroller.current
      if (!element) return
      element.scrollTop = toScrollTop(topPx, now.current.size)
      // The scrollbar rounds: its own event is recognised by where it really came to stand.
      now.current.ownScrollTop = element.scrollTop
    },
    [scroller],
  )
  useEffect(() => {
    const element = scroller.current
    if (!element || !isScaled) return
    const onWheel = (event: WheelEvent): void => {
      if (event.ctrlKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return
      event.preventDefault()
      goTo(now.current.topPx + event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? linePx : 1))
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [scroller, isScaled, goTo])
  // Rows that arrive change what a place of the scrollbar means; the rows in view stay where they are.
  useEffect(() => {
    if (isScaled) goTo(now.current.topPx)
  }, [isScaled, size.rowCount, size.viewportPx, goTo])

  const onScroll = useCallback((event: UIEvent<HTMLElement>): void => {
    const { scrollTop, scrollLeft } = event.currentTarget
    const { size: current, ownScrollTop } = now.current
    const isOwn = Math.abs(scrollTop - ownScrollTop) < 1
    if (!isOwn) {
      now.current.ownScrollTop = scrollTop
      now.current.topPx = contentPx(current) > trackPx(current) ? toOffset(scrollTop, current) : scrollTop
    }
    setPlace({ topPx: now.current.topPx, leftPx: scrollLeft })
  }, [])
  return { ...place, goTo, onScroll }
}
