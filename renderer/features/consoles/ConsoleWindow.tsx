// A window with consoles only: what a pop-out shows. It can be split like a tab, and closes with its last console.
import './consoles.css'
import { useEffect, useRef } from 'react'
import { useClient } from '#client/client-context.ts'
import { readConsoleLink } from '#client/console-link.ts'
import { usePlace } from '#client/location.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ConsoleLayout } from './ConsoleLayout.tsx'
import { activeTabOf, openInTab, useConsoles } from './consoles.store.ts'
import { useConsoleKeys } from './use-console-keys.ts'

export default function ConsoleWindow() {
  const client = useClient()
  const { query } = usePlace()
  const tab = useConsoles(activeTabOf)
  const title = useConsoles((state) => (tab ? state.consoles[tab.activeId]?.title : undefined))
  const wasOpened = useRef(false)
  useConsoleKeys()
  useEffect(() => {
    if (wasOpened.current) return
    wasOpened.current = true
    const address = readConsoleLink(query)
    if (address) openInTab(client, address, query.get('take') ?? undefined)
  }, [client, query])
  useEffect(() => {
    if (title) document.title = `${title} · Meridian`
  }, [title])
  useEffect(() => {
    if (wasOpened.current && !tab && useConsoles.getState().tabs.length === 0) window.close()
  }, [tab])
  return (
    <div className="consoles">
      <h1 className="consoles-title">Console</h1>
      {tab ? <ConsoleLayout key={tab.id} tab={tab} /> : <EmptyState title="This console is closed">The window can be closed, too.</EmptyState>}
    </div>
  )
}
