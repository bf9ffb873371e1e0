// The commands that are always there: screens, themes, sites, locking, help.
import { useEffect } from 'react'
import { attempt } from '#client/attempt.ts'
import type { Client } from '#client/client.ts'
import { useCommands, type Command } from '#client/commands.store.ts'
import { navigate } from '#client/location.ts'
import { chooseSite, useSession, type SessionState } from '#client/session.store.ts'
import { openTasks } from '#client/tasks.store.ts'
import { screens } from '../features/index.ts'
import { openShortcutHelp } from './ShortcutHelp.tsx'

const screenCommands = (): Command[] =>
  screens.filter((screen) => !screen.isHidden).map((screen) => ({
    id: `go-${screen.id}`,
    title: screen.title,
    group: 'Go to',
    keywords: screen.keywords ?? [],
    run: () => navigate(screen.path),
    ...(screen.shortcut ? { shortcut: screen.shortcut } : {}),
  }))

const themeCommands = (client: Client): Command[] =>
  (['system', 'light', 'dark'] as const).map((theme) => ({
    id: `theme-${theme}`,
    title: theme === 'system' ? 'Theme: as the system' : `Theme: ${theme}`,
    group: 'Appearance',
    run: () => void attempt('The theme could not be changed', client.app.updateSettings({ theme })),
  }))

function sessionCommands(client: Client, state: SessionState): Command[] {
  const isDemoUp = state.demo?.state === 'running' || state.demo?.state === 'starting'
  return [
    ...(state.sites ?? []).map((site) => ({
      id: `site-${site.id}`,
      title: `Open site ${site.name}`,
      group: 'Sites',
      run: () => chooseSite(client, site.id),
    })),
    {
      id: 'demo',
      title: isDemoUp ? 'Stop the demo lab' : 'Start the demo lab',
      group: 'Sites',
      disabledReason: state.demo?.state === 'unavailable' ? (state.demo.message ?? 'Not in this installation') : null,
      run: () => void (isDemoUp ? attempt('The demo lab could not be stopped', client.demo.stop()) : attempt('The demo lab could not be started', client.demo.start())),
    },
    {
      id: 'refresh',
      title: 'Ask every system again now',
      group: 'Sites',
      keywords: ['refresh', 'reload', 'poll'],
      disabledReason: state.siteId ? null : 'There is no site yet.',
      run: () => void (state.siteId && attempt('The systems could not be asked', client.inventory.refresh({ siteId: state.siteId }))),
    },
    {
      id: 'lock',
      title: 'Lock Meridian',
      group: 'Meridian',
      disabledReason: state.vault?.state === 'unlocked' ? null : 'There is no open vault.',
      run: () => void attempt('Meridian could not be locked', client.vault.lock()),
    },
    { id: 'tasks', title: 'Show the tasks', group: 'Meridian', keywords: ['log', 'running', 'progress'], disabledReason: state.siteId ? null : 'There is no site yet.', run: () => openTasks() },
    { id: 'shortcuts', title: 'Keyboard shortcuts', group: 'Meridian', shortcut: 'shift+?', run: openShortcutHelp },
  ]
}

/** Keeps the frame's commands registered, current with the session. */
export function useFrameCommands(client: Client): void {
  const register = useCommands((state) => state.register)
  const demo = useSession((state) => state.demo)
  const sites = useSession((state) => state.sites)
  const vault = useSession((state) => state.vault)
  const siteId = useSession((state) => state.siteId)
  useEffect(() => register([...screenCommands(), ...themeCommands(client)]), [client, register])
  useEffect(() => register(sessionCommands(client, useSession.getState())), [client, register, demo, sites, vault, siteId])
}
