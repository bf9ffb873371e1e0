// Navigation, top bar, the current screen and the status bar.
import { ActionIcon, Box, Loader, Tooltip, useComputedColorScheme } from '@mantine/core'
import { useHotkeys, useMediaQuery } from '@mantine/hooks'
import { openSpotlight } from '@mantine/spotlight'
import { IconLock, IconMoon, IconSearch, IconSun } from '@tabler/icons-react'
import { Suspense, useEffect, useRef } from 'react'
import { followAlerts } from '#client/alerts.store.ts'
import { attempt } from '#client/attempt.ts'
import { useClient } from '#client/client-context.ts'
import { followInventory } from '#client/inventory.store.ts'
import { currentPlace, navigate, usePlace } from '#client/location.ts'
import { followPrompts } from '#client/prompts.store.ts'
import { followRights } from '#client/rights.store.ts'
import { useSession } from '#client/session.store.ts'
import { followTasks } from '#client/tasks.store.ts'
import { modName } from '#ui/keys.ts'
import { screens } from '../features/index.ts'
import type { Screen } from '../features/screen.ts'
import { TaskDrawer } from '../features/tasks/TaskDrawer.tsx'
import { WelcomeScreen } from '../features/welcome/WelcomeScreen.tsx'
import { CommandPalette } from './CommandPalette.tsx'
import { DialogHost } from './DialogHost.tsx'
import { HostKeyDialog } from './HostKeyDialog.tsx'
import { NotificationBell } from './NotificationBell.tsx'
import { OfflineBanner } from './OfflineBanner.tsx'
import { PromptDialog } from './PromptDialog.tsx'
import { ScreenBoundary } from './ScreenBoundary.tsx'
import { ShortcutHelp } from './ShortcutHelp.tsx'
import { SiteSwitcher } from './SiteSwitcher.tsx'
import { StatusBar } from './StatusBar.tsx'
import { useFrameCommands } from './frame-commands.ts'

const sections: ReadonlyArray<[Screen['section'], string]> = [
  ['lab', 'Lab'],
  ['protection', 'Protection'],
  ['research', 'Research'],
  ['administration', 'Administration'],
]

export function Frame() {
  const client = useClient()
  const { path } = usePlace()
  const siteId = useSession((state) => state.siteId)
  const isNarrow = useMediaQuery('(max-width: 1100px)')
  const screen = screens.find((item) => path.startsWith(item.path))
  const main = useRef<HTMLElement>(null)
  useFrameCommands(client)
  useFirstPlace()
  useHotkeys(screens.flatMap((item) => (item.shortcut ? [[item.shortcut, () => navigate(item.path)] as [string, () => void]] : [])), [])
  useEffect(() => (siteId ? followInventory(client, siteId) : undefined), [client, siteId])
  useEffect(() => (siteId ? followAlerts(client, siteId) : undefined), [client, siteId])
  useEffect(() => (siteId ? followTasks(client, siteId) : undefined), [client, siteId])
  useEffect(() => (siteId ? followRights(client, siteId) : undefined), [client, siteId])
  useEffect(() => followPrompts(client), [client])
  useEffect(() => {
    document.title = screen ? `${screen.title} · Meridian` : 'Meridian'
  }, [screen])

  if (screen?.isBare) return <BareFrame screen={screen} />
  return (
    <div className="frame" data-narrow={isNarrow || undefined}>
      <button className="skip-link" onClick={() => main.current?.focus()}>
        Skip to the screen
      </button>
      <TopBar />
      <nav className="frame-nav" aria-label="Screens">
        {sections.filter(([section]) => screens.some((item) => item.section === section)).map(([section, title]) => (
          <Box key={section} component="div">
            <div className="nav-section">{title}</div>
            {screens.filter((item) => item.section === section && !item.isHidden).map((item) => (
              <NavLink key={item.id} screen={item} isCurrent={item === screen} isNarrow={isNarrow ?? false} />
            ))}
          </Box>
        ))}
      </nav>
      <main className="frame-main" ref={main} tabIndex={-1}>
        <OfflineBanner />
        <ScreenBoundary key={screen?.id ?? 'welcome'}>
          <Suspense fallback={<Loader role="img" m="xl" aria-label="Loading the screen" />}>
            <CurrentScreen screen={screen} />
          </Suspense>
        </ScreenBoundary>
      </main>
      <TaskDrawer />
      <StatusBar />
      <CommandPalette />
      <DialogHost />
      <HostKeyDialog />
      <PromptDialog />
      <ShortcutHelp />
    </div>
  )
}

/** A window that shows one thing: the screen and what may be asked above it. */
const BareFrame = ({ screen }: { screen: Screen }) => (
  <div className="frame-bare">
    <main className="frame-bare-main">
      <ScreenBoundary>
        <Suspense fallback={<Loader role="img" m="xl" aria-label="Loading the screen" />}>
          <CurrentScreen screen={screen} />
        </Suspense>
      </ScreenBoundary>
    </main>
    <DialogHost />
    <HostKeyDialog />
    <PromptDialog />
  </div>
)

/** Who has a site already starts at its overview; the welcome page stays one click on the name away. */
function useFirstPlace(): void {
  const isKnown = useSession((state) => state.sites !== null)
  useEffect(() => {
    const { siteId, app, demo } = useSession.getState()
    if (!isKnown || siteId === null || app?.opensDemo || demo?.state === 'starting') return
    if (currentPlace().path === '/') navigate('/overview', {}, { replace: true })
  }, [isKnown])
}

function CurrentScreen({ screen }: { screen: Screen | undefined }) {
  const hasSite = useSession((state) => state.siteId !== null)
  const isKnown = useSession((state) => state.sites !== null)
  if (!isKnown) return <Loader role="img" m="xl" aria-label="Reading the sites" />
  if (!screen || (screen.needsSite && !hasSite)) return <WelcomeScreen />
  const Component = screen.component
  return <Component />
}

function NavLink(props: { screen: Screen; isCurrent: boolean; isNarrow: boolean }) {
  const { screen } = props
  const ScreenIcon = screen.icon
  return (
    <Tooltip label={screen.title} position="right" disabled={!props.isNarrow}>
      <a className="nav-link" href={`#${screen.path}`} aria-current={props.isCurrent ? 'page' : undefined}>
        <ScreenIcon size={19} stroke={1.6} aria-hidden />
        <span className="nav-label">{screen.title}</span>
        {screen.badge ? <screen.badge /> : null}
      </a>
    </Tooltip>
  )
}

function TopBar() {
  const client = useClient()
  const scheme = useComputedColorScheme('dark')
  const canLock = useSession((state) => state.vault?.state === 'unlocked')
  return (
    <header className="frame-top">
      <a className="frame-brand" href="#/" style={{ color: 'inherit', textDecoration: 'none' }}>
        <img src="./icon.svg" alt="" width={26} height={26} />
        Meridian
      </a>
      <SiteSwitcher />
      <div style={{ flex: 1 }} />
      <Tooltip label={`Search and commands (${modName} K)`}>
        <button className="status-item search-box" onClick={openSpotlight}>
          <IconSearch size={15} aria-hidden /> Search or run… <span style={{ flex: 1 }} />
          <span className="kbd-hint">{modName} K</span>
        </button>
      </Tooltip>
      <NotificationBell />
      <Tooltip label={scheme === 'dark' ? 'Light theme' : 'Dark theme'}>
        <ActionIcon
          variant="subtle"
          color="gray"
          aria-label={scheme === 'dark' ? 'Switch to the light theme' : 'Switch to the dark theme'}
          onClick={() => void attempt('The theme could not be changed', client.app.updateSettings({ theme: scheme === 'dark' ? 'light' : 'dark' }))}
        >
          {scheme === 'dark' ? <IconSun size={18} /> : <IconMoon size={18} />}
        </ActionIcon>
      </Tooltip>
      {canLock ? (
        <Tooltip label="Lock now">
          <ActionIcon variant="subtle" color="gray" aria-label="Lock Meridian" onClick={() => void attempt('Meridian could not be locked', client.vault.lock())}>
            <IconLock size={18} />
          </ActionIcon>
        </Tooltip>
      ) : null}
    </header>
  )
}
