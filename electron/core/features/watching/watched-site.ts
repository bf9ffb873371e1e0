// One site that is being watched, whether or not a window looks: follows its inventory, keeps figures every 30 s, runs
// the probes, and puts the alert rules to what is known every few seconds. Ends (dispose) when watching is switched off.
import type { FullForecast } from '#shared/contracts/metrics.ts'
import { AppError, isAppError } from '#shared/errors.ts'
import type { Connection, ConnectionId, Site } from '#shared/model/connection.ts'
import type { CoreServices } from '../../core-services.ts'
import type { Log } from '../../platform.ts'
import type { MetricsStore } from '../../storage/metrics-store.ts'
import { tiers } from '../../storage/metric-tiers.ts'
import type { AlertDesk } from './alert-desk.ts'
import { readSignal, type SignalContext } from './alert-signals.ts'
import { figuresOf, type ProbedFigure } from './figures.ts'
import { forecastsOf } from './forecasts.ts'
import { probesOf, type Probe } from './probes.ts'
import { freshConnections, SitePicture } from './site-picture.ts'

export type WatchCore = Pick<CoreServices, 'vault' | 'platform' | 'connectors' | 'database' | 'settings' | 'inventories' | 'sites'>

export interface WatchedSiteOptions {
  site: Site
  core: WatchCore
  metrics: MetricsStore
  alerts: AlertDesk
  /** Between two evaluations; tests make it short. */
  tickMs?: number
  /** Replaces the probes of a connection; tests only. */
  probesOf?: typeof probesOf
}

const usualTickMs = 5_000
const forecastEveryMs = 10 * 60_000
/** Who looks at them sees the fill level of the last minute. */
const shownForecastAgeMs = 30_000
const firstProbeMs = 3_000

export class WatchedSite {
  readonly siteId: Site['id']
  private readonly options: WatchedSiteOptions
  private readonly log: Log
  private readonly picture: SitePicture
  private readonly closing = new AbortController()
  private readonly answered = new Set<ConnectionId>()
  private readonly probed = new Map<string, { figures: ProbedFigure[]; goodUntilMs: number }>()
  private readonly probing = new Map<string, { key: string; controller: AbortController }>()
  private readonly timer: NodeJS.Timeout
  private hasPicture = false
  private sampledSlot = 0
  private forecastList: FullForecast[] = []
  private forecastAtMs = -Infinity

  constructor(options: WatchedSiteOptions) {
    this.options = options
    this.siteId = options.site.id
    this.log = options.core.platform.log.child({ feature: 'watching', site: options.site.name })
    this.picture = new SitePicture(options.site.id)
    this.timer = setInterval(() => this.tick(), options.tickMs ?? usualTickMs)
    this.timer.unref()
    void this.followInventory()
    this.reconcile(options.site)
  }

  /** What the probes know now. */
  latest(): ProbedFigure[] {
    const nowMs = this.options.core.platform.now()
    return [...this.probed.values()].flatMap(({ figures, goodUntilMs }) => (goodUntilMs > nowMs ? figures : figures.filter((figure) => figure.key === 'certificateDays')))
  }

  forecasts(): FullForecast[] {
    this.refreshForecasts(this.fresh(), shownForecastAgeMs)
    return this.forecastList
  }

  /** Follows a change of the site's connections. */
  reconcile(site: Site): void {
    const wanted = new Map<string, { probe: Probe; key: string }>()
    for (const connection of site.connections)
      for (const probe of this.probesFor(connection)) wanted.set(probe.id, { probe, key: JSON.stringify(connection.settings) })
    for (const [id, { key, controller }] of this.probing) {
      if (wanted.get(id)?.key === key) continue
      controller.abort()
      this.probing.delete(id)
      this.probed.delete(id)
    }
    for (const [id, { probe, key }] of wanted) {
      if (this.probing.has(id)) continue
      const controller = new AbortController()
      this.probing.set(id, { key, controller })
      void this.runProbe(probe, AbortSignal.any([controller.signal, this.closing.signal]))
    }
  }

  dispose(): void {
    this.closing.abort()
    clearInterval(this.timer)
  }

  private async followInventory(): Promise<void> {
    try {
      for await (const event of this.options.core.inventories.watch(this.siteId, this.closing.signal)) {
        this.picture.apply(event)
        this.hasPicture = true
      }
    } catch (thrown) {
      if (!this.closing.signal.aborted && !isAppError(thrown))
        this.log.error('Watching a site ended unexpectedly', { fault: String(thrown) })
    }
  }

  /** One evaluation; never throws, because nobody waits for it. */
  private tick(): void {
    if (!this.hasPicture || this.closing.signal.aborted) return
    try {
      this.look()
    } catch (thrown) {
      this.log.error('A look at a watched site failed', { fault: String((thrown as Error).stack ?? thrown) })
    }
  }

  private look(): void {
    const { alerts, core } = this.options
    const nowMs = core.platform.now()
    const { sources } = this.picture
    const fresh = this.fresh()
    for (const id of fresh) this.answered.add(id)
    const isLocked = sources.length > 0 && sources.some((source) => source.state === 'locked') && fresh.size === 0
    alerts.setWatchState(this.siteId, isLocked ? 'locked' : 'on')
    if (isLocked) return
    this.sample(fresh, nowMs)
    this.refreshForecasts(fresh)
    const context: SignalContext = {
      picture: this.picture,
      fresh,
      answered: this.answered,
      probed: this.latest(),
      forecasts: this.forecastList,
      nowMs,
    }
    const isSilent = (id: ConnectionId): boolean => !fresh.has(id) && this.picture.sourceOf(id) !== undefined
    alerts.evaluate(this.siteId, (signal) => readSignal(signal, context), isSilent)
  }

  private fresh(): Set<ConnectionId> {
    const { core } = this.options
    const maxAgeMs = Math.max(60_000, 3000 * core.settings.get().refreshSeconds)
    return freshConnections(this.picture.sources, core.platform.now(), maxAgeMs)
  }

  /** Figures of this half minute, once. Nothing at all is written while no system answers: that is the gap. */
  private sample(fresh: ReadonlySet<ConnectionId>, nowMs: number): void {
    const slot = Math.floor(nowMs / tiers[0].stepMs)
    if (slot === this.sampledSlot || fresh.size === 0) return
    this.sampledSlot = slot
    const probed = [...this.probed.values()].flatMap(({ figures, goodUntilMs }) => (goodUntilMs > nowMs ? figures : []))
    const all = [...figuresOf(this.picture.entities.values(), fresh), ...probed]
    if (all.length > 0) this.options.metrics.record(this.siteId, nowMs, all)
  }

  private refreshForecasts(fresh: ReadonlySet<ConnectionId>, maxAgeMs = forecastEveryMs): void {
    const nowMs = this.options.core.platform.now()
    if (nowMs - this.forecastAtMs < maxAgeMs && this.forecastList.length > 0) return
    this.forecastAtMs = nowMs
    this.forecastList = forecastsOf(this.picture, this.options.metrics, (entity) => fresh.has(entity.connectionId), nowMs)
  }

  private probesFor(connection: Connection): Probe[] {
    const make = this.options.probesOf ?? probesOf
    return make(this.options.core, connection, () => this.picture.entities.values())
  }

  private async runProbe(probe: Probe, signal: AbortSignal): Promise<void> {
    await pause(firstProbeMs, signal)
    while (!signal.aborted) {
      let isKnown = false
      try {
        const figures = await probe.look(signal)
        isKnown = figures.length > 0
        // Good until the next look should have been, and a little more.
        if (!signal.aborted) this.probed.set(probe.id, { figures, goodUntilMs: this.options.core.platform.now() + probe.everyMs * 1.5 })
      } catch (thrown) {
        if (!signal.aborted && !(thrown instanceof AppError))
          this.log.debug('A probe found nothing', { probe: probe.id, fault: String(thrown) })
      }
      // The first looks come before the inventory knows anything: they are tried again soon.
      await pause(isKnown ? probe.everyMs : Math.min(probe.everyMs, 30_000), signal)
    }
  }
}

/** Resolves after `ms`, or at once when `signal` fires; does not keep the process alive. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, ms)
    timer.unref()
    if (signal.aborted) end()
    else signal.addEventListener('abort', end)
  })
