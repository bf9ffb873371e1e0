// Watching: keeps every site's figures and alerts while the application runs, and answers for both. One desk serves
// the contracts `metrics` and `alerts`, because rules look at figures and both look at the same picture of a site.
import { contract } from '#shared/contracts/index.ts'
import type { FullForecast, MetricWindow } from '#shared/contracts/metrics.ts'
import { AppError } from '#shared/errors.ts'
import { signals, type AlertRule } from '#shared/model/alert.ts'
import type { Site, SiteId } from '#shared/model/connection.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import { createAlertStore } from '../../storage/alert-store.ts'
import { createMetricsStore, type MetricsStore } from '../../storage/metrics-store.ts'
import { AlertDesk } from './alert-desk.ts'
import { alertSearch } from './alert-search.ts'
import { forecastsOf } from './forecasts.ts'
import { SitePicture } from './site-picture.ts'
import { WatchedSite } from './watched-site.ts'

/** Watching begins a little after the start: whoever opens a window goes first. */
const startDelayMs = 4_000
const compactEveryMs = 10 * 60_000

export function createWatchingFeatures(core: CoreServices, options: { startDelayMs?: number; tickMs?: number } = {}) {
  const log = core.platform.log.child({ feature: 'watching' })
  const metrics = createMetricsStore(core.database, { now: core.platform.now, log })
  const store = createAlertStore(core.database)
  const alerts = new AlertDesk(store, core)
  const watched = new Map<SiteId, WatchedSite>()
  const closing = new AbortController()
  const compacting = setInterval(() => void compact(), compactEveryMs)
  compacting.unref()
  const starting = setTimeout(begin, options.startDelayMs ?? startDelayMs)
  starting.unref()
  core.search.register(alertSearch(core, alerts, store))

  function begin(): void {
    follow(core.sites.list())
    void compact()
    void (async () => {
      for await (const sites of core.sites.changes.subscribe(closing.signal)) follow(sites)
    })()
  }

  async function compact(): Promise<void> {
    await metrics.compact().catch((error: unknown) => log.error('Figures could not be made coarser', { fault: String(error) }))
  }

  function follow(sites: readonly Site[]): void {
    const kept = new Set(sites.map((site) => site.id))
    for (const [siteId, one] of watched) {
      if (kept.has(siteId)) continue
      one.dispose()
      watched.delete(siteId)
    }
    metrics.keepOnly([...kept])
    alerts.forget(kept)
    for (const site of sites) {
      const isOn = store.isWatched(site.id) && site.connections.length > 0
      const running = watched.get(site.id)
      if (running && isOn) running.reconcile(site)
      else if (isOn)
        watched.set(site.id, new WatchedSite({ site, core, metrics, alerts, ...(options.tickMs ? { tickMs: options.tickMs } : {}) }))
      else stop(site.id)
    }
  }

  function stop(siteId: SiteId): void {
    watched.get(siteId)?.dispose()
    watched.delete(siteId)
    alerts.setWatchState(siteId, 'off')
  }

  /** Of a site that is not watched: from what is stored. */
  async function storedForecasts(siteId: SiteId): Promise<FullForecast[]> {
    const inventory = await core.inventories.lastKnown(siteId)
    if (!inventory) return []
    const picture = new SitePicture(siteId)
    picture.apply({ type: 'whole', inventory })
    return forecastsOf(picture, metrics, () => false, core.platform.now())
  }

  const metricsOs = implementFeature(contract.metrics, core.pipeline)
  const metricsRouter = metricsOs.router({
    series: metricsOs.series.handler(({ input }) => readWindow(metrics, input)),
    keys: metricsOs.keys.handler(({ input }) => metrics.keys(input.siteId, input.entityId)),
    forecasts: metricsOs.forecasts.handler(({ input }) => {
      const site = core.sites.get(input.siteId)
      return watched.get(site.id)?.forecasts() ?? storedForecasts(site.id)
    }),
    latest: metricsOs.latest.handler(({ input }) =>
      (watched.get(input.siteId)?.latest() ?? []).map(({ entityId, name, key, value, atMs }) => ({ entityId, name, key, value, atMs })),
    ),
    size: metricsOs.size.handler(() => metrics.size()),
  })

  const os = implementFeature(contract.alerts, core.pipeline)
  const router = os.router({
    watch: os.watch.handler(({ input, signal, context }) => {
      const site = core.sites.get(input.siteId)
      return alerts.follow(site.id, signal ? AbortSignal.any([signal, context.peer.signal]) : context.peer.signal)
    }),
    history: os.history.handler(({ input }) => store.ended(input)),
    listRules: os.listRules.handler(() => alerts.rules),
    saveRule: os.saveRule.handler(({ input, context }) => {
      assertSensible(input.rule)
      context.audit?.describe(`${input.rule.name}${input.rule.isEnabled ? '' : ' (off)'}`)
      return alerts.saveRule(input.rule)
    }),
    removeRule: os.removeRule.handler(({ input, context }) => {
      context.audit?.describe(alerts.rules.find((rule) => rule.id === input.ruleId)?.name ?? input.ruleId)
      return alerts.removeRule(input.ruleId)
    }),
    restoreRules: os.restoreRules.handler(() => alerts.restoreRules()),
    acknowledge: os.acknowledge.handler(({ input, context }) => {
      const { by, note, untilMs } = input
      const changed = alerts.acknowledge(input.siteId, input.alertIds, { by, note, untilMs })
      context.audit?.describe(`${changed.map((alert) => `${alert.ruleName}: ${alert.subjectName}`).join(', ')} by ${by}`)
    }),
    withdrawAcknowledgement: os.withdrawAcknowledgement.handler(({ input, context }) => {
      const changed = alerts.acknowledge(input.siteId, input.alertIds, null)
      context.audit?.describe(changed.map((alert) => `${alert.ruleName}: ${alert.subjectName}`).join(', '))
    }),
    silence: os.silence.handler(({ input, context }) => {
      const site = core.sites.get(input.siteId)
      if (input.untilMs <= core.platform.now())
        throw new AppError('invalid-input', 'The end of a silence must be in the future.', { remedy: 'Choose a longer time.' })
      const silence = alerts.silence({ siteId: site.id, ruleId: input.ruleId, subjectId: input.subjectId, note: input.note, untilMs: input.untilMs })
      context.audit?.describe(`${silence.subjectName ?? 'Everything'} until ${new Date(silence.untilMs).toISOString()}`)
      return silence
    }),
    endSilence: os.endSilence.handler(({ input }) => alerts.endSilence(input.siteId, input.silenceId)),
    setWatching: os.setWatching.handler(({ input, context }) => {
      const site = core.sites.get(input.siteId)
      context.audit?.describe(`${site.name}: ${input.isOn ? 'on' : 'off'}`)
      store.setWatched(site.id, input.isOn)
      if (!input.isOn) return stop(site.id)
      alerts.setWatchState(site.id, 'starting')
      follow(core.sites.list())
    }),
  })

  const dispose = (): void => {
    closing.abort()
    clearTimeout(starting)
    clearInterval(compacting)
    for (const one of watched.values()) one.dispose()
    alerts.dispose()
  }
  return {
    metrics: { router: metricsRouter } satisfies Feature<typeof metricsRouter>,
    alerts: { router, dispose } satisfies Feature<typeof router>,
  }
}

/** A rule whose clear threshold is worse than its threshold would ring for ever. */
function assertSensible({ signal, threshold, clearThreshold }: AlertRule): void {
  const { worse } = signals[signal]
  if (worse === 'above' ? clearThreshold <= threshold : clearThreshold >= threshold) return
  throw new AppError('invalid-input', 'The value at which the alert ends must not be worse than the one at which it begins.', {
    detail: { kind: 'validation', fields: { clearThreshold: worse === 'above' ? 'At most the threshold' : 'At least the threshold' } },
  })
}

interface WindowInput {
  siteId: SiteId
  entityId: string
  keys: string[]
  fromMs: number
  toMs: number
  mostPoints: number
}

/** All keys of one call have the same steps. */
function readWindow(metrics: MetricsStore, { siteId, entityId, keys, ...window }: WindowInput): MetricWindow {
  const found = keys.map((key) => ({ key, ...metrics.read(siteId, entityId, key, window) }))
  const [first] = found
  const timesMs = first ? Array.from(first.means, (_, index) => first.startMs + index * first.stepMs) : []
  const column = (values: Float64Array): Array<number | null> => Array.from(values, (value) => (Number.isNaN(value) ? null : value))
  return {
    stepMs: first?.stepMs ?? 0,
    timesMs,
    series: found.map(({ key, lows, means, highs }) => ({ key, lows: column(lows), means: column(means), highs: column(highs) })),
  }
}
