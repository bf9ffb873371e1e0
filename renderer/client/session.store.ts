// What every screen may read about this session: the application, settings, sites, the chosen site, the vault,
// the demo lab and the carrier's state. Kept live by `startSession`; screens never fetch these themselves.
import { create } from 'zustand'
import type { AppDescription, Notification, Settings } from '#shared/contracts/app.ts'
import type { DemoStatus } from '#shared/contracts/demo.ts'
import type { VaultStatus } from '#shared/contracts/vault.ts'
import type { Site, SiteId } from '#shared/model/connection.ts'
import type { CarrierState } from './carrier.ts'
import { follow, type Client } from './client.ts'

export interface SessionState {
  carrier: CarrierState
  app: AppDescription | null
  settings: Settings | null
  vault: VaultStatus | null
  demo: DemoStatus | null
  /** Null until the first list has arrived. */
  sites: Site[] | null
  siteId: SiteId | null
  notifications: Notification[]
  unreadNotifications: number
}

export const useSession = create<SessionState>(() => ({
  carrier: 'connecting',
  app: null,
  settings: null,
  vault: null,
  demo: null,
  sites: null,
  siteId: null,
  notifications: [],
  unreadNotifications: 0,
}))

export const currentSite = (state: SessionState): Site | null =>
  state.sites?.find((site) => site.id === state.siteId) ?? null

/** Chooses the site that all screens show, and remembers it for the next start. */
export function chooseSite(client: Client, siteId: SiteId | null): void {
  useSession.setState({ siteId })
  // Not being remembered costs one click at the next start, and is not worth a notice.
  void client.app.updateSettings({ lastSiteId: siteId }).catch(() => undefined)
}

/** Starts following everything above; the returned function stops it. */
export function startSession(client: Client): () => void {
  const controller = new AbortController()
  const { signal } = controller
  const set = useSession.setState
  const whenOpen = createOpenFollower(client, signal)
  client.onState((carrier) => {
    if (signal.aborted) return
    set({ carrier })
    if (carrier !== 'connected') return
    // Without an answer the start screen stays and says so; the next connection asks again.
    void client.app.describe().then((app) => set({ app }), () => undefined)
    whenOpen.readNotifications()
  })
  void follow((options) => client.app.watchSettings(undefined, options), (settings) => set(withSettings(settings)), { signal })
  void follow((options) => client.demo.watch(undefined, options), (demo) => set({ demo }), { signal })
  void follow(
    (options) => client.vault.watch(undefined, options),
    (vault) => {
      set({ vault })
      whenOpen.setOpen(vault.state !== 'locked')
    },
    { signal },
  )
  return () => controller.abort()
}

/** Follows what a locked vault refuses, from the moment it is open: a refused watch would only come back after a pause. */
function createOpenFollower(client: Client, whole: AbortSignal) {
  const set = useSession.setState
  let current: AbortController | null = null
  const readNotifications = (): void => {
    if (!current) return
    const { signal } = current
    // The list is a convenience: without it the bell shows what arrives from now on.
    void client.app.listNotifications().then((notifications) => signal.aborted || set({ notifications }), () => undefined)
  }
  const start = (): void => {
    current = new AbortController()
    const signal = AbortSignal.any([whole, current.signal])
    readNotifications()
    void follow((options) => client.sites.watch(undefined, options), (sites) => set(withSites(sites)), { signal })
    void follow(
      (options) => client.app.watchNotifications(undefined, options),
      (notification) =>
        set((state) => ({
          notifications: [notification, ...state.notifications].slice(0, 200),
          unreadNotifications: state.unreadNotifications + 1,
        })),
      { signal },
    )
  }
  return {
    readNotifications,
    setOpen(isOpen: boolean): void {
      if (isOpen === (current !== null)) return
      if (isOpen) return start()
      current?.abort()
      current = null
    },
  }
}

const pick = (sites: Site[], wanted: ReadonlyArray<string | null | undefined>): SiteId | null => {
  const kept = wanted.find((id) => id && sites.some((site) => site.id === id)) as SiteId | undefined
  return kept ?? sites[0]?.id ?? null
}

/** Keeps the chosen site if it is still there, else the remembered one, else the first. */
const withSites =
  (sites: Site[]) =>
  (state: SessionState): Partial<SessionState> => ({ sites, siteId: pick(sites, [state.siteId, state.settings?.lastSiteId]) })

/** The first settings may arrive after the sites: the remembered site then goes before the one taken meanwhile. */
const withSettings =
  (settings: Settings) =>
  (state: SessionState): Partial<SessionState> =>
    state.settings === null && state.sites ? { settings, siteId: pick(state.sites, [settings.lastSiteId, state.siteId]) } : { settings }
