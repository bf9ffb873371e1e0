// Electron's published security checklist (https://www.electronjs.org/docs/latest/tutorial/security), all twenty
// items in its order and numbering, held against the shell as it starts on the strict fake, and against the
// packaging configuration.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { startShell } from './testing/started-shell.ts'
import { FakeSession } from './testing/fake-session.ts'
import { FakeContents, FakeFrame } from './testing/fake-window.ts'
import { preventable } from './testing/strict.ts'

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..')
const read = (path: string): string => readFileSync(join(repository, path), 'utf8')

let shell: Awaited<ReturnType<typeof startShell>>
beforeAll(async () => {
  shell = await startShell()
})
afterAll(() => shell.dispose())
const preferences = () => shell.windows[0]!.options.webPreferences!

describe("Electron's security checklist", () => {
  it('1. only loads secure content: its own packaged page, and no request leaves the window', () => {
    expect(shell.windows[0]!.loaded).toEqual(['app://meridian/'])
    expect(shell.session.wouldRequest('app://meridian/assets/a.js')).toBe(true)
    expect(shell.session.wouldRequest('blob:app://meridian/4e0e')).toBe(true)
    for (const url of [
      'http://example.com/a.js',
      'https://example.com/a.js',
      'ws://127.0.0.1:1/',
      'file:///etc/passwd',
      'app://other/',
      'app://meridian@evil/',
      'blob:https://example.com/1',
      'ftp://example.com/',
    ])
      expect(shell.session.wouldRequest(url), url).toBe(false)
  })

  it('2. does not enable Node.js integration, in the page, its workers or its frames', () => {
    expect(preferences()).toMatchObject({
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
    })
  })

  it('3. enables context isolation', () => {
    expect(preferences().contextIsolation).toBe(true)
  })

  it('4. enables process sandboxing, for the window and for everything before the app is ready', () => {
    expect(preferences().sandbox).toBe(true)
    expect(shell.log.indexOf('sandbox')).toBeGreaterThanOrEqual(0)
    expect(shell.log.indexOf('sandbox')).toBeLessThan(shell.log.indexOf('ready'))
    expect(preferences().preload).toMatch(/\.cjs$/)
  })

  it('5. answers session permission requests: all refused but writing clean text to the clipboard and filling the display', () => {
    const { session } = shell
    const ask = (permission: string, url = 'app://meridian/'): boolean => {
      const contents = new FakeContents(9)
      contents.url = url
      let isGranted: boolean | undefined
      session.permissionRequest!(
        contents.face() as never,
        permission as never,
        (granted) => (isGranted = granted),
        {} as never,
      )
      return isGranted ?? (Promise.reject(new Error('left hanging')) as never)
    }
    for (const permission of [
      'media',
      'geolocation',
      'notifications',
      'openExternal',
      'clipboard-read',
      'fileSystem',
      'unknown',
    ])
      expect(ask(permission), permission).toBe(false)
    expect(ask('clipboard-sanitized-write')).toBe(true)
    expect(ask('fullscreen')).toBe(true)
    expect(ask('fullscreen', 'https://example.com/')).toBe(false)
    expect(ask('clipboard-sanitized-write', 'https://example.com/')).toBe(false)
    expect(session.permissionCheck!(null, 'media', 'app://meridian', { isMainFrame: true })).toBe(false)
    expect(
      session.permissionCheck!(null, 'clipboard-sanitized-write', 'app://meridian', { isMainFrame: true }),
    ).toBe(true)
    expect(
      session.permissionCheck!(null, 'clipboard-sanitized-write', 'https://x.org', { isMainFrame: true }),
    ).toBe(false)
    expect(session.devicePermission!({} as never)).toBe(false)
  })

  it('5b. holds for sessions that are made later, and only once for each', () => {
    const later = new FakeSession()
    const face = later.face()
    shell.app.emit('session-created', face)
    shell.app.emit('session-created', face)
    expect(later.permissionRequest).toBeTypeOf('function')
    expect(later.events.listeners.get('will-download')).toHaveLength(1)
  })

  it('6. does not disable webSecurity', () => {
    expect(preferences().webSecurity).toBe(true)
  })

  it('7. defines a Content-Security-Policy on every answer of the protocol', async () => {
    for (const path of ['/', '/index.html', '/assets/a.js', '/nothing.js', `/stream/${'0'.repeat(32)}`]) {
      const policy = (await shell.fetchPage(path)).headers.get('content-security-policy')
      expect(policy, path).toContain("default-src 'none'; script-src 'self';")
      expect(policy, path).not.toContain('unsafe-eval')
    }
  })

  it('8. does not enable allowRunningInsecureContent', () => {
    expect(preferences().allowRunningInsecureContent).toBe(false)
  })

  it('9. does not enable experimental features', () => {
    expect(preferences().experimentalFeatures).toBe(false)
  })

  it('10. does not use enableBlinkFeatures', () => {
    expect(Object.keys(preferences())).not.toContain('enableBlinkFeatures')
    const switches = readdirSync(join(repository, 'electron/main')).filter(
      (name) => name.endsWith('.ts') && !name.includes('.test.'),
    )
    for (const name of switches)
      expect(read(`electron/main/${name}`), name).not.toMatch(/appendSwitch|enableBlinkFeatures/)
  })

  it('11. has no webview, so none with allowpopups', () => {
    expect(preferences().webviewTag).toBe(false)
    expect(read('renderer/index.html')).not.toMatch(/<webview/i)
  })

  it('12. refuses the creation of any webview, in any contents', () => {
    const contents = new FakeContents(7)
    shell.app.emit('web-contents-created', preventable(), contents.face())
    const event = preventable()
    contents.events.emit('will-attach-webview', event)
    expect(event.defaultPrevented).toBe(true)
  })

  it('13. limits navigation to a reload of its own page, in any frame, redirects included', () => {
    const { contents } = shell.windows[0]!
    for (const event of ['will-navigate', 'will-frame-navigate', 'will-redirect'] as const)
      for (const url of [
        'https://example.com/',
        'app://meridian/assets/a.js',
        'file:///etc/passwd',
        'javascript:1',
        'about:blank',
        'app://evil/',
      ])
        expect(contents.navigate(event, url), `${event} ${url}`).toBe(false)
    expect(contents.navigate('will-navigate', 'app://meridian/')).toBe(true)
    expect(contents.navigate('will-redirect', 'app://meridian/')).toBe(false)
  })

  it('14. creates no new window but a console’s own, which is locked down like the first', () => {
    for (const url of [
      'app://meridian/#/consoles?open=1',
      'app://meridian/#/console-windows',
      'app://meridian/other#/console-window?open=1',
      'app://meridian/?x#/console-window?open=1',
      'app://user@meridian/#/console-window?open=1',
      'https://example.com/#/console-window?open=1',
      'https://example.com/',
      'about:blank',
      'app://meridian/',
      'https://kubernetes.io/docs/',
    ])
      expect(shell.windows[0]!.contents.windowOpenHandler!({ url } as never), url).toEqual({ action: 'deny' })
    const own = shell.windows[0]!.contents.windowOpenHandler!({ url: 'app://meridian/#/console-window?open=1' } as never)
    expect(own).toMatchObject({ action: 'allow', overrideBrowserWindowOptions: { webPreferences: preferences() } })
    const foreign = new FakeContents(8)
    shell.app.emit('web-contents-created', preventable(), foreign.face())
    foreign.url = 'https://example.com/'
    expect(foreign.windowOpenHandler!({ url: 'app://meridian/#/console-window?open=1' } as never)).toEqual({ action: 'deny' })
  })

  it('15. hands shell.openExternal only https addresses of the known documentation sites', () => {
    const open = shell.windows[0]!.contents.windowOpenHandler!
    shell.opened.length = 0
    for (const url of [
      'http://kubernetes.io/',
      'https://kubernetes.io.evil.org/',
      'https://user:pw@kubernetes.io/',
      'https://kubernetes.io:8443/',
      'file:///usr/bin/xcalc',
      'smb://kubernetes.io/share',
      'javascript:alert(1)',
      'not an address',
    ])
      open({ url } as never)
    expect(shell.opened).toEqual([])
    open({ url: 'https://kubernetes.io/docs/' } as never)
    expect(shell.opened).toEqual(['https://kubernetes.io/docs/'])
  })

  it('16. uses a current version of Electron, pinned', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as {
      devDependencies: Record<string, string>
    }
    expect(devDependencies['electron']).toMatch(/^\d+\.\d+\.\d+$/)
    expect(Number(devDependencies['electron']!.split('.')[0])).toBeGreaterThanOrEqual(45)
  })

  it('17. validates the sender of its one IPC message', () => {
    const { contents } = shell.windows[0]!
    const refused: Array<[string, FakeFrame | null]> = [
      ['a frame that has gone', null],
      ['a frame inside the page', Object.assign(new FakeFrame(), { parent: {} as never })],
      ['a page of another origin', Object.assign(new FakeFrame(), { origin: 'https://example.com' })],
      ['an opaque origin', Object.assign(new FakeFrame(), { origin: 'null' })],
      ['another address', Object.assign(new FakeFrame(), { url: 'app://evil/' })],
    ]
    for (const [who, frame] of refused) {
      contents.askForPorts(frame)
      expect(frame?.received ?? [], who).toEqual([])
    }
    expect(shell.host.visits).toHaveLength(0)
    contents.askForPorts()
    expect(contents.frame.received.map((arrival) => arrival.ports.length)).toEqual([2])
    expect(shell.host.visits).toHaveLength(1)
  })

  it('18. avoids the file:// protocol: a custom one serves the page', () => {
    expect(shell.schemes).toEqual([
      {
        scheme: 'app',
        privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
      },
    ])
    expect([...shell.handlers.keys()]).toEqual(['app'])
  })

  it('19. sets the fuses and the integrity of the archive in the packaging configuration', () => {
    const builder = parse(read('electron-builder.yml')) as { asar?: unknown; electronFuses?: unknown }
    expect(builder.electronFuses).toEqual({
      runAsNode: false,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      loadBrowserProcessSpecificV8Snapshot: false,
      grantFileProtocolExtraPrivileges: false,
    })
    expect(builder.asar).toBe(true)
  })

  it('20. exposes no Electron API to the page: the preload hands over ports and nothing else', () => {
    for (const name of readdirSync(join(repository, 'electron/preload')).filter(
      (file) => !file.includes('.test.'),
    )) {
      const code = read(`electron/preload/${name}`).replace(/^\s*(\/\/|\*|\/\*).*$/gm, '')
      expect(code, name).not.toMatch(/contextBridge|exposeInMainWorld|require\(|executeJavaScript/)
    }
    const built = join(repository, 'out/preload/index.cjs')
    if (existsSync(built)) expect(readFileSync(built, 'utf8')).not.toContain('contextBridge')
  })
})

describe('beyond the checklist', () => {
  it('trusts no certificate by hand and offers none of its own', () => {
    let answer: unknown = 'none'
    const event = preventable()
    shell.app.emit(
      'certificate-error',
      event,
      null,
      'https://10.0.0.1/',
      'CERT_INVALID',
      {},
      (isTrusted: boolean) => (answer = isTrusted),
    )
    expect([event.defaultPrevented, answer]).toEqual([true, false])
    shell.app.emit(
      'select-client-certificate',
      preventable(),
      null,
      'https://x/',
      [{}],
      (chosen?: unknown) => (answer = chosen),
    )
    expect(answer).toBeUndefined()
    expect(shell.session.certificateProc).toBeNull()
  })

  it("lets only the page's own exports be saved, under a name that cannot leave the folder", () => {
    const { session } = shell
    expect(session.download('https://example.com/x.exe', 'x.exe').isPrevented).toBe(true)
    expect(session.download('blob:app://meridian/1', 'zpix.csv')).toEqual({
      isPrevented: false,
      defaultPath: join('/home/user/Downloads', 'zpix.csv'),
    })
    expect(session.download(`app://meridian/stream/${'a'.repeat(32)}`, '../../.bashrc').defaultPath).toBe(
      join('/home/user/Downloads', 'bashrc'),
    )
    expect(session.download('blob:app://meridian/1', '..\\..\\evil.bat').defaultPath).toBe(
      join('/home/user/Downloads', 'evil.bat'),
    )
  })

  it('has developer tools only in a checkout', async () => {
    expect(preferences().devTools).toBe(true)
    const packaged = await startShell({ isPackaged: true })
    expect(packaged.windows[0]!.options.webPreferences!.devTools).toBe(false)
    expect(JSON.stringify(packaged.menu)).not.toContain('toggleDevTools')
    packaged.dispose()
  })

  it('fetches no spelling dictionaries', () => {
    expect(preferences().spellcheck).toBe(false)
    expect(shell.session.isSpellCheckerOn).toBe(false)
  })
})
