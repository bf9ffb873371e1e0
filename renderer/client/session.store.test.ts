import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { Settings } from '#shared/contracts/app.ts'
import type { VaultStatus } from '#shared/contracts/vault.ts'
import type { Site, SiteId } from '#shared/model/connection.ts'
import { eventFeed } from '../testing/event-feed.ts'
import { fakeClient } from '../testing/fake-client.ts'
import { sampleSettings, sampleSiteRecord, sampleVault } from '../testing/sample-session.ts'
import type { CarrierState } from './carrier.ts'
import { startSession, useSession } from './session.store.ts'

const first = sampleSiteRecord({ id: 'first' as SiteId, name: 'First' })
const second = sampleSiteRecord({ id: 'second' as SiteId, name: 'Second' })

function start() {
  const settings = eventFeed<Settings>()
  const vault = eventFeed<VaultStatus>()
  const sites = eventFeed<Site[]>()
  const describeApp = vi.fn(() => Promise.resolve({ version: '1' }))
  let tell: (state: CarrierState) => void = () => undefined
  const client = fakeClient({
    app: { watchSettings: settings.watch, watchNotifications: eventFeed().watch, listNotifications: () => Promise.resolve([]), describe: describeApp } as never,
    vault: { watch: vault.watch } as never,
    sites: { watch: sites.watch } as never,
    demo: { watch: eventFeed().watch } as never,
    onState: (listener) => (tell = listener),
  })
  const stop = startSession(client)
  return { settings, vault, sites, describeApp, tell: (state: CarrierState) => tell(state), stop }
}

beforeEach(() => useSession.setState(useSession.getInitialState(), true))

describe('the session', () => {
  it('asks for sites only when the vault is open, and at once when it opens', async () => {
    const { vault, sites, stop } = start()
    await vi.waitFor(() => expect(vault.open()).toBe(1))
    vault.send(sampleVault({ state: 'locked' }))
    await vi.waitFor(() => expect(useSession.getState().vault?.state).toBe('locked'))
    expect(sites.calls()).toBe(0)
    vault.send(sampleVault())
    await vi.waitFor(() => expect(sites.open()).toBe(1))
    vault.send(sampleVault({ state: 'locked' }))
    await vi.waitFor(() => expect(sites.open()).toBe(0))
    stop()
  })

  it('opens the remembered site, whichever of settings and sites comes first', async () => {
    const { settings, vault, sites, stop } = start()
    await vi.waitFor(() => expect(vault.open()).toBe(1))
    vault.send(sampleVault())
    await vi.waitFor(() => expect(sites.open()).toBe(1))
    sites.send([first, second])
    await vi.waitFor(() => expect(useSession.getState().siteId).toBe('first'))
    settings.send(sampleSettings({ lastSiteId: 'second' }))
    await vi.waitFor(() => expect(useSession.getState().siteId).toBe('second'))
    // Later changes of settings do not pull the user elsewhere.
    useSession.setState({ siteId: first.id })
    settings.send(sampleSettings({ lastSiteId: 'second', theme: 'dark' }))
    await vi.waitFor(() => expect(useSession.getState().settings?.theme).toBe('dark'))
    expect(useSession.getState().siteId).toBe('first')
    stop()
  })

  it('falls back to what is there when the open site is removed', async () => {
    const { vault, sites, stop } = start()
    await vi.waitFor(() => expect(vault.open()).toBe(1))
    vault.send(sampleVault({ state: 'uninitialised' }))
    await vi.waitFor(() => expect(sites.open()).toBe(1))
    sites.send([first, second])
    await vi.waitFor(() => expect(useSession.getState().siteId).toBe('first'))
    sites.send([second])
    await vi.waitFor(() => expect(useSession.getState().siteId).toBe('second'))
    sites.send([])
    await vi.waitFor(() => expect(useSession.getState().siteId).toBeNull())
    stop()
  })

  it('describes the application again after each reconnect', async () => {
    const { tell, describeApp, stop } = start()
    tell('connected')
    await vi.waitFor(() => expect(useSession.getState().app).not.toBeNull())
    tell('lost')
    expect(useSession.getState().carrier).toBe('lost')
    tell('connected')
    expect(describeApp).toHaveBeenCalledTimes(2)
    stop()
    tell('lost')
    expect(useSession.getState().carrier).toBe('connected')
  })
})
