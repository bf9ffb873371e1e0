// The native menu: Electron's roles in each system's own order, so that shortcuts and wording are the system's.
// It drives the window only through roles; what the application can do is in the page's own command palette.
import type { MenuItemConstructorOptions } from 'electron'

export interface MenuSetup {
  system: NodeJS.Platform
  /** A packaged application has no developer tools, in the menu or elsewhere. */
  isPackaged: boolean
  showLogFile(): void
}

const separator: MenuItemConstructorOptions = { type: 'separator' }

export function menuTemplate(setup: MenuSetup): MenuItemConstructorOptions[] {
  const isMac = setup.system === 'darwin'
  const applicationMenu: MenuItemConstructorOptions[] = isMac ? [{ role: 'appMenu' }] : []
  return [
    ...applicationMenu,
    { label: '&File', submenu: [isMac ? { role: 'close' } : { role: 'quit' }] },
    { role: 'editMenu' },
    { label: '&View', submenu: viewItems(setup.isPackaged) },
    { role: 'windowMenu' },
    { role: 'help', label: '&Help', submenu: helpItems(setup, isMac) },
  ]
}

function viewItems(isPackaged: boolean): MenuItemConstructorOptions[] {
  const developer: MenuItemConstructorOptions[] = isPackaged ? [] : [{ role: 'toggleDevTools' }]
  return [
    { role: 'reload' },
    ...developer,
    separator,
    { role: 'resetZoom' },
    { role: 'zoomIn' },
    { role: 'zoomOut' },
    separator,
    { role: 'togglefullscreen' },
  ]
}

function helpItems(setup: MenuSetup, isMac: boolean): MenuItemConstructorOptions[] {
  const about: MenuItemConstructorOptions[] = isMac ? [] : [separator, { role: 'about' }]
  return [{ label: 'Show the log file', click: () => setup.showLogFile() }, ...about]
}
