// A console in a window of its own: another window of this application, with its own connection to the core. A terminal
// moves there as it is; a screen is opened anew, because RFB cannot be joined in the middle.
import { consoleQuery } from '#client/console-link.ts'
import { openDialog } from '#client/dialogs.store.ts'
import { blockedDialog } from './console-dialogs.tsx'
import { closeConsole, type OpenConsole } from './consoles.store.ts'

/** The desktop's shell allows exactly this address as a second window. */
export const consoleWindowPath = '/console-window'

export function popOut({ id, address, opened, phase }: OpenConsole): void {
  const isMovable = phase === 'open' && opened?.kind === 'terminal'
  const query = new URLSearchParams({
    ...consoleQuery(address),
    ...(isMovable ? { take: opened.consoleId } : {}),
  })
  const place = `${window.location.pathname}#${consoleWindowPath}?${query.toString()}`
  const other = window.open(place, '_blank', 'popup,width=980,height=640')
  if (!other) return openDialog(blockedDialog())
  other.opener = null
  // A terminal closes here when the other window has taken it.
  if (!isMovable) closeConsole(id)
}
