// The desktop shell as one function: given Electron and a way to make the host, it brings up the locked-down
// application and its window. Called once by index.ts; everything it needs of the world is an argument.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Host } from '#core/host.ts'
import type { DemoLauncher, Platform } from '#core/platform.ts'
import type { LogBook } from '#core/storage/log-book.ts'
import { appScheme } from './app-address.ts'
import { createAppHandler, registerAppScheme } from './app-protocol.ts'
import type { ElectronSlice, WindowSlice } from './electron-slice.ts'
import { findKeychain } from './keychain.ts'
import { readLaunchOptions } from './launch-options.ts'
import { lockDown } from './lockdown.ts'
import { menuTemplate } from './menu.ts'
import { createNotifier } from './notifications.ts'
import { desktopPaths, type DesktopPaths } from './paths.ts'
import { servePorts } from './port-transport.ts'
import { disposeBeforeExit } from './shutdown.ts'
import { becomeSingleInstance } from './single-instance.ts'
import { consoleWindowOptions, openWindow } from './window.ts'

/** What the shell uses of the host. */
export type ShellHost = Pick<Host, 'connect' | 'streams' | 'channels' | 'dispose'>

export interface ShellSetup {
  /** The folder of the bundle, out/main. */
  bundleDir: string
  argv: readonly string[]
  cwd: string
  system: NodeJS.Platform
  openLog(path: string): LogBook
  createHost(platform: Platform, logBook: LogBook): Promise<ShellHost>
  /** Null in an installation without the lab. */
  createDemoLauncher(paths: DesktopPaths): DemoLauncher | null
}

/** Resolves with the first window, or undefined when another instance was there already or the start failed. */
export async function createDesktopShell(
  electron: ElectronSlice,
  setup: ShellSetup,
): Promise<WindowSlice | undefined> {
  const { app } = electron
  const options = readLaunchOptions(setup.argv, setup.cwd)
  // Chromium's own files and the instance lock follow the data directory: two directories are two applications.
  if (options.dataDir) app.setPath('userData', join(options.dataDir, 'window'))
  app.enableSandbox()
  registerAppScheme(electron.protocol)
  const shown: Shown = { window: undefined }
  if (!becomeSingleInstance(app, () => bringUp(shown.window))) {
    app.quit()
    return undefined
  }
  const dataDir = options.dataDir ?? join(app.getPath('userData'), 'data')
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const paths = desktopPaths(setup.bundleDir, app.getAppPath(), dataDir)
  const logBook = setup.openLog(paths.logFile)
  await app.whenReady()
  lockDown(electron, logBook.log, consoleWindowOptions(paths, app.isPackaged))
  const base: Base = { electron, setup, paths, logBook, shown, opensDemo: options.opensDemo }
  const host = await startHost(base)
  if (!host) {
    app.exit(1)
    return undefined
  }
  disposeBeforeExit(app, () => host.dispose().finally(() => logBook.dispose()), logBook.log)
  present(base, host)
  return shown.window
}

/** The window there is now; the dock can open another after it was closed. */
interface Shown {
  window: WindowSlice | undefined
}

/** What is fixed once the application is ready. */
interface Base {
  electron: ElectronSlice
  setup: ShellSetup
  paths: DesktopPaths
  logBook: LogBook
  shown: Shown
  opensDemo: boolean
}

function bringUp(window: WindowSlice | undefined): void {
  if (!window || window.isDestroyed()) return
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

/** Undefined after the user has been told why there is none. */
async function startHost(base: Base): Promise<ShellHost | undefined> {
  const { electron, setup, paths, logBook } = base
  try {
    return await setup.createHost(await fillPlatform(base), logBook)
  } catch (error) {
    logBook.log.error('Meridian could not start', { error: String(error) })
    electron.dialog.showErrorBox('Meridian could not start', startFailure(error, paths.core.data))
    return undefined
  }
}

/** Opens the doors of the host to the page, and the window on it. */
function present({ electron, setup, paths, logBook, shown }: Base, host: ShellHost): void {
  const { app, Menu, MessageChannelMain } = electron
  const { log } = logBook
  electron.protocol.handle(appScheme, createAppHandler({ pageRoot: paths.pageRoot, streams: host.streams }))
  const showLogFile = (): void => electron.shell.showItemInFolder(paths.logFile)
  const template = menuTemplate({ system: setup.system, isPackaged: app.isPackaged, showLogFile })
  Menu.setApplicationMenu(Menu.buildFromTemplate(template))
  const open = (): void => {
    shown.window = openWindow(electron, { ...paths, statePath: paths.windowState, log })
    servePorts({ MessageChannelMain, contents: shown.window.webContents, host, log })
    shown.window.webContents.on('did-create-window', serveConsoleWindow)
  }
  // A popped-out console is a visitor of its own, and can pop out others.
  const serveConsoleWindow = (window: WindowSlice): void => {
    window.on('ready-to-show', () => window.show())
    servePorts({ MessageChannelMain, contents: window.webContents, host, log })
    window.webContents.on('did-create-window', serveConsoleWindow)
  }
  open()
  app.on('activate', () => (!shown.window || shown.window.isDestroyed() ? open() : bringUp(shown.window)))
  app.on('window-all-closed', () => {
    if (setup.system !== 'darwin') app.quit()
  })
}

async function fillPlatform({ electron, setup, paths, logBook, shown, opensDemo }: Base): Promise<Platform> {
  const { app } = electron
  const { keychain, note } = await findKeychain(electron.safeStorage, setup.system)
  app.setAboutPanelOptions({
    applicationName: 'Meridian',
    applicationVersion: app.getVersion(),
    iconPath: paths.icon,
  })
  // Windows shows notifications only of an application that has said who it is.
  if (setup.system === 'win32') app.setAppUserModelId('org.meridian.lab')
  return {
    version: app.getVersion(),
    paths: paths.core,
    log: logBook.log,
    keychain,
    keychainNote: note,
    demo: setup.createDemoLauncher(paths),
    opensDemo,
    hasNativeDialogs: true,
    notify: createNotifier(electron.Notification, () => bringUp(shown.window)),
    now: () => Date.now(),
  }
}

const startFailure = (error: unknown, dataDir: string): string =>
  `${error instanceof Error ? error.message : String(error)}\n\nIts data directory is ${dataDir}. ` +
  'Check that it can be written to and that the disk is not full, or start with --data-dir and another place.'
