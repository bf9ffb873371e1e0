// Jobs in the search: by name, object, template, place and state, from the store, so offline too.
import type { SearchHit } from '#shared/contracts/search.ts'
import { rankText, type SearchSource } from '../../search/search-registry.ts'
import type { JobDesk } from './job-desk.ts'
import type { SiteStore } from '../../storage/site-store.ts'

export const jobSearch = (desk: Pick<JobDesk, 'list'>, sites: Pick<SiteStore, 'list'>): SearchSource => ({
  id: 'jobs',
  prefixes: ['job', 'jobs'],
  find(query) {
    const wanted = sites.list().filter(({ id }) => query.siteId === null || id === query.siteId)
    const hits = wanted.flatMap(({ id: siteId }) =>
      desk.list(siteId).flatMap((job): SearchHit[] => {
        const rank = rankText(`${job.name} ${job.objectName} ${job.templateTitle ?? ''} ${job.connectionLabel} ${job.words}`.toLowerCase(), query)
        if (rank === null) return []
        return [{ id: `job/${job.jobId}`, group: 'Jobs', title: job.name, subtitle: `${job.words} · ${job.connectionLabel}`, rank, place: { path: '/jobs', query: { job: job.jobId } }, siteId }]
      }),
    )
    return hits.sort((left, right) => left.rank - right.rank).slice(0, query.limit)
  },
})
