// What the palette found in the core, and what was picked lately. The core answers a moment after the key press; what
// the page knows itself is shown meanwhile.
import { create } from 'zustand'
import type { SearchHit } from '#shared/contracts/search.ts'
import type { SiteId } from '#shared/model/connection.ts'
import type { Client } from './client.ts'

export interface SearchState {
  /** The text that `hits` belong to. */
  text: string
  hits: SearchHit[]
  problems: string[]
  isSearching: boolean
  /** Newest first. */
  recent: SearchHit[]
}

export const useSearch = create<SearchState>(() => ({ text: '', hits: [], problems: [], isSearching: false, recent: [] }))

const keptPicks = 8
const fewestLetters = 2
let current = new AbortController()

/** Asks the core; a newer question takes over. Never rejects. */
export async function searchFor(client: Client, text: string, siteId: SiteId | null): Promise<void> {
  current.abort()
  current = new AbortController()
  const { signal } = current
  if (text.trim().length < fewestLetters) return useSearch.setState({ text, hits: [], problems: [], isSearching: false })
  useSearch.setState({ isSearching: true })
  try {
    const { hits, problems } = await client.search.find({ text, siteId, limit: 8 }, { signal })
    if (!signal.aborted) useSearch.setState({ text, hits, problems, isSearching: false })
  } catch {
    // The page still finds what it knows itself.
    if (!signal.aborted) useSearch.setState({ text, hits: [], problems: ['The core does not answer: only what this page knows was searched.'], isSearching: false })
  }
}

export const notePick = (hit: SearchHit): void =>
  useSearch.setState((state) => ({ recent: [hit, ...state.recent.filter((item) => item.id !== hit.id)].slice(0, keptPicks) }))
