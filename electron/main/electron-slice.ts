// The few Electron APIs the desktop shell uses, cut from electron.d.ts. Every other file of this room takes a slice
// as an argument, so that only index.ts loads Electron and the tests run in plain Node against a strict fake.
// Signatures come from Electron's own types; only event overloads are written out, with its parameter types.
import type {
  App,
  BrowserWindow,
  BrowserWindowConstructorOptions,
  Certificate,
  Dialog,
  DownloadItem,
  Event,
  HandlerDetails,
  Menu,
  MenuItemConstructorOptions,
  MessageEvent,
  NotificationConstructorOptions,
  OnBeforeRequestListenerDetails,
  CallbackResponse,
  Protocol,
  RenderProcessGoneDetails,
  SafeStorage,
  Screen,
  Session,
  Shell,
  UtilityProcess,
  WebContents,
  WebContentsWillFrameNavigateEventParams,
  WebFrameMain,
  WindowOpenHandlerResponse,
} from 'electron'

/** One end of a MessageChannelMain. */
export interface PortSlice {
  on(event: 'message', listener: (event: MessageEvent) => void): unknown
  on(event: 'close', listener: () => void): unknown
  postMessage(message: unknown, transfer?: PortSlice[]): void
  start(): void
  close(): void
}

export interface FrameSlice extends Pick<WebFrameMain, 'url' | 'origin' | 'parent'> {
  postMessage(channel: string, message: unknown, transfer?: PortSlice[]): void
}

/** What a page's message arrives with; `senderFrame` is null once that frame has gone. */
export interface SenderSlice {
  readonly senderFrame: FrameSlice | null
}

type Navigation = Event<Pick<WebContentsWillFrameNavigateEventParams, 'url'>>

export interface ContentsSlice extends Pick<WebContents, 'id' | 'getURL' | 'isDestroyed'> {
  readonly ipc: { on(channel: string, listener: (event: SenderSlice) => void): unknown }
  on(
    event: 'will-navigate' | 'will-redirect' | 'will-frame-navigate',
    listener: (details: Navigation) => void,
  ): unknown
  on(event: 'will-attach-webview', listener: (event: Event) => void): unknown
  on(
    event: 'render-process-gone',
    listener: (event: Event, details: RenderProcessGoneDetails) => void,
  ): unknown
  on(event: 'destroyed', listener: () => void): unknown
  on(event: 'did-create-window', listener: (window: WindowSlice) => void): unknown
  setWindowOpenHandler(handler: (details: HandlerDetails) => WindowOpenHandlerResponse): void
}

type WindowMethods =
  | 'show'
  | 'focus'
  | 'restore'
  | 'maximize'
  | 'destroy'
  | 'isDestroyed'
  | 'isMinimized'
  | 'isMaximized'
  | 'isFullScreen'
  | 'getNormalBounds'
export interface WindowSlice extends Pick<BrowserWindow, WindowMethods> {
  loadURL(url: string): Promise<void>
  readonly webContents: ContentsSlice
  on(
    event: 'ready-to-show' | 'resize' | 'move' | 'maximize' | 'unmaximize' | 'close' | 'closed',
    listener: () => void,
  ): unknown
  on(event: 'unresponsive' | 'responsive', listener: () => void): unknown
}

export interface AppSlice extends Pick<
  App,
  | 'isPackaged'
  | 'getAppPath'
  | 'getPath'
  | 'setPath'
  | 'getVersion'
  | 'quit'
  | 'exit'
  | 'whenReady'
  | 'requestSingleInstanceLock'
  | 'enableSandbox'
  | 'setAboutPanelOptions'
  | 'setAppUserModelId'
> {
  on(event: 'second-instance', listener: () => void): unknown
  on(event: 'activate', listener: () => void): unknown
  on(event: 'window-all-closed', listener: () => void): unknown
  on(event: 'will-quit', listener: (event: Event) => void): unknown
  on(event: 'web-contents-created', listener: (event: Event, contents: ContentsSlice) => void): unknown
  on(event: 'session-created', listener: (session: SessionSlice) => void): unknown
  on(
    event: 'certificate-error',
    listener: (
      event: Event,
      contents: ContentsSlice,
      url: string,
      error: string,
      certificate: Certificate,
      callback: (isTrusted: boolean) => void,
    ) => void,
  ): unknown
  on(
    event: 'select-client-certificate',
    listener: (
      event: Event,
      contents: ContentsSlice | null,
      url: string,
      certificates: Certificate[],
      callback: (certificate?: Certificate) => void,
    ) => void,
  ): unknown
}

export interface SessionSlice extends Pick<
  Session,
  | 'setPermissionRequestHandler'
  | 'setPermissionCheckHandler'
  | 'setDevicePermissionHandler'
  | 'setCertificateVerifyProc'
  | 'setSpellCheckerEnabled'
> {
  on(event: 'will-download', listener: (event: Event, item: DownloadSlice) => void): unknown
  readonly webRequest: {
    onBeforeRequest(
      listener: (
        details: Pick<OnBeforeRequestListenerDetails, 'url'>,
        callback: (response: CallbackResponse) => void,
      ) => void,
    ): void
  }
}
export type DownloadSlice = Pick<DownloadItem, 'getURL' | 'getFilename' | 'setSaveDialogOptions'>

export interface ChildSlice extends Pick<UtilityProcess, 'postMessage' | 'kill' | 'pid'> {
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
}

export interface ElectronSlice {
  app: AppSlice
  BrowserWindow: new (options: BrowserWindowConstructorOptions) => WindowSlice
  dialog: Pick<Dialog, 'showErrorBox'> & {
    showMessageBox(options: Electron.MessageBoxOptions): Promise<{ response: number }>
  }
  Menu: {
    buildFromTemplate(template: MenuItemConstructorOptions[]): Menu
    setApplicationMenu(menu: Menu | null): void
  }
  MessageChannelMain: new () => { port1: PortSlice; port2: PortSlice }
  Notification: { new (options: NotificationConstructorOptions): NotificationSlice; isSupported(): boolean }
  protocol: Pick<Protocol, 'registerSchemesAsPrivileged' | 'handle'>
  safeStorage: Pick<
    SafeStorage,
    'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
  >
  screen: Pick<Screen, 'getAllDisplays'>
  session: { readonly defaultSession: SessionSlice }
  shell: Pick<Shell, 'openExternal' | 'showItemInFolder'>
  utilityProcess: { fork(modulePath: string, args: string[], options: Electron.ForkOptions): ChildSlice }
}

export interface NotificationSlice {
  on(event: 'click', listener: () => void): unknown
  show(): void
}
