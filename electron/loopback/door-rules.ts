// What a request must be before anybody looks at its cookie: addressed to us by name (so that a foreign name that
// resolves to 127.0.0.1 gets nothing), and made by our own page or by the address bar. Pure; used for requests
// and for socket upgrades alike.
import type { IncomingHttpHeaders } from 'node:http'

export interface Refusal {
  status: 400 | 403 | 404 | 405 | 421
  sentence: string
}

export interface RequestFacts {
  method?: string | undefined
  /** The raw request target. */
  url?: string | undefined
  headers: IncomingHttpHeaders
}

/** Undefined = come in. `port` is the one that the server listens on. */
export function refuseRequest(request: RequestFacts, port: number): Refusal | undefined {
  return (
    refuseAddress(request, port) ??
    refuseForeignPage(request) ??
    (request.method === 'GET' || request.method === 'HEAD'
      ? undefined
      : { status: 405, sentence: 'Only reading is possible here.' })
  )
}

/** Sockets are opened by scripts alone: they must say whose. */
export function refuseUpgrade(request: RequestFacts, port: number): Refusal | undefined {
  const { headers, method } = request
  const refusal = refuseAddress(request, port)
  if (refusal) return refusal
  if (method !== 'GET') return { status: 405, sentence: 'A socket is opened with GET.' }
  const isOwn = headers.origin === `http://${headers.host}`
  const site = headers['sec-fetch-site']
  if (!isOwn || (site !== undefined && site !== 'same-origin'))
    return { status: 403, sentence: 'Only the page that Meridian itself served may open this.' }
  return undefined
}

function refuseAddress({ headers, url }: RequestFacts, port: number): Refusal | undefined {
  const suffixes = port === 80 ? ['', ':80'] : [`:${port}`]
  const names = suffixes.flatMap((suffix) => [`127.0.0.1${suffix}`, `localhost${suffix}`])
  if (!names.includes(headers.host ?? ''))
    return { status: 421, sentence: `Meridian answers at http://127.0.0.1:${port} only.` }
  if (!url?.startsWith('/') || url.startsWith('//')) return { status: 400, sentence: 'That is no path.' }
  return undefined
}

/**
 * Other ports of this machine are the "same site" to a browser, and our cookie goes with their requests too: only
 * `same-origin` and `none` (address bar, another program) will do, but for opening the page itself by a link.
 */
function refuseForeignPage({ headers, url }: RequestFacts): Refusal | undefined {
  const refusal: Refusal = { status: 403, sentence: 'A page of another origin may not ask for this.' }
  if (headers.origin !== undefined && headers.origin !== `http://${headers.host}`) return refusal
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return undefined
  return isPageLoad(headers) && /^\/(\?|$)/.test(url ?? '') ? undefined : refusal
}

const isPageLoad = (headers: IncomingHttpHeaders): boolean =>
  headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document'
