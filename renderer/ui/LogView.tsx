// Lines of a log, as many as there are: only what is visible is in the document. Stays at the end while it grows, until
// the reader scrolls up. Knows no feature.
import './log-view.css'
import { useEffect, useLayoutEffect, useRef, useState } from 'react'

const lineHeightPx = 18
const overscanLines = 12

interface LogViewProps {
  /** What assistive technology calls it. */
  label: string
  lines: readonly string[]
  /** What stands there while there are no lines. */
  emptyText: string
}

export function LogView({ label, lines, emptyText }: LogViewProps) {
  const host = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  const [scroll, setScroll] = useState({ top: 0, height: 300 })
  const measure = (): void => {
    const element = host.current
    if (!element) return
    isAtEnd.current = element.scrollTop + element.clientHeight >= element.scrollHeight - 2 * lineHeightPx
    setScroll({ top: element.scrollTop, height: element.clientHeight || 300 })
  }
  useEffect(() => {
    const observer = new ResizeObserver(measure)
    observer.observe(host.current!)
    return () => observer.disconnect()
  }, [])
  useLayoutEffect(() => {
    const element = host.current
    if (element && isAtEnd.current) element.scrollTop = element.scrollHeight
  }, [lines.length])
  const first = Math.max(0, Math.floor(scroll.top / lineHeightPx) - overscanLines)
  const last = Math.min(lines.length, Math.ceil((scroll.top + scroll.height) / lineHeightPx) + overscanLines)
  return (
    <div className="log-view" ref={host} role="log" aria-label={label} aria-live="off" tabIndex={0} onScroll={measure}>
      {lines.length === 0 ? <div className="log-view-empty">{emptyText}</div> : null}
      <div style={{ height: lines.length * lineHeightPx, position: 'relative' }}>
        <pre style={{ top: first * lineHeightPx, lineHeight: `${lineHeightPx}px` }}>{lines.slice(first, last).join('\n')}</pre>
      </div>
    </div>
  )
}
