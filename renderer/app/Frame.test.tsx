import { act, screen, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useInventory } from '#client/inventory.store.ts'
import { useSession } from '#client/session.store.ts'
import { AppError } from '#shared/errors.ts'
import { eventFeed } from '../testing/event-feed.ts'
import { sampleDemo, sampleSettings, sampleSiteRecord, sampleVault, siteId } from '../testing/sample-session.ts'
import { freshPage, show } from '../testing/show.tsx'
import { Frame } from './Frame.tsx'

vi.mock('../features/map/MapScreen.tsx', () => ({ default: () => <h1>Topology</h1> }))

const session = {
  carrier: 'connected' as const,
  app: { version: '1', startedAtMs: 0, capabilities: { nativeDialogs: false, nativeNotifications: false, osKeychain: false, demoLab: true }, opensDemo: false },
  settings: sampleSettings(),
  vault: sampleVault(),
  demo: sampleDemo(),
}
const watch = eventFeed().watch as never

describe('the frame', () => {
  beforeEach(() => freshPage(session))

  it('waits for the sites, then welcomes who has none', async () => {
    show(<Frame />, { inventory: { watch } })
    expect(screen.getByLabelText('Reading the sites')).toBeInTheDocument()
    act(() => useSession.setState({ sites: [] }))
    expect(await screen.findByRole('heading', { name: 'Your whole lab, in one window' })).toBeInTheDocument()
  })

  it('starts at the overview for who has a site, follows it, and forgets it on leaving', async () => {
    const feed = eventFeed()
    useSession.setState({ sites: [sampleSiteRecord()], siteId })
    const { unmount } = show(<Frame />, { inventory: { watch: feed.watch as never } })
    expect(await screen.findByRole('heading', { name: 'Asking the systems for the first time' })).toBeInTheDocument()
    expect(window.location.hash).toBe('#/overview')
    expect(feed.calls()).toBe(1)
    expect(useInventory.getState().siteId).toBe(siteId)
    unmount()
    await vi.waitFor(() => expect(feed.open()).toBe(0))
  })

  it('shows the failure of a click that nothing waits for', async () => {
    useSession.setState({ sites: [] })
    const lock = () => Promise.reject(new AppError('unreachable', 'The core is gone.', { remedy: 'Start it again.' }))
    const { user } = show(<Frame />, { vault: { lock }, inventory: { watch } })
    await user.click(screen.getByRole('button', { name: 'Lock Meridian' }))
    const notice = await screen.findByRole('alert')
    expect(notice).toHaveTextContent('Meridian could not be locked')
    expect(notice).toHaveTextContent('The core is gone. Start it again.')
  })

  it('marks the current screen, and gives the keyboard a way past the navigation', async () => {
    useSession.setState({ sites: [sampleSiteRecord()], siteId })
    const { user } = show(<Frame />, { inventory: { watch } })
    const nav = screen.getByRole('navigation', { name: 'Screens' })
    expect(await within(nav).findByRole('link', { current: 'page' })).toHaveAccessibleName('Overview')
    await user.tab()
    expect(screen.getByRole('button', { name: 'Skip to the screen' })).toHaveFocus()
    await user.keyboard('{Enter}')
    expect(screen.getByRole('main')).toHaveFocus()
  })

  it('opens the notifications and counts them as read', async () => {
    useSession.setState({
      sites: [],
      notifications: [{ id: 'n', atMs: Date.now(), level: 'error', title: 'A backup failed', body: 'vm/2002 on pbs01' }],
      unreadNotifications: 1,
    })
    const { user } = show(<Frame />, { inventory: { watch } })
    await user.click(screen.getByRole('button', { name: 'Notifications, 1 new' }))
    expect(await screen.findByRole('dialog')).toHaveTextContent('vm/2002 on pbs01')
    expect(screen.getByRole('button', { name: 'Notifications' })).toBeInTheDocument()
  })
})
