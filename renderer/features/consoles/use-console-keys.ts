// Binds the keys of the host while it is shown. Capturing, because a terminal or a screen has the focus nearly always.
import { useEffect } from 'react'
import { attempt } from '#client/attempt.ts'
import type { Client } from '#client/client.ts'
import { useClient } from '#client/client-context.ts'
import { useSession } from '#client/session.store.ts'
import { consoleCommandOf, type ConsoleCommand } from './console-keys.ts'
import { activeTabOf, closeConsole, focusNeighbour, openInSplit, runOf, stepTab, useConsoles } from './consoles.store.ts'
import { toggleFind } from './find.store.ts'

export function useConsoleKeys(): void {
  const client = useClient()
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      const command = consoleCommandOf(event)
      if (!command || !activeTabOf(useConsoles.getState())) return
      event.preventDefault()
      event.stopPropagation()
      runConsoleCommand(client, command)
    }
    window.addEventListener('keydown', onKey, { capture: true })
    return () => window.removeEventListener('keydown', onKey, { capture: true })
  }, [client])
}

/** Does to the active console what a key or a menu entry asks. */
export function runConsoleCommand(client: Client, command: ConsoleCommand): void {
  const id = activeTabOf(useConsoles.getState())?.activeId
  if (!id) return
  const commands: Record<ConsoleCommand, () => void> = {
    'split-right': () => openInSplit(client, id, 'row'),
    'split-down': () => openInSplit(client, id, 'column'),
    'focus-left': () => focusNeighbour('left'),
    'focus-right': () => focusNeighbour('right'),
    'focus-up': () => focusNeighbour('up'),
    'focus-down': () => focusNeighbour('down'),
    'next-tab': () => stepTab(1),
    'previous-tab': () => stepTab(-1),
    close: () => closeConsole(id),
    find: () => toggleFind(id),
    larger: () => changeFontSize(client, 1),
    smaller: () => changeFontSize(client, -1),
    'full-screen': () => fullScreen(id),
  }
  commands[command]()
}

export function changeFontSize(client: Client, by: number): void {
  const { settings } = useSession.getState()
  const wanted = Math.min(32, Math.max(8, (settings?.consoleFontSize ?? 13) + by))
  void attempt('The font size could not be kept', client.app.updateSettings({ consoleFontSize: wanted }))
}

/** The pane alone on the whole display; once more, or Escape, leads back. */
export function fullScreen(id: string): void {
  if (document.fullscreenElement) return void document.exitFullscreen()
  const run = runOf(id)
  const pane = (run?.terminal ?? run?.screen)?.element.closest('.console-pane')
  void pane?.requestFullscreen().catch(() => undefined)
}
