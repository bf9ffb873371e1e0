// The search over everything known: asks every registered source, drops what is there twice, and orders by how good the
// hits are. Works without a network, because every source looks at what is kept here.
import { contract } from '#shared/contracts/index.ts'
import type { SearchHit } from '#shared/contracts/search.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { CoreServices, Feature } from '../../core-services.ts'
import { implementFeature } from '../../router/implement-feature.ts'
import type { SearchQuery, SearchSource } from '../../search/search-registry.ts'
import { auditSearch } from './audit-search.ts'
import { createEntitySearch } from './entity-search.ts'
import { taskSearch } from './task-search.ts'

/** A source that takes longer is left out of this answer. */
const sourceTimeoutMs = 1_500

export function createSearchFeature(core: CoreServices) {
  const log = core.platform.log.child({ feature: 'search' })
  core.search.register(createEntitySearch(core))
  core.search.register(auditSearch(core))
  core.search.register(taskSearch(core))

  async function find(input: { text: string; siteId: SiteId | null; limit: number }, signal: AbortSignal) {
    const startedAt = performance.now()
    const { sources, query } = parseQuery(input, core.search.sources)
    const problems: string[] = []
    if (query.text === '') return { hits: [], elapsedMs: 0, problems }
    const limit = AbortSignal.any([signal, AbortSignal.timeout(sourceTimeoutMs)])
    const answers = await Promise.all(
      sources.map(async (source) => {
        try {
          return await Promise.race([Promise.resolve(source.find(query, limit)), refused(limit)])
        } catch (error) {
          if (!signal.aborted) {
            problems.push(`The search in ${source.id} failed.`)
            log.warn('A source of the search failed', { source: source.id, fault: String(error) })
          }
          return []
        }
      }),
    )
    return { hits: order(answers.flat(), input.siteId), elapsedMs: performance.now() - startedAt, problems }
  }

  const os = implementFeature(contract.search, core.pipeline)
  const router = os.router({
    find: os.find.handler(({ input, signal, context }) => find(input, signal ?? context.peer.signal)),
  })
  return { router } satisfies Feature<typeof router>
}

/** `vm: web` → the sources that know `vm`, and the text `web`. An unknown prefix is part of the text. */
export function parseQuery(
  input: { text: string; siteId: SiteId | null; limit: number },
  all: readonly SearchSource[],
): { sources: readonly SearchSource[]; query: SearchQuery } {
  const whole = input.text.trim().toLowerCase()
  const [, prefix, rest] = /^([a-z]+):\s*(.*)$/.exec(whole) ?? []
  const chosen = prefix === undefined ? [] : all.filter((source) => source.prefixes.includes(prefix))
  const text = chosen.length > 0 ? rest! : whole
  return {
    sources: chosen.length > 0 ? chosen : all,
    query: { text, words: text.split(/\s+/).filter(Boolean), siteId: input.siteId, limit: input.limit, prefix: chosen.length > 0 ? prefix! : null },
  }
}

/** Groups in the order of their best hit, then hits by rank; those of the open site first among equals. */
function order(hits: SearchHit[], siteId: SiteId | null): SearchHit[] {
  const groups = Map.groupBy([...new Map(hits.map((hit) => [hit.id, hit])).values()], (hit) => hit.group)
  const isAway = (hit: SearchHit): number => Number(hit.siteId !== null && hit.siteId !== siteId)
  const sorted = [...groups.values()].map((group) => group.toSorted((a, b) => isAway(a) - isAway(b) || a.rank - b.rank))
  return sorted.toSorted((a, b) => isAway(a[0]!) - isAway(b[0]!) || a[0]!.rank - b[0]!.rank).flat()
}

const refused = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(new Error('It took too long.')), { once: true }))
