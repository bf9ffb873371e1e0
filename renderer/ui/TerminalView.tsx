// Shows a terminal in the place it is given, fits it whenever that place changes, and leaves it alive when it goes.
import './terminal-view.css'
import { useEffect, useRef } from 'react'
import type { TerminalHandle } from './terminal.ts'

export function TerminalView({ terminal, isFocused }: { terminal: TerminalHandle; isFocused: boolean }) {
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const host = place.current
    if (!host) return
    host.append(terminal.element)
    const observer = new ResizeObserver(() => terminal.fit())
    observer.observe(host)
    terminal.fit()
    return () => {
      observer.disconnect()
      terminal.element.remove()
    }
  }, [terminal])
  useEffect(() => {
    if (isFocused) terminal.focus()
  }, [terminal, isFocused])
  return <div ref={place} className="terminal-view" />
}
