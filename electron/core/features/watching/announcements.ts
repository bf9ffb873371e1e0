// Telling people about alerts: once when they fire and once when they are over, grouped, so that one cause that shows
// in thirty places is one notification.
import { severities, type Alert, type Severity } from '#shared/model/alert.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Notification } from '#shared/contracts/app.ts'
import type { CoreServices } from '../../core-services.ts'

/** More groups than this at one time become one notification. */
const mostGroups = 3
const mostNames = 4

const levels: Record<Severity, Notification['level']> = { critical: 'error', warning: 'warning', info: 'info' }

export function announce(
  { notifications, sites }: Pick<CoreServices, 'notifications' | 'sites'>,
  siteId: SiteId,
  fired: readonly Alert[],
  resolved: readonly Alert[],
): void {
  const site = sites.list().find((item) => item.id === siteId)?.name ?? 'The site'
  const groups = [...Map.groupBy(fired, (alert) => alert.ruleId).values()]
  if (groups.length > mostGroups) {
    const worst = worstOf(fired)
    notifications.add(levels[worst], `${fired.length} alerts in ${site}`, groups.map((group) => `${group[0]!.ruleName}: ${group.length}`).join(', '))
  } else for (const group of groups) notifications.add(levels[worstOf(group)], titleOf(group), `${bodyOf(group)} (${site})`)
  if (resolved.length > 0) notifications.add('success', titleOf(resolved, 'Over: '), `${namesOf(resolved)} (${site})`)
}

const worstOf = (alerts: readonly Alert[]): Severity =>
  severities.find((severity) => alerts.some((alert) => alert.severity === severity)) ?? 'info'

function titleOf(alerts: readonly Alert[], prefix = ''): string {
  const rules = new Set(alerts.map((alert) => alert.ruleName))
  const [first] = alerts
  if (alerts.length === 1) return `${prefix}${first!.ruleName}: ${first!.subjectName}`
  return rules.size === 1 ? `${prefix}${first!.ruleName}: ${alerts.length} of them` : `${prefix}${alerts.length} alerts`
}

const bodyOf = (alerts: readonly Alert[]): string => (alerts.length === 1 ? `${alerts[0]!.text}.` : `${namesOf(alerts)}.`)

function namesOf(alerts: readonly Alert[]): string {
  const names = [...new Set(alerts.map((alert) => alert.subjectName))]
  const more = names.length - mostNames
  return names.slice(0, mostNames).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
