// Shuts every door of Chromium that this application does not use: navigation, new windows, webviews, permissions,
// devices, foreign requests, bad certificates. The one second window there is shows a console that was popped out; it
// gets the same options and the same lock. Called once by the composition root before the first window exists;
// it holds for every web contents and every session made later, whoever makes them.
import { basename, join } from 'node:path'
import type { BrowserWindowConstructorOptions } from 'electron'
import type { Log } from '#core/platform.ts'
import { isAppUrl, isConsoleWindowUrl, isOwnContent } from './app-address.ts'
import type { ContentsSlice, ElectronSlice, SessionSlice } from './electron-slice.ts'

/** Documentation of the systems we speak to: the only places a click may open, in the user's own browser. */
export const externalHosts: ReadonlySet<string> = new Set([
  'pve.proxmox.com',
  'pbs.proxmox.com',
  'kubernetes.io',
  'www.postgresql.org',
  'docs.ray.io',
  'data.desi.lbl.gov',
  'www.electronjs.org',
])

/** https, default port, no credentials in the address, and a host of the list. */
export function mayOpenOutside(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  return (
    url.protocol === 'https:' && externalHosts.has(url.host) && url.username === '' && url.password === ''
  )
}

type Needs = Pick<ElectronSlice, 'app' | 'session' | 'shell'>

/** `consoleWindow` are the options of a popped-out console's window: the locked-down ones of every window. */
export function lockDown(electron: Needs, log: Log, consoleWindow: BrowserWindowConstructorOptions): void {
  const { app, session, shell } = electron
  const locked = new WeakSet<object>()
  const lockSessionOnce = (one: SessionSlice): void => {
    if (locked.has(one)) return
    locked.add(one)
    lockSession(one, app.getPath('downloads'), log)
  }
  app.on('web-contents-created', (_event, contents) => lockContents(contents, { shell, log, consoleWindow }))
  app.on('session-created', lockSessionOnce)
  lockSessionOnce(session.defaultSession)
  // The page never speaks to a server; a certificate question here is a mistake or an attack.
  app.on('certificate-error', (event, _contents, url, error, _certificate, callback) => {
    event.preventDefault()
    log.warn('Refused a certificate in the window', { host: hostOf(url), error })
    callback(false)
  })
  app.on('select-client-certificate', (event, _contents, _url, _certificates, callback) => {
    event.preventDefault()
    callback()
  })
}

interface Lock {
  shell: ElectronSlice['shell']
  log: Log
  consoleWindow: BrowserWindowConstructorOptions
}

function lockContents(contents: ContentsSlice, { shell, log, consoleWindow }: Lock): void {
  for (const event of ['will-navigate', 'will-redirect', 'will-frame-navigate'] as const)
    contents.on(event, (details) => {
      // A reload of our own page is the one navigation there is.
      if (event !== 'will-redirect' && isSamePage(details.url, contents.getURL())) return
      details.preventDefault()
      log.warn('Refused a navigation', { event, host: hostOf(details.url) })
    })
  contents.on('will-attach-webview', (event) => event.preventDefault())
  contents.setWindowOpenHandler(({ url }) => {
    if (isConsoleWindowUrl(url) && isAppUrl(contents.getURL()))
      return { action: 'allow', overrideBrowserWindowOptions: consoleWindow }
    if (mayOpenOutside(url)) {
      shell
        .openExternal(new URL(url).href)
        .catch(() => log.warn('The system could not open a link', { host: hostOf(url) }))
    } else log.warn('Refused to open a window', { host: hostOf(url) })
    return { action: 'deny' }
  })
}

/** Copying text, and a console on the whole display. */
const ownPermissions: ReadonlySet<string> = new Set(['clipboard-sanitized-write', 'fullscreen'])

function lockSession(session: SessionSlice, downloads: string, log: Log): void {
  session.setPermissionRequestHandler((contents, permission, callback) =>
    callback(ownPermissions.has(permission) && isAppUrl(contents.getURL())),
  )
  session.setPermissionCheckHandler(
    (_contents, permission, origin) => ownPermissions.has(permission) && isAppUrl(origin),
  )
  session.setDevicePermissionHandler(() => false)
  // Null is Chromium's own verification; said aloud so that nobody puts a lenient one in its place.
  session.setCertificateVerifyProc(null)
  // The spell checker fetches dictionaries from a foreign server.
  session.setSpellCheckerEnabled(false)
  session.webRequest.onBeforeRequest((details, callback) => {
    const isOwn = isOwnContent(details.url) || /^(data|devtools):/.test(details.url)
    if (!isOwn) log.warn('Refused a request of the window', { host: hostOf(details.url) })
    callback({ cancel: !isOwn })
  })
  session.on('will-download', (event, item) => {
    if (!isOwnContent(item.getURL())) return event.preventDefault()
    // No save path is set, so Electron always asks with the system's own dialog.
    item.setSaveDialogOptions({ defaultPath: join(downloads, safeFilename(item.getFilename())) })
  })
}

/** The page may name its export, but not where it goes. */
export const safeFilename = (name: string): string =>
  basename(name.replaceAll('\\', '/'))
    .replace(/[\u0000-\u001f<>:"|?*]/g, '_')
    .replace(/^\.+/, '')
    .slice(0, 200) || 'export'

const isSamePage = (target: string, current: string): boolean =>
  isAppUrl(target) && isAppUrl(current) && new URL(target).pathname === new URL(current).pathname

const hostOf = (text: string): string =>
  URL.canParse(text) ? new URL(text).protocol + '//' + new URL(text).host : 'unreadable'
