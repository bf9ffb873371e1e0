// The host of consoles: tabs above, the panes of the active one below. Opens what a link asks for
// (`client/console-link.ts` says how features make one), then forgets the link, so that Back does not open it again.
import './consoles.css'
import { Button } from '@mantine/core'
import { IconTerminal2 } from '@tabler/icons-react'
import { useEffect } from 'react'
import { useClient } from '#client/client-context.ts'
import { readConsoleLink } from '#client/console-link.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { navigate, usePlace } from '#client/location.ts'
import { EmptyState } from '#ui/EmptyState.tsx'
import { ConsoleLayout } from './ConsoleLayout.tsx'
import { ConsoleTabs } from './ConsoleTabs.tsx'
import { activeTabOf, openInTab, seeActive, useConsoles } from './consoles.store.ts'
import { TargetPicker } from './TargetPicker.tsx'
import { useConsoleKeys } from './use-console-keys.ts'

export default function ConsolesScreen() {
  const client = useClient()
  const { query } = usePlace()
  const link = query.get('open')
  const tab = useConsoles(activeTabOf)
  useConsoleKeys()
  useEffect(() => seeActive(), [])
  useEffect(() => {
    if (!link) return
    const address = readConsoleLink(new URLSearchParams({ open: link }))
    navigate('/consoles', {}, { replace: true })
    if (address) openInTab(client, address)
  }, [client, link])
  return (
    <div className="consoles">
      <h1 className="consoles-title">Consoles</h1>
      <ConsoleTabs />
      {tab ? (
        <ConsoleLayout key={tab.id} tab={tab} />
      ) : (
        <EmptyState
          icon={<IconTerminal2 size={40} />}
          title="No console is open"
          action={<Button onClick={() => openDialog(<TargetPicker onPick={(address) => openInTab(client, address)} />)}>Open a console…</Button>}
        >
          Screens of virtual machines, consoles of containers, shells of nodes, pods and SSH hosts: open one here, or
          from anything in the map or the inventory.
        </EmptyState>
      )}
    </div>
  )
}
