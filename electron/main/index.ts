// Composition root of the desktop shell, and the only file that loads Electron. It decides nothing: it hands the
// real Electron, the real host and the real lab to createDesktopShell.
import {
  app,
  BrowserWindow,
  dialog,
  Menu,
  MessageChannelMain,
  Notification,
  protocol,
  safeStorage,
  screen,
  session,
  shell,
  utilityProcess,
} from 'electron'
import { createLogBook } from '#core/storage/log-book.ts'
import { createDemoLauncher } from './demo-launcher.ts'
import { createDesktopShell } from './desktop-shell.ts'
import type { ElectronSlice } from './electron-slice.ts'
import { openHost } from './open-host.ts'

const electron: ElectronSlice = {
  app,
  BrowserWindow,
  dialog,
  Menu,
  MessageChannelMain,
  Notification,
  protocol,
  safeStorage,
  screen,
  session,
  shell,
  utilityProcess,
}

// The last net: a forgotten rejection is told, and does not end a program that others are working in.
process.on('unhandledRejection', (reason) => console.error('Meridian: a fault that nobody handled:', reason))

createDesktopShell(electron, {
  bundleDir: import.meta.dirname,
  argv: process.argv.slice(1),
  cwd: process.cwd(),
  system: process.platform,
  openLog: (path) => createLogBook(path, () => Date.now()),
  createHost: openHost,
  createDemoLauncher: (paths) => createDemoLauncher(utilityProcess, paths.demoProcess),
}).catch((error: unknown) => {
  console.error('Meridian could not start:', error)
  app.exit(1)
})
