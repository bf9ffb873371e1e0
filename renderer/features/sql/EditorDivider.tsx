// The line between editor and result: dragged, or moved by arrow keys. It remembers where it was left.
import { useState, type KeyboardEvent, type PointerEvent } from 'react'

const key = 'meridian.sql.editor-percent'
const least = 12
const most = 80
const usual = 30
const stepPercent = 4

const clamp = (percent: number): number => Math.round(Math.min(most, Math.max(least, percent)))

function readPercent(): number {
  try {
    const kept = Number(localStorage.getItem(key))
    return kept >= least && kept <= most ? kept : usual
  } catch {
    return usual
  }
}

/** The editor's share of the workbench's height in percent, and how to change it. */
export function useEditorPercent(): [number, (percent: number) => void] {
  const [percent, setPercent] = useState(readPercent)
  const change = (wanted: number): void => {
    const next = clamp(wanted)
    setPercent(next)
    try {
      localStorage.setItem(key, String(next))
    } catch {
      // Not being remembered is no loss worth a word.
    }
  }
  return [percent, change]
}

export function EditorDivider({ percent, onChange }: { percent: number; onChange: (percent: number) => void }) {
  const onPointerMove = (event: PointerEvent<HTMLDivElement>): void => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) return
    const work = event.currentTarget.parentElement!.getBoundingClientRect()
    const editor = event.currentTarget.previousElementSibling!.getBoundingClientRect()
    onChange(((event.clientY - editor.top) / work.height) * 100)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const targets: Record<string, number> = {
      ArrowUp: percent - stepPercent,
      ArrowDown: percent + stepPercent,
      Home: least,
      End: most,
    }
    const target = targets[event.key]
    if (target === undefined) return
    onChange(target)
    event.preventDefault()
  }
  return (
    <div
      className="sql-divider"
      role="separator"
      aria-orientation="horizontal"
      aria-label="Height of the editor"
      aria-valuenow={percent}
      aria-valuemin={least}
      aria-valuemax={most}
      tabIndex={0}
      onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
      onPointerMove={onPointerMove}
      onDoubleClick={() => onChange(usual)}
      onKeyDown={onKeyDown}
    />
  )
}
