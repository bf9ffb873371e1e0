// Statements and results in the search: by their text and name, and kept results by a TARGETID (or any other whole
// number of that size) that one of their rows holds.
import type { Run } from '#shared/contracts/sql.ts'
import type { SearchHit } from '#shared/contracts/search.ts'
import type { CoreServices } from '../../core-services.ts'
import { rankText, type SearchSource } from '../../search/search-registry.ts'
import type { RunStore } from '../../storage/run-store.ts'
import { holdsInteger, wholeNumberIn } from './integer-scan.ts'

const mostScanned = 40
/** A search is typed into: what was not looked at by then is not found. */
const scanTimeMs = 400

export const runSearch = ({ sites }: Pick<CoreServices, 'sites'>, store: RunStore): SearchSource => ({
  id: 'results',
  prefixes: ['sql', 'result', 'targetid'],
  async find(query, signal) {
    const siteOf = new Map(sites.list().flatMap((site) => site.connections.map((connection) => [connection.id, site.id] as const)))
    const [first = ''] = query.words
    if (first.length < 2) return []
    const toHit = (run: Run, rank: number, why: string): SearchHit => ({
      id: `run/${run.runId}`,
      group: run.isSaved ? 'Saved results' : 'SQL history',
      title: run.name ?? run.sql.replace(/\s+/g, ' ').slice(0, 100),
      subtitle: `${why}${run.connectionLabel} · ${run.rows} rows · ${new Date(run.startedAtMs).toISOString().slice(0, 16).replace('T', ' ')}`,
      rank,
      place: { path: '/sql', query: { run: run.runId } },
      siteId: siteOf.get(run.connectionId) ?? null,
    })
    const named = store.list({ limit: query.limit * 4, text: first }).flatMap((run) => {
      const rank = rankText(`${run.name ?? ''} ${run.sql}`.toLowerCase().trim(), query)
      return rank === null ? [] : [toHit(run, (run.isSaved ? 1 : 2) + rank / 10, '')]
    })
    const value = wholeNumberIn(query.text)
    if (value === null) return named.slice(0, query.limit)
    const known = new Set(named.map((hit) => hit.id))
    const limit = AbortSignal.any([signal, AbortSignal.timeout(scanTimeMs)])
    const candidates = [...store.list({ limit: mostScanned, onlySaved: true }), ...store.list({ limit: mostScanned })]
      .filter((run) => run.resultBytes > 0 && run.columns.some((column) => column.pgType === 'int8') && !known.has(`run/${run.runId}`))
    for (const run of new Map(candidates.map((one) => [one.runId, one])).values()) {
      if (limit.aborted) break
      if (await holdsInteger(store.resultPath(run.runId), value, limit)) named.push(toHit(run, 0.5, 'holds it · '))
    }
    return named.slice(0, query.limit)
  },
})
