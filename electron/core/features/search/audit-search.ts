// Audit records in the search.
import type { CoreServices } from '../../core-services.ts'
import { rankText, type SearchSource } from '../../search/search-registry.ts'
import type { SiteId } from '#shared/model/connection.ts'

export const auditSearch = ({ audit }: Pick<CoreServices, 'audit'>): SearchSource => ({
  id: 'audit',
  prefixes: ['audit'],
  find(query) {
    const [first = ''] = query.words
    if (first.length < 3) return []
    return audit
      .list({ limit: query.limit * 4, text: first })
      .flatMap((record) => {
        const rank = rankText(`${record.title} ${record.subject} ${record.message ?? ''}`.toLowerCase(), query)
        if (rank === null) return []
        return [
          {
            id: `audit/${record.id}`,
            group: 'Audit log',
            title: record.title,
            subtitle: `${new Date(record.atMs).toISOString().slice(0, 16).replace('T', ' ')} · ${record.outcome} · ${record.subject.slice(0, 120)}`,
            rank: rank + 3,
            place: { path: '/audit', query: { text: query.text } },
            siteId: record.siteId as SiteId | null,
          },
        ]
      })
      .slice(0, query.limit)
  },
})
