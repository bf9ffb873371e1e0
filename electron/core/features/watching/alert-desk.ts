// The alerts of all sites: puts the rules to what is known of a site, remembers what fires, tells people once, and
// keeps their acknowledgements and silences. Knows no system; who watches hands it what the signals say.
import { randomUUID } from 'node:crypto'
import type { AlertPicture, BlindSpot, WatchState } from '#shared/contracts/alerts.ts'
import { AppError } from '#shared/errors.ts'
import { isAcknowledged, isSilenced, type Alert, type AlertRule, type Signal, type Silence } from '#shared/model/alert.ts'
import type { ConnectionId, SiteId } from '#shared/model/connection.ts'
import type { CoreServices } from '../../core-services.ts'
import { createFeed, type Feed } from '../../router/event-feed.ts'
import type { AlertStore } from '../../storage/alert-store.ts'
import { endAlert, isInScope, loseAlert, stepAlert, type Reading, type Step } from './alert-engine.ts'
import { announce } from './announcements.ts'
import { defaultRules } from './default-rules.ts'

/** Ended alerts stay in the live picture for this long. */
const recentMs = 3_600_000

interface SiteAlerts {
  /** Pending and firing ones by rule and subject. */
  active: Map<string, Alert>
  recent: Alert[]
  blindSpots: BlindSpot[]
  silences: Silence[]
  watching: WatchState
  feed: Feed<AlertPicture>
}

export type ReadSignal = (signal: Signal) => Reading[]

export class AlertDesk {
  private readonly store: AlertStore
  private readonly core: Pick<CoreServices, 'platform' | 'notifications' | 'sites'>
  private readonly sites = new Map<SiteId, SiteAlerts>()
  private ruleList: AlertRule[]

  constructor(store: AlertStore, core: Pick<CoreServices, 'platform' | 'notifications' | 'sites'>) {
    this.store = store
    this.core = core
    this.ruleList = store.rules() ?? [...defaultRules]
  }

  get rules(): AlertRule[] {
    return this.ruleList
  }

  picture(siteId: SiteId): AlertPicture {
    const { active, recent, blindSpots, silences, watching } = this.of(siteId)
    return { watching, alerts: [...active.values(), ...recent], blindSpots, silences }
  }

  follow(siteId: SiteId, signal: AbortSignal): AsyncGenerator<AlertPicture, void, void> {
    return this.of(siteId).feed.subscribe(signal, this.picture(siteId))
  }

  setWatchState(siteId: SiteId, state: WatchState['state'], sinceMs = this.core.platform.now()): void {
    const site = this.of(siteId)
    if (site.watching.state === state) return
    site.watching = { state, sinceMs, evaluatedAtMs: site.watching.evaluatedAtMs }
    if (state !== 'on') this.loseSight(siteId, site)
    this.publish(siteId)
  }

  /** Puts every rule to the site. `read` is asked once per signal; `isSilent` tells of a connection that it cannot answer now. */
  evaluate(siteId: SiteId, read: ReadSignal, isSilent: (connectionId: ConnectionId) => boolean): void {
    const nowMs = this.core.platform.now()
    const site = this.of(siteId)
    const readings = new Map<Signal, Reading[]>()
    const steps: Array<{ before: Alert | undefined; step: Step }> = []
    const seen = new Set<string>()
    const blind: BlindSpot[] = []
    for (const rule of this.ruleList) {
      if (!rule.isEnabled) continue
      const said = readings.get(rule.signal) ?? read(rule.signal)
      readings.set(rule.signal, said)
      const unknown: Reading[] = []
      for (const reading of said) {
        if (!isInScope(rule, reading)) continue
        const key = keyOf(rule.id, reading.subjectId)
        seen.add(key)
        if (reading.value === null) unknown.push(reading)
        const before = site.active.get(key)
        if (before || reading.value !== null) steps.push({ before, step: stepAlert(siteId, rule, reading, before, nowMs) })
      }
      if (unknown.length > 0) blind.push({ ruleId: rule.id, ruleName: rule.name, subjectCount: unknown.length, reason: reasonOf(unknown) })
    }
    for (const [key, before] of site.active) {
      if (seen.has(key)) continue
      const isRuleOn = this.ruleList.some((rule) => rule.id === before.ruleId && rule.isEnabled)
      if (isRuleOn && isSilent(before.connectionId)) steps.push({ before, step: loseAlert(before, nowMs) })
      else steps.push({ before, step: endAlert(before, isRuleOn ? `${before.subjectName} is no longer there.` : 'The rule was switched off or changed.', nowMs) })
    }
    const hasChanged = this.take(siteId, site, steps, nowMs)
    const isBlindNew = JSON.stringify(blind) !== JSON.stringify(site.blindSpots)
    site.blindSpots = blind
    site.watching = { ...site.watching, evaluatedAtMs: nowMs }
    if (hasChanged || isBlindNew) this.publish(siteId)
  }

  saveRule(rule: AlertRule): AlertRule[] {
    const at = this.ruleList.findIndex((item) => item.id === rule.id)
    return this.setRules(at < 0 ? [...this.ruleList, rule] : this.ruleList.with(at, rule))
  }

  removeRule(ruleId: string): AlertRule[] {
    return this.setRules(this.ruleList.filter((rule) => rule.id !== ruleId))
  }

  restoreRules(): AlertRule[] {
    const own = this.ruleList.filter((rule) => !defaultRules.some((item) => item.id === rule.id))
    return this.setRules([...defaultRules, ...own])
  }

  acknowledge(siteId: SiteId, alertIds: readonly string[], ack: { by: string; note: string; untilMs: number | null } | null): Alert[] {
    const site = this.of(siteId)
    const wanted = new Set(alertIds)
    const changed: Alert[] = []
    for (const [key, alert] of site.active) {
      if (!wanted.has(alert.id) || alert.state !== 'firing') continue
      const next = { ...alert, acknowledgement: ack && { ...ack, atMs: this.core.platform.now() } }
      site.active.set(key, next)
      changed.push(next)
    }
    if (changed.length === 0)
      throw new AppError('not-found', 'None of these alerts is firing any more.', { remedy: 'Look at what fires now.' })
    this.store.put(changed)
    this.publish(siteId)
    return changed
  }

  silence(order: Omit<Silence, 'id' | 'subjectName'>): Silence {
    const site = this.of(order.siteId)
    const subjectName = [...site.active.values()].find((alert) => alert.subjectId === order.subjectId)?.subjectName ?? order.subjectId
    const silence: Silence = { ...order, id: randomUUID(), subjectName }
    site.silences = [...site.silences, silence]
    this.store.putSilence(silence)
    this.publish(order.siteId)
    return silence
  }

  endSilence(siteId: SiteId, silenceId: string): void {
    const site = this.of(siteId)
    site.silences = site.silences.filter((item) => item.id !== silenceId)
    this.store.removeSilence(siteId, silenceId)
    this.publish(siteId)
  }

  forget(kept: ReadonlySet<SiteId>): void {
    for (const [siteId, site] of this.sites) {
      if (kept.has(siteId)) continue
      site.feed.dispose()
      this.sites.delete(siteId)
    }
    this.store.keepOnly([...kept])
  }

  dispose(): void {
    for (const { feed } of this.sites.values()) feed.dispose()
  }

  private of(siteId: SiteId): SiteAlerts {
    const known = this.sites.get(siteId)
    if (known) return known
    const nowMs = this.core.platform.now()
    const firing = this.store.firing(siteId).map((alert) => ({ ...alert, unknownSinceMs: alert.unknownSinceMs ?? nowMs }))
    const site: SiteAlerts = {
      active: new Map(firing.map((alert) => [keyOf(alert.ruleId, alert.subjectId), alert])),
      recent: this.store.ended({ siteId, limit: 100 }).filter((alert) => nowMs - (alert.resolvedAtMs ?? 0) < recentMs),
      blindSpots: [],
      silences: this.store.silences(siteId),
      watching: { state: 'starting', sinceMs: nowMs, evaluatedAtMs: null },
      feed: createFeed<AlertPicture>(),
    }
    this.sites.set(siteId, site)
    return site
  }

  /** Takes the steps over; true when something changed that people see. */
  private take(siteId: SiteId, site: SiteAlerts, steps: ReadonlyArray<{ before: Alert | undefined; step: Step }>, nowMs: number): boolean {
    const fired: Alert[] = []
    const resolved: Alert[] = []
    const kept: Alert[] = []
    let hasChanged = false
    for (const { before, step } of steps) {
      const { alert } = step
      if (!alert && !before) continue
      hasChanged ||= isVisiblyDifferent(before, alert)
      const key = keyOf((alert ?? before!).ruleId, (alert ?? before!).subjectId)
      if (!alert || alert.state === 'resolved') site.active.delete(key)
      else site.active.set(key, alert)
      if (!alert) continue
      if (step.transition === 'fired') fired.push(alert)
      if (step.transition === 'resolved') resolved.push(alert)
      if (alert.state !== 'pending' && (step.transition || isWorthKeeping(before, alert))) kept.push(alert)
    }
    this.store.put(kept)
    const count = site.recent.length
    site.recent = [...resolved, ...site.recent].filter((alert) => nowMs - (alert.resolvedAtMs ?? 0) < recentMs).slice(0, 500)
    const silences = site.silences.filter((item) => item.untilMs > nowMs)
    const isLoud = (alert: Alert): boolean => !isSilenced(alert, silences, nowMs)
    announce(this.core, siteId, fired.filter(isLoud), resolved.filter((alert) => isLoud(alert) && !isAcknowledged(alert, nowMs)))
    if (silences.length !== site.silences.length) {
      for (const item of site.silences) if (item.untilMs <= nowMs) this.store.removeSilence(siteId, item.id)
      site.silences = silences
      hasChanged = true
    }
    return hasChanged || site.recent.length !== count
  }

  /** Watching has stopped: what fires stays, and is not known from now on; what was pending is dropped. */
  private loseSight(siteId: SiteId, site: SiteAlerts): void {
    const nowMs = this.core.platform.now()
    for (const [key, alert] of site.active) {
      if (alert.state === 'pending') site.active.delete(key)
      else site.active.set(key, { ...alert, unknownSinceMs: alert.unknownSinceMs ?? nowMs, clearSinceMs: null })
    }
    this.store.put([...site.active.values()])
    site.blindSpots = []
    this.publish(siteId)
  }

  private setRules(rules: AlertRule[]): AlertRule[] {
    this.ruleList = rules
    this.store.putRules(rules)
    return rules
  }

  private publish(siteId: SiteId): void {
    this.of(siteId).feed.publish(this.picture(siteId))
  }
}

const keyOf = (ruleId: string, subjectId: string): string => `${ruleId}\u0000${subjectId}`

const isVisiblyDifferent = (before: Alert | undefined, after: Alert | undefined): boolean =>
  before?.state !== after?.state || before?.text !== after?.text || before?.unknownSinceMs !== after?.unknownSinceMs || before?.clearSinceMs !== after?.clearSinceMs

const isWorthKeeping = (before: Alert | undefined, after: Alert): boolean => before?.unknownSinceMs !== after.unknownSinceMs

/** The commonest reason, so that one sentence says it. */
function reasonOf(unknown: readonly Reading[]): string {
  const counts = new Map<string, number>()
  for (const { text } of unknown) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0] ?? 'Not known'
}
