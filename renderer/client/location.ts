// Where the user is: the hash of the address, so that both shells' pages reload and go back alike.
import { useSyncExternalStore } from 'react'

/** `path` is like `/map`; `query` holds what a link selects, e.g. `entity`. */
export interface Place {
  path: string
  query: URLSearchParams
}

const read = (): string => window.location.hash.slice(1) || '/'
let cached: { hash: string; place: Place } | undefined

function parse(hash: string): Place {
  if (cached?.hash === hash) return cached.place
  const [path = '/', query = ''] = hash.split('?', 2)
  cached = { hash, place: { path, query: new URLSearchParams(query) } }
  return cached.place
}

const subscribe = (listener: () => void): (() => void) => {
  window.addEventListener('hashchange', listener)
  return () => window.removeEventListener('hashchange', listener)
}

export const usePlace = (): Place => useSyncExternalStore(subscribe, () => parse(read()))
export const currentPlace = (): Place => parse(read())

/**
 * Goes to a screen: `navigate('/inventory', { kind: 'guest' })`. `replace` leaves no step behind for the Back
 * button: for selections that follow the arrow keys.
 */
export function navigate(path: string, query: Record<string, string> = {}, options: { replace?: boolean } = {}): void {
  const text = new URLSearchParams(query).toString()
  const hash = text ? `${path}?${text}` : path
  if (options.replace) window.location.replace(`#${hash}`)
  else window.location.hash = hash
}
