// Who may ask at all: requests to our own address, from our own page. A foreign Host is a rebinding attack, a foreign
// Origin a cross-site one; both are refused before anything else is looked at.
import type { IncomingMessage } from 'node:http'

/** A sentence when the request is refused, else undefined. `isUpgrade` demands an Origin. */
export function refusalOf(request: IncomingMessage, port: number, isUpgrade = false): string | undefined {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  const { host, origin } = request.headers
  if (!host || !hosts.includes(host)) return 'This address is not Meridian’s.'
  if (origin !== undefined && origin !== `http://${host}`) return 'Another site may not use Meridian.'
  const isSafe = request.method === 'GET' || request.method === 'HEAD'
  if (origin === undefined && (isUpgrade || !isSafe))
    return 'A request that does not say where it comes from is refused.'
  const site = request.headers['sec-fetch-site']
  const mode = request.headers['sec-fetch-mode']
  // Following a link into the page is allowed (the cookie is Strict, so it shows the door); fetching from it is not.
  if (site !== undefined && site !== 'same-origin' && site !== 'none' && mode !== 'navigate')
    return 'Another site may not use Meridian.'
  return undefined
}
