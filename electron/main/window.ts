// Opens the one kind of window this application has: sandboxed, isolated, showing app://meridian/ and nothing
// else. Called by the desktop shell at start and when the dock icon is clicked with no window open.
import type { BrowserWindowConstructorOptions } from 'electron'
import type { Log } from '#core/platform.ts'
import { appUrl } from './app-address.ts'
import { watchForCrashes } from './crash-recovery.ts'
import type { ElectronSlice, WindowSlice } from './electron-slice.ts'
import { placeWindow, readWindowState, rememberWindow, smallestWindow } from './window-state.ts'

export interface WindowSetup {
  /** Absolute path of the built preload script (CommonJS, as a sandboxed one must be). */
  preload: string
  /** Absolute path of the icon; Linux shows it, the other systems take the application's own. */
  icon: string
  statePath: string
  log: Log
}

type Needs = Pick<ElectronSlice, 'app' | 'BrowserWindow' | 'dialog' | 'screen'>

/** Everything is said aloud, defaults too: a test holds each line against Electron's security checklist. */
export function windowOptions(setup: Pick<WindowSetup, 'preload' | 'icon'>, isPackaged: boolean): BrowserWindowConstructorOptions {
  return {
    ...smallestWindow,
    minWidth: smallestWindow.width,
    minHeight: smallestWindow.height,
    title: 'Meridian',
    icon: setup.icon,
    show: false,
    webPreferences: {
      preload: setup.preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      experimentalFeatures: false,
      webviewTag: false,
      plugins: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: !isPackaged,
    },
  }
}

/** A console in a window of its own: smaller, else like every window. Its place is the system's to choose. */
export const consoleWindowOptions = (
  setup: Pick<WindowSetup, 'preload' | 'icon'>,
  isPackaged: boolean,
): BrowserWindowConstructorOptions => ({ ...windowOptions(setup, isPackaged), width: 980, height: 640, minWidth: 480, minHeight: 320 })

/** Shown only once its first paint is there. Loading failures are logged; the crash watch offers a reload. */
export function openWindow(electron: Needs, setup: WindowSetup): WindowSlice {
  const workAreas = electron.screen.getAllDisplays().map((display) => display.workArea)
  const place = placeWindow(readWindowState(setup.statePath), workAreas)
  const window = new electron.BrowserWindow({
    ...windowOptions(setup, electron.app.isPackaged),
    ...place.bounds,
  })
  rememberWindow(window, setup.statePath, (error) =>
    setup.log.warn('The place of the window could not be kept', { error: String(error) }),
  )
  watchForCrashes(electron, window, setup.log)
  window.on('ready-to-show', () => {
    if (place.isMaximized) window.maximize()
    window.show()
  })
  window
    .loadURL(appUrl)
    .catch((error: unknown) => setup.log.error('The page could not be loaded', { error: String(error) }))
  return window
}
