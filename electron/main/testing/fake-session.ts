// The fake's session and utility processes, with what the shell left in them and ways to play the other side.
import type { ChildSlice, DownloadSlice, SessionSlice } from '../electron-slice.ts'
import { preventable, strict, StrictEvents } from './strict.ts'

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
