// The fake's windows and what is in them: frames, web contents, the window itself. Tests play Chromium on these.
import { EventEmitter } from 'node:events'
import type {
  BrowserWindowConstructorOptions,
  HandlerDetails,
  Rectangle,
  WindowOpenHandlerResponse,
} from 'electron'
import { appOrigin, appUrl } from '../app-address.ts'
import type { ContentsSlice, FrameSlice, PortSlice, SenderSlice, WindowSlice } from '../electron-slice.ts'
import { asPagePorts, type FakePagePort } from './fake-ports.ts'
import { preventable, strict, StrictEvents } from './strict.ts'

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
      'did-create-window',
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
