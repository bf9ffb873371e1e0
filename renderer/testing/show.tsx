// Renders a component as the frame would: theme, client, notices. Stores and address begin anew for each test.
import { MantineProvider } from '@mantine/core'
import { Notifications, cleanNotifications } from '@mantine/notifications'
import { render, type RenderResult } from '@testing-library/react'
import userEvent, { type UserEvent } from '@testing-library/user-event'
import type { ReactNode } from 'react'
import type { Client } from '#client/client.ts'
import { ClientProvider } from '#client/client-context.ts'
import { useCommands } from '#client/commands.store.ts'
import { useInventory, type InventoryState } from '#client/inventory.store.ts'
import { useSession, type SessionState } from '#client/session.store.ts'
import { cssVariables, theme } from '#ui/theme.ts'
import { FailureNotices } from '../app/FailureNotices.tsx'
import { fakeClient, type Procedures } from './fake-client.ts'
import { sampleSite } from './sample-inventory.ts'

export interface Shown extends RenderResult {
  user: UserEvent
  client: Client
}

export function show(children: ReactNode, procedures: Procedures = {}): Shown {
  const client = fakeClient(procedures)
  const user = userEvent.setup()
  const result = render(
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} env="test">
      <Notifications />
      <FailureNotices />
      <ClientProvider value={client}>{children}</ClientProvider>
    </MantineProvider>,
  )
  return { ...result, user, client }
}

/** Puts every store and the address back to where a fresh page has them; `session` is laid over it. */
export function freshPage(session: Partial<SessionState> = {}, hash = '/'): void {
  cleanNotifications()
  window.location.hash = hash
  useSession.setState({ ...useSession.getInitialState(), ...session }, true)
  useInventory.setState(useInventory.getInitialState(), true)
  useCommands.setState(useCommands.getInitialState(), true)
}

/** The sample site in the inventory's mirror. */
export function knowSampleSite(extra: Partial<InventoryState> = {}): void {
  useInventory.setState({ ...sampleSite(), revision: 1, atMs: Date.now(), ...extra })
}
