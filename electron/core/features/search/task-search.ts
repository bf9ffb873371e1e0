// Long operations of the systems in the search.
import type { CoreServices } from '../../core-services.ts'
import { rankText, type SearchSource } from '../../search/search-registry.ts'

export const taskSearch = ({ tasks, sites }: Pick<CoreServices, 'tasks' | 'sites'>): SearchSource => ({
  id: 'tasks',
  prefixes: ['task'],
  find: (query) =>
    sites
      .list()
      .flatMap((site) => tasks.list(site.id, { limit: 500 }))
      .flatMap((task) => {
        const rank = rankText(`${task.title} ${task.subject} ${task.reference} ${task.message}`.toLowerCase(), query)
        if (rank === null) return []
        return [
          {
            id: `task/${task.taskId}`,
            group: 'Tasks',
            title: task.title,
            subtitle: `${task.state} · ${new Date(task.startedAtMs).toISOString().slice(0, 16).replace('T', ' ')} · ${task.message}`,
            rank: rank + 1,
            place: { path: '/overview', query: { task: task.taskId } },
            siteId: task.siteId,
          },
        ]
      })
      .sort((a, b) => a.rank - b.rank)
      .slice(0, query.limit),
})
