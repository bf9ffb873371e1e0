// Alerts in the search: what fires now and what fired in the past, by rule, subject and text.
import type { SearchHit } from '#shared/contracts/search.ts'
import type { Alert } from '#shared/model/alert.ts'
import type { CoreServices } from '../../core-services.ts'
import { rankText, type SearchSource } from '../../search/search-registry.ts'
import type { AlertStore } from '../../storage/alert-store.ts'
import type { AlertDesk } from './alert-desk.ts'

export const alertSearch = ({ sites }: Pick<CoreServices, 'sites'>, alerts: AlertDesk, store: AlertStore): SearchSource => ({
  id: 'alerts',
  prefixes: ['alert'],
  find(query) {
    const found: SearchHit[] = []
    for (const { id: siteId } of sites.list()) {
      const active = alerts.picture(siteId).alerts.filter((alert) => alert.state !== 'pending')
      const ended = store.ended({ siteId, limit: query.limit, text: query.words[0] })
      for (const alert of new Map([...ended, ...active].map((item) => [item.id, item])).values()) {
        const rank = rankText(`${alert.ruleName} ${alert.subjectName} ${alert.text}`.toLowerCase(), query)
        if (rank !== null) found.push(toHit(alert, rank))
      }
    }
    return found.sort((a, b) => a.rank - b.rank).slice(0, query.limit)
  },
})

const toHit = (alert: Alert, rank: number): SearchHit => ({
  id: `alert/${alert.id}`,
  group: 'Alerts',
  title: `${alert.ruleName}: ${alert.subjectName}`,
  subtitle: alert.state === 'firing' ? `firing · ${alert.text}` : `over since ${new Date(alert.resolvedAtMs ?? 0).toISOString().slice(0, 16).replace('T', ' ')}`,
  rank: alert.state === 'firing' ? rank : rank + 4,
  place: { path: '/alerts', query: { alert: alert.id } },
  siteId: alert.siteId,
})
