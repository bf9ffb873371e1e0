// The page's mirror of the open site's alerts, for the badge, the overview and the screen of alerts. Kept live by the
// frame.
import { create } from 'zustand'
import type { AlertPicture } from '#shared/contracts/alerts.ts'
import { isAcknowledged, isSilenced, severities, type Alert } from '#shared/model/alert.ts'
import type { SiteId } from '#shared/model/connection.ts'
import { follow, type Client } from './client.ts'

export interface AlertsState {
  /** Null until the first answer. */
  picture: AlertPicture | null
}

export const useAlerts = create<AlertsState>(() => ({ picture: null }))

/** Follows the site's alerts until the returned function is called. */
export function followAlerts(client: Client, siteId: SiteId): () => void {
  const controller = new AbortController()
  useAlerts.setState({ picture: null })
  void follow((options) => client.alerts.watch({ siteId }, options), (picture) => useAlerts.setState({ picture }), { signal: controller.signal })
  return () => {
    controller.abort()
    useAlerts.setState({ picture: null })
  }
}

export interface SortedAlerts {
  /** Firing, known, and nobody has taken them on. */
  open: Alert[]
  acknowledged: Alert[]
  /** They were firing when they were last seen. */
  unknown: Alert[]
  silenced: Alert[]
  resolved: Alert[]
}

/** Worst first, then newest first. Every alert that is not only pending is in exactly one list. */
export function sortAlerts(picture: AlertPicture, nowMs: number): SortedAlerts {
  const sorted: SortedAlerts = { open: [], acknowledged: [], unknown: [], silenced: [], resolved: [] }
  for (const alert of picture.alerts.toSorted(byWeight)) {
    if (alert.state === 'pending') continue
    if (alert.state === 'resolved') sorted.resolved.push(alert)
    else if (isSilenced(alert, picture.silences, nowMs)) sorted.silenced.push(alert)
    else if (alert.unknownSinceMs !== null) sorted.unknown.push(alert)
    else if (isAcknowledged(alert, nowMs)) sorted.acknowledged.push(alert)
    else sorted.open.push(alert)
  }
  return sorted
}

export const byWeight = (a: Alert, b: Alert): number =>
  severities.indexOf(a.severity) - severities.indexOf(b.severity) || (b.firedAtMs ?? b.sinceMs) - (a.firedAtMs ?? a.sinceMs) || a.subjectName.localeCompare(b.subjectName)

/** One entry a rule, in the order of the worst and newest of each. */
export const groupByRule = (alerts: readonly Alert[]): Alert[][] => [...Map.groupBy(alerts, (alert) => alert.ruleId).values()]
