import { screen, within } from '@testing-library/react'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { useInventory } from '#client/inventory.store.ts'
import { useSession } from '#client/session.store.ts'
import type { ConnectionId } from '#shared/model/connection.ts'
import { sampleDemo, sampleSiteRecord, sampleSource, sampleVault, siteId } from '../testing/sample-session.ts'
import { freshPage, show } from '../testing/show.tsx'
import { OfflineBanner } from './OfflineBanner.tsx'
import { StatusBar } from './StatusBar.tsx'

const twoHoursAgo = (): number => Date.now() - 2.5 * 3_600_000
const lost = () => sampleSource({ state: 'lost', lastSeenAtMs: twoHoursAgo(), problem: 'The host is not reachable.', remedy: 'Check the VPN.' })
const live = () => sampleSource({ connectionId: 'c2' as ConnectionId, label: 'radioastronomy', kind: 'proxmox' })

beforeEach(() => freshPage({ carrier: 'connected', vault: sampleVault(), sites: [sampleSiteRecord()], siteId }))

describe('the status bar', () => {
  it('shows a live system without an age, and a lost one with its age, reason and remedy', async () => {
    useInventory.setState({ sources: [live(), lost()] })
    const { user } = show(<StatusBar />)
    expect(screen.getByTestId('source-proxmox')).toHaveTextContent(/^● ?radioastronomy ?live$/)
    const item = screen.getByRole('button', { name: /proj-pg01.*lost/ })
    expect(item).toHaveTextContent('2 h ago')
    await user.click(item)
    const dialog = await screen.findByRole('dialog')
    expect(within(dialog).getByText('The host is not reachable.')).toBeInTheDocument()
    expect(within(dialog).getByText('Check the VPN.')).toBeInTheDocument()
  })

  it('never shows a system that has not answered as live', () => {
    useInventory.setState({ sources: [sampleSource({ state: 'stored', lastSeenAtMs: null })] })
    show(<StatusBar />)
    const item = screen.getByTestId('source-postgres')
    expect(item).toHaveTextContent('not asked yet')
    expect(item).not.toHaveTextContent('●')
  })

  it('gathers many live systems of one kind, and leaves the one that is lost to be read', async () => {
    const hosts = ['a', 'b', 'c'].map((name) => sampleSource({ connectionId: name as ConnectionId, label: `host-${name}`, kind: 'ssh' }))
    const gone = sampleSource({ connectionId: 'd' as ConnectionId, label: 'host-d', kind: 'ssh', state: 'lost' })
    useInventory.setState({ sources: [...hosts, gone] })
    const { user } = show(<StatusBar />)
    expect(screen.getByRole('button', { name: /host-d.*lost/ })).toBeInTheDocument()
    expect(screen.queryByRole('button', { name: /host-a/ })).not.toBeInTheDocument()
    await user.click(screen.getByRole('button', { name: /3 SSH hosts/ }))
    expect(within(await screen.findByRole('dialog')).getByText('host-a')).toBeInTheDocument()
  })

  it('says that the core itself is lost', () => {
    useSession.setState({ carrier: 'lost' })
    show(<StatusBar />)
    expect(screen.getByRole('status')).toHaveTextContent('Core lost, reconnecting…')
  })
})

describe('the offline banner', () => {
  it('stays away while one system answers, or while nothing is connected', () => {
    useInventory.setState({ sources: [live(), lost()] })
    const { rerender } = show(<OfflineBanner />)
    expect(screen.queryByTestId('offline-banner')).not.toBeInTheDocument()
    rerender(<></>)
  })

  it('gives the age of what is read when no system answers, outside of what is read out', () => {
    useInventory.setState({ sources: [lost(), sampleSource({ connectionId: 'c2' as ConnectionId, state: 'stored', lastSeenAtMs: Date.now() - 330_000 })] })
    show(<OfflineBanner />)
    expect(screen.getByTestId('offline-banner')).toHaveTextContent('Last answer: 5 min ago')
    expect(screen.getByRole('status')).toHaveTextContent('No system of this site answers.')
    expect(screen.getByRole('status')).not.toHaveTextContent('ago')
  })

  it('starts the demo lab again where its site is looked at, and shows why that failed', async () => {
    useInventory.setState({ sources: [lost()] })
    useSession.setState({ sites: [sampleSiteRecord({ isDemo: true })], demo: sampleDemo() })
    const start = vi.fn(() => Promise.reject(new Error('x')))
    const { user } = show(<OfflineBanner />, { demo: { start } })
    await user.click(screen.getByRole('button', { name: 'Start the demo lab' }))
    expect(start).toHaveBeenCalled()
    expect(await screen.findByText('The demo lab could not be started')).toBeInTheDocument()
  })
})
