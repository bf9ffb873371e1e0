// A strict fake of exactly the Electron APIs that the desktop shell uses. Whatever is not in the slice throws, and
// the slice is cut from electron.d.ts, so the tests hold the shell against Electron's own types without its binary.
import type { BrowserWindowConstructorOptions, Rectangle } from 'electron'
import type { ElectronSlice } from '../electron-slice.ts'
import { FakeMessageChannelMain } from './fake-ports.ts'
import { FakeChild, FakeSession } from './fake-session.ts'
import { FakeContents, FakeWindow } from './fake-window.ts'
import { preventable, strict, StrictEvents } from './strict.ts'

export interface FakeOptions {
  userData: string
  appPath: string
  isPackaged?: boolean
  hasLock?: boolean
  storageBackend?: ReturnType<ElectronSlice['safeStorage']['getSelectedStorageBackend']>
  isEncryptionAvailable?: boolean
  canNotify?: boolean
  displays?: Rectangle[]
  /** Index of the button "pressed" in every message box. */
  answer?: number
}

type Handler = Parameters<ElectronSlice['protocol']['handle']>[1]
type Schemes = Parameters<ElectronSlice['protocol']['registerSchemesAsPrivileged']>[0]

/** What the fake has seen; tests read it, the shell cannot. */
function createRecord(options: FakeOptions) {
  return {
    options,
    isReady: false,
    app: new StrictEvents('app', [
      ...[
        'second-instance',
        'activate',
        'window-all-closed',
        'will-quit',
        'web-contents-created',
        'session-created',
      ],
      ...['certificate-error', 'select-client-certificate'],
    ]),
    session: new FakeSession(),
    windows: [] as FakeWindow[],
    children: [] as FakeChild[],
    /** One word a call that has no other trace: `ready`, `quit`, `exit 0`, `sandbox`. */
    log: [] as string[],
    schemes: [] as Schemes,
    handlers: new Map<string, Handler>(),
    opened: [] as string[],
    notifications: [] as Array<{ title?: string; body?: string; click(): void }>,
    boxes: [] as Electron.MessageBoxOptions[],
    menu: [] as Electron.MenuItemConstructorOptions[],
  }
}
type FakeRecord = ReturnType<typeof createRecord>

/** `electron` is what the shell gets; everything else is for the test to look at and to play Chromium with. */
export function createElectronFake(options: FakeOptions) {
  const record = createRecord(options)
  const electron = strict('electron', {
    app: fakeApp(record),
    BrowserWindow: fakeWindowClass(record),
    dialog: fakeDialog(record),
    Menu: fakeMenu(record),
    MessageChannelMain: FakeMessageChannelMain,
    Notification: fakeNotificationClass(record),
    protocol: fakeProtocol(record),
    safeStorage: fakeSafeStorage(record),
    screen: fakeScreen(options),
    session: strict('electron.session', { defaultSession: record.session.face() }),
    shell: fakeShell(record),
    utilityProcess: fakeUtilityProcess(record),
  } satisfies ElectronSlice)
  return Object.assign(record, { electron })
}

function fakeApp(record: FakeRecord): ElectronSlice['app'] {
  const { options, log } = record
  const paths = new Map([
    ['userData', options.userData],
    ['downloads', '/home/user/Downloads'],
  ])
  return strict('app', {
    isPackaged: options.isPackaged ?? false,
    getAppPath: () => options.appPath,
    getVersion: () => '0.1.0',
    getPath: (name) => paths.get(name) ?? refuse(`app.getPath('${name}')`),
    setPath: (name, path) => void paths.set(name, path),
    quit: () => void log.push('quit'),
    exit: (code) => void log.push(`exit ${code}`),
    whenReady: () => {
      record.isReady = true
      log.push('ready')
      return Promise.resolve()
    },
    requestSingleInstanceLock: () => options.hasLock ?? true,
    enableSandbox: () => void log.push(record.isReady ? 'sandbox too late' : 'sandbox'),
    setAboutPanelOptions: () => undefined,
    setAppUserModelId: (id) => void log.push(`id ${id}`),
    on: record.app.on as ElectronSlice['app']['on'],
  } satisfies ElectronSlice['app'])
}

/** Electron's class hands out a window; the fake's hands out its strict face, and tells the app of its contents. */
const fakeWindowClass = ({ windows, app }: FakeRecord): ElectronSlice['BrowserWindow'] =>
  class {
    constructor(options: BrowserWindowConstructorOptions) {
      const window = new FakeWindow(options, new FakeContents(windows.length + 1))
      windows.push(window)
      const face = window.face()
      app.emit('web-contents-created', preventable(), face.webContents)
      return face
    }
  } as unknown as ElectronSlice['BrowserWindow']

const fakeDialog = ({ log, boxes, options }: FakeRecord): ElectronSlice['dialog'] =>
  strict('dialog', {
    showErrorBox: (title: string, text: string) => void log.push(`error box: ${title}: ${text}`),
    showMessageBox: (box: Electron.MessageBoxOptions) => {
      boxes.push(box)
      return Promise.resolve({ response: options.answer ?? 0 })
    },
  })

const fakeMenu = ({ menu }: FakeRecord): ElectronSlice['Menu'] =>
  strict('Menu', {
    buildFromTemplate: (template) => template as unknown as Electron.Menu,
    setApplicationMenu: (built) =>
      void menu.splice(0, menu.length, ...(built as unknown as Electron.MenuItemConstructorOptions[])),
  } satisfies ElectronSlice['Menu'])

const fakeNotificationClass = ({ notifications, options }: FakeRecord): ElectronSlice['Notification'] =>
  Object.assign(
    class {
      private readonly text: { title?: string; body?: string }
      private click = (): void => undefined
      constructor(text: { title?: string; body?: string }) {
        this.text = text
      }
      on(_event: 'click', listener: () => void): void {
        this.click = listener
      }
      show(): void {
        notifications.push({ ...this.text, click: () => this.click() })
      }
    },
    { isSupported: () => options.canNotify ?? true },
  )

const fakeProtocol = (record: FakeRecord): ElectronSlice['protocol'] =>
  strict('protocol', {
    registerSchemesAsPrivileged: (list: Schemes) => {
      if (record.isReady) throw new Error('Schemes are fixed once the app is ready')
      record.schemes.push(...list)
    },
    handle: (scheme: string, handler: Handler) => void record.handlers.set(scheme, handler),
  })

/** Seals by writing a word before the text: enough to see that what comes back was sealed here. */
const fakeSafeStorage = (record: FakeRecord): ElectronSlice['safeStorage'] =>
  strict('safeStorage', {
    isAsyncEncryptionAvailable: () => Promise.resolve(record.options.isEncryptionAvailable ?? true),
    encryptStringAsync: (plain: string) => Promise.resolve(Buffer.from(`sealed:${plain}`)),
    decryptStringAsync: (sealed: Buffer) =>
      sealed.toString().startsWith('sealed:')
        ? Promise.resolve({ result: sealed.toString().slice('sealed:'.length), shouldReEncrypt: false })
        : Promise.reject(new Error('not sealed here')),
    getSelectedStorageBackend: () =>
      record.isReady ? (record.options.storageBackend ?? 'gnome_libsecret') : 'unknown',
  })

const fakeScreen = ({ displays }: FakeOptions): ElectronSlice['screen'] =>
  strict('screen', {
    getAllDisplays: () =>
      (displays ?? [{ x: 0, y: 0, width: 1920, height: 1080 }]).map(
        (workArea) => ({ workArea }) as Electron.Display,
      ),
  })

const fakeShell = ({ opened, log }: FakeRecord): ElectronSlice['shell'] =>
  strict('shell', {
    openExternal: (url: string) => {
      opened.push(url)
      return Promise.resolve()
    },
    showItemInFolder: (path: string) => void log.push(`show ${path}`),
  })

const fakeUtilityProcess = (record: FakeRecord): ElectronSlice['utilityProcess'] =>
  strict('utilityProcess', {
    fork: (modulePath: string, args: string[], forkOptions: Electron.ForkOptions) => {
      if (!record.isReady) return refuse('utilityProcess.fork before the app is ready')
      const child = new FakeChild({ modulePath, args, forkOptions })
      record.children.push(child)
      return child.face()
    },
  })

function refuse(what: string): never {
  throw new Error(`The Electron fake does not allow ${what} here`)
}
