// The one address this shell ever shows: app://meridian/. Every check of "is this our own page" goes through here.

export const appScheme = 'app'
export const appHost = 'meridian'
/** As Chromium serialises the origin of a standard scheme. */
export const appOrigin = `${appScheme}://${appHost}`
export const appUrl = `${appOrigin}/`

/** True for an address served by our own protocol handler; never throws. */
export function isAppUrl(text: string): boolean {
  try {
    const url = new URL(text)
    return (
      url.protocol === `${appScheme}:` && url.host === appHost && url.username === '' && url.password === ''
    )
  } catch {
    return false
  }
}

/** True also for a blob that our own page made (exports, pictures, the map's layout worker). */
export const isOwnContent = (text: string): boolean =>
  text.startsWith('blob:') ? isAppUrl(text.slice('blob:'.length)) : isAppUrl(text)

/** True for the one address that may be a second window: a console that was moved to its own. */
export function isConsoleWindowUrl(text: string): boolean {
  if (!isAppUrl(text)) return false
  const url = new URL(text)
  return url.pathname === '/' && url.search === '' && url.hash.startsWith('#/console-window?')
}
