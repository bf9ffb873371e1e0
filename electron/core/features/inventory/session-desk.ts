// Shares one session per site between all who watch it, and ends a session half a minute after the last has gone,
// so that going from one screen to the next does not begin anew.
import type { Site, SiteId } from '#shared/model/connection.ts'
import type { InventorySession } from './inventory-session.ts'

const graceMs = 30_000

interface Held {
  session: InventorySession
  holders: number
  timer: NodeJS.Timeout | undefined
}

export class SessionDesk {
  private readonly open: (site: Site) => InventorySession
  private readonly graceMs: number
  private readonly held = new Map<SiteId, Held>()

  constructor(open: (site: Site) => InventorySession, options: { graceMs?: number } = {}) {
    this.open = open
    this.graceMs = options.graceMs ?? graceMs
  }

  /** Whoever takes a session must give it back once, by `release`. */
  take(site: Site): { session: InventorySession; release: () => void } {
    const held = this.held.get(site.id) ?? { session: this.open(site), holders: 0, timer: undefined }
    this.held.set(site.id, held)
    clearTimeout(held.timer)
    held.holders += 1
    let isReleased = false
    const release = (): void => {
      if (isReleased) return
      isReleased = true
      held.holders -= 1
      if (held.holders > 0 || this.held.get(site.id) !== held) return
      held.timer = setTimeout(() => this.end(site.id), this.graceMs)
      held.timer.unref()
    }
    return { session: held.session, release }
  }

  /** The running session, if the site has one. */
  find(siteId: SiteId): InventorySession | undefined {
    return this.held.get(siteId)?.session
  }

  /** Follows a change of sites: ends the sessions of removed ones. */
  async follow(sites: readonly Site[]): Promise<void> {
    const known = new Map(sites.map((site) => [site.id, site]))
    for (const [siteId, held] of this.held) {
      const site = known.get(siteId)
      if (site) await held.session.reconcile(site)
      else this.end(siteId)
    }
  }

  dispose(): void {
    for (const siteId of [...this.held.keys()]) this.end(siteId)
  }

  private end(siteId: SiteId): void {
    const held = this.held.get(siteId)
    if (!held) return
    clearTimeout(held.timer)
    this.held.delete(siteId)
    held.session.dispose()
  }
}
