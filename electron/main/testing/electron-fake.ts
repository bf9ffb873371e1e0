// A strict fake of exactly the Electron APIs that the desktop shell uses. Whatever is not in the slice throws, and
// the slice is cut from electron.d.ts, so the tests hold the shell against Electron's own types without its binary.
import { EventEmitter } from 'node:events'
import type {
  BrowserWindowConstructorOptions,
  HandlerDetails,
  Rectangle,
  WindowOpenHandlerResponse,
} from 'electron'
import { appOrigin, appUrl } from '../app-address.ts'
import type {
  ChildSlice,
  ContentsSlice,
  DownloadSlice,
  ElectronSlice,
  FrameSlice,
  PortSlice,
  SenderSlice,
  SessionSlice,
  WindowSlice,
} from '../electron-slice.ts'
import { asPagePorts, FakeMessageChannelMain, type FakePagePort } from './fake-ports.ts'
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

/** A page's frame. Ports posted to it come out in `received`, as the page's own kind. */
export class FakeFrame implements FrameSlice {
  url = appUrl
  origin = appOrigin
  parent: FrameSlice['parent'] = null
  readonly received: Array<{ channel: string; ports: FakePagePort[] }> = []
  readonly arrivals = new EventEmitter()
  postMessage(channel: string, _message: unknown, transfer: PortSlice[] = []): void {
    const arrival = { channel, ports: asPagePorts(transfer) }
    this.received.push(arrival)
    this.arrivals.emit('ports', arrival)
  }
}

export class FakeContents {
  readonly id: number
  readonly frame = new FakeFrame()
  readonly events: StrictEvents
  readonly ipcEvents = new StrictEvents('ipc', ['meridian:connect'])
  windowOpenHandler: ((details: HandlerDetails) => WindowOpenHandlerResponse) | undefined
  url = appUrl
  constructor(id: number) {
    this.id = id
    this.events = new StrictEvents('webContents', [
      'will-navigate',
      'will-redirect',
      'will-frame-navigate',
      'will-attach-webview',
      'render-process-gone',
      'destroyed',
    ])
  }
  /** The face the shell sees. */
  face(): ContentsSlice {
    return strict('webContents', {
      id: this.id,
      getURL: () => this.url,
      isDestroyed: () => false,
      ipc: strict('webContents.ipc', { on: this.ipcEvents.on as ContentsSlice['ipc']['on'] }),
      on: this.events.on as ContentsSlice['on'],
      setWindowOpenHandler: (handler) => void (this.windowOpenHandler = handler),
    } satisfies ContentsSlice)
  }
  /** The preload script of `frame` asks for its ports. */
  askForPorts(frame: FrameSlice | null = this.frame): void {
    this.ipcEvents.emit('meridian:connect', { senderFrame: frame } satisfies SenderSlice)
  }
  navigate(event: 'will-navigate' | 'will-redirect' | 'will-frame-navigate', url: string): boolean {
    const details = preventable({ url })
    this.events.emit(event, details)
    return !details.defaultPrevented
  }
}

export class FakeWindow {
  readonly options: BrowserWindowConstructorOptions
  readonly contents: FakeContents
  readonly events = new StrictEvents('BrowserWindow', [
    ...[
      'ready-to-show',
      'resize',
      'move',
      'maximize',
      'unmaximize',
      'close',
      'closed',
      'unresponsive',
      'responsive',
    ],
  ])
  readonly done: string[] = []
  readonly loaded: string[] = []
  bounds: Rectangle = { x: 10, y: 20, width: 1200, height: 800 }
  state = { isDestroyed: false, isMinimized: false, isMaximized: false, isFullScreen: false }
  constructor(options: BrowserWindowConstructorOptions, contents: FakeContents) {
    this.options = options
    this.contents = contents
  }
  face(): WindowSlice {
    const act = (what: string) => () => void this.done.push(what)
    return strict('BrowserWindow', {
      webContents: this.contents.face(),
      on: this.events.on as WindowSlice['on'],
      loadURL: (url) => {
        this.loaded.push(url)
        return Promise.resolve()
      },
      show: act('show'),
      focus: act('focus'),
      restore: act('restore'),
      maximize: act('maximize'),
      destroy: act('destroy'),
      isDestroyed: () => this.state.isDestroyed,
      isMinimized: () => this.state.isMinimized,
      isMaximized: () => this.state.isMaximized,
      isFullScreen: () => this.state.isFullScreen,
      getNormalBounds: () => this.bounds,
    } satisfies WindowSlice)
  }
}

/** The session's handlers, as the shell left them: tests call them like Chromium would. */
export class FakeSession {
  readonly events = new StrictEvents('session', ['will-download'])
  permissionRequest: Parameters<SessionSlice['setPermissionRequestHandler']>[0] = null
  permissionCheck: Parameters<SessionSlice['setPermissionCheckHandler']>[0] = null
  devicePermission: Parameters<SessionSlice['setDevicePermissionHandler']>[0] = null
  certificateProc: Parameters<SessionSlice['setCertificateVerifyProc']>[0] | undefined
  isSpellCheckerOn = true
  beforeRequest: Parameters<SessionSlice['webRequest']['onBeforeRequest']>[0] | undefined
  face(): SessionSlice {
    return strict('session', {
      on: this.events.on as SessionSlice['on'],
      setPermissionRequestHandler: (handler) => void (this.permissionRequest = handler),
      setPermissionCheckHandler: (handler) => void (this.permissionCheck = handler),
      setDevicePermissionHandler: (handler) => void (this.devicePermission = handler),
      setCertificateVerifyProc: (proc) => void (this.certificateProc = proc),
      setSpellCheckerEnabled: (isOn) => void (this.isSpellCheckerOn = isOn),
      webRequest: strict('webRequest', {
        onBeforeRequest: (listener) => void (this.beforeRequest = listener),
      }),
    } satisfies SessionSlice)
  }
  /** True when a request to `url` would go out. */
  wouldRequest(url: string): boolean {
    let isCancelled: boolean | undefined
    this.beforeRequest!({ url }, (response) => (isCancelled = response.cancel))
    if (isCancelled === undefined) throw new Error('The request was left hanging')
    return !isCancelled
  }
  download(url: string, filename: string): { isPrevented: boolean; defaultPath: string | undefined } {
    const event = preventable()
    let defaultPath: string | undefined
    const item: DownloadSlice = strict('DownloadItem', {
      getURL: () => url,
      getFilename: () => filename,
      setSaveDialogOptions: (options: { defaultPath?: string }) => void (defaultPath = options.defaultPath),
    })
    this.events.emit('will-download', event, item)
    return { isPrevented: event.defaultPrevented, defaultPath }
  }
}

/** A utility process: the test plays what runs in it. */
export class FakeChild {
  readonly started: { modulePath: string; args: string[]; forkOptions: Electron.ForkOptions }
  readonly events = new StrictEvents('UtilityProcess', ['message', 'exit'])
  readonly received: unknown[] = []
  isKilled = false
  constructor(started: FakeChild['started']) {
    this.started = started
  }
  face(): ChildSlice {
    return strict('UtilityProcess', {
      pid: 4711,
      on: this.events.on as ChildSlice['on'],
      postMessage: (message: unknown) => void this.received.push(message),
      kill: () => (this.isKilled = true),
    } satisfies ChildSlice)
  }
}

/** `fake.electron` is what the shell gets; everything else is for the test to look at and to play Chromium with. */
export function createElectronFake(options: FakeOptions) {
  const appEvents = new StrictEvents('app', [
    ...[
      'second-instance',
      'activate',
      'window-all-closed',
      'will-quit',
      'web-contents-created',
      'session-created',
    ],
    ...['certificate-error', 'select-client-certificate'],
  ])
  const paths = new Map([
    ['userData', options.userData],
    ['downloads', '/home/user/Downloads'],
  ])
  const session = new FakeSession()
  const sessionFace = session.face()
  const windows: FakeWindow[] = []
  const log: string[] = []
  const record = (what: string): void => void log.push(what)
  const schemes: Parameters<ElectronSlice['protocol']['registerSchemesAsPrivileged']>[0] = []
  const handlers = new Map<string, Parameters<ElectronSlice['protocol']['handle']>[1]>()
  const opened: string[] = []
  const notifications: Array<{ title?: string; body?: string; click(): void }> = []
  const boxes: Electron.MessageBoxOptions[] = []
  const children: FakeChild[] = []
  let menu: Electron.MenuItemConstructorOptions[] | undefined
  let isReady = false

  const app = strict('app', {
    isPackaged: options.isPackaged ?? false,
    getAppPath: () => options.appPath,
    getVersion: () => '0.1.0',
    getPath: (name) => paths.get(name) ?? refuse(`app.getPath('${name}')`),
    setPath: (name, path) => void paths.set(name, path),
    quit: () => record('quit'),
    exit: (code) => record(`exit ${code}`),
    whenReady: () => {
      isReady = true
      record('ready')
      return Promise.resolve()
    },
    requestSingleInstanceLock: () => options.hasLock ?? true,
    enableSandbox: () => record(isReady ? 'sandbox too late' : 'sandbox'),
    setAboutPanelOptions: () => undefined,
    setAppUserModelId: (id) => record(`id ${id}`),
    on: appEvents.on as ElectronSlice['app']['on'],
  } satisfies ElectronSlice['app'])

  const electron = strict('electron', {
    app,
    BrowserWindow: class {
      constructor(windowOptions: BrowserWindowConstructorOptions) {
        const contents = new FakeContents(windows.length + 1)
        const window = new FakeWindow(windowOptions, contents)
        windows.push(window)
        const face = window.face()
        appEvents.emit('web-contents-created', preventable(), face.webContents)
        return face
      }
    } as unknown as ElectronSlice['BrowserWindow'],
    dialog: strict('dialog', {
      showErrorBox: (title: string, text: string) => record(`error box: ${title}: ${text}`),
      showMessageBox: (box: Electron.MessageBoxOptions) => {
        boxes.push(box)
        return Promise.resolve({ response: options.answer ?? 0 })
      },
    }),
    Menu: strict('Menu', {
      buildFromTemplate: (template: Electron.MenuItemConstructorOptions[]) =>
        template as unknown as Electron.Menu,
      setApplicationMenu: (built: Electron.Menu | null) =>
        void (menu = built as unknown as Electron.MenuItemConstructorOptions[]),
    }),
    MessageChannelMain: FakeMessageChannelMain,
    Notification: Object.assign(
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
    ),
    protocol: strict('protocol', {
      registerSchemesAsPrivileged: (list: typeof schemes) => {
        if (isReady) throw new Error('Schemes are fixed once the app is ready')
        schemes.push(...list)
      },
      handle: (scheme: string, handler: Parameters<ElectronSlice['protocol']['handle']>[1]) =>
        void handlers.set(scheme, handler),
    }),
    safeStorage: strict('safeStorage', {
      isAsyncEncryptionAvailable: () => Promise.resolve(options.isEncryptionAvailable ?? true),
      encryptStringAsync: (plain: string) => Promise.resolve(Buffer.from(`sealed:${plain}`)),
      decryptStringAsync: (sealed: Buffer) =>
        sealed.toString().startsWith('sealed:')
          ? Promise.resolve({ result: sealed.toString().slice('sealed:'.length), shouldReEncrypt: false })
          : Promise.reject(new Error('not sealed here')),
      getSelectedStorageBackend: () => (isReady ? (options.storageBackend ?? 'gnome_libsecret') : 'unknown'),
    }),
    screen: strict('screen', {
      getAllDisplays: () =>
        (options.displays ?? [{ x: 0, y: 0, width: 1920, height: 1080 }]).map(
          (workArea) => ({ workArea }) as Electron.Display,
        ),
    }),
    session: strict('electron.session', { defaultSession: sessionFace }),
    shell: strict('shell', {
      openExternal: (url: string) => {
        opened.push(url)
        return Promise.resolve()
      },
      showItemInFolder: (path: string) => record(`show ${path}`),
    }),
    utilityProcess: strict('utilityProcess', {
      fork: (modulePath: string, args: string[], forkOptions: Electron.ForkOptions) => {
        if (!isReady) return refuse('utilityProcess.fork before the app is ready')
        const child = new FakeChild({ modulePath, args, forkOptions })
        children.push(child)
        return child.face()
      },
    }),
  } satisfies ElectronSlice)

  return {
    electron,
    app: appEvents,
    session,
    windows,
    log,
    schemes,
    handlers,
    opened,
    notifications,
    boxes,
    children,
    menu: () => menu,
  }
}

function refuse(what: string): never {
  throw new Error(`The Electron fake does not allow ${what} here`)
}
