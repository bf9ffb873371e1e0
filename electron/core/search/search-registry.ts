// The seam of the search: features register where their things can be found; the search feature asks all of them. A
// source knows only its own things and ranks them; nothing here knows a feature.
import type { SearchHit } from '#shared/contracts/search.ts'
import type { SiteId } from '#shared/model/connection.ts'

export interface SearchQuery {
  /** Trimmed, lower case, without its prefix. */
  text: string
  /** `text` at its blanks; every word must be found. */
  words: readonly string[]
  /** The site that is open; its things go first. Null = none is. */
  siteId: SiteId | null
  /** The prefix that chose this source; null = none was typed. */
  prefix: string | null
  /** More than this are not shown of one source. */
  limit: number
}

export interface SearchSource {
  id: string
  /** Prefixes that ask for this source alone: `task` for `task: backup`. */
  prefixes: readonly string[]
  /** Best first. A source that fails is left out of the answer and said to be. Should take no more than 20 ms. */
  find(query: SearchQuery, signal: AbortSignal): SearchHit[] | Promise<SearchHit[]>
}

export interface SearchRegistry {
  register(source: SearchSource): void
  readonly sources: readonly SearchSource[]
}

export function createSearchRegistry(): SearchRegistry {
  const sources: SearchSource[] = []
  return { register: (source) => void sources.push(source), sources }
}

/** Whether every word occurs; and how well: 0 when the text is all of it, 1 at its beginning, 2 at a word's beginning, 3 inside. */
export function rankText(haystack: string, { text, words }: Pick<SearchQuery, 'text' | 'words'>): number | null {
  if (haystack === text) return 0
  if (!words.every((word) => haystack.includes(word))) return null
  if (haystack.startsWith(text)) return 1
  const at = haystack.indexOf(words[0] ?? text)
  return at > 0 && /[\s./:_-]/.test(haystack[at - 1]!) ? 2 : 3
}
