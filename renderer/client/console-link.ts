// How any feature opens a console: by a link to the consoles screen, which opens it in a new tab. The link carries the
// target as JSON: `#/consoles?open={"connectionId":…,"target":{"kind":"node","node":"node03"},"label":"node03"}`.
// Nothing secret is in it; a link that was tampered with is refused by its shape.
import { consoleAddress, type ConsoleAddress } from '#shared/model/console.ts'
import { navigate } from './location.ts'

/** Opens the console in a tab of the consoles screen. */
export const openConsole = (address: ConsoleAddress): void => navigate('/consoles', consoleQuery(address))

export const consoleQuery = (address: ConsoleAddress): Record<string, string> => ({ open: JSON.stringify(address) })

/** The console that a link asks for; null when it asks for none, or for something that is not one. */
export function readConsoleLink(query: URLSearchParams): ConsoleAddress | null {
  const text = query.get('open')
  if (!text) return null
  try {
    const parsed = consoleAddress.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch {
    return null
  }
}
